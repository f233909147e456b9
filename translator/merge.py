"""Several different copies of one span (same id) become one row, whatever their order.

An SDK that exports at start and at end, a placeholder and its span, a truncated retry: all copies are kept in the
`copies` column and the row is folded anew from all of them, most complete first, so that the result depends on the
set of copies only. A set field beats an unset one; where two copies disagree the more complete one is right.
"""

from typing import Any

import orjson

from contract.columns import SPAN_COLUMNS, Row, S
from contract.raw import default, restore
from contract.span import KeyValues

MAX_COPIES = 16
"""More distinct copies of one span than this are a client's fault; the least complete are let go."""

NOT_COPIED = (S.received_time, S.commit_seq, S.copies, S.own, S.settled_from, S.duplicate_of)
UNSET = {S.status: "unset", S.kind: "span", S.level: "DEFAULT", S.otlp_kind: "unspecified"}
"""Values that say no more than null does."""
USAGE = (
    S.input_tokens, S.output_tokens, S.total_tokens, S.cache_read_tokens, S.cache_write_tokens, S.reasoning_tokens,
)  # fmt: skip
TOGETHER = (USAGE, (S.input_cost, S.output_cost, S.total_cost, S.cost_source, S.price_version))
"""Columns that only make sense from one copy."""


def merge_copies(rows: list[Row]) -> Row:
    """One row from copies with own values; see contract/settling.py `MergeCopies`."""
    copies = {key(copy): copy for row in rows for copy in copies_of(row)}
    ordered = [copies[k] for k in sorted(copies, reverse=True)][:MAX_COPIES]
    merged = fold(ordered)
    merged[S.copies] = orjson.dumps([strip(copy) for copy in ordered]).decode()
    merged[S.received_time] = min(row[S.received_time] for row in rows)
    return merged


def copies_of(row: Row) -> list[Row]:
    if not row[S.copies]:
        return [strip(row)]
    stored: list[Row] = orjson.loads(row[S.copies])
    return stored


def strip(row: Row) -> Row:
    copy = list(row)
    for place in NOT_COPIED:
        copy[place] = None
    return copy


def key(copy: Row) -> tuple[Any, ...]:
    """Completeness first, then anything that is a total order."""
    attributes = orjson.loads(copy[S.raw_attributes] or b"{}")
    return (
        copy[S.end_time] is not None,
        len(attributes),
        copy[S.end_time] or 0,
        len(copy[S.raw_events] or ""),
        orjson.dumps(copy),
    )


def fold(ordered: list[Row]) -> Row:
    merged = list(ordered[0])
    for place in range(len(SPAN_COLUMNS)):
        if merged[place] is None or merged[place] == UNSET.get(place):
            merged[place] = next((c[place] for c in ordered if c[place] not in (None, UNSET.get(place))), merged[place])
    for group in TOGETHER:
        best = next((c for c in ordered if any(c[place] is not None for place in group)), ordered[0])
        for place in group:
            merged[place] = best[place]
    merged[S.raw_attributes] = dumps(fold_attributes(ordered, merged))
    for place in (S.raw_events, S.raw_links):
        merged[place] = dumps(fold_list(ordered, place))
    return merged


def fold_attributes(ordered: list[Row], merged: Row) -> dict[str, Any] | None:
    """Union of the attributes; references are resolved, since the content column may come from another copy."""
    pairs: dict[str, Any] = {}
    for copy in ordered:
        texts = {"input": copy[S.input], "output": copy[S.output]}
        sent = restore(orjson.loads(copy[S.raw_attributes] or b"{}"), texts)
        if isinstance(sent, KeyValues) and copy is ordered[0] and len(ordered) == 1:
            return sent
        for name, value in sent.items():
            pairs.setdefault(name, value)
    return KeyValues(list(pairs.items())) if any(name.startswith("$") for name in pairs) else pairs


def fold_list(ordered: list[Row], place: int) -> list[Any] | None:
    found: list[Any] = []
    for copy in ordered:
        for item in orjson.loads(copy[place] or b"[]"):
            if item not in found:
                found.append(item)
    return found


def dumps(value: Any) -> str | None:
    return orjson.dumps(value, default=default, option=orjson.OPT_PASSTHROUGH_SUBCLASS).decode() if value else None
