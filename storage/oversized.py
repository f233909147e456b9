"""Rows that the store could not hold in its memory, told apart from their neighbours before anything is acknowledged.

Content lies apart in pieces (`storage/contents.py`), however long it is. What is left in a row are names, ids, models,
resources and scopes: whoever sends megabytes there does harm, and the store would be out of memory for everybody. What
spans share in a request, each row has: 200 spans with one resource of 5 MB are a gigabyte.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from contract.columns import LOG_COLUMNS, METRIC_COLUMNS, SCORE_COLUMNS, SPAN_COLUMNS, Column, L, M, Row, S
from contract.span import ROW_BYTES, Extent
from contract.translated import Translated
from storage.compiled import COLUMNAR
from storage.contents import LOG_HEADS, SPAN_HEADS
from storage.pieces import LONGEST_IN_ROW

ROW_PART = 64
"""Of the engine's memory, for one row: it lies there up to four times while it is committed, and fifty at a time where
a list is read. 2 MiB by default, and never reached by what instrumentations send."""
SHARED_PART = 4
"""For the large ones among the rows of a request: a checkpoint has those of a row group in memory."""
LARGE_ROW_BYTES = 64 << 10
BYTES_A_CHARACTER = 4
COPIES = 4
"""So many columns may have the same text (a model that was asked for, that answered, that is shown)."""
ESCAPED = 7
"""Bytes of one control character in the JSON of a resource or scope, and in a column of its own (`service.name`)."""
SPREAD = ESCAPED
"""Times what was sent may be in rows: in four columns of a call and in the log record that tells of it, or escaped. An
`Extent` has resources and scopes as JSON already, which two rows may have."""
REPEATED_PART = 2
"""With up to 2 kB of resource a span, and as much else, transactions are whole row groups still."""
ALL_TIMES = 2
"""The engine's memory, for what all rows of a request have in them: it is one record of the journal. 60,000 spans with
3 kB of resource have 180 MB."""
SHARED = frozenset({
    "raw_resource", "raw_scope", "service_name", "scope_name", "scope_version", "environment", "release", "version",
})  # fmt: skip
"""Columns that all rows of a resource or scope may have from it."""
SHORT_BYTES = len(SHARED) * BYTES_A_CHARACTER * LONGEST_IN_ROW
"""Of a row without a long text, at most."""
MADE = "a call told by a log record"
ROW_TOO_LARGE = "{what} has more than {most} bytes beside its content (names, ids, resource): the store cannot hold it"
ALL_TOO_LARGE = (
    "{what} has no room: each keeps its resource and scope, and what came before it in the request is all that the "
    "store can hold beside its content"
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


def holds(extent: Extent, memory_limit_bytes: int) -> bool:
    """Whether `take_out` would find nothing to take out of what is made of a request of this extent."""
    row_bytes, all_bytes = SPREAD * extent.widest_bytes, SPREAD * extent.all_bytes
    return row_bytes <= memory_limit_bytes // ROW_PART and all_bytes <= memory_limit_bytes // SHARED_PART


def take_out(translated: Translated, memory_limit_bytes: int) -> tuple[int, list[str]]:
    """Leaves the rows that an engine with so much memory can hold, alone and with their neighbours; returns how many of
    those that were sent it took out, and why. Where rows share much, `size_bytes` of the request grows by that.

    A span that was made of a log record was not sent: it is told of, but the record is counted, where that went too.
    """
    most, shared_most = memory_limit_bytes // ROW_PART, memory_limit_bytes // SHARED_PART
    sent_bytes, height = translated.size_bytes, translated.rows
    translated.size_bytes = max(sent_bytes, ROW_BYTES * height, resource_bytes(translated) // REPEATED_PART)
    if ESCAPED * COPIES * sent_bytes <= most and ESCAPED * height * sent_bytes <= shared_most:
        return 0, []
    tables = [(each, getattr(translated, each.name)) for each in TABLES]
    has_long = any(COLUMNAR.with_long_texts(rows, each.in_row, LONGEST_IN_ROW) for each, rows in tables if rows)
    if not has_long and height * SHORT_BYTES <= shared_most:
        return 0, []
    shared_bytes = sum(text_bytes(row, each.shared) for each, rows in tables for row in rows)
    translated.size_bytes = max(translated.size_bytes, sent_bytes + shared_bytes)
    if not has_long and shared_bytes <= shared_most:
        return 0, []
    room = Room(memory_limit_bytes, max(ALL_TIMES * memory_limit_bytes, COPIES * sent_bytes))
    return without_large(translated, room)


def resource_bytes(translated: Translated) -> int:
    """Of all rows: in a transaction each has its own copy (32 spans with one resource of 160 kB are 5 MB)."""
    spans, logs, points = translated.spans, translated.logs, translated.metric_points
    tables = ((spans, S.raw_resource), (logs, L.raw_resource), (points, M.raw_resource))
    return sum(len(row[place] or "") for rows, place in tables for row in rows)


class Room:
    """What the rows of one request may still take beside their content."""

    def __init__(self, memory_limit_bytes: int, all_bytes: int) -> None:
        self.row_bytes = memory_limit_bytes // ROW_PART
        self._large_bytes = memory_limit_bytes // SHARED_PART
        self._all_bytes = all_bytes

    def take(self, size_bytes: int) -> str | None:
        """Why a row of this size has none, or null."""
        if size_bytes > self.row_bytes:
            return ROW_TOO_LARGE
        is_large = size_bytes > LARGE_ROW_BYTES
        if size_bytes > self._all_bytes or (is_large and size_bytes > self._large_bytes):
            return ALL_TOO_LARGE
        self._all_bytes -= size_bytes
        self._large_bytes -= size_bytes if is_large else 0
        return None


def without_large(translated: Translated, room: Room) -> tuple[int, list[str]]:
    count, reasons = 0, []
    for each in TABLES:
        kept = []
        for row in getattr(translated, each.name):
            reason = room.take(text_bytes(row, each.in_row))
            if reason is None:
                kept.append(row)
                continue
            is_made = each.name == "spans" and row[S.synthetic]
            reasons.append(reason.format(what=MADE if is_made else each.what, most=room.row_bytes))
            count += not is_made
        setattr(translated, each.name, kept)
    return count, list(dict.fromkeys(reasons))


def text_bytes(row: Row, places: Collection[int]) -> int:
    """Of the texts in these places."""
    texts = (row[place] for place in places)
    return sum(len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass")) for text in texts if text)
