"""The writer: what `commit` promises, over a real file."""

import asyncio
import errno
import json
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from contract.columns import Row, S
from contract.errors import Refused, Unavailable
from contract.translated import Translated
from storage import journal as journal_module
from storage import writer as writer_module
from storage.database import Database
from storage.journal import Journal
from storage.writer import FULL_S, Writer
from tests.support.rows import generation_row, log_row, span_row
from tests.support.writing import rows_of, run
from translator.merge import merge_copies
from translator.settle import settle


def test_rows_are_visible_when_commit_returns_and_there_after_reopening(tmp_path: Path) -> None:
    async def write(writer: Writer, database: Database) -> None:
        await writer.commit(Translated([span_row("a"), span_row("b", "a")]))
        assert await rows_of(writer, database) == [("a",), ("b",)]

    async def read(writer: Writer, database: Database) -> list[tuple[Any, ...]]:
        return await rows_of(writer, database)

    run(tmp_path / "x.duckdb", write)
    assert run(tmp_path / "x.duckdb", read) == [("a",), ("b",)]


def test_a_repeated_span_is_one_row_in_one_request_across_requests_and_after_a_restart(tmp_path: Path) -> None:
    async def write(writer: Writer, database: Database) -> None:
        await writer.commit(Translated([span_row("a"), span_row("a")]))
        await writer.commit(Translated([span_row("a"), span_row("b")]))
        assert await rows_of(writer, database) == [("a",), ("b",)]

    run(tmp_path / "x.duckdb", write)
    run(tmp_path / "x.duckdb", write)


def test_a_more_complete_copy_completes_the_row_in_either_order(tmp_path: Path) -> None:
    early = generation_row("a", end_time=None, raw_attributes='{"x":1}', input="question")
    late = generation_row("a", raw_attributes='{"x":2,"y":3}', output="answer", input_tokens=3)

    def final(*copies: Row) -> list[tuple[Any, ...]]:
        async def write(writer: Writer, database: Database) -> list[tuple[Any, ...]]:
            for copy in copies:
                await writer.commit(Translated([list(copy)]))
            return await rows_of(
                writer, database, "span_id, end_time, input, output, input_tokens, raw_attributes, copies"
            )

        return run(tmp_path / f"{len(list(tmp_path.iterdir()))}.duckdb", write)

    (row,) = final(early, late)
    assert row[2:5] == ("question", "answer", 3)
    assert json.loads(row[5]) == {"x": 2, "y": 3}
    assert final(late, early) == [row] == final(early, late, early) == final(late, early, late)


def test_the_same_span_id_in_another_project_is_another_span(tmp_path: Path) -> None:
    async def write(writer: Writer, database: Database) -> None:
        await writer.commit(Translated([span_row("a"), span_row("a", project="other")]))
        assert len(await rows_of(writer, database)) == 2

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
        return await rows_of(writer, database, "span_id, duplicate_of, input_tokens, response_id, settled_from")

    call, wrapper = run(tmp_path / "x.duckdb", write)
    assert call[:3] == ("c", "w", 5)
    assert wrapper[:4] == ("w", None, 5, "r1")
    assert json.loads(wrapper[4])["input_tokens"] == "span:c"


def test_a_duplicate_is_found_after_a_restart_when_the_trace_is_no_longer_remembered(tmp_path: Path) -> None:
    wrapper, call = wrapper_and_call()
    run(tmp_path / "x.duckdb", lambda writer, _: writer.commit(Translated([call])))

    async def write(writer: Writer, database: Database) -> list[tuple[Any, ...]]:
        await writer.commit(Translated([wrapper]))
        return await rows_of(writer, database, "span_id, duplicate_of, input_tokens")

    assert run(tmp_path / "x.duckdb", write) == [("c", "w", 5), ("w", None, 5)]


def test_content_of_a_duplicate_is_copied_from_the_file(tmp_path: Path) -> None:
    silent = generation_row("w", scope_name="wrap", response_id="r1", input="question")
    speaking = generation_row("c", "w", response_id="r1", output="answer")

    async def write(writer: Writer, database: Database) -> list[tuple[Any, ...]]:
        await writer.commit(Translated([speaking]))
        await writer.commit(Translated([silent]))
        return await rows_of(writer, database, "span_id, input, output")

    assert run(tmp_path / "x.duckdb", write) == [("c", None, "answer"), ("w", "question", "answer")]


MESSAGE = '{"content":"What is DuckDB?"}'


@pytest.mark.parametrize("logs_first", [True, False])
def test_log_records_complete_their_span_before_or_after_it_once(tmp_path: Path, logs_first: bool) -> None:
    span, log = Translated([generation_row("a")]), Translated(logs=[log_row("a", "d1", MESSAGE)])

    async def write(writer: Writer, database: Database) -> list[tuple[Any, ...]]:
        for request in [log, span, log] if logs_first else [span, log, log]:
            await writer.commit(request)
        assert len(await rows_of(writer, database, "digest", "log_record")) == 1
        return await rows_of(writer, database, "span_id, input, settled_from")

    ((_, text, sources),) = run(tmp_path / "x.duckdb", write)
    assert "What is DuckDB?" in text
    assert json.loads(sources)["input"] == "log:1"


def test_what_no_column_can_hold_is_refused_and_its_neighbour_stored(tmp_path: Path) -> None:
    async def write(writer: Writer, database: Database) -> None:
        bad, good = Translated([span_row("bad", input_tokens=1 << 70)]), Translated([span_row("good")])
        results = await asyncio.gather(writer.commit(bad), writer.commit(good), return_exceptions=True)
        assert isinstance(results[0], Refused)
        assert results[1] is None
        assert await rows_of(writer, database) == [("good",)]

    run(tmp_path / "x.duckdb", write)


