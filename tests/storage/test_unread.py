"""Blocks that were written leave memory while a load goes on and nobody reads, and the limit stays what it is."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from aiohttp.test_utils import TestClient, TestServer

from contract.reading import Row
from storage.asking import ask
from storage.database import Database, run
from storage.memory_limit import MemoryLimit
from storage.reader import DuckReader
from storage.unread import EVERY_S, KEPT_BYTES, QUIET_S, USED_SQL, Unread
from tests.support.asking import application

USUAL_BYTES = MemoryLimit(128 << 20).usual_bytes
USUAL = f"{USUAL_BYTES >> 20}.0 MiB"
READ_SQL = "SELECT sum(number) FROM filler"


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("storage.unread.time.monotonic", made)
    return made


@pytest.fixture
def database(tmp_path: Path, clock: Clock) -> Iterator[Database]:
    """With more written blocks in memory than stay there."""
    made = Database(str(tmp_path / "x.duckdb"), memory_limit_bytes=128 << 20)
    made.open()
    connection = made.cursor()
    run(connection, "CREATE TABLE filler AS SELECT random() AS number FROM range(4_000_000)")
    made.checkpoint()
    run(connection, READ_SQL)
    assert blocks(connection) > KEPT_BYTES
    connection.close()
    yield made
    made.close()


def blocks(connection: duckdb.DuckDBPyConnection) -> int:
    return int(connection.execute(USED_SQL).fetchall()[0][0])


def limit(connection: duckdb.DuckDBPyConnection) -> object:
    return run(connection, "SELECT current_setting('memory_limit')")[0][0]


def test_most_written_blocks_are_given_back(database: Database) -> None:
    connection = database.cursor()
    assert Unread(database).give_back(connection)
    assert blocks(connection) < KEPT_BYTES
    assert limit(connection) == USUAL


def test_not_while_somebody_reads_nor_soon_after(database: Database, clock: Clock) -> None:
    connection, unread = database.cursor(), Unread(database)
    with database.gate.read():
        clock.now_s += 10 * QUIET_S
        assert not unread.give_back(connection)
    clock.now_s += QUIET_S - 1
    assert not unread.give_back(connection)
    clock.now_s += EVERY_S
    assert unread.give_back(connection)


def test_one_thread_works_until_somebody_asks(tmp_path: Path, clock: Clock) -> None:
    database = Database(str(tmp_path / "x.duckdb"), threads=2)
    database.open()
    connection, seen = database.cursor(), [threads(database)]
    Unread(database).give_back(connection)
    seen.append(threads(database))
    asyncio.run(ask(database, lambda _: seen.append(threads(database))))
    with database.gate.read():
        seen.append(threads(database))
    clock.now_s += QUIET_S
    Unread(database).give_back(connection)
    seen.append(threads(database))
    database.close()
    with database.gate.read():  # nothing is open: the threads cannot be had, which the question will meet
        pass
    database.open()
    assert [*seen, threads(database)] == [2, 1, 1, 2, 1, 2], "who looks after the file counts as nobody"
    database.close()


def threads(database: Database) -> int:
    [(found,)] = run(database.cursor(), "SELECT current_setting('threads')")
    assert isinstance(found, int)
    return found


def test_it_looks_once_a_second(database: Database, clock: Clock) -> None:
    connection, unread = database.cursor(), Unread(database)
    assert unread.give_back(connection)
    run(connection, READ_SQL)
    assert not unread.give_back(connection)
    clock.now_s += EVERY_S
    assert unread.give_back(connection)


def test_a_limit_that_others_are_above_by_now_stays_what_it_was(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.unread.USED_SQL", f"SELECT {KEPT_BYTES + 1}, {-KEPT_BYTES // 2 + 1}")
    connection = database.cursor()
    sorted_rows = database.cursor().execute("SELECT number FROM filler ORDER BY number")
    sorted_rows.fetchone()
    assert not Unread(database).give_back(connection)
    assert limit(connection) == USUAL
    assert len(sorted_rows.fetchall()) == 3_999_999


def test_a_limit_that_could_not_be_put_back_is_put_back_the_next_time(database: Database) -> None:
    class Low:
        def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
            self._connection = connection

        def execute(self, sql: str) -> duckdb.DuckDBPyConnection:
            if f"{USUAL_BYTES}B" in sql:
                raise duckdb.OutOfMemoryException("failed to allocate data of size 2.0 KiB")
            return self._connection.execute(sql)

    connection, unread = database.cursor(), Unread(database)
    assert unread.give_back(Low(connection))  # type: ignore[arg-type]
    assert limit(connection) != USUAL
    assert not unread.give_back(connection), "it is not time to give back more"
    assert limit(connection) == USUAL


def test_a_lost_engine_is_told(database: Database) -> None:
    class Lost:
        def execute(self, sql: str) -> None:
            raise duckdb.FatalException("the database has been invalidated")

    with pytest.raises(duckdb.FatalException):
        Unread(database).give_back(Lost())  # type: ignore[arg-type]


def test_while_the_file_is_looked_after_the_limit_stays_and_afterwards_it_need_not(database: Database) -> None:
    seen: list[bool] = []
    asyncio.run(ask(database, lambda cursor: seen.append(is_unread(database))))
    assert seen == [False]
    assert is_unread(database)


def test_a_question_counts_while_it_is_answered_and_after(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*_: object) -> list[Row]:
        seen.append(is_unread(database))
        return []

    seen: list[bool] = []
    reader = DuckReader(database)
    monkeypatch.setattr(reader, "_answer", answer)
    asyncio.run(reader.read("facet", {"project": "default"}))
    reader.close()
    assert (seen, is_unread(database)) == ([False], False)


def test_who_polls_the_status_is_no_reader(database: Database) -> None:
    async def poll() -> None:
        async with TestClient(TestServer(application(reader))) as client:
            assert (await client.get("/api/v1/status")).status == 200

    reader = DuckReader(database)
    asyncio.run(poll())
    reader.close()
    assert is_unread(database)


def is_unread(database: Database) -> bool:
    with database.gate.unread(QUIET_S) as unread:
        return unread
