"""Batch to rows: one row per span, log record and metric point, in the order of arrival; nothing is left out.

After the spans come what they say of their traces (`translator/trace_parts.py`) and those that log records tell of
(`translator/log_calls.py`).
"""

from dataclasses import replace
from functools import lru_cache
from itertools import chain
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
        spans = [
            self._span(span, batch, origins, scopes)
            if span.revision is None
            else self._part(span, span.revision, batch, origins, scopes)
            for span in chain(batch.spans, trace_parts(batch.spans))
        ]
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
        return self._span(span, Batch(project, received_ns, "http"), {}, {})

    def stats(self) -> list[Sample]:
        """Spans by convention, attributes that no rule reads, rules that raised."""
        return self._tally.stats()

    def report(self) -> dict[str, Any]:
        """The same for `/api/v1/status`, with the names of the attributes (see `Tally.report`)."""
        return self._tally.report()

    def _part(
        self, span: Span, revision: Revision, batch: Batch, origins: dict[int, Origin], scopes: dict[int, str | None]
    ) -> Row:
        """The row of one part of a span, as if it were all that is said of it."""
        row = self._span(replace(span, start_ns=span.start_ns or revision.time_ns), batch, origins, scopes)
        row[S.copies] = orjson.dumps(revisions.of_event(span, revision)).decode()
        return row

    def _span(self, span: Span, batch: Batch, origins: dict[int, Origin], scopes: dict[int, str | None]) -> Row:
        row = _EMPTY.copy()
        plan = self._engine.plan(span.scope.name, span.attributes)
        mask = self.answer(row, span, plan)
        _identify(row, span, batch, _origin(span.resource, origins), plan)
        _time(row, span, batch.received_ns)
        if row[S.kind] in PRICED_KINDS:
            self._prices.price_row(row, span.attributes, row[_SERVICE_TIER])
        _keep(row, span, plan, scopes)
        row[S.conventions] = names_of(mask) if mask else None
        if row[S.kind] == TRACE_KIND:
            _stand_for_trace(row)
        self._tally.saw(mask, plan.unmapped)
        del row[_COLUMNS:]
        return row

    def _told(
        self, batch: Batch, logs: list[Row], origins: dict[int, Origin], scopes: dict[int, str | None]
    ) -> list[Row]:
        """Rows of the calls that log records tell of, marked `synthetic`."""
        told = (
            told_span(record, row[L.event_name], row[L.digest]) for record, row in zip(batch.logs, logs, strict=True)
        )
        rows = [self._span(span, batch, origins, scopes) for span in distinct(span for span in told if span)]
        for row in rows:
            row[S.synthetic] = True
            row[S.raw_rest] = orjson.dumps({**orjson.loads(row[S.raw_rest] or b"{}"), "synthetic": True}).decode()
            if row[S.kind] == "span":
                row[S.kind] = "generation"
        return rows

    def answer(self, row: Row, span: Span, plan: Plan) -> int:
        """Everything that the span itself says, put into the row; the bits of the conventions that said it."""
        engine, attributes = self._engine, span.attributes
        mask = engine.fill(plan, attributes, row)
        if span.events:
            mask |= engine.fill_events(span.events, row)
            derive.message_events(row, span)
        kind = row[S.kind] = derive.kind(row, span, plan)
        if plan.late:
            mask |= engine.fill_late(plan, attributes, row, kind)
        if plan.usage and kind in CALLS:
            mask |= engine.fill_usage(plan, attributes, row, kind)
        derive.outcome(row, span)
        derive.call(row, span.scope.name)
        derive.name(row, span)
        derive.first_token(row, span)
        return mask


def _stand_for_trace(row: Row) -> None:
    """What was said of a trace is no span: hidden like a span that another one has superseded, and without a name."""
    row[S.synthetic], row[S.duplicate_of], row[S.name] = True, TRACE_SPAN_ID, row[S.trace_name]


def _origin(resource: Resource, origins: dict[int, Origin]) -> Origin:
    found = origins.get(id(resource))
    if found is None:
        found = origins[id(resource)] = origin_of(resource)
    return found


def _identify(row: Row, span: Span, batch: Batch, origin: Origin, plan: Plan) -> None:
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
