"""The writer: what `commit` promises, over a real file."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from contract.columns import Row, S
from contract.errors import Overloaded, Refused, Unavailable
from contract.settling import SettledSpan, TraceFacts
from contract.translated import Translated
from storage.database import Database
from storage.writer import Writer
from tests.support.rows import generation_row, log_row, span_row
from translator.merge import merge_copies
from translator.settle import settle


def run(path: Path, work: Callable[[Writer, Database], Awaitable[Any]], **options: Any) -> Any:
    """Open, start, work, stop, close: one life of the store."""

    async def life() -> Any:
        database = Database(str(path))
        database.open()
        writer = Writer(database, options.pop("settle", settle), merge_copies, **options)
        writer.start()
        try:
            return await work(writer, database)
        finally:
            await writer.stop()
            database.close()

    return asyncio.run(life())


def rows_of(database: Database, columns: str = "span_id", table: str = "span") -> list[tuple[Any, ...]]:
    cursor = database.cursor()
    try:
        return cursor.execute(f"SELECT {columns} FROM {table} ORDER BY ALL").fetchall()
    finally:
        cursor.close()


def test_rows_are_visible_when_commit_returns_and_there_after_reopening(tmp_path: Path) -> None:
    async def write(writer: Writer, database: Database) -> None:
        await writer.commit(Translated([span_row("a"), span_row("b", "a")]))
        assert rows_of(database) == [("a",), ("b",)]

    async def read(_: Writer, database: Database) -> list[tuple[Any, ...]]:
        return rows_of(database)

    run(tmp_path / "x.duckdb", write)
    assert run(tmp_path / "x.duckdb", read) == [("a",), ("b",)]


def test_a_repeated_span_is_one_row_in_one_request_across_requests_and_after_a_restart(tmp_path: Path) -> None:
    async def write(writer: Writer, database: Database) -> None:
        await writer.commit(Translated([span_row("a"), span_row("a")]))
        await writer.commit(Translated([span_row("a"), span_row("b")]))
        assert rows_of(database) == [("a",), ("b",)]

    run(tmp_path / "x.duckdb", write)
    run(tmp_path / "x.duckdb", write)


def test_a_more_complete_copy_completes_the_row_in_either_order(tmp_path: Path) -> None:
    early = generation_row("a", end_time=None, raw_attributes='{"x":1}', input="question")
    late = generation_row("a", raw_attributes='{"x":2,"y":3}', output="answer", input_tokens=3)

    def final(*copies: Row) -> list[tuple[Any, ...]]:
        async def write(writer: Writer, database: Database) -> list[tuple[Any, ...]]:
            for copy in copies:
                await writer.commit(Translated([list(copy)]))
            return rows_of(database, "span_id, end_time, input, output, input_tokens, raw_attributes, copies")

        return run(tmp_path / f"{len(list(tmp_path.iterdir()))}.duckdb", write)

    (row,) = final(early, late)
    assert row[2:5] == ("question", "answer", 3)
    assert json.loads(row[5]) == {"x": 2, "y": 3}
    assert final(late, early) == [row] == final(early, late, early) == final(late, early, late)


def test_the_same_span_id_in_another_project_is_another_span(tmp_path: Path) -> None:
    async def write(writer: Writer, database: Database) -> None:
        await writer.commit(Translated([span_row("a"), span_row("a", project="other")]))
        assert len(rows_of(database)) == 2

    run(tmp_path / "x.duckdb", write)


def wrapper_and_call() -> tuple[Row, Row]:
    wrapper = generation_row("w", scope_name="wrap", request_model="openai/gpt-4o", input="question", output="answer")
    call = generation_row("c", "w", request_model="gpt-4o", response_id="r1", input_tokens=5, output_tokens=6)
    return wrapper, call


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_duplicate_found_later_is_marked_and_gives_what_it_knows(tmp_path: Path, order: tuple[int, int]) -> None:
    async def write(writer: Writer, database: Database) -> list[tuple[Any, ...]]:
        for place in order:
            await writer.commit(Translated([wrapper_and_call()[place]]))
        return rows_of(database, "span_id, duplicate_of, input_tokens, response_id, settled_from")

    call, wrapper = run(tmp_path / "x.duckdb", write)
    assert call[:3] == ("c", "w", 5)
    assert wrapper[:4] == ("w", None, 5, "r1")
    assert json.loads(wrapper[4])["input_tokens"] == "span:c"


def test_a_duplicate_is_found_after_a_restart_when_the_trace_is_no_longer_remembered(tmp_path: Path) -> None:
    wrapper, call = wrapper_and_call()
    run(tmp_path / "x.duckdb", lambda writer, _: writer.commit(Translated([call])))

    async def write(writer: Writer, database: Database) -> list[tuple[Any, ...]]:
        await writer.commit(Translated([wrapper]))
        return rows_of(database, "span_id, duplicate_of, input_tokens")

    assert run(tmp_path / "x.duckdb", write) == [("c", "w", 5), ("w", None, 5)]


def test_content_of_a_duplicate_is_copied_from_the_file(tmp_path: Path) -> None:
    silent = generation_row("w", scope_name="wrap", response_id="r1", input="question")
    speaking = generation_row("c", "w", response_id="r1", output="answer")

    async def write(writer: Writer, database: Database) -> list[tuple[Any, ...]]:
        await writer.commit(Translated([speaking]))
        await writer.commit(Translated([silent]))
        return rows_of(database, "span_id, input, output")

    assert run(tmp_path / "x.duckdb", write) == [("c", None, "answer"), ("w", "question", "answer")]


MESSAGE = '{"content":"What is DuckDB?"}'


@pytest.mark.parametrize("logs_first", [True, False])
def test_log_records_complete_their_span_before_or_after_it_once(tmp_path: Path, logs_first: bool) -> None:
    span, log = Translated([generation_row("a")]), Translated(logs=[log_row("a", "d1", MESSAGE)])

    async def write(writer: Writer, database: Database) -> list[tuple[Any, ...]]:
        for request in [log, span, log] if logs_first else [span, log, log]:
            await writer.commit(request)
        assert len(rows_of(database, "digest", "log_record")) == 1
        return rows_of(database, "span_id, input, settled_from")

    ((_, text, sources),) = run(tmp_path / "x.duckdb", write)
    assert "What is DuckDB?" in text
    assert json.loads(sources)["input"] == "log:1"


def test_one_request_that_cannot_be_stored_does_not_fail_its_neighbours(tmp_path: Path) -> None:
    async def write(writer: Writer, database: Database) -> None:
        bad, good = Translated([span_row("bad", start_time="never")]), Translated([span_row("good")])
        results = await asyncio.gather(writer.commit(bad), writer.commit(good), return_exceptions=True)
        assert isinstance(results[0], Refused)
        assert results[1] is None
        assert rows_of(database) == [("good",)]

    run(tmp_path / "x.duckdb", write)


def test_a_settle_that_fails_refuses_the_request_and_the_next_one_is_stored(tmp_path: Path) -> None:
    def failing(trace: TraceFacts) -> list[SettledSpan]:
        raise ValueError("broken rule")

    async def write(writer: Writer, database: Database) -> None:
        with pytest.raises(Refused):
            await writer.commit(Translated(list(wrapper_and_call())))
        await writer.commit(Translated([span_row("a", trace_id="t2")]))
        assert rows_of(database) == [("a",)]

    run(tmp_path / "x.duckdb", write, settle=failing)


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


def test_the_store_is_opened_again_after_a_fatal_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fatal(*_: object) -> None:
        monkeypatch.undo()
        raise duckdb.FatalException("FATAL Error: database has been invalidated")

    async def write(writer: Writer, database: Database) -> None:
        await writer.commit(Translated([span_row("a")]))
        monkeypatch.setattr(writer._committer, "commit", fatal)
        with pytest.raises(Unavailable):
            await writer.commit(Translated([span_row("b")]))
        while writer.unhealthy():  # noqa: ASYNC110 - the writer's thread opens it again by itself
            await asyncio.sleep(0.02)
        await writer.commit(Translated([span_row("b")]))
        assert rows_of(database) == [("a",), ("b",)]

    run(tmp_path / "x.duckdb", write)


def test_rows_keep_their_place_in_the_columns_of_the_schema(tmp_path: Path) -> None:
    async def write(writer: Writer, database: Database) -> None:
        row = span_row("a", streaming=True, total_cost=0.5, tags='["x"]')
        await writer.commit(Translated([row]))
        stored = rows_of(database, "span_id, epoch_ns(start_time), streaming, total_cost, tags")
        assert stored == [("a", row[S.start_time], True, 0.5, '["x"]')]

    run(tmp_path / "x.duckdb", write)
