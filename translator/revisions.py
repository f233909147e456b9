"""Spans that are told piece by piece: the parts of one span become one row, as if one event had said it all.

The row is translated from what the parts say together, so that a part may arrive without what gives it its meaning (an
update has no model, a usage no kind). Beside the row, in its column `copies`, stands when each field was said. A copy
of the same span that arrived whole, over OTLP, is what the parts change.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import orjson

from contract.columns import Row, S
from contract.raw import restore
from contract.span import Attributes, Event, KeyValues, Link, Resource, Revision, Scope, Span
from translator import nested
from translator.derive import OTLP_KINDS, STATUSES
from translator.told import Rules, Stamp, Told, fold, stamped, stamps

Translate = Callable[[Span, str, int], Row]
"""Span, project and time of arrival to a row (`translator.translate.Translator.row`)."""

NAME, PARENT, START, END, FIRST, SCOPE = "=name", "=parent", "=start", "=end", "=first", "=scope"
"""Fields that are no attributes; no attribute of these events begins with `=`. `=first` is the first event's time."""

RULES = Rules(
    earliest=frozenset({START, FIRST, "langfuse.environment"}),
    united=frozenset({"langfuse.trace.tags"}),
)


def of_event(span: Span, revision: Revision) -> dict[str, Any]:
    """The `copies` of a row that one event made."""
    stamp = (revision.time_ns, revision.is_update, revision.event_id)
    return stamps(nested.spread({field: (stamp, value) for field, value in _said(span, revision).items()}))


def _said(span: Span, revision: Revision) -> dict[str, Any]:
    """Every field of which the event says something."""
    parts = {NAME: span.name, PARENT: span.parent_span_id, START: span.start_ns, END: span.end_ns}
    said = {field: value for field, value in parts.items() if value}
    return {FIRST: revision.time_ns, SCOPE: None, **said, **span.attributes}


def is_told(row: Row) -> bool:
    """Whether the row was told piece by piece: `copies` of other spans are a list."""
    return bool(row[S.copies]) and row[S.copies][0] == "{"


def fold_rows(rows: Iterable[Row], translate: Translate, merge_whole: Callable[[list[Row]], Row]) -> Row:
    """One row of parts of a span (`is_told`) and of copies that arrived whole, which `merge_whole` makes one."""
    parts: list[Told] = []
    whole: list[Row] = []
    rows = list(rows)
    for row in rows:
        told, spans = _read(row)
        parts.append(told)
        whole += spans
    told, shown = nested.joined(fold(parts, RULES))
    base = merge_whole(whole) if whole else None
    merged = translate(_span(shown, rows[0], base), rows[0][S.project], min(row[S.received_time] for row in rows))
    merged[S.copies] = orjson.dumps(_kept(told, shown, base)).decode()
    return merged


def _read(row: Row) -> tuple[Told, list[Row]]:
    """What the parts behind a row say, and the copies behind it that arrived whole."""
    if not is_told(row):
        return {}, [row]
    stored = orjson.loads(row[S.copies])
    if "whole" in stored:
        values, whole = stored["values"], [stored["whole"]]
    else:
        values, whole = _values(row), []
        values |= nested.recovered_all(stored["fields"], values) | stored.get("hidden", {})
    return nested.spread({field: (stamp, values.get(field)) for field, stamp in stamped(stored).items()}), whole


def _values(row: Row) -> dict[str, Any]:
    """Value of each field of a row that only events have made."""
    span = span_of(row)
    stored = orjson.loads(row[S.copies])
    first = stored["events"][stored["fields"][FIRST]][0]
    parts = {NAME: span.name, PARENT: span.parent_span_id, START: span.start_ns, END: span.end_ns, FIRST: first}
    return {**parts, SCOPE: orjson.loads(row[S.raw_scope] or b"null"), **span.attributes}


def _kept(told: Told, shown: Told, base: Row | None) -> dict[str, Any]:
    """When all was said; the values too where the row shows them mixed with those of a copy that arrived whole, and
    those that it does not show."""
    kept = stamps(told)
    if base is not None:
        return kept | {"values": {field: told[field][1] for field in sorted(told)}, "whole": base}
    hidden = nested.hidden(told, {name: value for name, (_, value) in shown.items()})
    return kept | ({"hidden": hidden} if hidden else {})


def _span(told: Told, row: Row, base: Row | None) -> Span:
    """The span that the fields describe."""
    said = {field: value for field, (_, value) in told.items()}
    attributes = {field: value for field, value in sorted(said.items()) if not field.startswith("=")}
    if base is not None:
        return _changed(span_of(base), told, attributes)
    scope = said.get(SCOPE) or {}
    return Span(
        trace_id=row[S.trace_id],
        span_id=row[S.span_id],
        parent_span_id=said.get(PARENT) or "",
        name=said.get(NAME) or "",
        kind=0,
        start_ns=said.get(START) or said[FIRST],
        end_ns=said.get(END) or 0,
        attributes=attributes,
        events=[],
        links=[],
        status_code=0,
        status_message="",
        resource=Resource(),
        scope=Scope(scope.get("name", ""), scope.get("version", ""), scope.get("attributes") or {}),
    )


def _changed(whole: Span, told: Told, attributes: Attributes) -> Span:
    """A span that arrived whole with what events said of it after its end; before, the span knows better."""
    ended_ns = whole.end_ns or whole.start_ns
    newer: Stamp = (ended_ns, False, "")
    fresh = {field for field, (stamp, _) in told.items() if stamp > newer}
    said = {field: value for field, (_, value) in told.items() if field in fresh}
    return replace(
        whole,
        name=said.get(NAME) or whole.name,
        parent_span_id=said.get(PARENT) or whole.parent_span_id,
        end_ns=said.get(END) or whole.end_ns,
        attributes={**attributes, **whole.attributes, **{name: attributes[name] for name in attributes.keys() & fresh}},
    )


def span_of(row: Row) -> Span:
    """A stored row, own values, as the span that arrived."""
    columns = {"input": row[S.input], "output": row[S.output]}

    def stored(place: int, empty: bytes) -> Any:
        return restore(orjson.loads(row[place] or empty), columns)

    rest, resource, scope = (orjson.loads(row[place] or b"{}") for place in (S.raw_rest, S.raw_resource, S.raw_scope))
    return Span(
        trace_id=row[S.trace_id],
        span_id=row[S.span_id],
        parent_span_id=row[S.parent_span_id] or "",
        name=row[S.span_name] or "",
        kind=rest.get("kind", OTLP_KINDS.index(row[S.otlp_kind] or "unspecified")),
        start_ns=rest.get("start_ns", row[S.start_time] or 0),
        end_ns=rest.get("end_ns", row[S.end_time] or 0),
        attributes=_ordered(stored(S.raw_attributes, b"{}")),
        events=[Event(*each) for each in stored(S.raw_events, b"[]")],
        links=[Link(*each) for each in stored(S.raw_links, b"[]")],
        status_code=rest.get("status_code", STATUSES.index(row[S.status] or "unset")),
        status_message=rest.get("status_message", row[S.status_message] or ""),
        resource=Resource(**_restored(resource)),
        scope=Scope(**_restored(scope)),
        **{name: rest[name] for name in _COUNTS if name in rest},
    )


_COUNTS = ("trace_state", "flags", "dropped_attributes_count", "dropped_events_count", "dropped_links_count")


def _ordered(attributes: Attributes) -> Attributes:
    return dict(attributes) if isinstance(attributes, KeyValues) else attributes


def _restored(stored: dict[str, Any]) -> dict[str, Any]:
    return {**stored, "attributes": restore(stored.get("attributes") or {}, {})}