def test_in_memory_a_request_that_cannot_be_stored_is_refused_and_its_neighbour_stored() -> None:
    async def write(writer: Writer, database: Database) -> None:
        bad, good = Translated([span_row("bad", start_time="never")]), Translated([span_row("good")])
        results = await asyncio.gather(writer.commit(bad), writer.commit(good), return_exceptions=True)
        assert isinstance(results[0], Refused)
        assert results[1] is None
        assert await rows_of(writer, database) == [("good",)]

    run(Path(":memory:"), write)


def test_acknowledged_requests_outlive_the_process_though_the_tables_never_got_them(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"

    async def acknowledge_and_die() -> None:
        database = Database(str(path))
        database.open()
        writer = Writer(database, settle, merge_copies)
        writer.start()
        await writer.commit(Translated([span_row("a")]))
        await writer.commit(Translated([generation_row("b", total_cost=0.5)], [log_row("b", "d1", MESSAGE)]))
        shutil.copytree(tmp_path, tmp_path / "after")  # what the disk holds at this moment
        await writer.stop()
        database.close()

    asyncio.run(acknowledge_and_die())

    async def read(writer: Writer, database: Database) -> list[tuple[Any, ...]]:
        assert len(await rows_of(writer, database, "digest", "log_record")) == 1
        return await rows_of(writer, database, "span_id, total_cost")

    assert (tmp_path / "after" / "x.duckdb.journal0").stat().st_size > 100
    for _ in range(2):
        assert run(tmp_path / "after" / "x.duckdb", read) == [("a", None), ("b", 0.5)]


def test_a_database_that_was_closed_well_is_one_file(tmp_path: Path) -> None:
    run(tmp_path / "x.duckdb", lambda writer, _: writer.commit(Translated([span_row("a")])))
    assert [file.name for file in tmp_path.iterdir()] == ["x.duckdb"]


def test_what_the_disk_does_not_take_is_not_acknowledged_and_what_comes_later_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        monkeypatch.undo()
        raise OSError(errno.ENOSPC, "No space left on device")

    async def write(writer: Writer, database: Database) -> None:
        monkeypatch.setattr(os, "pwritev", full)
        with pytest.raises(Unavailable, match="No space left"):
            await writer.commit(Translated([span_row("a")]))
        assert "No space left" in str(writer.unhealthy())
        await writer.commit(Translated([span_row("b")]))
        assert writer.unhealthy() is None
        assert await rows_of(writer, database) == [("b",)]

    run(tmp_path / "x.duckdb", write)


def test_a_disk_with_room_again_makes_ready_though_nobody_sends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load balancer sends nothing to a server that is not ready: only time can heal."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def write(writer: Writer, _: Database) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwritev", full)
            with pytest.raises(Unavailable):
                await writer.commit(Translated([span_row("a")]))
        now = time.monotonic()
        assert writer.unhealthy() is not None
        monkeypatch.setattr(time, "monotonic", lambda: now + FULL_S)
        assert writer.unhealthy() is None
        monkeypatch.undo()

    run(tmp_path / "x.duckdb", write)


def test_a_journal_that_cannot_be_opened_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.duckdb.journal0").mkdir()
    database = Database(str(tmp_path / "x.duckdb"))
    database.open()
    writer = Writer(database, settle, merge_copies)
    with pytest.raises(Unavailable, match=r"its journal cannot be opened.*journal0"):
        writer.start()
    asyncio.run(writer.stop())
    database.close()


def test_where_its_folder_may_not_be_written_the_journal_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_: Journal) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Journal, "open", denied)
    database = Database(str(tmp_path / "x.duckdb"))
    database.open()
    writer = Writer(database, settle, merge_copies)
    with pytest.raises(Unavailable, match=r"its journal cannot be opened: .*denied\. May this user write there\?"):
        writer.start()
    asyncio.run(writer.stop())
    database.close()


def test_a_reader_that_asks_sees_all_that_was_acknowledged_before(tmp_path: Path) -> None:
    async def write(writer: Writer, database: Database) -> None:
        for number in range(20):
            await asyncio.gather(*(writer.commit(Translated([span_row(f"{number}-{i}")])) for i in range(5)))
            assert len(await rows_of(writer, database)) == 5 * (number + 1)

    run(tmp_path / "x.duckdb", write)


def test_rows_keep_their_place_in_the_columns_of_the_schema(tmp_path: Path) -> None:
    async def write(writer: Writer, database: Database) -> None:
        row = span_row("a", streaming=True, total_cost=0.5, tags='["x"]')
        await writer.commit(Translated([row]))
        stored = await rows_of(writer, database, "span_id, epoch_ns(start_time), streaming, total_cost, tags")
        assert stored == [("a", row[S.start_time], True, 0.5, '["x"]')]

    run(tmp_path / "x.duckdb", write)


def test_a_journal_that_grew_in_a_burst_is_given_back_in_idle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "TURN_BYTES", 1000)
    monkeypatch.setattr(writer_module, "IDLE_S", 0.01)
    given_back = threading.Event()
    give_back = Journal.give_back

    def told(journal: Journal, flushed_seq: int) -> None:
        give_back(journal, flushed_seq)
        if not journal.has_grown():
            given_back.set()

    monkeypatch.setattr(Journal, "give_back", told)

    async def work(writer: Writer, database: Database) -> None:
        await writer.commit(Translated([span_row("a", input="x" * 5000)]))
        await writer.visible()
        assert await asyncio.to_thread(given_back.wait, 10)
        assert max(os.stat(f"{database.path}.journal{number}").st_size for number in (0, 1)) < 1000

    run(tmp_path / "x.duckdb", work)
