"""The two encodings of one request give equal values, and whatever comes in is decoded or refused."""

import json
import math
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from contract.errors import Refused
from receiver.limits import DEFAULT_LIMITS, Limits
from receiver.otlp_decode import decode_logs, decode_metrics, decode_traces
from tests.support.otlp import gen_ai_request, trace_request
from tests.support.otlp_json import to_json
from tests.support.otlp_random import comparable, messages

DECODERS = {
    ExportTraceServiceRequest: decode_traces,
    ExportLogsServiceRequest: decode_logs,
    ExportMetricsServiceRequest: decode_metrics,
}


@pytest.mark.parametrize("request_class", DECODERS, ids=lambda item: item.DESCRIPTOR.name)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_protobuf_and_json_of_one_request_decode_equally(request_class: Any, data: st.DataObject) -> None:
    request = data.draw(messages(request_class))
    decode = DECODERS[request_class]
    items, rejections = decode(request.SerializeToString(), "protobuf")
    json_items, json_rejections = decode(orjson.dumps(to_json(request)), "json")
    assert comparable(json_items) == comparable(items)
    assert json_rejections.count == rejections.count


def test_gen_ai_spans_decode_equally_from_both_encodings() -> None:
    request = gen_ai_request(20)
    spans, rejections = decode_traces(request.SerializeToString(), "protobuf")
    assert len(spans) == 20
    assert rejections.count == 0
    assert decode_traces(orjson.dumps(to_json(request)), "json")[0] == spans


def test_resource_and_scope_are_shared_by_the_spans_of_a_group() -> None:
    spans, _ = decode_traces(trace_request(2).SerializeToString(), "protobuf")
    assert spans[0].resource is spans[1].resource
    assert spans[0].scope is spans[1].scope


@pytest.mark.parametrize("decode", DECODERS.values(), ids=lambda item: item.__name__)
@pytest.mark.parametrize("content", ["protobuf", "json"])
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(body=st.binary(max_size=60))
def test_any_bytes_decode_or_are_refused(decode: Any, content: Any, body: bytes) -> None:
    try:
        items, _ = decode(body, content)
    except Refused:
        return
    assert isinstance(items, list)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.sampled_from(["", "7", "NaN", "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["key", "value", "values"]), inner),
    max_leaves=4,
)
_FIELDS = {
    decode_traces: ("resourceSpans", "scopeSpans", "spans", ["traceId", "spanId", "kind", "status", "events", "links"]),
    decode_logs: ("resourceLogs", "scopeLogs", "logRecords", ["body", "severityNumber", "timeUnixNano", "traceId"]),
    decode_metrics: ("resourceMetrics", "scopeMetrics", "metrics", ["gauge", "sum", "summary", "name", "metadata"]),
}


@pytest.mark.parametrize("decode", _FIELDS, ids=lambda item: item.__name__)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_any_json_in_the_place_of_any_field_decodes_or_is_refused(decode: Any, data: st.DataObject) -> None:
    resources, scopes, items, fields = _FIELDS[decode]
    names = st.sampled_from([*fields, "attributes", "flags", "droppedAttributesCount"])
    item = data.draw(st.dictionaries(names, _JSON, max_size=4))
    body = {resources: [{"resource": data.draw(_JSON), scopes: [{"scope": {}, items: [item]}]}]}
    try:
        decoded, rejections = decode(json.dumps(body).encode(), "json")
    except Refused:
        return
    assert len(decoded) + rejections.count <= 1


@pytest.mark.parametrize("levels", [60, 1000, 100_000])
def test_deep_nesting_harms_nothing(levels: int) -> None:
    value = b'{"arrayValue":{"values":[' * levels + b"]}}" * levels
    body = (
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c",'
        b'"spanId":"b7ad6b7169203331","attributes":[{"key":"deep","value":' + value + b"}]}]}]}]}"
    )
    try:
        spans, rejections = decode_traces(body, "json")
    except Refused:
        assert levels > 60
    else:
        assert (spans, rejections.count) == ([], 1)


def test_the_nesting_that_protobuf_allows_is_allowed_in_json() -> None:
    request = trace_request(1)
    value = request.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="deep").value
    for _ in range(46):
        value = value.array_value.values.add()
    value.string_value = "bottom"
    spans, _ = decode_traces(request.SerializeToString(), "protobuf")
    assert decode_traces(orjson.dumps(to_json(request)), "json") == (spans, decode_traces(b"", "protobuf")[1])


