"""OTLP/JSON trace and log requests (parsed) to `Span` and `LogRecord`.

A span or record that cannot be read is counted with the name of the field; a group (resource, scope) that cannot be
read refuses the request, since all its items hang on it.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from opentelemetry.proto.logs.v1.logs_pb2 import SeverityNumber
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from contract.errors import Refused
from contract.span import Event, Link, LogRecord, Resource, Scope, Span
from receiver.otlp_ids import ZERO_SPAN_ID, is_span_id, is_trace_id, reject_span
from receiver.otlp_json_values import (
    UINT32,
    UINT64,
    BadItem,
    Object,
    any_value,
    attributes,
    enum,
    hex_identifier,
    identifier,
    integer,
    items,
    loose_identifier,
    record,
    resource,
    scope,
    text,
)
from receiver.rejections import Rejections

SPAN_KINDS = dict(SpanMessage.SpanKind.items())
STATUS_CODES = dict(Status.StatusCode.items())
SEVERITIES = dict(SeverityNumber.items())

EARLIEST_LIKELY_NS = 10**16
"""April 1970. Milliseconds and microseconds of today are below it, and are mostly what such a number is."""

Item = TypeVar("Item")


def scope_groups(request: Object, resources_field: str, scopes_field: str) -> Iterator[tuple[Object, Resource, Scope]]:
    """Every scope group with its shared resource and scope. Raises `Refused` where a group cannot be read."""
    try:
        for resource_item in items(request.get(resources_field), resources_field):
            resource_group = record(resource_item, resources_field)
            shared_resource = resource(resource_group)
            for scope_item in items(resource_group.get(scopes_field), scopes_field):
                scope_group = record(scope_item, scopes_field)
                yield scope_group, shared_resource, scope(scope_group)
    except BadItem as error:
        raise Refused(f"{resources_field}: {error}") from None


def group_items(group: Object, field: str) -> list[Any]:
    """The items of a scope group. Raises `Refused` where they are no list."""
    try:
        return items(group.get(field), field)
    except BadItem as error:
        raise Refused(str(error)) from None


def read_each(group: list[Any], field: str, read: Callable[[Object], Item], rejections: Rejections) -> Iterator[Item]:
    """Each item that `read` can read; the others counted."""
    for item in group:
        try:
            yield read(record(item, field))
        except BadItem as error:
            rejections.add(error.label, f"{field}: {error}")


def spans(request: Object) -> tuple[list[Span], Rejections]:
    """All spans that can be kept, in the order sent; the others counted. Times that hardly are nanoseconds are told."""
    result: list[Span] = []
    rejections = Rejections()
    for group, shared_resource, shared_scope in scope_groups(request, "resourceSpans", "scopeSpans"):
        read = partial(_span, shared_resource=shared_resource, shared_scope=shared_scope)
        for span in read_each(group_items(group, "spans"), "spans", read, rejections):
            if is_trace_id(span.trace_id) and is_span_id(span.span_id):
                result.append(span)
                if 0 < span.start_ns < EARLIEST_LIKELY_NS:
                    rejections.tell("spans: startTimeUnixNano is in 1970; is it in milliseconds? It is kept as sent")
            else:
                reject_span(rejections, span.trace_id, span.span_id, span.parent_span_id)
    return result, rejections


def _span(item: Object, shared_resource: Resource, shared_scope: Scope) -> Span:
    get = item.get
    status = record(get("status"), "status")
    parent_span_id = identifier(get("parentSpanId"), "parentSpanId", 8)
    return Span(
        identifier(get("traceId"), "traceId", 16),
        identifier(get("spanId"), "spanId", 8),
        "" if parent_span_id == ZERO_SPAN_ID else parent_span_id,
        text(get("name"), "name"),
        enum(get("kind"), "kind", SPAN_KINDS),
        integer(get("startTimeUnixNano"), "startTimeUnixNano", UINT64),
        integer(get("endTimeUnixNano"), "endTimeUnixNano", UINT64),
        attributes(get("attributes")),
        [_event(record(event, "events")) for event in items(get("events"), "events")],
        [_link(record(link, "links")) for link in items(get("links"), "links")],
        enum(status.get("code"), "status.code", STATUS_CODES),
        text(status.get("message"), "status.message"),
        shared_resource,
        shared_scope,
        text(get("traceState"), "traceState"),
        integer(get("flags"), "flags", UINT32),
        integer(get("droppedAttributesCount"), "droppedAttributesCount", UINT32),
        integer(get("droppedEventsCount"), "droppedEventsCount", UINT32),
        integer(get("droppedLinksCount"), "droppedLinksCount", UINT32),
    )


def _event(item: Object) -> Event:
    return Event(
        integer(item.get("timeUnixNano"), "events.timeUnixNano", UINT64),
        text(item.get("name"), "events.name"),
        attributes(item.get("attributes"), "events.attributes"),
        integer(item.get("droppedAttributesCount"), "events.droppedAttributesCount", UINT32),
    )


def _link(item: Object) -> Link:
    return Link(
        loose_identifier(item.get("traceId"), "links.traceId"),
        loose_identifier(item.get("spanId"), "links.spanId"),
        text(item.get("traceState"), "links.traceState"),
        attributes(item.get("attributes"), "links.attributes"),
        integer(item.get("droppedAttributesCount"), "links.droppedAttributesCount", UINT32),
        integer(item.get("flags"), "links.flags", UINT32),
    )


def logs(request: Object) -> tuple[list[LogRecord], Rejections]:
    """All log records that can be read, in the order sent; the others counted."""
    result: list[LogRecord] = []
    rejections = Rejections()
    for group, shared_resource, shared_scope in scope_groups(request, "resourceLogs", "scopeLogs"):
        read = partial(_log, shared_resource=shared_resource, shared_scope=shared_scope)
        result += read_each(group_items(group, "logRecords"), "logRecords", read, rejections)
    return result, rejections


def _log(item: Object, shared_resource: Resource, shared_scope: Scope) -> LogRecord:
    """A log record; invalid ids mean that it has no trace context (`logs.proto`, trace_id and span_id)."""
    get = item.get
    trace_id = hex_identifier(get("traceId"), "traceId")
    span_id = hex_identifier(get("spanId"), "spanId")
    in_trace = is_trace_id(trace_id)
    return LogRecord(
        trace_id if in_trace else "",
        span_id if in_trace and is_span_id(span_id) else "",
        integer(get("timeUnixNano"), "timeUnixNano", UINT64),
        integer(get("observedTimeUnixNano"), "observedTimeUnixNano", UINT64),
        enum(get("severityNumber"), "severityNumber", SEVERITIES),
        text(get("severityText"), "severityText"),
        any_value(get("body"), "body"),
        attributes(get("attributes")),
        text(get("eventName"), "eventName"),
        shared_resource,
        shared_scope,
        integer(get("flags"), "flags", UINT32),
        integer(get("droppedAttributesCount"), "droppedAttributesCount", UINT32),
    )
