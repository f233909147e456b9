"""Modules that are compiled when the program is installed (`hatch_build.py`); it does without where they are not there.

Each stands in front of Python code that does the same and that decides all odd cases (docs/adr/0015), or is made of
that very code (docs/adr/0017).
"""

import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType

PURE_PYTHON_VARIABLE = "TRACEPOND_PURE_PYTHON"
"""Set to anything: nothing compiled. A variable and no setting, since it is for comparing and for building."""


NOT_BUILT = "it was not built: that needs a C compiler when tracepond is installed"
OTHER_SOURCES = "it was built from other sources: install tracepond again"
OTHER_PYTHON = "it was built for another Python: install tracepond again"
PLACES = Path(__file__).parent / "columns.py"
"""The places in a row are compiled in."""


def source_crc(sources: Sequence[Path]) -> int:
    """Checksum of the files in this order. Raises OSError where one is not there."""
    return zlib.crc32(b"".join(source.read_bytes() for source in sources))


def load(
    module: str,
    sources: Sequence[Path],
    environ: Mapping[str, str] = os.environ,
    imported: Callable[[str], ModuleType] = import_module,
) -> ModuleType | str:
    """The module, or why there is none. One that was built from other sources (a folder where the code has changed
    since it was installed) is not used: it would do as the old code did."""
    if environ.get(PURE_PYTHON_VARIABLE):
        return f"{PURE_PYTHON_VARIABLE} is set"
    try:
        found = imported(module)
    except ImportError:
        return NOT_BUILT
    if found.source_crc != source_crc(sources):
        return OTHER_SOURCES
    return found


def as_they_are(folder: Path, names: Sequence[str], environ: Mapping[str, str] = os.environ) -> tuple[list[str], str]:
    """Where the package in `folder` finds its modules `names` compiled as they are, to stand at the head of its
    `__path__`; and why nowhere, empty where it does."""
    if environ.get(PURE_PYTHON_VARIABLE):
        return [], f"{PURE_PYTHON_VARIABLE} is set"
    built = folder / "_built"
    if not built.is_dir():
        return [], NOT_BUILT
    found = built / f"{source_crc([PLACES, *(folder / f'{name}.py' for name in names)]):08x}"
    if not found.is_dir():
        return [], OTHER_SOURCES
    if not all((found / f"{name}{EXTENSION_SUFFIXES[0]}").is_file() for name in names):
        return [], OTHER_PYTHON
    return [str(found)], ""
