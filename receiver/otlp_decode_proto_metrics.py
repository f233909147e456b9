"""Parsed metric requests to `MetricPoint`: one for each data point of the five types."""

from collections.abc import Callable, Iterable
from typing import Any

from contract.raw import key_values
from contract.span import MetricPoint, Resource, Scope
from receiver.metric_points import Metric, Values, build_point, keep_points
from receiver.otlp_proto_values import Message, attributes, finite, resource, scope
from receiver.rejections import Rejections


def metric_points(request: Message) -> tuple[list[MetricPoint], Rejections]:
    """All data points in the order sent; those without a time counted as rejected."""
    result: list[MetricPoint] = []
    rejections = Rejections()
    for resource_group in request.resource_metrics:
        shared_resource = resource(resource_group)
        for scope_group in resource_group.scope_metrics:
            shared_scope = scope(scope_group)
            for message in scope_group.metrics:
                keep_points(_points(message, shared_resource, shared_scope), result, rejections)
    return result, rejections


def _points(message: Message, shared_resource: Resource, shared_scope: Scope) -> list[MetricPoint]:
    kind = message.WhichOneof("data")
    if kind is None:
        return []
    series = getattr(message, kind)
    metric = Metric(
        message.name,
        message.description,
        message.unit,
        kind,
        getattr(series, "aggregation_temporality", 0),
        getattr(series, "is_monotonic", False),
        key_values(attributes(message.metadata)),
        shared_resource,
        shared_scope,
    )
    read = _READERS[kind]
    return [_point(metric, point, read) for point in series.data_points]


def _point(metric: Metric, point: Message, read: Callable[[Message], tuple[Values, dict[str, Any]]]) -> MetricPoint:
    values, data = read(point)
    data["flags"] = point.flags
    data["exemplars"] = _exemplars(getattr(point, "exemplars", ()))
    times = (point.start_time_unix_nano, point.time_unix_nano)
    return build_point(metric, times, values, attributes(point.attributes), data)


def _number(point: Message) -> tuple[Values, dict[str, Any]]:
    return Values(value=_value(point)), {}


def _value(point: Message) -> int | float | None:
    field = point.WhichOneof("value")
    if field is None:
        return None
    return point.as_int if field == "as_int" else finite(point.as_double)


def _histogram(point: Message) -> tuple[Values, dict[str, Any]]:
    return _distribution(point), {
        "bucket_counts": list(point.bucket_counts),
        "explicit_bounds": [finite(bound) for bound in point.explicit_bounds],
    }


def _exponential_histogram(point: Message) -> tuple[Values, dict[str, Any]]:
    return _distribution(point), {
        "scale": point.scale,
        "zero_count": point.zero_count,
        "zero_threshold": finite(point.zero_threshold),
        "positive": _buckets(point.positive) if point.HasField("positive") else {},
        "negative": _buckets(point.negative) if point.HasField("negative") else {},
    }


def _buckets(buckets: Message) -> dict[str, Any]:
    return {"offset": buckets.offset, "bucket_counts": list(buckets.bucket_counts)}


def _distribution(point: Message) -> Values:
    optional = {name: finite(getattr(point, name)) for name in ("sum", "min", "max") if point.HasField(name)}
    return Values(count=point.count, **optional)


def _summary(point: Message) -> tuple[Values, dict[str, Any]]:
    quantiles = [{"quantile": finite(at.quantile), "value": finite(at.value)} for at in point.quantile_values]
    return Values(count=point.count, sum=finite(point.sum)), {"quantile_values": quantiles}


_READERS: dict[str, Callable[[Message], tuple[Values, dict[str, Any]]]] = {
    "gauge": _number,
    "sum": _number,
    "histogram": _histogram,
    "exponential_histogram": _exponential_histogram,
    "summary": _summary,
}


def _exemplars(exemplars: Iterable[Message]) -> list[dict[str, Any]]:
    return [_exemplar(exemplar) for exemplar in exemplars]


def _exemplar(exemplar: Message) -> dict[str, Any]:
    value = _value(exemplar)
    fields = {
        "filteredAttributes": key_values(attributes(exemplar.filtered_attributes)),
        "timeUnixNano": str(exemplar.time_unix_nano),
        "asInt": str(value) if isinstance(value, int) else None,
        "asDouble": value if isinstance(value, float) else None,
        "spanId": exemplar.span_id.hex(),
        "traceId": exemplar.trace_id.hex(),
    }
    return {name: item for name, item in fields.items() if item not in (None, "", [])}
