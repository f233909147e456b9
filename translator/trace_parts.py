"""What a span says of its trace's input and output: a part of the trace's own record, as if an event had said it.

An application may set them at any span, and otherwise than the span's own (`update_current_trace`,
`set_current_trace_io`, `setActiveTraceIO` of Langfuse's SDKs); of several the span that ended last counts.
Source: langfuse/langfuse `packages/shared/src/server/otel/OtelIngestionProcessor.ts` (a record of the trace for each
span that has one of these keys).
"""

from collections.abc import Iterable, Iterator

from contract.span import TRACE_SPAN_ID, Attributes, Resource, Revision, Scope, Span

INPUT, OUTPUT = "langfuse.trace.input", "langfuse.trace.output"


def trace_parts(spans: Iterable[Span]) -> Iterator[Span]:
    """A part of the trace for each span that arrived whole and says something of it.

    SDKs write texts; a span without a start or with another type of value keeps it to itself.
    """
    for span in spans:
        if (INPUT in span.attributes or OUTPUT in span.attributes) and span.revision is None and span.start_ns:
            said = {key: span.attributes[key] for key in (INPUT, OUTPUT) if key in span.attributes}
            if all(isinstance(value, str) for value in said.values()):
                yield part(span, said)


def part(span: Span, said: Attributes) -> Span:
    """The span's parent is the part's: a trace is complete when its root came, not when someone spoke of it.

    It has no scope: nobody sent it (`api/otlp_json.py` leaves it out).
    """
    return Span(
        trace_id=span.trace_id,
        span_id=TRACE_SPAN_ID,
        parent_span_id=span.parent_span_id,
        name="",
        kind=0,
        start_ns=span.start_ns,
        end_ns=0,
        attributes=said,
        events=[],
        links=[],
        status_code=0,
        status_message="",
        resource=Resource(),
        scope=Scope(),
        revision=Revision(span.end_ns or span.start_ns, True, span.span_id),
    )
