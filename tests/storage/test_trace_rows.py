"""Where traces lie changes what is read and never what is answered."""

from functools import partial
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import trace_rows as module
from storage.database import Database, run
from storage.lookback import look_back
from storage.text_search import Range
from storage.trace_rows import MARK, among, asked_for, fewer, make, narrowed, within
from tests.support.living import Living, live
from tests.support.rows import span_row
from tests.support.stored import insert, span, trace_id

STEP = st.one_of(
    st.tuples(st.just("commit"), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), min_size=1, max_size=6)),
    st.tuples(st.just("commit"), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), min_size=1, max_size=6)),
    st.tuples(st.just("delete"), st.integers(0, 9)),
    st.tuples(st.just("make"), st.integers(1, 5)),
)


def ask(cursor: duckdb.DuckDBPyConnection, sql: str, bound: dict[str, Any]) -> list[Any]:
    return cursor.execute(sql, bound).fetchall()


def flushed(cursor: duckdb.DuckDBPyConnection, seq: int) -> None:
    run(cursor, f"UPDATE store SET flushed_seq = {seq:d}")


def found(cursor: duckdb.DuckDBPyConnection, *traces: str) -> list[Any]:
    """The rows that the condition for these traces lets through."""
    return run(
        cursor, f"SELECT trace_id, commit_seq FROM span WHERE {within(partial(ask, cursor), traces)} ORDER BY ALL"
    )


async def apply(store: Living, what: str, value: Any) -> None:
    if what == "commit":
        await store.commit(*(span_row(f"s{span}", trace_id=f"t{trace}", model=f"m{span}") for trace, span in value))
    elif what == "delete":
        await store.upkeep.delete_traces("default", [f"t{value}"])
    else:
        await store.writer.call(partial(make, step_rows=value), (), after_all=False)
    await store.writer.visible()


@settings(max_examples=25, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=12))
def test_every_row_of_a_trace_is_found_whatever_was_written_changed_and_deleted(steps: list[tuple[str, Any]]) -> None:
    async def work(store: Living) -> None:
        for what, value in steps:
            await apply(store, what, value)
        cursor = store.database.cursor()
        for number in range(10):
            rows = "FROM span WHERE trace_id = $trace_id"
            [(all_rows,)] = ask(cursor, f"SELECT count(*) {rows}", {"trace_id": f"t{number}"})
            sql, values = narrowed(partial(ask, cursor), f"SELECT count(*) {rows} AND {MARK}", [f"t{number}"])
            assert ask(cursor, sql, {"trace_id": f"t{number}", **values}) == [(all_rows,)]
            known = look_back(cursor, [("default", f"t{number}")])
            assert len(known["default", f"t{number}"].facts.parents) == all_rows
        cursor.close()

    live(":memory:", work)


def test_rows_of_other_traces_are_left_out_of_the_steps_that_were_made(database: Database) -> None:
    cursor = database.cursor()
    insert(database, "span", *(span(number, trace=number, commit_seq=number) for number in range(1, 9)))
    flushed(cursor, 7)
    assert make(cursor, 4)
    assert not make(cursor, 4)
    last = [(trace_id(number), number) for number in range(5, 9)]
    assert found(cursor, trace_id(2)) == sorted([(trace_id(2), 2), *last])
    assert found(cursor, trace_id(99)) == sorted(last)


def test_rows_of_the_newest_request_wait_since_more_of_it_may_come(database: Database) -> None:
    cursor = database.cursor()
    insert(database, "span", *(span(number, commit_seq=7) for number in range(1, 5)))
    flushed(cursor, 7)
    assert not make(cursor, 4)
    flushed(cursor, 8)
    assert make(cursor, 4)


