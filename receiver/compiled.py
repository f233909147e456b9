"""Which protobuf decoder of traces and logs runs: the compiled one in front of the stock classes, or these alone.

`receiver/_wire.pyx` is compiled when the program is installed (`hatch_build.py`), where a C compiler is there. Both
give the same; the stock classes take about six times as long.
"""

import os
import zlib
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from contract.span import LogRecord, Span
from receiver.rejections import Rejections

PURE_PYTHON_VARIABLE = "TRACEPOND_PURE_PYTHON"
"""Set to anything: the stock classes alone. A variable and no setting, since it is for comparing and for building."""

SOURCES = ("_wire.pyx", "_bytes.pxd")
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


def source_crc(folder: Path) -> int:
    """Checksum of the sources in `folder`. Raises OSError where they are not there."""
    return zlib.crc32(b"".join((folder / name).read_bytes() for name in SOURCES))


def choose(environ: Mapping[str, str], load: Callable[[str], ModuleType] = import_module) -> Decoder:
    """The decoder for this process. A module that was built from other sources (a folder where the code has changed
    since it was installed) is not used: it would decode as the old code did."""
    if environ.get(PURE_PYTHON_VARIABLE):
        return stock(f"{PURE_PYTHON_VARIABLE} is set")
    try:
        module = load("receiver._wire")
    except ImportError:
        return stock("it was not built: that needs a C compiler when tracepond is installed")
    if module.source_crc != source_crc(Path(__file__).parent):
        return stock("it was built from other sources: install tracepond again")
    return Decoder("compiled", "", module.spans, module.logs)


DECODER = choose(os.environ)
