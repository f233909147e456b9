"""Clients that go in the middle of a request, and too many at a time: nothing is stored of it, nothing stays held."""

import contextlib
import resource
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.fleet import EXPORT, PROTOBUF, Fleet, call_spans
from tests.support.server import RunningServer, running

FILES = 128
"""That the server may open."""


def connect(server: RunningServer, port: int | None = None) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port or server.http_port), timeout=20)


def reset(connection: socket.socket) -> None:
    """The other side is told at once, with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def head(length: int) -> bytes:
    lines = ("POST /v1/traces HTTP/1.1", "Host: localhost", f"Content-Type: {PROTOBUF}", f"Content-Length: {length}")
    return "\r\n".join((*lines, "", "")).encode()


def half_a_body(server: RunningServer) -> None:
    payload = call_spans("a" * 32).payload
    connection = connect(server)
    connection.sendall(head(len(payload)) + payload[: len(payload) // 2])
    connection.close()


def half_a_body_and_a_reset(server: RunningServer) -> None:
    payload = call_spans("a" * 32).payload
    connection = connect(server)
    connection.sendall(head(len(payload)) + payload[: len(payload) // 2])
    reset(connection)


def port_of(server: RunningServer, wire: str) -> int:
    return int(server.grpc.rpartition(":")[2]) if wire == "grpc" else server.http_port


def half_a_head(server: RunningServer) -> None:
    connection = connect(server)
    connection.sendall(head(1000)[:40])
    reset(connection)


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Of HTTP/2 (RFC 9113, section 4.1)."""
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def literal(name: bytes, value: bytes) -> bytes:
    """A header that is not indexed (RFC 7541, section 6.2.2)."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def half_a_grpc_message(server: RunningServer) -> None:
    payload = call_spans("a" * 32).payload
    headers = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", EXPORT.encode()), (b":authority", b"localhost")]
    headers += [(b"content-type", b"application/grpc"), (b"te", b"trailers")]
    block = b"".join(literal(name, value) for name, value in headers)
    message = b"\0" + len(payload).to_bytes(4, "big") + payload[: len(payload) // 2]
    connection = connect(server, port_of(server, "grpc"))
    connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 4, 1, block))
    connection.sendall(frame(0, 0, 1, message[:16_000]))
    assert connection.recv(9)  # it has answered the settings: the call has begun
    reset(connection)


HALVES = (half_a_body, half_a_body_and_a_reset, half_a_head, half_a_grpc_message)


@pytest.mark.parametrize("leave", HALVES, ids=lambda leave: leave.__name__)
def test_a_client_that_goes_in_the_middle_leaves_nothing(
    tmp_path: Path, leave: Callable[[RunningServer], None]
) -> None:
    with running(tmp_path) as server:
        for _ in range(20):
            leave(server)
        request = call_spans("b" * 32)
        assert server.post("/v1/traces", request.payload, PROTOBUF) == (200, b"")
        until_nothing_is_in_flight(server)
        assert [trace["trace_id"] for trace in server.get("/api/v1/traces")["data"]] == ["b" * 32]
        assert server.get("/readyz") == {"status": "ready"}
        assert server.terminate() == 0
        assert "Traceback" not in server.log


def until_nothing_is_in_flight(server: RunningServer) -> None:
    deadline, waiting = time.monotonic() + 20, threading.Event()
    while server.get("/api/v1/status")["in_flight_bytes"]:
        assert time.monotonic() < deadline
        waiting.wait(0.02)


def test_a_client_that_goes_before_the_answer_may_send_again(tmp_path: Path) -> None:
    """It cannot know whether the request was stored: it was, and the second one is the same."""
    request = call_spans("c" * 32)
    with running(tmp_path) as server:
        for _ in range(10):
            connection = connect(server)
            connection.sendall(head(len(request.payload)) + request.payload)
            reset(connection)
        assert server.post("/v1/traces", request.payload, PROTOBUF) == (200, b"")
        (trace,) = server.get("/api/v1/traces")["data"]
        assert trace["span_count"] == request.spans
        assert server.terminate() == 0
        assert "Traceback" not in server.log


@pytest.mark.parametrize("wire", ["http", "grpc"])
def test_with_no_file_left_to_open_it_goes_on(tmp_path: Path, wire: str) -> None:
    fleet = Fleet(4)
    with running(tmp_path) as server:
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
        fleet.start(server)
        with contextlib.ExitStack() as held:
            for _ in range(2 * FILES):  # most of them wait to be accepted, and are not answered
                held.enter_context(contextlib.closing(connect(server, port_of(server, wire))))
            before = fleet.spans
            fleet.wait_until(lambda: fleet.spans > before + 500, server)  # who was there is served
        fleet.join()
        assert server.get("/readyz") == {"status": "ready"}
        fleet.send_again(server)
        fleet.check_stored(server)
        assert server.terminate() == 0
        assert "Traceback" not in server.log
        assert server.log.count("\n") < 100
    fleet.check_file(tmp_path / "t.duckdb")
