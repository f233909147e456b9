"""Conditions become SQL with bound values only."""

import pytest

from contract.reading import Condition
from storage.conditions import compile_conditions

RENDERED = [
    (Condition("model", "eq", ("m",)), "(model = $c0)"),
    (Condition("model", "ne", ("m",)), "(model IS DISTINCT FROM $c0)"),
    (Condition("model", "any_of", ("m", "n")), "(model IN ($c0, $c1))"),
    (Condition("name", "contains", ("m",)), "(contains(lower(name), lower($c0)))"),
    (Condition("model", "exists", (False,)), "(model IS NULL)"),
    (Condition("start_time", "gte", (5,)), "(start_time >= make_timestamp_ns($c0))"),
    (
        Condition("attr.k", "contains", ("v",)),
        "(contains(lower(json_extract_string(raw_attributes, $c0)), lower($c1)))",
    ),
]


@pytest.mark.parametrize(("condition", "sql"), RENDERED)
def test_a_condition_on_a_row_renders_to_this(condition: Condition, sql: str) -> None:
    compiled = compile_conditions("list_spans", [condition])
    assert compiled.sql("span") == sql
    assert set(condition.values) <= {*compiled.parameters.values(), False}


def test_a_span_field_of_traces_asks_for_some_span() -> None:
    compiled = compile_conditions("list_traces", [Condition("model", "eq", ("m",))])
    assert compiled.sql("candidate") == (
        "(trace_id IN (SELECT trace_id FROM span WHERE project = $project AND "
        "($from_ns IS NULL OR start_time >= make_timestamp_ns($from_ns)) AND (model = $c0)))"
    )
    assert not compiled.has("record")


def test_a_record_field_of_traces_asks_the_record_and_spares_traces_that_cannot_have_it() -> None:
    compiled = compile_conditions("list_traces", [Condition("session_id", "eq", ("s",))])
    assert compiled.sql("record") == "(session_id = $c0)"
    assert "(session_id = $c1)" in compiled.sql("candidate")
    assert not compile_conditions("list_traces", [Condition("session_id", "ne", ("s",))]).has("candidate")


def test_without_conditions_everything_holds() -> None:
    assert compile_conditions("list_spans", []).sql("span") == "true"
