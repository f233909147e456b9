"""Batch to rows: one row per span, log record and metric point, in the order of arrival; nothing is left out.

After the spans come what they say of their traces (`translator/trace_parts.py`) and those that log records tell of
(`translator/log_calls.py`).
"""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import orjson

from contract.columns import EMPTY_SPAN, TRACE_KIND, L, Row, S
from contract.span import TRACE_SPAN_ID, Batch, Resource, Revision, Scope, Span
from contract.stats import Sample
from contract.translated import Translated
from translator import derive, encode, revisions
from translator.engine import Engine
from translator.log_calls import distinct, told_span
from translator.log_rows import log_row
from translator.metric_rows import metric_row
from translator.origin import Origin, environment, origin_of
from translator.plan import PLACES, SCRATCH, Plan, names_of
from translator.prices.book import PRICED_KINDS, PriceBook
from translator.rules import CALLS
from translator.scores import score_row
from translator.tally import Tally
from translator.trace_parts import trace_parts
from translator.values import MAX_TIME, stored_json

TOGETHER = 128
"""Spans that go through one step after the other; with thousands the spans are not at hand any more."""

_EMPTY: Row = EMPTY_SPAN + [None] * len(SCRATCH)
_COLUMNS = len(EMPTY_SPAN)
_SERVICE_TIER = PLACES["service_tier"]
_PUBLIC = PLACES["public"]


class Translator:
    """Translates batches; pure but for its caches and counters, and never raises for odd data."""

    def __init__(self, prices: PriceBook | None = None) -> None:
        self._engine = Engine()
        self._prices = prices or PriceBook()
        self._tally = Tally(self._engine.failures)

    def translate(self, batch: Batch) -> Translated:
        """The rows of a batch."""
        origins: dict[int, Origin] = {}
        scopes: dict[int, str | None] = {}
        sent = [*batch.spans, *trace_parts(batch.spans)]
        some = (sent[start : start + TOGETHER] for start in range(0, len(sent), TOGETHER))
        spans = [row for together in some for row in self._spans(together, batch, origins, scopes)]
        logs = [log_row(record, batch, origins, scopes) for record in batch.logs]
        return Translated(
            spans=spans + self._told(batch, logs, origins, scopes) if logs else spans,
            logs=logs,
            metric_points=[metric_row(point, batch, origins, scopes) for point in batch.metric_points],
            scores=[score_row(score, batch) for score in batch.scores],
            size_bytes=batch.size_bytes,
        )

    def row(self, span: Span, project: str, received_ns: int) -> Row:
        """The row of one span."""
        [row] = self._spans([span], Batch(project, received_ns, "http"), {}, {})
        return row

    def stats(self) -> list[Sample]:
        """Spans by convention, attributes that no rule reads, rules that raised."""
        return self._tally.stats()

    def report(self) -> dict[str, Any]:
        """The same for `/api/v1/status`, with the names of the attributes (see `Tally.report`)."""
        return self._tally.report()

    def _spans(
        self, sent: list[Span], batch: Batch, origins: dict[int, Origin], scopes: dict[int, str | None]
    ) -> list[Row]:
        """Their rows; of a part of a span as if it were all that is said of it.

        Step by step for all of them, which takes an eighth less time than one span after the other: the processor has
        the code of a step at hand (docs/adr/0017).
        """
        spans = [span if span.revision is None else _begun(span, span.revision) for span in sent]
        plans = [self._engine.plan(span.scope.name, span.attributes) for span in spans]
        rows: list[Row] = [_EMPTY.copy() for _ in spans]
        masks = self._answers(rows, spans, plans)
        for row, span in zip(rows, spans, strict=True):
            _identify(row, span, batch, _origin(span.resource, origins))
            _time(row, span, batch.received_ns)
        for row, span in zip(rows, spans, strict=True):
            if row[S.kind] in PRICED_KINDS:
                self._prices.price_row(row, span.attributes, row[_SERVICE_TIER])
        for row, span, plan in zip(rows, spans, plans, strict=True):
            _keep(row, span, plan, scopes)
        for row, span, plan, mask in zip(rows, sent, plans, masks, strict=True):
            self._end(row, span, plan, mask)
        return rows

    def _end(self, row: Row, span: Span, plan: Plan, mask: int) -> None:
        row[S.conventions] = names_of(mask) if mask else None
        if row[S.kind] == TRACE_KIND:
            _stand_for_trace(row)
        self._tally.saw(mask, plan.unmapped)
        if span.revision is not None:
            row[S.copies] = orjson.dumps(revisions.of_event(span, span.revision)).decode()
        del row[_COLUMNS:]

    def _answers(self, rows: list[Row], spans: list[Span], plans: list[Plan]) -> list[int]:
        """Everything that the spans themselves say, put into the rows; the bits of the conventions that said it."""
        engine = self._engine
        masks = [engine.fill(plan, span.attributes, row) for row, span, plan in zip(rows, spans, plans, strict=True)]
        for nth, (row, span, plan) in enumerate(zip(rows, spans, plans, strict=True)):
            masks[nth] |= self._of_kind(row, span, plan)
        for row, span, plan in zip(rows, spans, plans, strict=True):
            derive.outcome(row, span)
            derive.call(row, span.scope.name)
            derive.name(row, span)
            derive.first_token(row, span)
            derive.streaming(row, span, plan)
        return masks

    def _of_kind(self, row: Row, span: Span, plan: Plan) -> int:
        """The kind, and what is asked of that kind only."""
        engine, mask = self._engine, 0
        if span.events:
            mask |= engine.fill_events(span.events, row)
            derive.message_events(row, span, plan)
        kind = row[S.kind] = derive.kind(row, span, plan)
        if plan.late:
            mask |= engine.fill_late(plan, span.attributes, row, kind)
        if plan.usage and kind in CALLS:
            mask |= engine.fill_usage(plan, span.attributes, row, kind)
        return mask

    def _told(
        self, batch: Batch, logs: list[Row], origins: dict[int, Origin], scopes: dict[int, str | None]
    ) -> list[Row]:
        """Rows of the calls that log records tell of, marked `synthetic`."""
        told = (
            told_span(record, row[L.event_name], row[L.digest]) for record, row in zip(batch.logs, logs, strict=True)
        )
        rows = self._spans(list(distinct(span for span in told if span)), batch, origins, scopes)
        for row in rows:
            row[S.synthetic] = True
            row[S.raw_rest] = orjson.dumps({**orjson.loads(row[S.raw_rest] or b"{}"), "synthetic": True}).decode()
            if row[S.kind] == "span":
                row[S.kind] = "generation"
        return rows


