"""The five metric types from protobuf; that JSON gives the same is tested beside the decoder's entry points."""

from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from contract.span import MetricPoint
from receiver.otlp_decode_proto_metrics import metric_points
from tests.support.otlp import SPAN_ID, TRACE_ID, key_value


def point_of(kind: str, series: dict[str, Any] | None = None, **fields: Any) -> MetricPoint:
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="m", description="d", unit="s")
    message = getattr(metric, kind)
    for name, value in (series or {}).items():
        setattr(message, name, value)
    message.data_points.add(time_unix_nano=9, start_time_unix_nano=1, **fields).attributes.append(key_value("a", "b"))
    (point,), rejections = metric_points(request)
    assert rejections.count == 0
    assert (point.name, point.description, point.unit, point.type, point.time_ns) == ("m", "d", "s", kind, 9)
    assert point.attributes == {"a": "b"}
    return point


def test_gauges_and_sums_keep_the_type_of_their_number() -> None:
    whole, broken = point_of("gauge", as_int=3).value, point_of("gauge", as_double=3.0).value
    assert (whole, type(whole), broken, type(broken)) == (3, int, 3.0, float)
    assert point_of("gauge", flags=1).value is None
    total = point_of("sum", {"aggregation_temporality": 2, "is_monotonic": True}, as_int=0)
    assert (total.temporality, total.monotonic, total.value) == (2, True, 0)


def test_a_histogram_keeps_its_buckets_and_absent_is_not_zero() -> None:
    point = point_of("histogram", count=3, sum=0.0, bucket_counts=[1, 2], explicit_bounds=[0.5])
    assert (point.count, point.sum, point.min, point.max) == (3, 0.0, None, None)
    assert point.data == {"bucket_counts": [1, 2], "explicit_bounds": [0.5]}


def test_an_exponential_histogram_keeps_scale_and_both_sides() -> None:
    point = point_of(
        "exponential_histogram", count=4, scale=-2, zero_count=1, positive={"offset": -3, "bucket_counts": [1, 2]}
    )
    assert point.data == {"scale": -2, "zero_count": 1, "positive": {"offset": -3, "bucket_counts": [1, 2]}}


def test_a_summary_keeps_its_quantiles() -> None:
    point = point_of("summary", count=2, sum=5.0, quantile_values=[{"quantile": 0.5, "value": 2.5}])
    assert (point.count, point.sum) == (2, 5.0)
    assert point.data == {"quantile_values": [{"quantile": 0.5, "value": 2.5}]}


def test_exemplars_keep_their_trace() -> None:
    exemplar = {
        "as_int": 7,
        "time_unix_nano": 5,
        "trace_id": bytes.fromhex(TRACE_ID),
        "span_id": bytes.fromhex(SPAN_ID),
    }
    assert point_of("gauge", as_int=1, exemplars=[exemplar]).data["exemplars"] == [
        {"timeUnixNano": "5", "asInt": "7", "spanId": SPAN_ID, "traceId": TRACE_ID}
    ]


def test_a_metric_without_data_gives_no_point() -> None:
    request = ExportMetricsServiceRequest()
    request.resource_metrics.add().scope_metrics.add().metrics.add(name="empty")
    assert metric_points(request)[0] == []
