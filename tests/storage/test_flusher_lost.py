"""An engine that is lost, or short of memory, is opened again; nothing acknowledged is lost or stored twice by it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from contract.columns import S
from contract.errors import Unavailable
from contract.translated import Translated
from storage.memory_limit import set_limit
from tests.support.flushing import Store
from tests.support.rows import span_row


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "x.duckdb")
    yield made
    made.close()


def test_after_each_group_the_engine_has_its_usual_memory(store: Store) -> None:
    store.flusher.recover([store.request(span_row("a"))])
    [(limit,)] = store.rows("SELECT current_setting('memory_limit')")
    set_limit(store.database.cursor(), store.database.limit.usual_bytes)
    assert store.rows("SELECT current_setting('memory_limit')") == [(limit,)]


def test_a_group_counts_as_stored_though_the_engine_is_lost_right_after_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(connection: object) -> bool:
        raise duckdb.FatalException("the database has been invalidated because of a previous fatal error")

    monkeypatch.setattr(store.flusher._unread, "give_back", lost)
    store.flusher.flush([store.request(span_row("a"))])
    assert store.flusher.flushed_seq == 1
    assert store.flusher.broken == "the store failed and is being opened again"
    store.flusher._look_after()
    assert store.flusher.broken is None
    assert store.rows() == [("a",)]


@pytest.mark.parametrize(
    "error",
    [
        duckdb.FatalException("FATAL Error: fsync failed!"),
        duckdb.IOException('Database "pond" has been invalidated because checkpointing failed.'),
    ],
)
def test_the_store_is_opened_again_after_a_fatal_error(
    store: Store, monkeypatch: pytest.MonkeyPatch, error: duckdb.Error
) -> None:
    def fatal(*_: object) -> None:
        monkeypatch.undo()
        raise error

    async def life() -> None:
        store.flusher.start()
        store.flusher.add([store.request(span_row("a"))])
        await store.flusher.visible()
        monkeypatch.setattr(store.flusher._committer, "commit", fatal)
        store.flusher.add([store.request(span_row("b"))])
        with pytest.raises(Unavailable):
            await store.flusher.visible()
        async with asyncio.timeout(10):
            while store.flusher.broken:  # noqa: ASYNC110 - the thread opens it again by itself
                await asyncio.sleep(0.02)
        await store.flusher.visible()

    asyncio.run(life())
    assert store.rows() == [("a",), ("b",)]


def test_after_a_commit_without_memory_the_file_is_opened_again_and_the_rows_are_stored_in_halves(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB 2.0 may have rows of it in some columns and not in others then."""
    sizes: list[int] = []
    commit = store.flusher._committer.commit

    def without_memory(connection: duckdb.DuckDBPyConnection, requests: list[Translated], *rest: Any) -> None:
        sizes.append(len(requests))
        if len(sizes) == 1:
            raise duckdb.TransactionException("Failed to commit: failed to pin block of size 256.0 KiB")
        commit(connection, requests, *rest)

    monkeypatch.setattr(store.flusher._committer, "commit", without_memory)
    before = store.flusher._connection
    requests = [store.request(span_row(name)) for name in "abcd"]
    store.flusher.recover(requests)
    assert sizes == [4, 2, 2]
    assert store.flusher._connection is not before
    assert store.flusher.broken is None
    assert store.rows() == [("a",), ("b",), ("c",), ("d",)]


def test_a_row_that_loses_the_engine_each_time_is_set_aside_and_what_follows_is_stored(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = store.flusher._committer.commit

    def without_memory(connection: duckdb.DuckDBPyConnection, requests: list[Translated], *rest: Any) -> None:
        if any(row[S.span_id] == "huge" for request in requests for row in request.spans):
            raise duckdb.TransactionException("Failed to commit: failed to pin block of size 256.0 KiB")
        commit(connection, requests, *rest)

    monkeypatch.setattr(store.flusher._committer, "commit", without_memory)
    store.flusher.recover([store.request(span_row("huge")), store.request(span_row("a"))])
    assert store.rows() == [("a",)]
    assert store.rows("SELECT seq FROM unstorable") == [(1,)]


@pytest.mark.parametrize("step", ["cursor", "recall"])
def test_a_file_that_was_opened_again_but_not_read_is_opened_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Else DuckDB refuses it for ever, or traces of which half is known count as new."""

    def without_memory(*_: object) -> None:
        monkeypatch.undo()
        raise duckdb.OutOfMemoryException("failed to allocate data of size 2.0 KiB")

    flusher = store.flusher
    flusher.recover([store.request(span_row("a"))])
    flusher._lose("FATAL Error: fsync failed!")
    monkeypatch.setattr(
        *((store.database, "cursor") if step == "cursor" else (flusher._committer, "recall")), without_memory
    )
    flusher._look_after()
    assert flusher.broken == "the store cannot be opened: failed to allocate data of size 2.0 KiB"
    with pytest.raises(Unavailable):
        store.rows()
    flusher._look_after()
    assert flusher.broken is None
    flusher.recover([store.request(span_row("b")), store.request(span_row("a"))])
    assert store.rows() == [("a",), ("b",)]


def test_the_engine_has_its_usual_memory_when_nobody_sends_though_that_could_not_be_set_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = store.database.limit
    [(usual,)] = store.rows("SELECT current_setting('memory_limit')")
    monkeypatch.setattr(limit, "restore", lambda connection: None)
    store.flusher.recover([store.request(span_row("a"))])
    assert store.rows("SELECT current_setting('memory_limit')") != [(usual,)]
    monkeypatch.undo()

    async def life() -> None:
        store.flusher.start()
        async with asyncio.timeout(10):
            while limit.is_another:  # noqa: ASYNC110 - the thread looks after it by itself
                await asyncio.sleep(0.02)

    asyncio.run(life())
    assert store.rows("SELECT current_setting('memory_limit')") == [(usual,)]
