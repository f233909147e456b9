"""Rows that the store could not hold in its memory, told apart from their neighbours before anything is acknowledged.

Content lies apart in pieces (`storage/contents.py`), however long it is. What is left in a row are names, ids, models,
resources and scopes: whoever sends megabytes there does harm, and the store would be out of memory for everybody. What
spans share in a request, each row has: 200 spans with one resource of 5 MB are a gigabyte.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from contract.columns import LOG_COLUMNS, METRIC_COLUMNS, SCORE_COLUMNS, SPAN_COLUMNS, Column, Row
from contract.translated import Translated
from storage.compiled import COLUMNAR
from storage.contents import LOG_HEADS, SPAN_HEADS
from storage.pieces import LONGEST_IN_ROW

ROW_PART = 64
"""Of the engine's memory, for one row: it lies there up to four times while it is committed, and fifty at a time where
a list is read. 2 MiB by default, and never reached by what instrumentations send."""
SHARED_PART = 4
BYTES_A_CHARACTER = 4
COPIES = 4
"""So many columns may have the same text (a model that was asked for, that answered, that is shown)."""
SHARED = frozenset({
    "raw_resource", "raw_scope", "service_name", "scope_name", "scope_version", "environment", "release", "version",
})  # fmt: skip
"""Columns that all rows of a resource or scope may have from it."""
ROW_TOO_LARGE = "{what} has more than {most} bytes beside its content (names, ids, resource): the store cannot hold it"
ALL_TOO_LARGE = (
    "{what} has no room: with the resource and scope that each keeps, what came before it in the request takes {most} "
    "bytes beside its content"
)


class Table(NamedTuple):
    """Rows of `Translated`; the places of texts that stay in a row, and of those that rows share."""

    name: str
    what: str
    in_row: tuple[int, ...]
    shared: tuple[int, ...]


def table(name: str, what: str, columns: Sequence[Column], apart: Collection[str] = ()) -> Table:
    texts = [(place, each.name) for place, each in enumerate(columns) if each.type in ("text", "json")]
    return Table(
        name,
        what,
        tuple(place for place, column in texts if column not in apart),
        tuple(place for place, column in texts if column in SHARED),
    )


TABLES = (
    table("spans", "a span", SPAN_COLUMNS, SPAN_HEADS),
    table("logs", "a log record", LOG_COLUMNS, LOG_HEADS),
    table("metric_points", "a data point", METRIC_COLUMNS),
    table("scores", "a score", SCORE_COLUMNS),
)


def take_out(translated: Translated, memory_limit_bytes: int) -> tuple[int, list[str]]:
    """Leaves the rows that an engine with so much memory can hold, alone and with their neighbours; returns how many it
    took out, and why. `size_bytes` of the request grows by what its rows share."""
    most, shared_most = memory_limit_bytes // ROW_PART, memory_limit_bytes // SHARED_PART
    sent_bytes = translated.size_bytes
    if sent_bytes * COPIES <= most and sent_bytes * translated.rows <= shared_most:
        return 0, []
    tables = [(each, getattr(translated, each.name)) for each in TABLES]
    shared_bytes = sum(text_bytes(row, each.shared) for each, rows in tables for row in rows)
    translated.size_bytes += shared_bytes
    if shared_bytes <= shared_most and not any(
        COLUMNAR.with_long_texts(rows, each.in_row, LONGEST_IN_ROW) for each, rows in tables
    ):
        return 0, []
    return without_large(translated, most, max(memory_limit_bytes, COPIES * sent_bytes))


def without_large(translated: Translated, most: int, room_bytes: int) -> tuple[int, list[str]]:
    count, reasons, left = 0, [], room_bytes
    for each in TABLES:
        kept = []
        for row in getattr(translated, each.name):
            size_bytes = text_bytes(row, each.in_row)
            if size_bytes <= most and size_bytes <= left:
                kept.append(row)
                left -= size_bytes
            else:
                reason, limit = (ROW_TOO_LARGE, most) if size_bytes > most else (ALL_TOO_LARGE, room_bytes)
                reasons.append(reason.format(what=each.what, most=limit))
                count += 1
        setattr(translated, each.name, kept)
    return count, list(dict.fromkeys(reasons))


def text_bytes(row: Row, places: Collection[int]) -> int:
    """Of the texts in these places, at most."""
    texts = (row[place] for place in places)
    return sum(len(text) if text.isascii() else BYTES_A_CHARACTER * len(text) for text in texts if text)
