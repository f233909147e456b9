"""A question while its connection is interrupted, closed, or to an engine that is lost."""

import asyncio
import gc
import resource
import threading
from pathlib import Path

import duckdb
import pytest

from contract.errors import Unavailable
from contract.reading import Row
from storage import reader as reader_module
from storage.database import Database
from storage.database import run as drive
from storage.reader import DuckReader
from tests.support.living import Living, live
from tests.support.reading import ask, traces
from tests.support.rows import span_row
from tests.support.stored import insert, opened, span


def test_a_question_that_was_interrupted_since_the_file_was_opened_again_is_answered(
    reader: DuckReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        monkeypatch.undo()
        raise duckdb.InterruptException("INTERRUPT Error: Interrupted!")

    known = traces(reader)
    monkeypatch.setattr(reader_module.DuckReader, "_answer", interrupted)
    assert traces(reader) == known


def test_a_question_that_is_interrupted_again_is_not_told_that_it_took_too_long(
    reader: DuckReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise duckdb.InterruptException("INTERRUPT Error: Interrupted!")

    known = traces(reader)
    monkeypatch.setattr(reader_module.DuckReader, "_answer", interrupted)
    with pytest.raises(Unavailable, match="cannot answer now"):
        traces(reader)
    monkeypatch.undo()
    assert traces(reader) == known


SECONDS = "SELECT count(*) AS n FROM range(2000000000) AS numbers(number) WHERE number % 7 = 3"
"""It takes some, and then has an answer that no test expects."""


class Between:
    """Questions of one statement that begins when they have been interrupted before it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._interrupted, self.asked = threading.Event(), threading.Event()
        expire = reader_module._Ticket.expire

        def told(ticket: reader_module._Ticket) -> None:
            expire(ticket)
            self._interrupted.set()

        monkeypatch.setattr(reader_module._Ticket, "expire", told)
        monkeypatch.setattr(DuckReader, "_answer", lambda _, cursor, __: self._answer(cursor))

    def _answer(self, cursor: duckdb.DuckDBPyConnection) -> list[Row]:
        self.asked.set()
        assert self._interrupted.wait(10)
        return reader_module.rows_of(cursor.execute(SECONDS))


def test_the_time_of_a_question_may_be_over_between_two_statements(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = DuckReader(database, threads=1, time_limit_s=0.05)
    Between(monkeypatch)
    with pytest.raises(Unavailable, match=r"took longer than 0\.05 s"):
        ask(reader, "count_rows")
    reader.close()


def test_questions_end_when_the_reader_is_closed_also_between_two_statements(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, between = DuckReader(database, threads=1), Between(monkeypatch)

    async def life() -> None:
        asked = asyncio.ensure_future(reader.read("count_rows", {"project": "p"}))
        assert await asyncio.to_thread(between.asked.wait, 10)
        await asyncio.to_thread(reader.close)
        with pytest.raises(Unavailable, match="cannot answer now"):
            await asked

    asyncio.run(life())


def test_a_question_whose_connection_is_closed_before_its_rows_were_fetched_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = opened(str(tmp_path / "x.duckdb"))
    insert(database, "span", span(1))
    rows_of = reader_module.rows_of

    def closed(result: duckdb.DuckDBPyConnection) -> list[Row]:
        monkeypatch.undo()
        database.close()
        database.open()
        return rows_of(result)

    monkeypatch.setattr(reader_module, "rows_of", closed)
    reader = DuckReader(database, threads=1)
    assert len(traces(reader)) == 1
    reader.close()
    database.close()


def test_an_engine_that_is_lost_while_nobody_sends_is_opened_again_for_readers(tmp_path: Path) -> None:
    """The engine loses itself here as in a checkpoint that meets a full disk."""

    async def work(store: Living) -> None:
        await store.commit(*(span_row(f"s{number}", input="x" * 500) for number in range(3000)))
        await store.writer.visible()
        reader = DuckReader(store.database, visible=store.writer.visible, check=store.writer.check)
        known = await reader.read("count_rows", {"project": "default"})
        lose(store.database)
        with pytest.raises(Unavailable):
            await reader.read("count_rows", {"project": "default"})
        async with asyncio.timeout(10):
            while store.writer.unhealthy():  # noqa: ASYNC110 - the flusher opens it again by itself
                await asyncio.sleep(0.02)
        assert await reader.read("count_rows", {"project": "default"}) == known
        reader.close()

    live(tmp_path / "x.duckdb", work)


def lose(database: Database) -> None:
    """DuckDB may not write as far as the file is long."""
    connection, limits = database.cursor(), resource.getrlimit(resource.RLIMIT_FSIZE)
    drive(connection, "INSERT INTO span BY NAME SELECT * REPLACE (span_id || 'b' AS span_id) FROM span")
    drive(connection, "DELETE FROM span WHERE span_id LIKE '%b'")
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(duckdb.IOException, match="has been invalidated"):
            drive(connection, "CHECKPOINT pond")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        connection.close()


def test_connections_that_are_of_no_further_use_are_let_go(reader: DuckReader, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> None:
        raise duckdb.IOException("Could not read from file: Input/output error")

    monkeypatch.setattr(reader_module.DuckReader, "_answer", lost)
    for _ in range(5):
        with pytest.raises(Unavailable):
            traces(reader)
    monkeypatch.undo()
    traces(reader)
    gc.collect()
    assert len(reader._cursors) <= 1


def test_the_first_question_after_the_file_was_opened_again_is_answered(tmp_path: Path) -> None:
    database = opened(str(tmp_path / "x.duckdb"))
    insert(database, "span", span(1))
    reader = DuckReader(database, threads=1)
    assert len(traces(reader)) == 1
    database.close()
    with pytest.raises(Unavailable):
        traces(reader)
    database.open()
    assert len(traces(reader)) == 1
    reader.close()
    database.close()
