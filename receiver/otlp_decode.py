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
from contract.span import Extent, LogRecord, MetricPoint, Span
from receiver import (
    otlp_decode_json,
    otlp_decode_json_metrics,
    otlp_decode_proto,
    otlp_decode_proto_metrics,
    otlp_repair,
    otlp_wire,
)
from receiver.compiled import CHECKS, DECODER
from receiver.limits import DEFAULT_LIMITS, Limits
from receiver.otlp_json_values import parse
from receiver.rejections import Rejections

HINT_BYTES = 1 << 20
"""A body beyond this is not read again to say where it belongs."""

Content = Literal["protobuf", "json"]
Item = TypeVar("Item")
Walk = Callable[[Any], tuple[list[Item], Rejections]]


def decode_traces(body: bytes, content: Content, limits: Limits = DEFAULT_LIMITS) -> tuple[list[Span], Rejections]:
    """The spans of an ExportTraceServiceRequest. Raises `Refused` when it is malformed or too large."""
    if content == "json":
        return _guard(lambda: otlp_decode_json.spans(parse(body, "resourceSpans", limits.max_objects)), limits)
    return _protobuf(ExportTraceServiceRequest, body, limits, otlp_decode_proto.spans, DECODER.spans)


def decode_logs(body: bytes, content: Content, limits: Limits = DEFAULT_LIMITS) -> tuple[list[LogRecord], Rejections]:
    """The records of an ExportLogsServiceRequest. Raises `Refused` when it is malformed or too large."""
    if content == "json":
        return _guard(lambda: otlp_decode_json.logs(parse(body, "resourceLogs", limits.max_objects)), limits)
    return _protobuf(ExportLogsServiceRequest, body, limits, otlp_decode_proto.logs, DECODER.logs)


def decode_metrics(
    body: bytes, content: Content, limits: Limits = DEFAULT_LIMITS
) -> tuple[list[MetricPoint], Rejections]:
    """The data points of an ExportMetricsServiceRequest. Raises `Refused` when it is malformed or too large."""
    if content == "json":
        return _guard(
            lambda: otlp_decode_json_metrics.metric_points(parse(body, "resourceMetrics", limits.max_objects)), limits
        )
    return _protobuf(ExportMetricsServiceRequest, body, limits, otlp_decode_proto_metrics.metric_points)


def check_traces(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Extent | None:
    """What `decode_traces` gives of the body in protobuf, where that is all; null where only decoding can tell."""
    return _checked(body, limits, CHECKS.spans)


def check_logs(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Extent | None:
    """The same for `decode_logs`."""
    return _checked(body, limits, CHECKS.logs)


def check_metrics(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Extent | None:
    """Null: data points are few and the stock classes decode them."""
    return None


def _checked(body: bytes, limits: Limits, check: Callable[[bytes, int], Extent | None]) -> Extent | None:
    """Null also where the messages would have to be counted first: that may take longer than looking."""
    return check(body, limits.max_items) if otlp_wire.plainly_at_most(body, limits.max_messages) else None


_PATH_OF_REQUEST: dict[Any, str] = {
    ExportTraceServiceRequest: "/v1/traces",
    ExportLogsServiceRequest: "/v1/logs",
    ExportMetricsServiceRequest: "/v1/metrics",
}


def _protobuf(
    request: Any,
    body: bytes,
    limits: Limits,
    walk: Walk[Item],
    compiled: Callable[[bytes, int], tuple[list[Item], Rejections] | None] | None = None,
) -> tuple[list[Item], Rejections]:
    """By the compiled decoder; where there is none or it is not sure, by the stock classes."""
    if not otlp_wire.at_most(body, request.DESCRIPTOR, limits.max_messages):
        raise _too_many(f"more than {limits.max_messages:,} messages")
    found = compiled(body, limits.max_items) if compiled is not None else None
    return found or _guard(lambda: _walked(request, body, limits, walk), limits)


def _walked(request: Any, body: bytes, limits: Limits, walk: Walk[Item]) -> tuple[list[Item], Rejections]:
    try:
        parsed = request.FromString(body)
    except DecodeError as error:
        refused = Refused(f"body is not a valid {request.DESCRIPTOR.name} in protobuf: {error}{_hint(body)}")
        return _repaired(request, body, limits, walk, refused)
    return _items(parsed, len(body), limits, walk)


def _repaired(
    request: Any, body: bytes, limits: Limits, walk: Walk[Item], refused: Refused
) -> tuple[list[Item], Rejections]:
    """What is readable once its texts are. Raises `refused` where no item is: the body is one of another signal."""
    found = otlp_repair.repaired(body, request.DESCRIPTOR)
    parsed = None if found is None else _parsed_by(request, found[0])
    if found is None or parsed is None:
        raise refused from None
    items, rejections = _items(parsed, len(body), limits, walk)
    if not items:
        raise refused from None
    rejections.tell(otlp_repair.told(found[1]))
    return items, rejections


def _items(parsed: Any, size_bytes: int, limits: Limits, walk: Walk[Item]) -> tuple[list[Item], Rejections]:
    if size_bytes > 2 * limits.max_items:
        _check_items(_count(parsed), limits)
    return walk(parsed)


def _count(request: Any) -> int:
    """Items, or scopes where there are more of them, before anything is made of them."""
    groups = [group for _, value in request.ListFields() for group in value]
    scopes = [scope for group in groups for _, value in group.ListFields() if _is_list(value) for scope in value]
    items = sum(len(value) for scope in scopes for _, value in scope.ListFields() if _is_list(value))
    return max(len(scopes), items)


def _is_list(value: Any) -> bool:
    return hasattr(value, "add")


def _check_items(count: int, limits: Limits) -> None:
    if count > limits.max_items:
        raise _too_many(f"{count:,} items, at most {limits.max_items:,} are taken")


def _too_many(what: str) -> Refused:
    return Refused(f"{what} in one request: send smaller batches", reason="too_many_items", kind="too_large")


def _hint(body: bytes) -> str:
    """The signals share field numbers, so records on the wrong path fail somewhere inside: say where they belong."""
    if len(body) > HINT_BYTES:
        return ""
    fitting = [path for request, path in _PATH_OF_REQUEST.items() if _parsed_by(request, body) is not None]
    return f" (but it can be read as a request for {' or '.join(fitting)})" if fitting else ""


def _parsed_by(request: Any, body: bytes) -> Any:
    """The request; null where the body is none."""
    try:
        return request.FromString(body)
    except DecodeError:
        return None


def _guard(decode: Callable[[], tuple[list[Item], Rejections]], limits: Limits) -> tuple[list[Item], Rejections]:
    """Both walks recurse on the sender's nesting; whatever that does to the stack is the sender's fault."""
    try:
        items, rejections = decode()
    except RecursionError:
        raise Refused("values are nested too deeply") from None
    _check_items(len(items) + rejections.count, limits)
    return items, rejections
