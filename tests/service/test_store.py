"""The sizes of a configuration reach the file and its writer."""

from pathlib import Path
from typing import Any

import pytest

from service import store
from service.config import load
from storage.database import Database
from translator.outline import Outline
from translator.prices.book import PriceBook


def test_the_engine_gets_its_share_or_what_is_said_of_it() -> None:
    for said, expected in (("", "79.0 MiB"), ("storage: {memory_limit: 80MiB}", "60.0 MiB")):
        config = load(f"service: {{memory_limit: 384MB}}\n{said}", "c.yaml", {}, {})
        database = store.database(config, ":memory:")
        database.open()
        assert database.cursor().execute("SELECT current_setting('memory_limit')").fetchall() == [(expected,)]
        assert database.limit.size_bytes == config.storage.memory_limit_bytes
        database.close()


def test_the_writer_gets_the_sizes_derived_from_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(store, "Writer", lambda *_, **options: given.update(options))
    config = load("service: {memory_limit: 384MB}", "c.yaml", {}, {})
    store.writer(config, Database(str(tmp_path / "x.duckdb")), PriceBook(()))
    assert callable(given.pop("make_again"))
    assert given == {
        "queue_bytes": config.memory.queue_bytes + config.memory.group_bytes,
        "group_bytes": config.memory.group_bytes,
        "recent_spans": config.memory.recent_spans,
        "checkpoint_wal_bytes": config.memory.checkpoint_wal_bytes,
        "outline": Outline,
    }
