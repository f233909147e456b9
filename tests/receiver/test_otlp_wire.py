"""Counting the messages of a body without parsing it, against what the parser makes of it."""

from typing import Any

import pytest
from google.protobuf.message import DecodeError, Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import ExponentialHistogramDataPoint

from receiver import otlp_wire
from receiver.otlp_wire import at_most, grammar_of
from tests.support.otlp import gen_ai_request

REQUESTS = (ExportTraceServiceRequest, ExportLogsServiceRequest, ExportMetricsServiceRequest)


def metrics_request() -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    for number in range(10):
        metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name=f"m{number}")
        point = metric.histogram.data_points.add()
        point.attributes.add(key="k").value.string_value = "v"
        point.exemplars.add().filtered_attributes.add(key="k").value.int_value = 1
    request.resource_metrics[0].resource.entity_refs.add(type="host", id_keys=["a", "b"])
    return request


def messages_in(message: Message) -> int:
    """Below `message`, with repeated texts, as the parser has them."""
    count = 0
    for field, value in message.ListFields():
        values = value if field.is_repeated else [value]
        if field.message_type is not None:
            count += sum(1 + messages_in(inner) for inner in values)
        elif field.is_repeated and field.type in (field.TYPE_STRING, field.TYPE_BYTES):
            count += len(values)
    return count


def walked(body: bytes, request: Any) -> int:
    return otlp_wire._walk(body, grammar_of(request.DESCRIPTOR), 10**9)


@pytest.mark.parametrize("request_message", [gen_ai_request(20), metrics_request()], ids=["traces", "metrics"])
def test_the_walk_counts_what_the_parser_makes(request_message: Any) -> None:
    body = request_message.SerializeToString()
    assert walked(body, request_message) == messages_in(request_message) > 20


def test_bytes_that_can_begin_a_message_are_never_fewer_than_messages() -> None:
    body = gen_ai_request(20).SerializeToString()
    count = walked(body, ExportTraceServiceRequest)
    assert otlp_wire._starts(body, grammar_of(ExportTraceServiceRequest.DESCRIPTOR).starts, 10**9) >= count


def test_the_limit_is_exact_where_the_quick_count_is_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    body = gen_ai_request(20).SerializeToString()
    count = walked(body, ExportTraceServiceRequest)
    assert len(body) > 2 * count
    assert at_most(body, ExportTraceServiceRequest.DESCRIPTOR, count)
    assert not at_most(body, ExportTraceServiceRequest.DESCRIPTOR, count - 1)


def test_a_long_text_of_bytes_that_look_like_messages_counts_once() -> None:
    request = gen_ai_request(1)
    request.resource_spans[0].scope_spans[0].spans[0].name = "\n" * 100_000
    assert at_most(request.SerializeToString(), ExportTraceServiceRequest.DESCRIPTOR, 1000)


@pytest.mark.parametrize(
    "body",
    [
        b"\x0a\x00" * 5000,
        b"\x8a\x00\x00" * 5000,
        b"\x0a\x80\x00" * 5000,
        b"\x0a\x90\x4e" + b"\x12\x00" * 5000,
    ],
    ids=["groups", "a longer tag", "a longer length", "scopes"],
)
def test_many_small_things_are_too_many_however_they_are_written(body: bytes) -> None:
    ExportTraceServiceRequest.FromString(body)  # the parser takes it
    assert not at_most(body, ExportTraceServiceRequest.DESCRIPTOR, 1000)


def test_many_fields_that_nobody_knows_are_too_many_where_messages_have_to_be_counted() -> None:
    body = b"\x0a\x87\x56" + b"\x10\x00" * 5000 + b"\x1a\xf4\x07" + b"\n" * 1012
    ExportTraceServiceRequest.FromString(body)
    assert not at_most(body, ExportTraceServiceRequest.DESCRIPTOR, 1000)


def test_packed_numbers_count_eight_for_one() -> None:
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add()
    buckets = ExponentialHistogramDataPoint.Buckets(bucket_counts=[0] * 80_000)
    metric.exponential_histogram.data_points.add().positive.CopyFrom(buckets)
    body = request.SerializeToString()
    assert not at_most(body, ExportMetricsServiceRequest.DESCRIPTOR, 9_000)
    assert at_most(body, ExportMetricsServiceRequest.DESCRIPTOR, 11_000)


@pytest.mark.parametrize("request_class", REQUESTS, ids=lambda item: item.DESCRIPTOR.name)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_any_bytes_are_walked_to_an_end_and_never_below_what_the_parser_makes(
    request_class: Any, data: st.DataObject
) -> None:
    tags = st.sampled_from([b"\x0a", b"\x12", b"\x4a", b"\x8a\x00", b"\x0b", b"\x0c", b"\x08", b"\x09", b"\x0d"])
    parts = st.one_of(tags, st.integers(0, 12).map(lambda n: bytes([n])), st.binary(max_size=4))
    body = b"".join(data.draw(st.lists(parts, max_size=24)))
    count = walked(body, request_class)
    try:
        parsed = request_class.FromString(body)
    except DecodeError:
        return
    assert count >= messages_in(parsed)


def test_a_schema_whose_messages_cannot_be_told_by_one_byte_would_be_noticed() -> None:
    with pytest.raises(ValueError, match="number above 15"):
        otlp_wire._shape(_WithLargeNumber)


class _Field:
    number, full_name, is_repeated, type, message_type = 16, "x.y", True, 9, None
    TYPE_STRING, TYPE_BYTES = 9, 12


class _WithLargeNumber:
    fields = (_Field,)
