"""One server sends on to another what it takes, also what came while the other was away, and never in a circle."""

import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc

from tests.support.otlp import TRACE_ID, trace_request
from tests.support.server import OPENER, RunningServer, running

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def comes(server: RunningServer, spans: int) -> int:
    """Spans in the server when there are that many, or when it has been asked for long."""
    return waited(lambda: server.get("/api/v1/status")["rows"]["spans"], spans)


def waited(count: Callable[[], int], wanted: int) -> int:
    give_up = time.monotonic() + 20
    while (found := count()) < wanted and time.monotonic() < give_up:
        time.sleep(0.02)
    return int(found)


class Relay(BaseHTTPRequestHandler):
    """A proxy to the server's `target`, known only when all others run."""

    server: Any

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name: self.headers[name] for name in ("Content-Type", "Via")}
        with OPENER.open(urllib.request.Request(self.server.target + self.path, body, headers)) as answer:
            self.send_response(answer.status)
            self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing on stderr."""


@contextmanager
def relay() -> Iterator[Any]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Relay) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_servers_that_send_on_to_each_other_end_the_round(tmp_path: Path) -> None:
    with relay() as back:
        where = {"TRACEPOND_EXPORTERS_OTLP_ENDPOINT": f"http://127.0.0.1:{back.server_address[1]}"}
        with (
            running(tmp_path / "far", **where) as far,
            running(tmp_path / "near", TRACEPOND_EXPORTERS_OTLP_ENDPOINT=far.http) as near,
        ):
            back.target = near.http
            near.post("/v1/traces", trace_request(2).SerializeToString(), "application/x-protobuf")
            assert waited(lambda: forwarding(near)["returned"], 1) == 1
            assert (forwarding(near)["sent"], forwarding(far)["returned"]) == (1, 0)
            assert waited(lambda: forwarding(far)["sent"], 1) == 1
            assert comes(far, 2) == 2


def forwarding(server: RunningServer) -> Any:
    return server.get("/api/v1/status")["forwarding"]


def test_what_came_over_both_transports_and_while_nobody_listened_arrives_once(tmp_path: Path) -> None:
    first, second = trace_request(2), trace_request(5, word="你好")
    with running(tmp_path / "far") as far:
        where = {"TRACEPOND_EXPORTERS_OTLP_ENDPOINT": far.http}
        with running(tmp_path / "near", **where) as near:
            assert near.post("/v1/traces", first.SerializeToString(), "application/x-protobuf")[0] == 200
            assert comes(far, 2) == 2
            far.kill()
            with grpc.insecure_channel(near.grpc) as channel:
                channel.unary_unary(EXPORT)(second.SerializeToString())
            assert near.terminate() == 0
        assert list((tmp_path / "near" / "t.duckdb.forward").iterdir()) != []
    with (
        running(tmp_path / "far") as far,
        running(tmp_path / "near", TRACEPOND_EXPORTERS_OTLP_ENDPOINT=far.http) as near,
    ):
        assert comes(far, 5) == 5
        paths = [f"/api/v1/traces/{TRACE_ID}/otlp"] * 2
        assert far.get(paths[0]) == near.get(paths[1])
        assert near.terminate() == 0
    assert not (tmp_path / "near" / "t.duckdb.forward").exists()
