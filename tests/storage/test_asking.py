"""Questions of those who look after the file."""

import asyncio
import threading
from pathlib import Path

import duckdb
import pytest

from contract.errors import Unavailable
from contract.reading import Row
from storage import asking
from storage.asking import Parsed, ask, parameters_of
from storage.database import Database, run
from storage.reader import DuckReader
from tests.support.stored import opened


def test_a_question_sees_one_state_of_the_file_however_often_it_asks(tmp_path: Path) -> None:
    database = opened(str(tmp_path / "x.duckdb"))

    def twice(cursor: duckdb.DuckDBPyConnection) -> list[object]:
        first = run(cursor, "SELECT flushed_seq FROM store")
        other = database.cursor()
        run(other, "UPDATE store SET flushed_seq = 7")
        other.close()
        return [first, run(cursor, "SELECT flushed_seq FROM store")]

    assert asyncio.run(ask(database, twice)) == [[(0,)], [(0,)]]
    assert asyncio.run(ask(database, lambda cursor: run(cursor, "SELECT flushed_seq FROM store"))) == [(7,)]
    database.close()


def test_a_closed_file_is_unavailable(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "x.duckdb"))
    with pytest.raises(Unavailable):
        asyncio.run(ask(database, lambda cursor: None))


NOT_NOW = (
    duckdb.OutOfMemoryException, duckdb.FatalException, duckdb.InterruptException, duckdb.IOException,
    duckdb.ResourceInUseException,
)  # fmt: skip


@pytest.mark.parametrize("error", NOT_NOW)
def test_what_the_engine_cannot_do_now_is_unavailable(error: type[Exception]) -> None:
    database = opened()

    def fail(_: duckdb.DuckDBPyConnection) -> None:
        raise error("no")

    with pytest.raises(Unavailable):
        asyncio.run(ask(database, fail))
    database.close()


def test_who_cancels_a_question_waits_until_it_has_let_go_of_the_file() -> None:
    database = opened()
    begun, go, ended = threading.Event(), threading.Event(), threading.Event()

    def slow(cursor: duckdb.DuckDBPyConnection) -> None:
        begun.set()
        go.wait(10)
        ended.set()
        run(cursor, "SELECT count(*) FROM nowhere")

    async def work() -> bool:
        asking = asyncio.ensure_future(ask(database, slow))
        await asyncio.to_thread(begun.wait, 10)
        asking.cancel()
        asyncio.get_running_loop().call_later(0.05, go.set)
        with pytest.raises(asyncio.CancelledError):
            await asking
        return ended.is_set()

    assert asyncio.run(work())
    database.close()


def test_a_question_after_one_that_could_not_be_ended_is_answered_on_the_same_connection() -> None:
    """Else the open transaction of a connection that nobody uses any more would keep the log from the file."""
    database = opened()
    reader = DuckReader(database, threads=1)
    asked = {"project": "default"}

    def abort(*_: object) -> list[Row]:
        raise duckdb.TransactionException("Current transaction is aborted (please ROLLBACK)")

    async def work() -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(reader, "_answer", abort)
            patched.setattr("storage.asking.roll_back", lambda _: None)
            with pytest.raises(Unavailable):
                await reader.read("count_rows", asked)
        assert (await reader.read("count_rows", asked))[0]["spans"] == 0

    asyncio.run(work())
    assert len(reader._cursors) == 1
    reader.close()
    database.close()


def test_a_statement_is_parsed_once_for_all_connections_and_threads(tmp_path: Path) -> None:
    database = opened(str(tmp_path / "x.duckdb"))
    parsed, answers = Parsed(), []

    def count(to: int) -> None:
        cursor = database.cursor()
        answers.append(cursor.execute(parsed(cursor, "SELECT sum(i) FROM range($n) AS t(i)"), {"n": to}).fetchall())

    threads = [threading.Thread(target=count, args=(n,)) for n in (3, 5, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [[(3,)], [(10,)], [(36,)]]
    cursor = database.cursor()
    assert parsed(cursor, "SELECT 1") is parsed(cursor, "SELECT 1")
    database.close()


def test_a_file_that_is_closed_before_the_rows_were_fetched_is_unavailable(tmp_path: Path) -> None:
    database = opened(str(tmp_path / "x.duckdb"))

    def question(cursor: duckdb.DuckDBPyConnection) -> list[object]:
        result = cursor.execute("SELECT 1")
        database.close()
        return result.fetchall()

    with pytest.raises(Unavailable):
        asyncio.run(ask(database, question))


def test_few_parsed_statements_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PARSED_AT_MOST", 2)
    cursor, parsed = duckdb.connect(), Parsed()
    first = parsed(cursor, "SELECT 1")
    for number in (2, 3, 4):
        assert cursor.execute(parsed(cursor, f"SELECT {number}")).fetchall() == [(number,)]
    assert parsed(cursor, "SELECT 1") is not first


def test_parameters_are_neither_in_comments_nor_in_json_paths() -> None:
    assert parameters_of("-- of $none\nSELECT $limit, x ->> '$a.b' FROM t WHERE y = $after_ns") == {"limit", "after_ns"}
