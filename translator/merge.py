"""Several different copies of one span (same id) become one row, whatever their order.

Copies that log records made (`synthetic`) complete each other; a copy that arrived as a span takes their place.

An SDK that exports at start and at end, a placeholder and its span, a truncated retry: all copies are kept in the
`copies` column and the row is folded anew from all of them, most complete first, so that the result depends on the
set of copies only. A set field beats an unset one; where two copies disagree the more complete one is right.
Spans that are told piece by piece: `translator/revisions.py`.
"""

from functools import lru_cache, partial
from typing import Any

import orjson

from contract.columns import SPAN_COLUMNS, Row, S
from contract.raw import default, restore
from contract.span import KeyValues
from translator.prices.recalculate import Price, reprice_merged
from translator.revisions import Translate, fold_rows, is_told
from translator.translate import Translator

MAX_COPIES = 16
"""More distinct copies of one span than this are a client's fault; the least complete are let go."""
MAX_COPIES_CHARACTERS = 8 << 20
"""The same for copies that are large: 16 copies of 20 MB took a gigabyte to fold."""

NOT_COPIED = (
    S.received_time, S.commit_seq, S.copies, S.own, S.settled_from, S.duplicate_of, S.duplicate_of_trace, S.apart,
)  # fmt: skip
UNSET = {S.status: "unset", S.kind: "span", S.level: "DEFAULT", S.otlp_kind: "unspecified"}
"""Values that say no more than null does."""
USAGE = (
    S.input_tokens, S.output_tokens, S.total_tokens, S.cache_read_tokens, S.cache_write_tokens, S.reasoning_tokens,
)  # fmt: skip
COST = (S.input_cost, S.output_cost, S.total_cost, S.cost_source, S.price_version)
TOGETHER = (USAGE, COST)
"""Columns that only make sense from one copy; a reported cost goes before a calculated one."""


def merge_copies(rows: list[Row], price: Price | None = None, translate: Translate | None = None) -> Row:
    """One row from copies with own values; see contract/settling.py `MergeCopies`. `price` calculates its cost.

    `translate` makes the row of a span that was told piece by piece.
    """
    if any(is_told(row) for row in rows):
        return fold_rows(rows, translate or plain_translator().row, partial(merge_copies, price=price))
    real = [row for row in rows if not row[S.synthetic]]
    if len(real) == 1 and len(rows) > 1:
        return received_first(list(real[0]), rows)
    copies = {key(copy): copy for row in real or rows for copy in copies_of(row)}
    ordered = most_complete([copies[k] for k in sorted(copies, reverse=True)])
    merged = fold(ordered)
    if not real:
        merged[S.start_time] = min(copy[S.start_time] for copy in ordered)
    reprice_merged(merged, price)
    merged[S.copies] = orjson.dumps([strip(copy) for copy in ordered]).decode()
    return received_first(merged, rows)


@lru_cache(maxsize=1)
def plain_translator() -> Translator:
    """For whoever has no prices of their own."""
    return Translator()


def most_complete(ordered: list[Row]) -> list[Row]:
    """The copies that are kept: two at least, and as many as are not too many or too large together."""
    kept: list[Row] = []
    characters = 0
    for copy in ordered[:MAX_COPIES]:
        characters += sum(len(value) for value in copy if isinstance(value, str))
        if len(kept) > 1 and characters > MAX_COPIES_CHARACTERS:
            break
        kept.append(copy)
    return kept


def received_first(row: Row, rows: list[Row]) -> Row:
    """The row with the time at which the first of the copies arrived."""
    row[S.received_time] = min(copy[S.received_time] for copy in rows)
    return row


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
        some = [c for c in ordered if any(c[place] is not None for place in group)] or ordered[:1]
        best = next((c for c in some if c[S.cost_source] == "reported"), some[0]) if group is COST else some[0]
        for place in group:
            merged[place] = best[place]
    merged[S.raw_attributes] = dumps(fold_attributes(ordered))
    for place in (S.raw_events, S.raw_links):
        merged[place] = dumps(fold_list(ordered, place))
    return merged


def fold_attributes(ordered: list[Row]) -> dict[str, Any] | None:
    """Union of the attributes; references are resolved, since the content column may come from another copy.

    Of a name that a copy has twice both values stay, as they came.
    """
    pairs: list[tuple[str, Any]] = []
    known: set[str] = set()
    for copy in ordered:
        texts = {"input": copy[S.input], "output": copy[S.output]}
        sent = restore(orjson.loads(copy[S.raw_attributes] or b"{}"), texts)
        of_copy = sent.pairs if isinstance(sent, KeyValues) else sent.items()
        pairs += [(name, value) for name, value in of_copy if name not in known]
        known.update(sent)
    duplicates = len(known) < len(pairs)
    return KeyValues(pairs) if duplicates or any(name.startswith("$") for name in known) else dict(pairs)


def fold_list(ordered: list[Row], place: int) -> list[Any] | None:
    found: list[Any] = []
    for copy in ordered:
        for item in orjson.loads(copy[place] or b"[]"):
            if item not in found:
                found.append(item)
    return found


def dumps(value: Any) -> str | None:
    return orjson.dumps(value, default=default, option=orjson.OPT_PASSTHROUGH_SUBCLASS).decode() if value else None
