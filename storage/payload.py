"""What the journal keeps of a request: what was sent, or its rows as text that comes back equal.

As it was sent a request takes 1.6 instead of 2.5 kB a span, and 3 µs less (docs/adr/0024).
"""

import math
from collections.abc import Callable
from typing import Any

import orjson

from contract.columns import LOG_COLUMNS, METRIC_COLUMNS, SCORE_COLUMNS, SPAN_COLUMNS, Column, Row
from contract.errors import Unavailable
from contract.span import Extent, Sent
from contract.translated import Translated
from storage.compiled import COLUMNAR, unescaped
from storage.database import newest_version

VERSION = newest_version()
"""Rows are lists in the order of a schema version's columns: a later one has more of them, at the end."""

AS_SENT = b"sent"
"""Begins a request that is kept as it was sent: its origin as JSON, a line feed, its bytes. Rows begin with `[`."""
MakeAgain = Callable[[Sent], Translated]
"""The rows of a request that was acknowledged as it was sent, all of them. Raises whatever it likes where it cannot."""


def float_places(columns: tuple[Column, ...]) -> tuple[int, ...]:
    return tuple(place for place, column in enumerate(columns) if column.type == "float")


TABLES = (SPAN_COLUMNS, LOG_COLUMNS, METRIC_COLUMNS, SCORE_COLUMNS)
PLACES = tuple(map(float_places, TABLES))


def tables_of(translated: Translated) -> tuple[list[Row], ...]:
    return translated.spans, translated.logs, translated.metric_points, translated.scores


def recorded(request: Translated | Sent) -> bytes:
    """A request for the journal. Raises what `encode` raises."""
    if isinstance(request, Translated):
        return encode(request)
    *origin, body, _ = request
    return b"".join((AS_SENT, orjson.dumps([VERSION, *origin]), b"\n", COLUMNAR.escaped(body)))


def restored(payload: bytes | memoryview) -> Translated | Sent:
    """The request again, also one of an earlier program. Raises `Unavailable` for one of a newer program."""
    if bytes(payload[: len(AS_SENT)]) != AS_SENT:
        return decode(payload)
    origin, _, body = bytes(payload[len(AS_SENT) :]).partition(b"\n")
    version, *members = orjson.loads(origin)
    check(version)
    return Sent._make((*members, unescaped(body), Extent()))


def check(version: int) -> None:
    if version > VERSION:
        raise Unavailable(f"it is of schema {version}, this program has {VERSION}", reason="journal")


def encode(translated: Translated) -> bytes:
    """Raises TypeError (orjson.JSONEncodeError) for what no column can hold: 65-bit integers, lone surrogates."""
    return orjson.dumps([VERSION, *map(spelled, tables_of(translated), PLACES)])


def decode(payload: bytes | memoryview) -> Translated:
    """The rows again, also those of an earlier program. Raises `Unavailable` for those of a newer program."""
    version, *tables = orjson.loads(payload)
    check(version)
    tables += [[] for _ in TABLES[len(tables) :]]
    for rows, columns, places in zip(tables, TABLES, PLACES, strict=True):
        for row in rows:
            row.extend([None] * (len(columns) - len(row)))
            for place in places:
                if isinstance(row[place], str):
                    row[place] = float(row[place])
    spans, logs, metric_points, scores = tables
    return Translated(spans, logs, metric_points, scores, len(payload))


def spelled(rows: list[Row], places: tuple[int, ...]) -> list[Row]:
    """JSON knows no infinity and orjson writes null: such numbers go as text."""
    if any(row[place] is not None and not math.isfinite(row[place]) for row in rows for place in places):
        return [[repr(value) if not_finite(value) else value for value in row] for row in rows]
    return rows


def not_finite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
