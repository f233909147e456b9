"""A flood of large requests on a small server: it waits or may come again, and what is accepted is there once."""

import asyncio
from pathlib import Path

import pytest

from bench.flood import bodies, flood, stored_spans
from bench.ingest import peak_rss_mb
from tests.support.server import running

LIMIT_MB = 256
REQUESTS = 24


@pytest.mark.parametrize(("transport", "packed"), [("http", False), ("grpc", True)])
def test_a_flood_waits_or_is_refused_for_a_while_and_is_stored_once(
    tmp_path: Path, transport: str, packed: bool
) -> None:
    requests, spans = bodies(REQUESTS, 0.75)
    with running(tmp_path, TRACEPOND_SERVICE_MEMORY_LIMIT=f"{LIMIT_MB}MB") as server:
        seen = asyncio.run(flood(server, requests, transport, packed))
        assert sum(seen.first.values()) == REQUESTS
        assert seen.refused or transport == "grpc", (
            "of gRPC the library reads no more than is asked for: calls may wait"
        )
        assert stored_spans(server) == REQUESTS * spans
        assert peak_rss_mb(server.process.pid) < 1.4 * LIMIT_MB
        assert server.get("/api/v1/status")["in_flight_bytes"] == 0
