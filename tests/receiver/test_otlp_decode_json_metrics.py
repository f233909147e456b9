"""OTLP/JSON metrics: odd points are counted, their neighbours kept."""

from typing import Any

import orjson
import pytest

from contract.span import MetricPoint
from receiver.otlp_decode import decode_metrics
from receiver.rejections import Rejections


def decode(*metrics: Any) -> tuple[list[MetricPoint], Rejections]:
    return decode_metrics(orjson.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}), "json")


def gauge(*points: Any, **fields: Any) -> dict[str, Any]:
    return {"name": "m", "gauge": {"dataPoints": points}, **fields}


GOOD = {"timeUnixNano": "5", "asInt": "7"}


@pytest.mark.parametrize(
    ("odd", "named"),
    [
        ({"timeUnixNano": "5", "asInt": "seven"}, "asInt"),
        ({"timeUnixNano": "5", "asInt": 1, "asDouble": 1.5}, "both asInt and asDouble"),
        ({"asInt": 1}, "timeUnixNano 0"),
        (7, "dataPoints"),
    ],
)
def test_an_odd_point_is_counted_and_its_neighbours_are_kept(odd: Any, named: str) -> None:
    points, rejections = decode(gauge(GOOD, odd, GOOD))
    assert [point.value for point in points] == [7, 7]
    assert rejections.count == 1
    assert named in rejections.message()


@pytest.mark.parametrize("metric", [7, {"name": 7, "gauge": {}}, gauge(GOOD, sum={}), gauge(GOOD, metadata=7)])
def test_an_odd_metric_counts_as_one_and_the_next_is_kept(metric: Any) -> None:
    points, rejections = decode(metric, gauge(GOOD))
    assert (len(points), rejections.count) == (1, 1)


def test_names_of_enums_are_read() -> None:
    series = {"aggregationTemporality": "AGGREGATION_TEMPORALITY_CUMULATIVE", "isMonotonic": True, "dataPoints": [GOOD]}
    (point,), _ = decode({"name": "m", "sum": series})
    assert (point.type, point.temporality, point.monotonic) == ("sum", 2, True)
