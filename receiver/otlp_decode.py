"""OTLP request bodies to the values of `contract.span`; protobuf and OTLP/JSON give equal values.

Traces and logs in protobuf go to `receiver.compiled.DECODER` first; where it gives None, to the stock classes.

Pure. Anything malformed raises `Refused` and nothing else; an item that alone cannot be kept is counted in
`Rejections` and its neighbours are kept.
"""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from contract.errors import Refused
from contract.span import LogRecord, MetricPoint, Span
from receiver import (
    otlp_decode_json,
    otlp_decode_json_metrics,
    otlp_decode_proto,
    otlp_decode_proto_metrics,
    otlp_repair,
)
from receiver.compiled import DECODER
from receiver.otlp_json_values import parse
from receiver.rejections import Rejections

MAX_ITEMS = 100_000
"""Spans, log records or data points of one request. A span takes some kilobytes while it is on its way, also one that
came as two bytes; collectors send 8,192 at most (batch processor, `send_batch_size`)."""

Content = Literal["protobuf", "json"]
Decoded = TypeVar("Decoded")
Item = TypeVar("Item")


def decode_traces(body: bytes, content: Content) -> tuple[list[Span], Rejections]:
    """The spans of an ExportTraceServiceRequest. Raises `Refused` when it is malformed."""
    if content == "json":
        return _guard(lambda: otlp_decode_json.spans(parse(body, "resourceSpans")))
    return DECODER.spans(body, MAX_ITEMS) or _guard(
        lambda: _from_protobuf(ExportTraceServiceRequest, body, otlp_decode_proto.spans)
    )


def decode_logs(body: bytes, content: Content) -> tuple[list[LogRecord], Rejections]:
    """The records of an ExportLogsServiceRequest. Raises `Refused` when it is malformed."""
    if content == "json":
        return _guard(lambda: otlp_decode_json.logs(parse(body, "resourceLogs")))
    return DECODER.logs(body, MAX_ITEMS) or _guard(
        lambda: _from_protobuf(ExportLogsServiceRequest, body, otlp_decode_proto.logs)
    )


def decode_metrics(body: bytes, content: Content) -> tuple[list[MetricPoint], Rejections]:
    """The data points of an ExportMetricsServiceRequest. Raises `Refused` when it is malformed."""
    if content == "json":
        return _guard(lambda: otlp_decode_json_metrics.metric_points(parse(body, "resourceMetrics")))
    return _guard(lambda: _from_protobuf(ExportMetricsServiceRequest, body, otlp_decode_proto_metrics.metric_points))


_PATH_OF_REQUEST: dict[Any, str] = {
    ExportTraceServiceRequest: "/v1/traces",
    ExportLogsServiceRequest: "/v1/logs",
    ExportMetricsServiceRequest: "/v1/metrics",
}


def _from_protobuf(
    request: Any, body: bytes, walk: Callable[[Any], tuple[list[Item], Rejections]]
) -> tuple[list[Item], Rejections]:
    parsed, unreadable = _parse(request, body)
    items, rejections = walk(parsed)
    if unreadable:
        rejections.tell(otlp_repair.told(unreadable))
    return items, rejections


def _parse(request: Any, body: bytes) -> tuple[Any, int]:
    """The request, and how many of its texts had to be made readable. Raises `Refused`."""
    unreadable = 0
    try:
        parsed = request.FromString(body)
    except DecodeError as error:
        body, unreadable = otlp_repair.repaired(body, request.DESCRIPTOR) or (body, 0)
        parsed = _parsed_by(request, body) if unreadable else None
        if parsed is None:
            raise Refused(f"body is not a valid {request.DESCRIPTOR.name} in protobuf: {error}{_hint(body)}") from None
    if len(body) > 2 * MAX_ITEMS:
        _check_items(parsed)
    return parsed, unreadable


def _check_items(request: Any) -> None:
    """Raises `Refused` when there are more items than a request may have, before anything is made of them."""
    groups = [group for _, value in request.ListFields() for group in value]
    scopes = [scope for group in groups for _, value in group.ListFields() if _is_list(value) for scope in value]
    items = sum(len(value) for scope in scopes for _, value in scope.ListFields() if _is_list(value))
    if len(scopes) + items > MAX_ITEMS:
        raise too_many(len(scopes) + items)


def _is_list(value: Any) -> bool:
    return hasattr(value, "add")


def too_many(count: int) -> Refused:
    """The error of a request with so many items."""
    return Refused(
        f"{count:,} items in one request, at most {MAX_ITEMS:,} are taken: send smaller batches",
        reason="too_many_items",
        kind="too_large",
    )


def _hint(body: bytes) -> str:
    """The signals share field numbers, so records on the wrong path fail somewhere inside: say where they belong."""
    fitting = [path for request, path in _PATH_OF_REQUEST.items() if _parsed_by(request, body) is not None]
    return f" (but it can be read as a request for {' or '.join(fitting)})" if fitting else ""


def _parsed_by(request: Any, body: bytes) -> Any:
    """The request; null where the body is none."""
    try:
        return request.FromString(body)
    except DecodeError:
        return None


def _guard(decode: Callable[[], Decoded]) -> Decoded:
    """Both walks recurse on the sender's nesting; whatever that does to the stack is the sender's fault."""
    try:
        return decode()
    except RecursionError:
        raise Refused("values are nested too deeply") from None
