"""How much waits for the writer: what is let in, what is refused, what is written at once."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from contract.errors import Overloaded, Unavailable
from contract.translated import Translated
from storage import writer as writer_module
from storage.commit import Committer
from storage.database import Database
from storage.journal import Journal, Record
from storage.writer import Writer
from tests.support.rows import span_row
from tests.support.writing import rows_of, run

QUEUE_BYTES = 1142
"""1,000 for what is let in, and an eighth for what weighs more then."""


def test_a_full_queue_is_overloaded_and_a_stopping_writer_unavailable(tmp_path: Path) -> None:
    async def write(writer: Writer, _: Database) -> None:
        requests = [writer.commit(Translated([span_row(f"s{i}")], size_bytes=900)) for i in range(50)]
        results = await asyncio.gather(*requests, return_exceptions=True)
        assert any(isinstance(result, Overloaded) for result in results)
        assert any(result is None for result in results)
        await writer.stop()
        with pytest.raises(Unavailable):
            await writer.commit(Translated([span_row("z")]))

    run(tmp_path / "x.duckdb", write, queue_bytes=1000)


def test_who_was_let_in_by_its_bytes_is_not_refused_for_weighing_a_little_more(tmp_path: Path) -> None:
    async def write(writer: Writer, _: Database) -> None:
        writer._flusher.waiting.size_bytes = 900
        assert writer.has_room(100)
        assert not writer.has_room(101)
        await writer.commit(Translated([span_row("a")], size_bytes=200))
        with pytest.raises(Overloaded):
            await writer.commit(Translated([span_row("b")], size_bytes=400))

    run(tmp_path / "x.duckdb", write, queue_bytes=QUEUE_BYTES)


def test_no_more_is_encoded_and_synced_at_once_than_there_is_memory_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    append = Journal.append
    monkeypatch.setattr(writer_module, "SYNCED_BYTES", 2000)

    def counted(self: Journal, records: list[Record], flushed_seq: int) -> None:
        synced.append(len(records))
        append(self, records, flushed_seq)

    async def write(writer: Writer, _: Database) -> None:
        monkeypatch.setattr(Journal, "append", counted)
        await asyncio.gather(*(writer.commit(Translated([span_row(f"s{i}")], size_bytes=900)) for i in range(10)))

    run(tmp_path / "x.duckdb", write)
    assert sum(synced) == 10
    assert max(synced) <= 3


def test_there_is_no_room_while_what_came_before_is_being_stored_and_for_the_first_there_always_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is being stored is in memory still; a request is told so before it is decoded."""
    seen: list[int] = []
    commit = Committer.commit

    async def write(writer: Writer, _: Database) -> None:
        def stored(*arguments: Any) -> None:
            seen.append(writer.queue_bytes())
            assert not writer.has_room(200)
            assert writer.has_room(100)
            commit(*arguments)

        monkeypatch.setattr(Committer, "commit", stored)
        assert writer.has_room(5000)
        assert not writer.has_room(500, ahead_bytes=501)
        await writer.commit(Translated([span_row("a")], size_bytes=900))
        await writer.visible()
        assert seen == [900]
        await writer.stop()
        assert writer.has_room(500, ahead_bytes=501), "who waited would wait in vain"

    run(tmp_path / "x.duckdb", write, queue_bytes=QUEUE_BYTES)


def test_a_request_of_nearly_all_the_queue_finds_room_beside_a_small_one_and_the_next_one_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where something small always waits, a large one would be refused for ever."""
    let_go = threading.Event()
    commit = Committer.commit

    def stored(*arguments: Any) -> None:
        let_go.wait(20)
        commit(*arguments)

    async def write(writer: Writer, database: Database) -> None:
        await writer.commit(Translated([span_row("small")], size_bytes=100))
        try:
            await writer.commit(Translated([span_row("large")], size_bytes=950))
            with pytest.raises(Overloaded):
                await writer.commit(Translated([span_row("next")], size_bytes=950))
        finally:
            let_go.set()
        assert await rows_of(writer, database) == [("large",), ("small",)]

    monkeypatch.setattr(Committer, "commit", stored)
    run(tmp_path / "x.duckdb", write, queue_bytes=1000)