def test_malformed_protobuf_is_refused_with_the_name_of_the_message() -> None:
    with pytest.raises(Refused, match="ExportTraceServiceRequest"):
        decode_traces(b"\xff\xff\xff", "protobuf")


def test_a_text_that_is_not_utf8_is_made_readable_and_the_client_is_told() -> None:
    body = trace_request(2, word="xxxx").SerializeToString().replace(b"xxxx", b"x\xff\xfex", 1)
    spans, rejections = decode_traces(body, "protobuf")
    assert [span.attributes["word"] for span in spans] == ["x\ufffd\ufffdx", "xxxx"]
    assert (rejections.count, rejections.message()) == (
        0,
        "1 text(s) not valid UTF-8: U+FFFD stands for what could not be read",
    )


def test_a_request_of_another_signal_is_not_made_readable() -> None:
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add().body.string_value = "x" * 200
    with pytest.raises(Refused, match="/v1/logs"):
        decode_traces(logs.SerializeToString(), "protobuf")


def test_numbers_keep_their_type_and_their_last_bit() -> None:
    request = trace_request(
        1, low=-(2**63), high=2**63 - 1, zero=0, empty="", no=False, minus=-0.0, nan=math.nan, inf=-math.inf, none=None
    )
    attributes = decode_traces(request.SerializeToString(), "protobuf")[0][0].attributes
    assert repr(attributes) == (
        "{'low': -9223372036854775808, 'high': 9223372036854775807, 'zero': 0, 'empty': '', 'no': False, "
        "'minus': -0.0, 'nan': nan, 'inf': -inf, 'none': None}"
    )
    assert [type(attributes[key]).__name__ for key in ("nan", "inf", "minus")] == ["NonFinite", "NonFinite", "float"]


def tiny_spans(count: int) -> bytes:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for _ in range(count):
        spans.add()
    return request.SerializeToString()


def test_a_request_of_too_many_tiny_items_is_refused_before_anything_is_made_of_them() -> None:
    with pytest.raises(Refused, match="smaller batches") as refusal:
        decode_traces(tiny_spans(DEFAULT_LIMITS.max_items + 1), "protobuf")
    assert refusal.value.kind == "too_large"
    empty_scopes = b"\x0a\xc0\x9a\x0c" + b"\x12\x00" * 100_000  # a ResourceSpans of 200,000 bytes
    with pytest.raises(Refused, match="smaller batches"):
        decode_traces(empty_scopes + b"\x0a\x02\x12\x00", "protobuf")


def test_a_json_request_of_too_many_objects_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(Refused, match="smaller batches"):
        decode_traces(b'{"resourceSpans":[' + b"{}," * 1_000_000 + b"{}]}", "json")
    assert decode_traces(b'{"resourceSpans":[' + b"{}," * 1000 + b"{}]}", "json")[0] == []


@pytest.mark.parametrize("content", ["protobuf", "json"])
def test_a_request_has_at_most_so_many_items_in_either_encoding_refused_ones_counted(content: Any) -> None:
    request = trace_request(3)
    request.resource_spans[0].scope_spans[0].spans[1].trace_id = b"short"
    body = request.SerializeToString() if content == "protobuf" else orjson.dumps(to_json(request))
    assert len(decode_traces(body, content, Limits(max_items=3))[0]) == 2
    with pytest.raises(Refused, match="3 items, at most 2 are taken"):
        decode_traces(body, content, Limits(max_items=2))


@pytest.mark.parametrize("decode", DECODERS.values(), ids=lambda item: item.__name__)
def test_a_body_of_empty_messages_is_refused_without_being_parsed(decode: Any) -> None:
    """40 MB of them took 2.4 GB in the parser."""
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5")
    before = peak_rss_bytes()
    with pytest.raises(Refused, match="more than 2,500,000 messages in one request: send smaller batches") as refusal:
        decode(b"\x0a\x00" * 3_000_000, "protobuf")
    assert refusal.value.kind == "too_large"
    assert peak_rss_bytes() - before < 50_000_000


def peak_rss_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def test_a_large_body_that_is_no_request_is_not_read_again_to_find_out_what_it_is() -> None:
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add().body.string_value = "x" * 2_000_000
    with pytest.raises(Refused, match="is not a valid") as refusal:
        decode_traces(logs.SerializeToString(), "protobuf")
    assert "/v1/logs" not in str(refusal.value)
