"""What makes columns of rows: the compiled module in front of `storage/columns.py`, or that alone.

Both give the same; in Python it takes a tenth of what a span costs the whole server.
"""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import orjson

from contract.columns import Row
from contract.compiled import load

SOURCES = (Path(__file__).parent / "_arrow.pyx",)
WHOLE = b"lt"
"""Kinds of columns whose values are integers (`storage/columns.py: KINDS`)."""
MOST = 1 << 63
THREE_ZEROS = bytes(3)
ESCAPED_ZEROS = THREE_ZEROS + b"\1"


class Columnar(NamedTuple):
    batch: Callable[[Sequence[Row], tuple[bytes, ...], bytes], Any]
    """Rows, names and kinds of the columns -> Arrow record batch, or None where Python has to decide."""
    with_long_texts: Callable[[Sequence[Row], tuple[int, ...], int], list[int]]
    """The numbers of the rows that have a text of more than so many characters in one of the places."""
    fits: Callable[[Sequence[Row], bytes], bool]
    """Rows, kinds of the columns -> whether a table can hold them."""
    escaped: Callable[[bytes], bytes]
    """The bytes with a one behind each three zeros that stand together: there are never four."""


def with_long_texts(rows: Sequence[Row], places: tuple[int, ...], longest: int) -> list[int]:
    """As `Columnar.with_long_texts`."""
    return [nth for nth, row in enumerate(rows) if any(len(row[place] or "") > longest for place in places)]


def fits(rows: Sequence[Row], kinds: bytes) -> bool:
    """As `Columnar.fits`, but for types that no translator gives."""
    whole = tuple(place for place, kind in enumerate(kinds) if kind in WHOLE)
    with contextlib.suppress(TypeError, ValueError):
        orjson.dumps(rows)
        return all(row[place] is None or -MOST <= row[place] < MOST for row in rows for place in whole)
    return False


def escaped(body: bytes) -> bytes:
    """As `Columnar.escaped`."""
    return body.replace(THREE_ZEROS, ESCAPED_ZEROS)


def unescaped(body: bytes) -> bytes:
    """What `escaped` was given."""
    return body.replace(ESCAPED_ZEROS, THREE_ZEROS)


PYTHON = Columnar(lambda rows, names, kinds: None, with_long_texts, fits, escaped)


def choose(found: ModuleType | str) -> Columnar:
    """What this process uses: `found` is the compiled module, or why there is none."""
    return PYTHON if isinstance(found, str) else Columnar(found.batch, found.with_long_texts, found.fits, found.escaped)


COLUMNAR = choose(load("storage._arrow", SOURCES))
