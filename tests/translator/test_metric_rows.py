"""Metric points as rows."""

from typing import Any

from contract.columns import M, Row
from contract.span import Batch, MetricPoint, Resource, Scope
from translator.translate import Translator


def row_of(**given: Any) -> Row:
    fields: dict[str, Any] = {
        "name": "m",
        "description": "",
        "unit": "",
        "type": "gauge",
        "temporality": 0,
        "monotonic": False,
        "start_ns": 0,
        "time_ns": 5,
        "value": 1.5,
        "count": None,
        "sum": None,
        "min": None,
        "max": None,
        "attributes": {},
        "data": {},
        "resource": Resource({"service.name": "shop"}),
        "scope": Scope("lib"),
    }
    point = MetricPoint(**(fields | given))
    return Translator().translate(Batch("default", 9, "http", metric_points=[point])).metric_points[0]


def test_a_float_has_no_integer_value_and_an_integer_has_both() -> None:
    assert (row_of()[M.value], row_of()[M.value_int]) == (1.5, None)
    assert (row_of(value=2)[M.value], row_of(value=2)[M.value_int]) == (2.0, 2)


def test_origin_and_fallback_time() -> None:
    row = row_of(time_ns=0)
    assert (row[M.service_name], row[M.scope_name], row[M.time], row[M.start_time]) == ("shop", "lib", 9, None)


def test_an_unknown_temporality_is_kept_as_its_number() -> None:
    assert [row_of(temporality=n)[M.temporality] for n in (0, 1, 2, 9)] == ["unspecified", "delta", "cumulative", "9"]


def test_digest_tells_points_apart_and_not_their_arrivals() -> None:
    assert row_of()[M.digest] == row_of()[M.digest]
    assert row_of()[M.digest] != row_of(value=2.5)[M.digest]
    assert row_of()[M.digest] != row_of(attributes={"k": 1})[M.digest]
