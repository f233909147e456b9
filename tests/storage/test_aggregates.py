"""Measures and groups as SQL."""

from typing import Any

import pytest

from contract.reading import GROUPS, MEASURES
from storage.aggregates import add_shape
from storage.conditions import Compiled
from storage.database import Database
from storage.reader import load_queries
from tests.support.stored import START_NS, insert, opened, span, span_id

LATER = {"received_time": START_NS + 10**12}


def measured(database: Database, measures: tuple[str, ...], groups: tuple[str, ...] = (), **given: Any) -> list[Any]:
    """(bucket, groups, measures) of each row."""
    query, compiled = load_queries()["metrics"], Compiled()
    add_shape(compiled, {"measures": measures, "groups": groups})
    bound = query.bind({"project": "default", "limit": 10, **given}) | compiled.parameters
    rows = database.cursor().execute(query.render(compiled), bound).fetchall()
    count = max(1, len(groups))
    return [(row[0], row[1 : 1 + count], row[1 + count : -1]) for row in rows]


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_can_be_asked(measure: str) -> None:
    database = opened()
    insert(database, "span", span(1, **LATER))
    [(_, _, (value,))] = measured(database, (measure,))
    assert value in ({0, 1, None} if "(" not in measure else {None, 1000.0})
    database.close()


def test_every_group_can_be_asked_and_all_four_together() -> None:
    database = opened()
    insert(database, "span", span(1, tags=["a", "b"]))
    for group in (*GROUPS, "attr.x"):
        assert measured(database, ("span_count",), (group,))
    [(_, groups, _), _] = measured(database, ("span_count",), ("kind", "tags", "model", "status"))
    assert groups == ("span", "a", None, "unset")
    database.close()


def test_a_sum_is_0_where_there_was_no_call_and_null_where_no_call_says_it() -> None:
    database = opened()
    call = {"kind": "generation", "name": "call"}
    insert(
        database, "span", span(1, name="tool"), span(2, **call), span(3, name="told", kind="generation", input_tokens=4)
    )
    rows = measured(database, ("input_tokens", "total_cost"), ("name",))
    assert {groups[0]: values for _, groups, values in rows} == {
        "tool": (0, 0),
        "call": (None, None),
        "told": (4, None),
    }
    database.close()


def test_a_repeat_is_counted_nowhere_and_a_list_in_each_of_its_elements() -> None:
    database = opened()
    call = {"kind": "generation", "input_tokens": 5, "tags": ["a", "b"]}
    insert(database, "span", span(1, **call), span(2, duplicate_of=span_id(1), **call), span(3, tags=[]))
    rows = measured(database, ("generation_count", "input_tokens"), ("tags",))
    assert {groups[0]: values for _, groups, values in rows} == {"a": (1, 5), "b": (1, 5), None: (0, 0)}
    database.close()


def test_a_start_that_nobody_sent_gives_no_duration() -> None:
    database = opened()
    insert(database, "span", span(1, raw_rest={"start_ns": 0}))
    assert measured(database, ("avg(duration_ms)",)) == [(None, (None,), (None,))]
    insert(database, "span", span(2))
    assert measured(database, ("p50(duration_ms)",)) == [(None, (None,), (1000.0,))]
    database.close()


def test_what_the_tables_do_not_have_is_the_callers_fault() -> None:
    for shape in (
        {"measures": ["sum(input)"]},
        {"measures": ["span_count"], "groups": ["input"]},
        {"field": "project"},
    ):
        with pytest.raises(KeyError):
            add_shape(Compiled(), shape)


def test_the_name_of_an_attribute_is_bound() -> None:
    compiled = Compiled()
    add_shape(compiled, {"field": "attr.SECRET/a"})
    assert compiled.listed("value") == "json_extract_string(raw_attributes, $c0) AS value"
    assert compiled.parameters == {"c0": "/SECRET~1a"}
