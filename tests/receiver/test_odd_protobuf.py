"""Protobuf that no SDK of today writes: newer fields, values of other shapes, and messages made to hurt."""

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from contract.errors import Refused
from receiver.otlp_decode import decode_traces
from tests.support.otlp import START_NS, trace_request

NEWER = b"\xa2\x7d\x05newer"
"""Field 2004 of a later schema: a text."""


def sized(field: int, body: bytes) -> bytes:
    """A length-delimited field below 16."""
    length, rest = [], len(body)
    while rest > 127:
        length.append(rest % 128 + 128)
        rest //= 128
    return bytes([field << 3 | 2, *length, rest]) + body


def test_fields_of_a_later_schema_are_passed_over_at_every_level() -> None:
    span = trace_request(1).resource_spans[0].scope_spans[0].spans[0]
    attribute = sized(1, b"k") + sized(2, sized(1, b"v") + NEWER) + NEWER
    body = span.SerializeToString() + sized(9, attribute) + NEWER
    request = sized(1, sized(2, sized(2, body) + NEWER) + NEWER) + NEWER
    (decoded,), rejections = decode_traces(request, "protobuf")
    assert (decoded.name, decoded.attributes) == ("chat", {"k": "v"})
    assert rejections.count == 0


def test_a_value_of_a_type_that_a_later_schema_has_is_empty() -> None:
    span = trace_request(1).resource_spans[0].scope_spans[0].spans[0].SerializeToString()
    body = span + sized(9, sized(1, b"k") + sized(2, NEWER))
    (decoded,), _ = decode_traces(sized(1, sized(2, sized(2, body))), "protobuf")
    assert decoded.attributes == {"k": None}


def nested(levels: int) -> bytes:
    value = sized(1, b"bottom")
    for _ in range(levels):
        value = sized(5, sized(1, value))
    span = trace_request(1).resource_spans[0].scope_spans[0].spans[0].SerializeToString()
    return sized(1, sized(2, sized(2, span + sized(9, sized(1, b"deep") + sized(2, value)))))


def test_47_levels_of_lists_are_read() -> None:
    (span,), _ = decode_traces(nested(47), "protobuf")
    value = span.attributes["deep"]
    for _ in range(47):
        (value,) = value
    assert value == "bottom"


@pytest.mark.parametrize("levels", [48, 1000, 5000])
def test_deeper_ones_are_refused_and_harm_nothing(levels: int) -> None:
    with pytest.raises(Refused, match="ExportTraceServiceRequest"):
        decode_traces(nested(levels), "protobuf")


@pytest.mark.parametrize(
    "body",
    [
        b"\x0a\xff\xff\xff\xff\x07",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x0a\x05abc",
        b"\x0b" * 100_000,
        b"\x0c",
        b"\x00\x00",
        b"\x0a\x80\x80\x80\x80\x00",
        b"\x0a" * 100_001,
    ],
    ids=[
        "2 GiB announced", "a negative size", "a number without end", "shorter than announced", "100,000 groups",
        "the end of no group", "field 0", "a size written too long", "sizes only",
    ],
)  # fmt: skip
def test_messages_made_to_hurt_are_read_or_refused(body: bytes) -> None:
    try:
        spans, _ = decode_traces(body, "protobuf")
    except Refused:
        return
    assert spans == []


def test_metrics_that_decode_as_spans_are_rejected_with_a_hint() -> None:
    request = ExportMetricsServiceRequest()
    request.resource_metrics.add().scope_metrics.add().metrics.add(name="", description="")
    spans, rejections = decode_traces(request.SerializeToString(), "protobuf")
    assert (spans, rejections.count) == ([], 1)
    assert "/v1/metrics" in rejections.message()


@pytest.mark.parametrize(
    ("start_ns", "end_ns"),
    [(0, 0), (START_NS, 0), (START_NS, START_NS - 10**9), (1, 2**64 - 1), (2**64 - 1, 2**64 - 1), (2**63, 2**63)],
)
def test_absurd_times_are_kept_as_sent(start_ns: int, end_ns: int) -> None:
    request = trace_request(1)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.start_time_unix_nano, span.end_time_unix_nano, span.name = start_ns, end_ns, ""
    (decoded,), rejections = decode_traces(request.SerializeToString(), "protobuf")
    assert (decoded.start_ns, decoded.end_ns, decoded.name, rejections.count) == (start_ns, end_ns, "", 0)


def test_upper_bits_of_flags_and_unknown_enums_are_kept() -> None:
    request = trace_request(1)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.flags, span.kind, span.status.code = 2**32 - 1, 99, 7
    (decoded,), _ = decode_traces(ExportTraceServiceRequest.SerializeToString(request), "protobuf")
    assert (decoded.flags, decoded.kind, decoded.status_code) == (2**32 - 1, 99, 7)
