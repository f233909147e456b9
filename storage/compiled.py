"""What makes columns of rows: the compiled module in front of `storage/columns.py`, or that alone.

Both give the same; in Python it takes a tenth of what a span costs the whole server.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from contract.columns import Row
from contract.compiled import load

SOURCES = (Path(__file__).parent / "_arrow.pyx",)
THREE_ZEROS = bytes(3)
ESCAPED_ZEROS = THREE_ZEROS + b"\1"


class Columnar(NamedTuple):
    batch: Callable[[Sequence[Row], tuple[bytes, ...], bytes], Any]
    """Rows, names and kinds of the columns -> Arrow record batch, or None where Python has to decide."""
    with_long_texts: Callable[[Sequence[Row], tuple[int, ...], int], list[int]]
    """The numbers of the rows that have a text of more than so many characters in one of the places."""
    escaped: Callable[[bytes], bytes]
    """The bytes with a one behind each three zeros that stand together: there are never four."""


def with_long_texts(rows: Sequence[Row], places: tuple[int, ...], longest: int) -> list[int]:
    """As `Columnar.with_long_texts`."""
    return [nth for nth, row in enumerate(rows) if any(len(row[place] or "") > longest for place in places)]


def escaped(body: bytes) -> bytes:
    """As `Columnar.escaped`."""
    return body.replace(THREE_ZEROS, ESCAPED_ZEROS)


def unescaped(body: bytes) -> bytes:
    """What `escaped` was given."""
    return body.replace(ESCAPED_ZEROS, THREE_ZEROS)


PYTHON = Columnar(lambda rows, names, kinds: None, with_long_texts, escaped)


def choose(found: ModuleType | str) -> Columnar:
    """What this process uses: `found` is the compiled module, or why there is none."""
    return PYTHON if isinstance(found, str) else Columnar(found.batch, found.with_long_texts, found.escaped)


COLUMNAR = choose(load("storage._arrow", SOURCES))
