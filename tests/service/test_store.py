"""The sizes of a configuration reach the file and its writer."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from contract.span import Batch, Extent, Sent
from contract.translated import Translated
from service import allocator, store
from service.config import load
from storage.database import Database
from tests.support.otlp import trace_request
from translator.outline import Outline
from translator.prices.book import PriceBook

CONFIG = load("service: {memory_limit: 384MB}", "c.yaml", {}, {})


def test_the_engine_gets_its_share_or_what_is_said_of_it() -> None:
    for said, expected in (("", "79.0 MiB"), ("storage: {memory_limit: 80MiB}", "60.0 MiB")):
        config = load(f"service: {{memory_limit: 384MB}}\n{said}", "c.yaml", {}, {})
        database = store.database(config, ":memory:")
        database.open()
        assert database.cursor().execute("SELECT current_setting('memory_limit')").fetchall() == [(expected,)]
        assert database.limit.size_bytes == config.storage.memory_limit_bytes
        database.close()


def test_what_comes_as_it_was_sent_is_translated_by_who_counts_it(tmp_path: Path) -> None:
    """And what is only folded again is not counted once more."""
    seen: list[Batch] = []

    def translate(batch: Batch) -> Translated:
        seen.append(batch)
        return Translated()

    async def live() -> None:
        opened = store.database(CONFIG, str(tmp_path / "x.duckdb"))
        opened.open()
        writer = store.writer(CONFIG, opened, PriceBook(()), translate)
        writer.start()
        await writer.commit(Sent("traces", "shop", 7, "grpc", trace_request(2).SerializeToString()))
        await writer.stop()
        opened.close()

    asyncio.run(live())
    assert [(batch.project, batch.received_ns, batch.transport, len(batch.spans)) for batch in seen] == [
        ("shop", 7, "grpc", 2)
    ]


def test_a_request_is_held_where_the_engine_has_memory_for_its_rows() -> None:
    held = store.holds(CONFIG)
    assert held(Extent(64, 3_900, 126_000))
    assert not held(Extent(1, 1 << 20, 1 << 20))


def test_the_writer_gets_the_sizes_derived_from_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(store, "Writer", lambda *_, **options: given.update(options))
    config = CONFIG
    store.writer(config, Database(str(tmp_path / "x.duckdb")), PriceBook(()))
    assert callable(given.pop("make_again"))
    is_tight = given.pop("is_tight")
    for size_bytes, tight in ((0, False), (config.memory.limit_bytes, True)):
        monkeypatch.setattr(allocator, "resident_bytes", lambda size_bytes=size_bytes: size_bytes)
        assert is_tight() is tight
    assert given == {
        "queue_bytes": config.memory.queue_bytes + config.memory.group_bytes,
        "group_bytes": config.memory.group_bytes,
        "recent_spans": config.memory.recent_spans,
        "recent_ids": config.memory.recent_ids,
        "checkpoint_wal_bytes": config.memory.checkpoint_wal_bytes,
        "outline": Outline,
    }
