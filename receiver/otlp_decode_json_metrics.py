"""OTLP/JSON metric requests (parsed) to `MetricPoint`: one for each data point of the five types."""

from collections.abc import Callable
from functools import partial
from typing import Any

from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from contract.raw import key_values
from contract.span import MetricPoint, Resource, Scope
from receiver.metric_points import Metric, Values, build_point, keep_points
from receiver.otlp_decode_json import group_items, read_each, scope_groups
from receiver.otlp_json_values import (
    INT32,
    INT64,
    UINT32,
    UINT64,
    BadItem,
    Object,
    attributes,
    enum,
    flag,
    integer,
    items,
    loose_identifier,
    number,
    record,
    text,
)
from receiver.rejections import Rejections

ReadValues = Callable[[Object], tuple[Values, Object]]

TEMPORALITIES = dict(AggregationTemporality.items())


def metric_points(request: Object) -> tuple[list[MetricPoint], Rejections]:
    """All data points that can be read and have a time, in the order sent; the others counted."""
    result: list[MetricPoint] = []
    rejections = Rejections()
    for group, shared_resource, shared_scope in scope_groups(request, "resourceMetrics", "scopeMetrics"):
        for item in group_items(group, "metrics"):
            _metric(item, shared_resource, shared_scope, result, rejections)
    return result, rejections


def _metric(
    value: Any, shared_resource: Resource, shared_scope: Scope, result: list[MetricPoint], rejections: Rejections
) -> None:
    """Points of one metric; a metric that cannot be read counts as one rejected point, since its points are unknown."""
    read = partial(_identity, shared_resource=shared_resource, shared_scope=shared_scope)
    for found in read_each([value], "metrics", read, rejections):
        if found:
            metric, points, read_values = found
            read_point = partial(_point, metric=metric, read_values=read_values)
            keep_points(list(read_each(points, "dataPoints", read_point, rejections)), result, rejections)


def _identity(
    item: Object, shared_resource: Resource, shared_scope: Scope
) -> tuple[Metric, list[Any], ReadValues] | None:
    present = [name for name in _TYPES if item.get(name) is not None]
    if not present:
        return None
    if len(present) > 1:
        raise BadItem(f"more than one of {', '.join(_TYPES)}")
    kind, read_values = _TYPES[present[0]]
    series = record(item[present[0]], present[0])
    metric = Metric(
        text(item.get("name"), "name"),
        text(item.get("description"), "description"),
        text(item.get("unit"), "unit"),
        kind,
        enum(series.get("aggregationTemporality"), "aggregationTemporality", TEMPORALITIES),
        flag(series.get("isMonotonic"), "isMonotonic"),
        key_values(attributes(item.get("metadata"), "metadata")),
        shared_resource,
        shared_scope,
    )
    return metric, items(series.get("dataPoints"), "dataPoints"), read_values


def _point(item: Object, metric: Metric, read_values: ReadValues) -> MetricPoint:
    values, data = read_values(item)
    data["flags"] = integer(item.get("flags"), "flags", UINT32)
    data["exemplars"] = [_exemplar(record(one, "exemplars")) for one in items(item.get("exemplars"), "exemplars")]
    times = (
        integer(item.get("startTimeUnixNano"), "startTimeUnixNano", UINT64),
        integer(item.get("timeUnixNano"), "timeUnixNano", UINT64),
    )
    return build_point(metric, times, values, attributes(item.get("attributes")), data)


def _number(item: Object) -> tuple[Values, Object]:
    return Values(value=_value(item)), {}


def _value(item: Object) -> int | float | None:
    as_int, as_double = item.get("asInt"), item.get("asDouble")
    if as_int is not None and as_double is not None:
        raise BadItem("both asInt and asDouble")
    if as_int is not None:
        return integer(as_int, "asInt", INT64)
    return None if as_double is None else number(as_double, "asDouble")


def _histogram(item: Object) -> tuple[Values, Object]:
    return _distribution(item), {
        "bucket_counts": _counts(item),
        "explicit_bounds": [number(bound, "explicitBounds") for bound in items(item.get("explicitBounds"), "bounds")],
    }


def _exponential_histogram(item: Object) -> tuple[Values, Object]:
    return _distribution(item), {
        "scale": integer(item.get("scale"), "scale", INT32),
        "zero_count": integer(item.get("zeroCount"), "zeroCount", UINT64),
        "zero_threshold": number(item.get("zeroThreshold"), "zeroThreshold"),
        "positive": _buckets(item, "positive"),
        "negative": _buckets(item, "negative"),
    }


def _buckets(item: Object, field: str) -> Object:
    if item.get(field) is None:
        return {}
    buckets = record(item[field], field)
    return {"offset": integer(buckets.get("offset"), "offset", INT32), "bucket_counts": _counts(buckets)}


def _counts(item: Object) -> list[int]:
    return [integer(count, "bucketCounts", UINT64) for count in items(item.get("bucketCounts"), "bucketCounts")]


def _distribution(item: Object) -> Values:
    optional = {name: number(item[name], name) for name in ("sum", "min", "max") if item.get(name) is not None}
    return Values(count=integer(item.get("count"), "count", UINT64), **optional)


def _summary(item: Object) -> tuple[Values, Object]:
    quantiles = [record(one, "quantileValues") for one in items(item.get("quantileValues"), "quantileValues")]
    values = Values(count=integer(item.get("count"), "count", UINT64), sum=number(item.get("sum"), "sum"))
    return values, {
        "quantile_values": [
            {"quantile": number(at.get("quantile"), "quantile"), "value": number(at.get("value"), "value")}
            for at in quantiles
        ]
    }


_TYPES: dict[str, tuple[str, ReadValues]] = {
    "gauge": ("gauge", _number),
    "sum": ("sum", _number),
    "histogram": ("histogram", _histogram),
    "exponentialHistogram": ("exponential_histogram", _exponential_histogram),
    "summary": ("summary", _summary),
}


def _exemplar(item: Object) -> Object:
    value = _value(item)
    fields = {
        "filteredAttributes": key_values(attributes(item.get("filteredAttributes"), "filteredAttributes")),
        "timeUnixNano": str(integer(item.get("timeUnixNano"), "timeUnixNano", UINT64)),
        "asInt": str(value) if isinstance(value, int) else None,
        "asDouble": value if isinstance(value, float) else None,
        "spanId": loose_identifier(item.get("spanId"), "spanId"),
        "traceId": loose_identifier(item.get("traceId"), "traceId"),
    }
    return {name: content for name, content in fields.items() if content not in (None, "", [])}
