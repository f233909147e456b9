"""The promise under violence: what was acknowledged is there afterwards, once, whatever happened to the process."""

import contextlib
import http.client
import json
import random
import secrets
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.support.server import RunningServer, running

CLIENTS = 4
SPANS_A_REQUEST = 20
SEED = 20261121


class Client(threading.Thread):
    """Sends traces as fast as it is answered, and remembers which were acknowledged and which were not."""

    def __init__(self, port: int, stop: threading.Event) -> None:
        super().__init__()
        self.port, self.stop = port, stop
        self.acknowledged: list[str] = []
        self.unanswered: dict[str, bytes] = {}

    def run(self) -> None:
        with (
            contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection,
            contextlib.suppress(OSError, http.client.HTTPException),  # the server is gone
        ):
            while not self.stop.is_set():
                self.send_one(connection)

    def send_one(self, connection: http.client.HTTPConnection) -> None:
        trace_id = secrets.token_hex(16)
        self.unanswered[trace_id] = trace_body(trace_id)
        if send(connection, self.unanswered[trace_id]) == 200:
            self.acknowledged.append(trace_id)
            del self.unanswered[trace_id]


def send(connection: http.client.HTTPConnection, body: bytes) -> int:
    connection.request("POST", "/v1/traces", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    response.read()
    return response.status


def trace_body(trace_id: str) -> bytes:
    now = time.time_ns()
    spans = [
        {
            "traceId": trace_id,
            "spanId": f"{number + 1:016x}",
            "name": "chat m",
            "startTimeUnixNano": str(now + number),
            "endTimeUnixNano": str(now + number + 1000),
            "attributes": [
                {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
                {"key": "gen_ai.request.model", "value": {"stringValue": "m"}},
                {"key": "gen_ai.output.messages", "value": {"stringValue": secrets.token_hex(500)}},
            ],
        }
        for number in range(SPANS_A_REQUEST)
    ]
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()


def under_load(server: RunningServer) -> tuple[list[Client], threading.Event]:
    """Clients that have each been answered at least 3 times."""
    stop = threading.Event()
    clients = [Client(server.http_port, stop) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    deadline = time.monotonic() + 20
    waiting = threading.Event()
    while min(len(client.acknowledged) for client in clients) < 3:
        assert time.monotonic() < deadline, server.log
        waiting.wait(0.01)
    return clients, stop


def stored_span_counts(server: RunningServer) -> dict[str, int]:
    """Trace id -> number of stored spans, over all pages."""
    counts: dict[str, int] = {}
    cursor = ""
    while cursor is not None:
        page = server.get(f"/api/v1/traces?limit=1000&io=none{cursor and '&cursor='}{cursor}")
        counts |= {trace["trace_id"]: trace["span_count"] for trace in page["data"]}
        cursor = page["next_cursor"]
    return counts


def check_promise(server: RunningServer, acknowledged: list[str], unanswered: dict[str, bytes]) -> None:
    """Acknowledged: complete. Not acknowledged: absent or complete; sent again: complete, not twice."""
    counts = stored_span_counts(server)
    assert {trace_id for trace_id in acknowledged if counts.get(trace_id) != SPANS_A_REQUEST} == set()
    assert set(counts) <= {*acknowledged, *unanswered}
    assert set(counts.values()) <= {SPANS_A_REQUEST}
    for body in unanswered.values():
        assert server.post("/v1/traces", body)[0] == 200
    counts = stored_span_counts(server)
    assert set(counts) == {*acknowledged, *unanswered}
    assert set(counts.values()) == {SPANS_A_REQUEST}
    assert server.get("/api/v1/status")["rows"]["spans"] == SPANS_A_REQUEST * len(counts)


def test_five_kills_under_load_lose_nothing_acknowledged_and_double_nothing(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    acknowledged: list[str] = []
    for _ in range(5):
        with running(tmp_path) as server:
            clients, stop = under_load(server)
            threading.Event().wait(chance.uniform(0, 0.4))  # the moment is the point
            server.kill()
            stop.set()
            for client in clients:
                client.join(20)
        unanswered = {trace_id: body for client in clients for trace_id, body in client.unanswered.items()}
        acknowledged += [trace_id for client in clients for trace_id in client.acknowledged]
        with running(tmp_path) as server:
            check_promise(server, acknowledged, unanswered)
            server.kill()
        acknowledged += unanswered


def test_sigterm_under_load_exits_0_and_keeps_everything_acknowledged(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        clients, stop = under_load(server)
        assert server.terminate() == 0
        stop.set()
        for client in clients:
            client.join(20)
    assert not (tmp_path / "t.duckdb.wal").exists() or (tmp_path / "t.duckdb.wal").stat().st_size == 0
    acknowledged = [trace_id for client in clients for trace_id in client.acknowledged]
    with running(tmp_path) as server:
        check_promise(server, acknowledged, {k: v for client in clients for k, v in client.unanswered.items()})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_stops_at_once_with_exit_code_0(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path) as server:
        server.process.send_signal(number)
        assert server.process.wait(20) == 0
        assert "Traceback" not in server.log
        assert "leaked" not in server.log


def test_a_second_signal_stops_at_once(tmp_path: Path) -> None:
    """A request whose body never comes would hold the drain for `drain_timeout_s`."""
    with running(tmp_path, TRACEPOND_SERVICE_DRAIN_TIMEOUT_S="60") as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=20)
        connection.putrequest("POST", "/v1/traces")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", "1000")
        connection.endheaders(b"{")
        assert server.get("/healthz")
        server.process.send_signal(signal.SIGTERM)
        wait_for_log(server, "draining")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 128 + signal.SIGTERM
        connection.close()


def wait_for_log(server: RunningServer, word: str) -> None:
    deadline, waiting = time.monotonic() + 20, threading.Event()
    while word not in server.log:
        assert time.monotonic() < deadline, server.log
        waiting.wait(0.01)
