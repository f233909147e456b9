"""The grammar of `query=`: what it takes, and what it says of what it does not."""

import json
from typing import Any

import pytest

from api.langfuse.metrics_query import parse_query
from contract.entities import Measure, Order
from contract.errors import BadQuery
from tests.support.stored import START_NS

QUERY: dict[str, Any] = {
    "view": "traces",
    "dimensions": [{"field": "name"}],
    "metrics": [{"measure": "totalCost", "aggregation": "sum"}, {"measure": "latency", "aggregation": "histogram"}],
    "fromTimestamp": "2026-11-01T00:00:00Z",
    "toTimestamp": "2026-11-30T00:00:00+01:00",
}


def parsed(**more: Any) -> Any:
    return parse_query(json.dumps(QUERY | more), START_NS, None)


def test_a_query_is_understood() -> None:
    query = parsed(config={"bins": 7, "row_limit": 3}, page=1)
    assert query.dimensions == ("name",)
    assert [metric.name for metric in query.metrics] == ["sum_totalCost", "histogram_latency"]
    assert [metric.measure for metric in query.metrics] == [
        Measure("total_cost", "sum"),
        Measure("duration_ms", "histogram", 7),
    ]
    assert (query.rows, query.interval, query.order) == (3, None, (Order("measure", 0, True),))
    assert query.to_ns - query.from_ns == (29 * 24 - 1) * 3600 * 10**9


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("2026-11-01T01:59:00Z", "minute"),
        ("2026-11-03T00:00:00Z", "hour"),
        ("2026-11-05T00:00:00Z", "day"),
        ("2027-02-01T00:00:00Z", "week"),
        ("2028-01-01T00:00:00Z", "month"),
    ],
)
def test_auto_takes_the_granularity_of_the_range(to: str, expected: str) -> None:
    assert parsed(timeDimension={"granularity": "auto"}, toTimestamp=to).granularity == expected


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"view": "spans"}, "scores-numeric"),
        ({"dimensions": [{"field": "model"}]}, "sessionId"),
        ({"dimensions": "name"}, "list of objects"),
        ({"metrics": []}, "at least one"),
        ({"metrics": [{"measure": "cost", "aggregation": "sum"}]}, "totalCost"),
        ({"metrics": [{"measure": "totalCost", "aggregation": "median"}]}, "p50"),
        ({"metrics": [{"measure": "uniqueUserIds", "aggregation": "sum"}]}, "uniq"),
        ({"fromTimestamp": "2026-12-01T00:00:00Z"}, "fromTimestamp must be before toTimestamp"),
        ({"toTimestamp": None}, "toTimestamp is needed"),
        ({"toTimestamp": "soon"}, "toTimestamp takes a time"),
        ({"timeDimension": {"granularity": "year"}}, "month"),
        ({"timeDimension": {"granularity": "minute"}, "fromTimestamp": "2020-01-01T00:00:00Z"}, "pieces"),
        ({"orderBy": [{"field": "count_count", "direction": "asc"}]}, "sum_totalCost"),
        ({"orderBy": [{"field": "name", "direction": "up"}]}, "desc"),
        ({"config": {"row_limit": 1001}}, "1 to 1000"),
        ({"config": {"bins": True}}, "1 to 100"),
        ({"config": 3}, "object"),
        ({"filters": [{"column": "x", "type": "string", "operator": "=", "value": "y"}]}, "userId"),
        ({"filters": [{"column": "tags", "type": "string", "operator": "=", "value": "y"}]}, "arrayOptions"),
    ],
)
def test_a_mistake_is_refused_with_what_there_is(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(BadQuery, match=named):
        parsed(**wrong)
