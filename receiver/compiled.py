"""Which protobuf decoder of traces and logs runs: the compiled one in front of the stock classes, or these alone.

Both give the same; the stock classes take about six times as long.
"""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from contract.compiled import load
from contract.span import LogRecord, Span
from receiver.rejections import Rejections

SOURCES = tuple(Path(__file__).parent / name for name in ("_wire.pyx", "_bytes.pxd"))
"""What the compiled module is built from, in the order in which their checksum is taken."""


class Decoder(NamedTuple):
    """Each function gives what the stock classes would, or None where they have to decide."""

    name: str
    """`compiled` or `python`."""
    why: str
    """Why it is not the compiled one; empty where it is."""
    spans: Callable[[bytes, int], tuple[list[Span], Rejections] | None]
    logs: Callable[[bytes, int], tuple[list[LogRecord], Rejections] | None]


def stock(why: str) -> Decoder:
    """The decoder that leaves everything to the stock classes."""
    return Decoder("python", why, lambda body, max_items: None, lambda body, max_items: None)


def choose(found: ModuleType | str) -> Decoder:
    """The decoder for this process: `found` is the compiled module, or why there is none."""
    return stock(found) if isinstance(found, str) else Decoder("compiled", "", found.spans, found.logs)


DECODER = choose(load("receiver._wire", SOURCES))