def test_what_deleted_traces_leave_is_bounded_by_the_rows_that_are_left(database: Database) -> None:
    cursor = database.cursor()
    insert(database, "span", *(span(number, trace=number, commit_seq=number) for number in range(1, 9)))
    flushed(cursor, 20)
    assert make(cursor, 4)
    assert make(cursor, 4)
    run(cursor, "DELETE FROM span WHERE commit_seq < 5")
    assert not make(cursor, 4)
    run(cursor, "DELETE FROM span WHERE commit_seq < 7")
    assert make(cursor, 4)
    assert run(cursor, "SELECT (SELECT count(*) FROM trace_rows), (SELECT last_seq FROM traced)") == [(0, 0)]
    assert len(found(cursor, trace_id(1))) == 2


def test_a_question_about_one_session_or_user_is_about_its_traces(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = database.cursor()
    rows = (span(number, trace=number % 3, session_id=f"s{number % 2}", user_id="u") for number in range(4))
    insert(database, "span", *rows, span(9, trace=9, session_id="s1", project="other"))

    def about(query: str, **bound: str | None) -> list[str] | None:
        found = asked_for(partial(ask, cursor), query, {"project": "default", "id": None, **bound})
        return found and sorted(found)

    assert about("get_trace", trace_id="t") == ["t"]
    assert about("list_sessions", id="s1") == [trace_id(0), trace_id(1)]
    assert about("list_sessions", id="nobody") == []
    assert about("list_sessions") is about("list_traces", id="s1") is None
    assert about("list_users", id="u") == [trace_id(0), trace_id(1), trace_id(2)]
    monkeypatch.setattr(module, "OF_ONE_AT_MOST", 2)
    assert about("list_users", id="u") is None


def test_more_traces_than_it_pays_for_are_looked_for_everywhere(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = database.cursor()
    insert(database, "span", *(span(number, trace=number, commit_seq=number) for number in range(1, 9)))
    flushed(cursor, 20)
    make(cursor, 8)
    monkeypatch.setattr(module, "TRACES_AT_MOST", 1)
    assert within(partial(ask, cursor), ["a", "b"]) == "true"


def test_a_condition_has_few_parts_however_many_the_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    assert among([]) == "false"
    assert among([Range(1, 2), Range(5, 5)]) == "commit_seq IN (1, 2, 5, 5)", "as many as four others"
    assert among([Range(1, 1)]) == "commit_seq IN (1)"
    ranges = [Range(0, 1), Range(3, 4), Range(9, 9), Range(100, 100)]
    assert fewer(ranges, 3) == [Range(0, 4), Range(9, 9), Range(100, 100)]
    assert fewer(ranges, 1) == [Range(0, 100)]
    assert fewer(ranges, 9) == ranges
    monkeypatch.setattr(module, "SEQS_AT_MOST", 3)
    monkeypatch.setattr(module, "RANGES_AT_MOST", 2)
    assert among(ranges) == "commit_seq BETWEEN 0 AND 9 OR commit_seq BETWEEN 100 AND 100"


def test_statements_for_other_traces_are_the_same_but_for_what_they_bind(database: Database) -> None:
    cursor = database.cursor()
    insert(database, "span", *(span(number, trace=number, commit_seq=number) for number in range(1, 9)))
    flushed(cursor, 20)
    make(cursor, 8)
    (one, values), (other, others) = (narrowed(partial(ask, cursor), MARK, [trace_id(number)]) for number in (2, 3))
    assert one == other == "(commit_seq IN ($row0) OR commit_seq > $row1 OR commit_seq IS NULL)"
    assert values == {"row0": 2, "row1": 8}
    assert others == {"row0": 3, "row1": 8}
    assert narrowed(partial(ask, cursor), "SELECT 1", ["a"]) == ("SELECT 1", {})


def test_a_step_that_fails_leaves_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    cursor = database.cursor()
    insert(database, "span", *(span(number, trace=number, commit_seq=number) for number in range(1, 9)))
    flushed(cursor, 20)
    monkeypatch.setattr(module, "ADD_SQL", f"{module.ADD_SQL} nonsense")
    with pytest.raises(duckdb.Error):
        make(cursor, 4)
    assert run(cursor, "SELECT last_seq FROM traced") == [(0,)]
    run(cursor, "BEGIN")
    run(cursor, "ROLLBACK")
