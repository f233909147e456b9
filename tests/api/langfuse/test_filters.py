"""Filters to conditions, mistakes to sentences."""

from typing import Any

import pytest

from api.langfuse.filters import parse_filter, parse_filter_text, parse_filters
from api.langfuse.views import OBSERVATION_FILTERS, TRACE_FILTERS
from contract.entities import SPAN_VALUES, TRACE_VALUES
from contract.errors import BadQuery
from contract.reading import Condition


def parsed(column: str, kind: str, operator: str, value: Any, **more: str) -> Condition:
    given = {"column": column, "type": kind, "operator": operator, "value": value, **more}
    return parse_filter(given, SPAN_VALUES, OBSERVATION_FILTERS, 0)


def test_every_type_of_filter_becomes_a_condition() -> None:
    for found, expected in (
        (parsed("name", "string", "starts with", "a"), ("name", "starts_with", ("a",))),
        (parsed("type", "stringOptions", "any of", ["CHAIN", "x"]), ("kind", "any_of", ("workflow", "x"))),
        (parsed("tags", "arrayOptions", "all of", ["a", "b"]), ("trace_tags", "all_of", ("a", "b"))),
        (parsed("latency", "number", ">=", 2), ("duration_ms", "gte", (2000.0,))),
        (parsed("startTime", "datetime", "<", "1970-01-01T00:00:01Z"), ("start_time", "lt", (10**9,))),
        (parsed("isRootObservation", "boolean", "=", True), ("is_root", "eq", (True,))),
        (parsed("userId", "null", "is not null", ""), ("trace_user_id", "exists", (True,))),
        (parsed("metadata", "stringObject", "contains", "x", key="a.b"), ("metadata.a.b", "contains", ("x",))),
        (parsed("metadata", "numberObject", ">", 1, key="k"), ("metadata.k", "gt", (1.0,))),
        (parsed("metadata", "booleanObject", "<>", True, key="k"), ("metadata.k", "ne", (True,))),
        (parsed("metadata", "categoryOptions", "none of", ["x"], key="k"), ("metadata.k", "none_of", ("x",))),
    ):
        assert found == Condition(*expected)


def test_a_name_of_another_view_is_the_name_of_this_one() -> None:
    given = {"column": "traceName", "type": "string", "operator": "=", "value": "x"}
    assert parse_filter(given, TRACE_VALUES, TRACE_FILTERS, 0) == Condition("name", "eq", ("x",))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (("name", "text", "=", "x"), "unknown filter type"),
        (("name", "string", "like", "x"), "unknown operator"),
        (("nome", "string", "=", "x"), "unknown column 'nome'"),
        (("latency", "string", "=", "x"), "type number"),
        (("latency", "number", "=", "x"), "takes no 'x'"),
        (("latency", "number", "=", True), "takes no 'True'"),
        (("isRootObservation", "boolean", "=", 1), "takes no '1'"),
        (("type", "stringOptions", "any of", "x"), "list of texts"),
        (("type", "stringOptions", "any of", []), "1 to 1000"),
        (("metadata", "stringObject", "=", "x"), "needs a key"),
        (("metadata", "string", "=", "x"), "needs a key"),
    ],
)
def test_a_mistake_is_named(given: tuple[Any, ...], named: str) -> None:
    with pytest.raises(BadQuery, match=named):
        parsed(*given)


def test_what_is_no_list_of_filters_is_refused() -> None:
    for text, named in (("{", "not JSON"), ("{}", "list of objects"), ("[1]", "list of objects")):
        with pytest.raises(BadQuery, match=named):
            parse_filter_text(text, TRACE_VALUES, TRACE_FILTERS, 0)
    with pytest.raises(BadQuery, match="more than 50"):
        parse_filters([{}] * 51, TRACE_VALUES, TRACE_FILTERS, 0)