def _begun(span: Span, revision: Revision) -> Span:
    """A part, which begins when it was said where it says nothing of that."""
    return replace(span, start_ns=span.start_ns or revision.time_ns)


def _stand_for_trace(row: Row) -> None:
    """What was said of a trace is no span: hidden like a span that another one has superseded, and without a name."""
    row[S.synthetic], row[S.duplicate_of], row[S.name] = True, TRACE_SPAN_ID, row[S.trace_name]


def _origin(resource: Resource, origins: dict[int, Origin]) -> Origin:
    found = origins.get(id(resource))
    if found is None:
        found = origins[id(resource)] = origin_of(resource)
    return found


def _identify(row: Row, span: Span, batch: Batch, origin: Origin) -> None:
    row[S.project] = batch.project
    row[S.trace_id] = span.trace_id
    row[S.span_id] = span.span_id
    row[S.parent_span_id] = span.parent_span_id or None
    row[S.span_name] = span.name
    row[S.otlp_kind] = derive.OTLP_KINDS[span.kind] if 0 <= span.kind < 6 else "unspecified"
    row[S.service_name] = origin.service_name
    row[S.scope_name] = span.scope.name or None
    row[S.scope_version] = span.scope.version or None
    if row[S.environment] is None:
        row[S.environment] = origin.environment
    elif origin.environment is not None:
        row[S.environment] = environment(span.attributes, span.resource.attributes)
    if row[S.release] is None:
        row[S.release] = origin.release
    if row[S.version] is None:
        row[S.version] = origin.version
    row[S.received_time] = batch.received_ns
    row[S.raw_resource] = origin.raw


def _time(row: Row, span: Span, received_ns: int) -> None:
    row[S.start_time] = min(span.start_ns or span.end_ns or received_ns, MAX_TIME)
    row[S.end_time] = min(span.end_ns, MAX_TIME) if span.end_ns else None


def _keep(row: Row, span: Span, plan: Plan, scopes: dict[int, str | None]) -> None:
    """The lossless columns."""
    sent = span.attributes
    found = encode.references(sent, row[S.input], plan.input_keys, row[S.output], plan.output_keys)
    row[S.raw_attributes] = encode.raw_attributes(sent, found)
    if span.events:
        row[S.raw_events] = encode.events(span.events)
    if span.links:
        row[S.raw_links] = encode.links(span.links)
    row[S.raw_scope] = _scope(span.scope, scopes)
    row[S.raw_rest] = _rest(row, span)


def _scope(scope: Scope, scopes: dict[int, str | None]) -> str | None:
    key = id(scope)
    if key not in scopes:
        scopes[key] = encode.scope(scope)
    return scopes[key]


def _rest(row: Row, span: Span) -> str | None:
    """What no column says exactly; derived columns leave the sent value here, also when that was 0 or empty."""
    rest: dict[str, Any] = {}
    if span.trace_state:
        rest["trace_state"] = span.trace_state
    if span.flags:
        rest["flags"] = span.flags
    if span.dropped_attributes_count:
        rest["dropped_attributes_count"] = span.dropped_attributes_count
    if span.dropped_events_count:
        rest["dropped_events_count"] = span.dropped_events_count
    if span.dropped_links_count:
        rest["dropped_links_count"] = span.dropped_links_count
    if row[_PUBLIC]:
        rest["public"] = True
    _add_derived(rest, row, span)
    if not rest:
        return None
    if span.flags and len(rest) == 1:
        return _flags_text(span.flags)
    try:
        return orjson.dumps(rest).decode()
    except TypeError:
        return stored_json(rest)


@lru_cache(maxsize=64)
def _flags_text(flags: int) -> str:
    """Most spans have flags and nothing else to say: a handful of values."""
    return f'{{"flags":{flags}}}'


def _add_derived(rest: dict[str, Any], row: Row, span: Span) -> None:
    if not 0 <= span.kind < 6:
        rest["kind"] = span.kind
    if not 0 <= span.status_code < 3 or derive.STATUSES[span.status_code] != row[S.status]:
        rest["status_code"] = span.status_code
    if (row[S.status_message] or "") != span.status_message:
        rest["status_message"] = span.status_message
    if row[S.start_time] != span.start_ns:
        rest["start_ns"] = span.start_ns
    if (row[S.end_time] or 0) != span.end_ns:
        rest["end_ns"] = span.end_ns
