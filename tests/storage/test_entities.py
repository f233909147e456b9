"""Measures over traces and spans, on a real database."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from contract.entities import AGGREGATIONS, ENTITY_OPERATORS, VALUES, Measure, Order
from contract.reading import Condition
from storage.database import Database
from storage.entities import compile_measures
from storage.reader import DuckReader
from tests.support.stored import START_NS, insert, opened, span, span_id, trace_id

OF_TYPE: dict[str, Any] = {"text": "x", "list": "x", "int": 1, "float": 1.5, "time": 1, "bool": True}
NUMBERS = ("int", "float")
ROWS = Measure("rows", "count")


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    made = opened()
    call = {"kind": "generation", "model": "m", "input_tokens": 4, "output_tokens": 2}
    insert(
        made,
        "span",
        span(1, name="run", user_id="u1", tags=["a", "b"], metadata={"k": 1, "d.o/t": "x"}),
        span(2, at_ms=1, parent_span_id=span_id(1), total_cost=0.5, metadata={"k": 2}, **call),
        span(3, at_ms=2, parent_span_id=span_id(1), total_cost=0.5, duplicate_of=span_id(2), **call),
        span(4, at_ms=3, parent_span_id=span_id(1), synthetic=True, duplicate_of=span_id(2), **call),
        span(5, trace=2, at_ms=1000, user_id="u2", kind="reranker", metadata={"k": True}),
        span(6, trace=2, at_ms=1001, parent_span_id=span_id(5), **call),
        span(7, trace=3, project="other", **call),
    )
    yield made
    made.close()


def ask(reader: DuckReader, query: str, *conditions: Condition, **parameters: Any) -> list[dict[str, Any]]:
    given = {"project": "default", "limit": 1000, **parameters}
    return asyncio.run(reader.read(query, given, conditions))


def ids(reader: DuckReader, *conditions: Condition) -> list[str]:
    return [row["group_0"] for row in ask(reader, "measure_traces", *conditions, groups=("trace_id",))]


@pytest.mark.parametrize("query", VALUES)
def test_every_value_can_be_asked_by_every_operator_grouped_and_measured(reader: DuckReader, query: str) -> None:
    for value, kind in VALUES[query].items():
        for op in ENTITY_OPERATORS[kind]:
            condition = Condition(value, op, (True if op == "exists" else OF_TYPE[kind],))
            ask(reader, query, condition, measures=(ROWS,))
        possible = AGGREGATIONS if kind in NUMBERS else ("count", "uniq")
        measures = tuple(Measure(value, aggregation, 3) for aggregation in possible)
        ask(reader, query, groups=(value,), measures=measures, order=(Order("group", 0, True), Order("time", 0, False)))


def test_unknown_names_and_operators_are_faults_of_the_caller() -> None:
    for shape in ({"groups": ("nothing",)}, {"measures": (Measure("nothing", "sum"),)}):
        with pytest.raises(KeyError):
            compile_measures("measure_traces", (), shape)
    for condition, error in (
        (Condition("name", "gt", ("x",)), ValueError),
        (Condition("input", "eq", ("x",)), KeyError),
    ):
        with pytest.raises(error):
            compile_measures("measure_traces", (condition,), {})


def test_a_repeat_and_what_a_span_supersedes_count_no_tokens(reader: DuckReader) -> None:
    measures = (ROWS, Measure("input_tokens", "sum"), Measure("total_cost", "sum"))
    rows = ask(reader, "measure_spans", groups=("kind",), measures=measures)
    found = {row["group_0"]: tuple(row[f"measure_{place}"] for place in range(3)) for row in rows}
    assert found == {"generation": (2, 8, 0.5), "span": (3, 0, 0.0)}


def test_a_sum_is_null_where_there_were_calls_and_none_says_it(reader: DuckReader) -> None:
    rows = ask(reader, "measure_traces", groups=("trace_id", "total_cost"))
    assert {row["group_0"]: row["group_1"] for row in rows} == {trace_id(1): 0.5, trace_id(2): None}


def test_a_trace_counts_where_it_began(reader: DuckReader) -> None:
    later = {"from_ns": START_NS + 1}
    assert ask(reader, "measure_traces", measures=(ROWS,), **later)[0]["measure_0"] == 1
    assert ask(reader, "measure_spans", measures=(ROWS,), **later)[0]["measure_0"] == 4


def test_what_was_said_of_a_trace_itself_speaks_first_and_is_no_span(database: Database) -> None:
    said = opened()
    insert(said, "span", span(1, name="root", user_id="u1"), span(2, kind="trace", name="said", user_id="u2", at_ms=5))
    reader = DuckReader(said)
    [row] = ask(reader, "measure_traces", groups=("name", "user_id", "span_count", "span_ids"))
    assert [row[f"group_{place}"] for place in range(4)] == ["said", "u2", 1, [span_id(1)]]
    [row] = ask(reader, "measure_spans", groups=("name", "trace_user_id"))
    assert [row[f"group_{place}"] for place in range(2)] == ["root", "u2"]
    assert ask(reader, "get_chosen_spans", span_ids=[span_id(2)]) == []
    insert(said, "span", span(3, trace=2, kind="trace"))
    [row] = ask(reader, "measure_traces", Condition("trace_id", "eq", (trace_id(2),)), groups=("span_ids",))
    assert row["group_0"] == []
    reader.close()
    said.close()


def test_pieces_of_time_and_places_of_a_page(reader: DuckReader) -> None:
    second = {"width_ns": 10**9, "offset_ns": 0}
    rows = ask(reader, "measure_spans", measures=(ROWS,), **second)
    assert [(row["bucket_ns"], row["measure_0"]) for row in rows] == [(START_NS, 3), (START_NS + 10**9, 2)]
    month = ask(reader, "measure_spans", measures=(ROWS,), month=True)
    assert [row["measure_0"] for row in month] == [5]
    order = (Order("group", 0, True),)
    page = ask(reader, "measure_traces", groups=("start_time", "trace_id"), order=order, limit=1, skip=1)
    assert [row["group_1"] for row in page] == [trace_id(1)]


def test_keys_of_metadata_are_compared_by_the_type_that_is_asked_for(reader: DuckReader) -> None:
    """Of a key said twice the root's value stands."""
    assert ids(reader, Condition("metadata.k", "eq", (1.0,))) == [trace_id(1)]
    assert ids(reader, Condition("metadata.k", "eq", ("1",))) == [trace_id(1)]
    assert ids(reader, Condition("metadata.k", "gt", (1.5,))) == []
    assert ids(reader, Condition("metadata.k", "eq", (True,))) == [trace_id(2)]
    assert ids(reader, Condition("metadata.d.o/t", "starts_with", ("x",))) == [trace_id(1)]
    assert ids(reader, Condition("metadata.k'; --", "none_of", ("x",))) == [trace_id(1), trace_id(2)]


def test_negative_conditions_hold_for_what_is_not_known(reader: DuckReader) -> None:
    assert ids(reader, Condition("tags", "none_of", ("a",))) == [trace_id(2)]
    assert ids(reader, Condition("session_id", "not_contains", ("x",))) == [trace_id(1), trace_id(2)]
    assert ids(reader, Condition("tags", "all_of", ("a", "b"))) == [trace_id(1)]
    assert ids(reader, Condition("tags", "all_of", ("a", "c"))) == []
    assert ids(reader, Condition("name", "ends_with", ("un",))) == [trace_id(1)]


def test_bins_of_a_histogram_hold_every_value_once(database: Database) -> None:
    values = opened()
    insert(values, "span", *(span(number, end_time=START_NS + number * 10**6) for number in range(1, 101)))
    reader = DuckReader(values)
    [row] = ask(reader, "measure_spans", measures=(Measure("duration_ms", "histogram", 7),))
    bins = row["measure_0"]
    assert len(bins) == 7
    assert (bins[0][0], round(bins[-1][1], 6), sum(height for *_, height in bins)) == (1.0, 100.0, 100)
    reader.close()
    values.close()
