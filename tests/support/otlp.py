"""Builders of OTLP requests: small ones for tests, gen_ai ones for benchmarks."""

import random
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SPAN_ID = "b7ad6b7169203331"
START_NS = 1_763_700_000_000_000_001


def key_value(key: str, value: Any) -> KeyValue:
    """One attribute; the Python type picks the OTLP type, None is an empty value."""
    fields = {str: "string_value", bool: "bool_value", int: "int_value", float: "double_value", bytes: "bytes_value"}
    if value is None:
        return KeyValue(key=key, value=AnyValue())
    return KeyValue(key=key, value=AnyValue(**{fields[type(value)]: value}))


def trace_request(spans: int = 1, **attributes: Any) -> ExportTraceServiceRequest:
    """A request of `spans` small spans in one trace, each with `attributes`."""
    request = ExportTraceServiceRequest()
    resource_group = request.resource_spans.add()
    resource_group.resource.attributes.append(key_value("service.name", "shop"))
    scope_group = resource_group.scope_spans.add()
    scope_group.scope.name = "instrumentation"
    for number in range(spans):
        span = scope_group.spans.add(
            trace_id=bytes.fromhex(TRACE_ID),
            span_id=(int(SPAN_ID, 16) + number).to_bytes(8, "big"),
            name="chat",
            kind=3,
            start_time_unix_nano=START_NS,
            end_time_unix_nano=START_NS + 10**9,
        )
        span.attributes.extend(key_value(key, value) for key, value in attributes.items())
    return request


def log_request(records: int = 1) -> ExportLogsServiceRequest:
    """A request of `records` log records."""
    request = ExportLogsServiceRequest()
    scope_group = request.resource_logs.add().scope_logs.add()
    for number in range(records):
        record = scope_group.log_records.add(
            time_unix_nano=START_NS + number,
            severity_number=9,
            severity_text="INFO",
            trace_id=bytes.fromhex(TRACE_ID),
            span_id=bytes.fromhex(SPAN_ID),
            event_name="gen_ai.client.inference.operation.details",
        )
        record.body.string_value = f"record {number}"
    return request


_TEXT = "the model answers a question about shipping orders to a customer who waits for a refund of his invoice"


def _prose(chooser: random.Random, characters: int) -> str:
    words: list[str] = []
    while sum(map(len, words)) < characters:
        words += chooser.choices(_TEXT.split(), k=20)
    return " ".join(words)[:characters]


def gen_ai_request(spans: int, seed: int = 1) -> ExportTraceServiceRequest:
    """`spans` model calls with the attributes and sizes that OTel GenAI instrumentations send (about 1.5 kB each)."""
    chooser = random.Random(seed)
    request = trace_request(spans)
    for span in request.resource_spans[0].scope_spans[0].spans:
        span.trace_id, span.span_id = chooser.randbytes(16), chooser.randbytes(8)
        values: dict[str, Any] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.response.model": "gpt-4o-2024-11-20",
            "gen_ai.response.id": f"chatcmpl-{chooser.getrandbits(64):x}",
            "gen_ai.request.temperature": 0.7,
            "gen_ai.request.max_tokens": 1024,
            "gen_ai.usage.input_tokens": chooser.randrange(10, 4000),
            "gen_ai.usage.output_tokens": chooser.randrange(10, 900),
            "gen_ai.conversation.id": f"session-{chooser.randrange(50)}",
            "user.id": f"user-{chooser.randrange(20)}",
            "server.address": "api.openai.com",
            "server.port": 443,
            "gen_ai.request.stream": True,
            "gen_ai.input.messages": _prose(chooser, 600),
            "gen_ai.output.messages": _prose(chooser, 300),
        }
        span.attributes.extend(key_value(key, value) for key, value in values.items())
    return request
