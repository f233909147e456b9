"""What is large within the size limit is taken, and comes back as it was sent."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.support.otlp import key_value, trace_request
from tests.support.server import RunningServer, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running(Path(tmp_path_factory.mktemp("big"))) as made:
        yield made


def attributes(span: Span) -> None:
    span.attributes.extend(key_value(f"key {number}", number) for number in range(10_000))


def text_of_a_mebibyte(span: Span) -> None:
    span.attributes.append(key_value("text", "ä" * 2**19))


def text_of_eight_mebibytes(span: Span) -> None:
    span.attributes.append(key_value("text", "x" * 2**23))


def long_key(span: Span) -> None:
    span.attributes.append(key_value("k" * 10_000, "v"))


def hostile_keys(span: Span) -> None:
    keys = ("__proto__", "constructor", 'a"b', "a.b.999999999", "nul\0", "$", "", "'; DROP TABLE span; --")
    span.attributes.extend(key_value(key, key) for key in keys)


def events(span: Span) -> None:
    for number in range(5_000):
        span.events.add(name=f"event {number}", time_unix_nano=number)


def links(span: Span) -> None:
    for number in range(1_000):
        span.links.add(trace_id=number.to_bytes(16, "big"), span_id=b"odd", trace_state="a=b")


def as_told(pair: dict[str, Any]) -> tuple[str, str]:
    (value,) = pair["value"].values() if pair["value"] else ("",)
    return pair.get("key", ""), str(value)


BIG = (attributes, text_of_a_mebibyte, text_of_eight_mebibytes, long_key, hostile_keys, events, links)


@pytest.mark.parametrize("enlarge", BIG, ids=lambda enlarge: enlarge.__name__)
def test_a_big_span_is_stored_whole_and_listed(server: RunningServer, enlarge: Callable[[Span], None]) -> None:
    request = trace_request(1)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.trace_id = (BIG.index(enlarge) + 1).to_bytes(16, "big")
    enlarge(span)
    assert server.post("/v1/traces", request.SerializeToString(), "application/x-protobuf") == (200, b"")
    (group,) = server.get(f"/api/v1/traces/{span.trace_id.hex()}/otlp")["resourceSpans"]
    (back,) = group["scopeSpans"][0]["spans"]
    sent = [(pair.key, str(pair.value.string_value or pair.value.int_value or "")) for pair in span.attributes]
    told = [(key, "" if value == "0" else value) for key, value in map(as_told, back.get("attributes", []))]
    assert told == [(key, "" if value == "0" else value) for key, value in sent]
    assert [event["name"] for event in back.get("events", [])] == [event.name for event in span.events]
    assert [link["traceId"] for link in back.get("links", [])] == [link.trace_id.hex() for link in span.links]
    listed = server.get(f"/api/v1/spans?trace_id={span.trace_id.hex()}")["data"]
    assert [record["span_id"] for record in listed] == [span.span_id.hex()]


def test_a_request_of_twenty_thousand_spans_is_stored_whole(server: RunningServer) -> None:
    request: ExportTraceServiceRequest = trace_request(20_000)
    before = server.get("/api/v1/status")["rows"]["spans"]
    for span in request.resource_spans[0].scope_spans[0].spans:
        span.trace_id = b"t" * 16
    assert server.post("/v1/traces", request.SerializeToString(), "application/x-protobuf") == (200, b"")
    assert server.get("/api/v1/status")["rows"]["spans"] == before + 20_000


def test_a_request_of_nearly_64_mebibytes_is_stored_and_read(server: RunningServer) -> None:
    request = trace_request(1)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.trace_id = b"l" * 16
    span.attributes.append(key_value("input.value", "x" * (63 << 20)))
    assert server.post("/v1/traces", request.SerializeToString(), "application/x-protobuf") == (200, b"")
    [record] = server.get(f"/api/v1/spans?trace_id={span.trace_id.hex()}")["data"]
    assert record["span_id"] == span.span_id.hex()


def name(request: ExportTraceServiceRequest) -> int:
    request.resource_spans[0].scope_spans[0].spans[0].name = "n" * (3 << 20)
    return 1


def resource(request: ExportTraceServiceRequest) -> int:
    request.resource_spans[0].resource.attributes.append(key_value("process.command_line", "r" * (5 << 20)))
    return 200


@pytest.mark.parametrize("enlarge", [name, resource], ids=lambda enlarge: enlarge.__name__)
def test_what_no_row_can_hold_is_refused_with_the_reason_and_its_neighbours_are_stored(
    server: RunningServer, enlarge: Callable[[ExportTraceServiceRequest], int]
) -> None:
    request: ExportTraceServiceRequest = trace_request(200)
    before = server.get("/api/v1/status")["rows"]["spans"]
    trace_id = enlarge.__name__.encode().ljust(16, b".")
    for span in request.resource_spans[0].scope_spans[0].spans:
        span.trace_id = trace_id
    refused = enlarge(request)
    status, body = server.post("/v1/traces", request.SerializeToString(), "application/x-protobuf")
    told = ExportTraceServiceResponse.FromString(body).partial_success
    assert (status, told.rejected_spans) == (200, refused)
    assert "beside its content" in told.error_message
    assert server.get("/api/v1/status")["rows"]["spans"] == before + 200 - refused
