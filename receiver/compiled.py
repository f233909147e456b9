"""Which protobuf decoder of traces and logs runs: the compiled one in front of the stock classes, or these alone.

Both give the same; the stock classes take about six times as long. What only looks at a request (`receiver/_check.pyx`)
runs in front of the compiled decoder and tells of nothing that this would not give.
"""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from contract.compiled import load
from contract.span import Extent, LogRecord, Span
from receiver.rejections import Rejections

SOURCES = tuple(Path(__file__).parent / name for name in ("_wire.pyx", "_bytes.pxd"))
"""What the compiled module is built from, in the order in which their checksum is taken."""
CHECK_SOURCES = tuple(Path(__file__).parent / name for name in ("_check.pyx", "_bytes.pxd"))


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


class Checks(NamedTuple):
    """Each function gives what a request has that the decoder gives whole, with nothing rejected, or None where it is
    not sure. Both take the body, and how many items (scopes count) are taken."""

    spans: Callable[[bytes, int], Extent | None]
    logs: Callable[[bytes, int], Extent | None]


UNSURE = Checks(lambda body, max_items: None, lambda body, max_items: None)


def choose_checks(found: ModuleType | str, decoder: Decoder) -> Checks:
    """Where the stock classes decode alone they are asked before anything is acknowledged."""
    return UNSURE if isinstance(found, str) or decoder.name != "compiled" else Checks(found.spans, found.logs)


DECODER = choose(load("receiver._wire", SOURCES))
CHECKS = choose_checks(load("receiver._check", CHECK_SOURCES), DECODER)
