"""Parsed trace and log requests to `Span` and `LogRecord`. Resource and scope are built once a group and shared."""

from contract.span import Event, Link, LogRecord, Resource, Scope, Span
from receiver.otlp_ids import ZERO_SPAN_ID, ZERO_TRACE_ID, is_span_id, is_trace_id, reject_span
from receiver.otlp_proto_values import Message, any_value, attributes, resource, scope
from receiver.rejections import Rejections


def spans(request: Message) -> tuple[list[Span], Rejections]:
    """All spans with usable ids in the order sent; the others counted."""
    result: list[Span] = []
    rejections = Rejections()
    for resource_group in request.resource_spans:
        shared_resource = resource(resource_group)
        for scope_group in resource_group.scope_spans:
            _scope_spans(scope_group, shared_resource, scope(scope_group), result, rejections)
    return result, rejections


def _scope_spans(
    group: Message, shared_resource: Resource, shared_scope: Scope, result: list[Span], rejections: Rejections
) -> None:
    append = result.append
    for span in group.spans:
        trace_id, span_id, parent_span_id = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
        if parent_span_id == ZERO_SPAN_ID:  # some SDKs write a root like this
            parent_span_id = ""
        if (
            len(trace_id) != 32
            or len(span_id) != 16
            or len(parent_span_id) not in (0, 16)
            or trace_id == ZERO_TRACE_ID
            or span_id == ZERO_SPAN_ID
        ):
            reject_span(rejections, trace_id, span_id, parent_span_id)
            continue
        append(_span(span, trace_id, span_id, parent_span_id, shared_resource, shared_scope))


def _span(
    span: Message, trace_id: str, span_id: str, parent_span_id: str, shared_resource: Resource, shared_scope: Scope
) -> Span:
    status, events, links = span.status, span.events, span.links
    return Span(
        trace_id,
        span_id,
        parent_span_id,
        span.name,
        span.kind,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        attributes(span.attributes),
        [_event(event) for event in events] if events else [],
        [_link(link) for link in links] if links else [],
        status.code,
        status.message,
        shared_resource,
        shared_scope,
        span.trace_state,
        span.flags,
        span.dropped_attributes_count,
        span.dropped_events_count,
        span.dropped_links_count,
    )


def _event(event: Message) -> Event:
    return Event(event.time_unix_nano, event.name, attributes(event.attributes), event.dropped_attributes_count)


def _link(link: Message) -> Link:
    return Link(
        link.trace_id.hex(),
        link.span_id.hex(),
        link.trace_state,
        attributes(link.attributes),
        link.dropped_attributes_count,
        link.flags,
    )


def logs(request: Message) -> tuple[list[LogRecord], Rejections]:
    """All log records in the order sent; none is ever rejected."""
    result = []
    for resource_group in request.resource_logs:
        shared_resource = resource(resource_group)
        for scope_group in resource_group.scope_logs:
            shared_scope = scope(scope_group)
            result += [_log(record, shared_resource, shared_scope) for record in scope_group.log_records]
    return result, Rejections()


def _log(record: Message, shared_resource: Resource, shared_scope: Scope) -> LogRecord:
    """A log record; invalid ids mean that it has no trace context (`logs.proto`, trace_id and span_id)."""
    trace_id, span_id = record.trace_id.hex(), record.span_id.hex()
    in_trace = is_trace_id(trace_id)
    return LogRecord(
        trace_id if in_trace else "",
        span_id if in_trace and is_span_id(span_id) else "",
        record.time_unix_nano,
        record.observed_time_unix_nano,
        record.severity_number,
        record.severity_text,
        any_value(record.body),
        attributes(record.attributes),
        record.event_name,
        shared_resource,
        shared_scope,
        record.flags,
        record.dropped_attributes_count,
    )
