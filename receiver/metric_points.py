"""What both encodings of metrics share: the rule on times, and the metric's identity that every point repeats."""

from dataclasses import dataclass
from typing import Any

from contract.span import Attributes, MetricPoint, Resource, Scope
from receiver.rejections import Rejections


@dataclass(slots=True)
class Metric:
    """One metric with its type and its group; `metadata` in OTLP/JSON form."""

    name: str
    description: str
    unit: str
    type: str
    temporality: int
    monotonic: bool
    metadata: list[dict[str, Any]]
    resource: Resource
    scope: Scope


@dataclass(slots=True)
class Values:
    """What one data point measured; None where the point does not say."""

    value: int | float | None = None
    count: int | None = None
    sum: float | None = None
    min: float | None = None
    max: float | None = None


def build_point(
    metric: Metric, times: tuple[int, int], values: Values, attributes: Attributes, data: dict[str, Any]
) -> MetricPoint:
    """One data point of `metric`; `times` are start and time. `data` keeps only what is not empty."""
    if metric.metadata:
        data = {**data, "metadata": metric.metadata}
    return MetricPoint(
        metric.name,
        metric.description,
        metric.unit,
        metric.type,
        metric.temporality,
        metric.monotonic,
        *times,
        values.value,
        values.count,
        values.sum,
        values.min,
        values.max,
        attributes,
        {name: item for name, item in data.items() if item not in (0, [], {}) or item is False},
        metric.resource,
        metric.scope,
    )


def keep_points(points: list[MetricPoint], result: list[MetricPoint], rejections: Rejections) -> None:
    """Append the points that have a time; `metrics.proto`: "Data points with the 0 value for TimeUnixNano SHOULD be
    rejected by consumers"."""
    timed = [point for point in points if point.time_ns]
    if len(timed) != len(points):
        rejections.add("no_time", "metric data point with timeUnixNano 0", len(points) - len(timed))
    result += timed
