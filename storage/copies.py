"""Spans that arrive more than once in a group: repeats of the same bytes are one, parts are put together."""

from collections.abc import Iterable

from contract.columns import Row, S
from contract.settling import MergeCopies
from storage.lookback import SpanKey

COPIES_AT_A_TIME = 64
"""Of one span in a group: events of one that is told piece by piece come together."""

SAME_PLACES = (
    S.parent_span_id, S.span_name, S.otlp_kind, S.end_time, S.status, S.status_message, S.input, S.output,
    S.raw_attributes, S.raw_events, S.raw_links, S.raw_resource, S.raw_scope, S.raw_rest,
)  # fmt: skip
"""Equal here (and in start, where it was sent): a repeat of the same bytes."""


def gathered(
    requests: Iterable[list[Row]], merge: MergeCopies
) -> tuple[dict[SpanKey, Row], dict[SpanKey, list[Row]], bool]:
    """The first row of each span; of those that came again all that differ; whether any is told part by part."""
    rows: dict[SpanKey, Row] = {}
    copies: dict[SpanKey, list[Row]] = {}
    in_parts = False
    for request in requests:
        for row in request:
            key = (row[S.project], row[S.trace_id], row[S.span_id])
            first = rows.setdefault(key, row)
            if first is not row:
                add(copies.setdefault(key, [first]), row, merge)
            if row[S.copies]:
                in_parts = True
    return rows, copies, in_parts


def add(copies: list[Row], row: Row, merge: MergeCopies) -> None:
    if row[S.copies] or not any(same(known, row) for known in copies):
        copies.append(row)
        if len(copies) > COPIES_AT_A_TIME:
            copies[:] = [merge(copies)]


def same(first: Row, second: Row) -> bool:
    """Copies of the same bytes; a start that nobody sent is the time of arrival and says nothing."""
    unsent = '"start_ns"' in (first[S.raw_rest] or "")
    return all(first[place] == second[place] for place in SAME_PLACES) and (
        unsent or first[S.start_time] == second[S.start_time]
    )
