"""Many large answers at a time: whole, or to be asked for again, and never all of them in memory."""

import asyncio
from pathlib import Path

from bench.answers import QUESTION, ask
from bench.hostile import fill
from bench.ingest import peak_rss_mb
from tests.support.server import running

LIMIT_MB = 256
CONNECTIONS = 40
GROWN_AT_MOST_MB = 80
"""40 answers of 2.6 MB, each with its rows and records, took 120 to 130 more when all were made at a time, 30 since."""


def test_many_who_ask_for_all_at_a_time_get_it_one_after_the_other(tmp_path: Path) -> None:
    with running(tmp_path, TRACEPOND_SERVICE_MEMORY_LIMIT=f"{LIMIT_MB}MB") as server:
        fill(server, 1280)
        before_mb = peak_rss_mb(server.process.pid)
        asked = asyncio.run(ask(server, QUESTION, CONNECTIONS))
        assert len(asked.seconds) == CONNECTIONS
        assert min(asked.sizes_bytes) > 2_000_000
        assert peak_rss_mb(server.process.pid) - before_mb < GROWN_AT_MOST_MB
