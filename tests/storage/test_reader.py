"""Named queries: loaded by name, bound, bounded in time."""

import asyncio
import gc
import re
import weakref
from collections import Counter
from collections.abc import Mapping
from typing import Any

import duckdb
import pytest

from contract.errors import Overloaded, Unavailable
from contract.reading import (
    FIELDS,
    OPERATORS,
    QUERIES,
    SESSION_RECORD_FIELDS,
    TRACE_RECORD_FIELDS,
    USER_RECORD_FIELDS,
    Condition,
    Row,
)
from storage import reader as reader_module
from storage.database import Database
from storage.parts import Parts
from storage.reader import ASKED_HERE, WAITING_AT_MOST, DuckReader, Query, Question, load_queries
from storage.windows import WINDOWED, Ask
from tests.support.reading import ask, traces
from tests.support.stored import insert, span, span_id, trace_id

SLOW = "SELECT count(*) AS n FROM range(100000000) a, range(100000000) b WHERE a.range % 7 = b.range % 11"


def test_every_query_is_there_and_none_else(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_queries().keys() == {*QUERIES, *ASKED_HERE}
    monkeypatch.setattr(reader_module, "QUERIES", QUERIES[1:])
    with pytest.raises(RuntimeError, match=QUERIES[0]):
        load_queries()


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_runs_as_it_stands_in_its_file(database: Database, name: str) -> None:
    query = load_queries()[name]
    assert not re.search(r"SELECT \*|;\s*$", query.sql) or re.search("EXCLUDE|REPLACE", query.sql)
    given = {"limit": 1, "page_limit": 1, "io": "none"}
    bound = query.bind({key: value for key, value in given.items() if key in query.parameters})
    database.cursor().execute(query.sql, bound).fetchall()


VALUES: dict[str, Any] = {"int": 1, "float": 1.5, "time": 1, "bool": True}


def conditions_of(fields: dict[str, str]) -> list[Condition]:
    return [
        Condition(field, op, (True,) if op == "exists" else (VALUES.get(kind, "x"),))
        for field, kind in {**fields, "attr.k": "attribute"}.items()
        for op in OPERATORS[kind]
    ]


RECORD_FIELDS = {
    "list_traces": TRACE_RECORD_FIELDS,
    "list_sessions": SESSION_RECORD_FIELDS,
    "list_users": USER_RECORD_FIELDS,
}


@pytest.mark.parametrize("query", FIELDS)
def test_every_field_can_be_asked_with_every_operator_it_has(reader: DuckReader, query: str) -> None:
    """The compiled text is valid SQL for the types of all columns (of what is rolled up: of all record fields)."""
    more = {"io": "none"} if "io" in load_queries()[query].parameters else {}
    fields = RECORD_FIELDS.get(query, FIELDS[query])
    conditions = [
        each for each in conditions_of(fields) if query not in RECORD_FIELDS or each.op in ("ne", "exists", "lt")
    ]
    run(reader, reader.prepare(query, {"project": "p", "limit": 1, **more}, conditions))


@pytest.mark.parametrize("field", ["name", "tags", "models", "total_cost", "model", "finish_reasons", "attr.k"])
def test_traces_can_be_asked_with_every_operator_of_each_kind_of_field(reader: DuckReader, field: str) -> None:
    kind = FIELDS["list_traces"].get(field, "attribute")
    conditions = [each for each in conditions_of({field: kind}) if each.field == field]
    run(reader, reader.prepare("list_traces", {"project": "p", "limit": 1, "io": "none"}, conditions))


def run(reader: DuckReader, question: Question) -> None:
    reader._database.cursor().execute(question.sql, {**question.bound, **question.values}).fetchall()


def test_no_value_of_a_condition_is_in_the_statement(reader: DuckReader) -> None:
    for condition in (
        Condition("name", "contains", ("SECRET",)),
        Condition("attr.SECRET", "eq", ("SECRET",)),
        Condition("q", "contains", ("SECRET",)),
        Condition("tags", "any_of", ("SECRET", "b")),
    ):
        question = reader.prepare("list_traces", {"project": "SECRET", "limit": 1, "io": "none"}, [condition])
        assert "SECRET" not in question.sql
        assert "SECRET" in question.values.values()


def test_a_field_operator_or_parameter_that_does_not_exist_is_the_callers_fault(reader: DuckReader) -> None:
    for condition in (
        Condition("1=1; --", "eq", ("x",)),
        Condition("name", "like", ("x",)),
        Condition("name", "eq", ()),
    ):
        with pytest.raises((KeyError, ValueError)):
            reader.prepare("list_spans", {}, [condition])
    with pytest.raises(KeyError, match="nonsense"):
        reader.prepare("list_spans", {"nonsense": 1}, [])


def test_a_slow_query_is_interrupted_and_its_connection_answers_again(database: Database) -> None:
    reader = DuckReader(database, threads=1, time_limit_s=0.1)
    reader._queries["slow"] = Query("slow", SLOW)

    async def talk() -> None:
        for _ in range(5):
            with pytest.raises(Unavailable, match="longer than"):
                await reader.read("slow", {})
        reader._time_limit_s = 30
        [rows] = await reader.read("count_rows", {"project": "default"})
        assert rows["spans"] == 0

    asyncio.run(talk())
    reader.close()
    assert ("reader_queries_total", {"outcome": "expired"}, 5) in reader.stats()


def test_a_caller_that_goes_away_stops_its_query(database: Database) -> None:
    reader = DuckReader(database, threads=1, time_limit_s=60)
    reader._queries["slow"] = Query("slow", SLOW)

    async def talk() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.read("slow", {})
        async with asyncio.timeout(20):  # the one thread is free again
            await reader.read("count_rows", {})

    asyncio.run(talk())
    reader.close()


def test_too_many_questions_are_refused_and_can_be_asked_again(reader: DuckReader, monkeypatch: Any) -> None:
    monkeypatch.setattr(reader_module, "WAITING_AT_MOST", -reader_module.THREADS)
    with pytest.raises(Overloaded) as caught:
        ask(reader, "count_rows")
    assert caught.value.retry_after_s > 0


def test_rows_are_seen_as_soon_as_they_are_committed(database: Database, reader: DuckReader) -> None:
    for n in (1, 2, 3):
        insert(database, "span", span(n))
        assert ask(reader, "count_rows")[0]["spans"] == n


def test_the_name_is_the_explicit_one_else_the_roots_else_the_earliest(database: Database, reader: DuckReader) -> None:
    insert(
        database,
        "span",
        span(1, trace=1, at_ms=5, name="root"),
        span(2, trace=1, parent_span_id="p", name="child"),
        span(1, trace=2, name="root"),
        span(2, trace=2, at_ms=5, parent_span_id="p", name="child", trace_name="explicit"),
        span(2, trace=3, parent_span_id="p", name="later id"),
        span(1, trace=3, parent_span_id="p", name="earlier id"),
    )
    names = {row["trace_id"]: row["name"] for row in traces(reader)}
    assert names == {trace_id(1): "root", trace_id(2): "explicit", trace_id(3): "earlier id"}


@pytest.mark.parametrize(
    ("root", "child", "expected"),
    [("ok", "error", "ok"), ("unset", "error", "error"), ("unset", "ok", "unset"), ("error", "ok", "error")],
)
def test_the_status_is_the_roots_if_set_else_error_if_any_span_failed(
    database: Database, reader: DuckReader, root: str, child: str, expected: str
) -> None:
    insert(database, "span", span(1, status=root), span(2, at_ms=1, status=child, parent_span_id=span_id(1)))
    assert traces(reader)[0]["status"] == expected


def test_content_is_the_roots_else_the_first_generations(database: Database, reader: DuckReader) -> None:
    call = {"kind": "generation", "parent_span_id": "p"}
    insert(
        database,
        "span",
        span(1, input="root in"),
        span(2, at_ms=2, input="late", output="late out", **call),
        span(3, at_ms=1, input="first", output="first out", **call),
        span(4, at_ms=0, input="copy", output="copy out", duplicate_of=span_id(3), **call),
    )
    [row] = traces(reader)
    assert (row["input"], row["output"]) == ("root in", "first out")


def test_totals_count_calls_once_and_are_null_when_nobody_knows(database: Database, reader: DuckReader) -> None:
    insert(
        database,
        "span",
        span(1, kind="agent", input_tokens=1000),
        span(2, kind="generation", input_tokens=3, model="b"),
        span(3, kind="embedding", input_tokens=4, model="a"),
        span(4, kind="generation", input_tokens=3, duplicate_of=span_id(2), model="c"),
    )
    [row] = traces(reader)
    assert (row["input_tokens"], row["output_tokens"], row["total_cost"]) == (7, None, None)
    assert row["models"] == ["a", "b"]
    assert (row["generation_count"], row["span_count"]) == (1, 4)


def test_session_and_the_like_are_the_roots_else_the_earliest_that_says(database: Database, reader: DuckReader) -> None:
    child = {"parent_span_id": span_id(1)}
    insert(
        database,
        "span",
        span(1, user_id="root"),
        span(2, at_ms=-1, user_id="other", **child),
        span(3, at_ms=2, session_id="late", **child),
        span(4, at_ms=1, session_id="early", **child),
    )
    [row] = traces(reader)
    assert (row["user_id"], row["session_id"]) == ("root", "early")


def test_a_trace_is_placed_by_its_earliest_span_whatever_the_range_holds(
    database: Database, reader: DuckReader
) -> None:
    """A range that begins within a trace does not hold it, and a range that ends within it does, with all its spans."""
    insert(database, "span", span(1, at_ms=0), span(2, at_ms=10, parent_span_id=span_id(1)))
    start = traces(reader)[0]["sort_ns"]
    assert traces(reader, from_ns=start + 1) == []
    assert traces(reader, to_ns=start) == []
    [row] = traces(reader, to_ns=start + 1)
    assert row["span_count"] == 2


def test_odd_json_in_a_column_does_not_break_a_list(database: Database, reader: DuckReader) -> None:
    insert(database, "span", span(1, tags="no json", metadata="no json", raw_rest="no json"))
    asked = ask(reader, "list_spans", Condition("tags", "eq", ("x",)), limit=5, io="none")
    assert asked == []
    assert len(traces(reader)) == 1


def test_unpriced_models_are_those_of_counted_calls_with_tokens_and_no_cost(
    database: Database, reader: DuckReader
) -> None:
    call = {"kind": "generation", "provider": "house", "model": "m", "input_tokens": 5}
    insert(
        database,
        "span",
        *(span(number, **call) for number in (1, 2)),
        span(3, **{**call, "kind": "embedding", "provider": None, "model": "e"}),
        span(4, **call, total_cost=0.0),
        span(5, **call, duplicate_of=span_id(1)),
        span(6, **{**call, "model": "without-tokens", "input_tokens": None}),
        span(7, **{**call, "model": "another-project", "project": "other"}),
    )
    assert ask(reader, "unpriced_models", limit=20) == [
        {"provider": "house", "model": "m", "count": 2},
        {"provider": None, "model": "e", "count": 1},
    ]
    assert len(ask(reader, "unpriced_models", limit=1)) == 1


def test_all_statements_of_one_answer_see_the_same_state(
    database: Database, reader: DuckReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def twice(ask: Ask, bound: Mapping[str, Any], parts: Parts) -> list[Row]:
        before = ask(bound)
        insert(database, "span", span(2))
        assert ask(bound) == before
        return before

    insert(database, "span", span(1))
    monkeypatch.setitem(WINDOWED, "list_spans", twice)
    asked = {"project": "default", "limit": 10, "io": "none"}
    named = [Condition("name", "eq", ("op",))]
    assert len(asyncio.run(reader.read("list_spans", asked, named))) == 1
    monkeypatch.undo()
    assert len(asyncio.run(reader.read("list_spans", asked, named))) == 2


async def never() -> None:
    await asyncio.get_running_loop().create_future()


def test_who_waits_for_the_tables_counts_as_asking_and_not_for_ever(database: Database) -> None:
    reader = DuckReader(database, visible=never, threads=1, time_limit_s=0.2)

    async def talk() -> None:
        reads = (reader.read("count_rows", {"project": "p"}) for _ in range(1 + WAITING_AT_MOST + 1))
        answers = await asyncio.gather(*reads, return_exceptions=True)
        assert Counter(map(type, answers)) == {Unavailable: 1 + WAITING_AT_MOST, Overloaded: 1}

    asyncio.run(talk())
    reader.close()
    assert ("reader_queries_in_flight", {}, 0) in reader.stats()


def test_a_question_that_meets_a_damaged_block_is_told_so(reader: DuckReader, monkeypatch: pytest.MonkeyPatch) -> None:
    def meet(*_: object) -> None:
        raise duckdb.Error("Corrupt database file: computed checksum 1 does not match stored checksum 2 in block")

    monkeypatch.setattr(reader_module.DuckReader, "_answer", meet)
    with pytest.raises(Unavailable, match=r"damaged.*tracepond recover"):
        traces(reader)


class Marked:
    """Something that who asks has in hand, such as a request with its connection."""


@pytest.mark.parametrize("ending", ["given up", "out of time", "failed"])
def test_a_question_that_has_no_answer_leaves_nothing_to_the_collector(database: Database, ending: str) -> None:
    """Which comes seldom: abandoned answers of 9 MB, one after the other, had filled a gigabyte and a half."""
    asked = DuckReader(database, time_limit_s=0.05 if ending == "out of time" else 30.0)
    asked._queries["slow"] = Query("slow", "SELECT nothing" if ending == "failed" else SLOW)
    left: list[weakref.ref[Marked]] = []

    async def ask_for(marked: Marked) -> None:
        left.append(weakref.ref(marked))
        await asked.read("slow", {})

    async def run() -> None:
        asking = asyncio.ensure_future(ask_for(Marked()))
        while not (asked._running or asking.done()):  # noqa: ASYNC110 - a thread begins
            await asyncio.sleep(0.001)
        if ending == "given up":
            asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled() or asking.exception() is not None

    gc.collect()
    gc.disable()
    try:
        asyncio.run(run())
        asked.close()  # its threads, which know what they raised, have ended
        assert left[0]() is None
    finally:
        gc.enable()
