"""One server sends on to another what it takes, also what came while the other was away."""

import time
from pathlib import Path

import grpc

from tests.support.otlp import TRACE_ID, trace_request
from tests.support.server import RunningServer, running

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def comes(server: RunningServer, spans: int) -> int:
    """Spans in the server when there are that many, or when it has been asked for long."""
    give_up = time.monotonic() + 20
    while (found := server.get("/api/v1/status")["rows"]["spans"]) < spans and time.monotonic() < give_up:
        time.sleep(0.02)
    return int(found)


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
