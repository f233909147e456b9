"""The version of the program that runs, and whether it is compiled."""

from importlib import metadata

from receiver.compiled import DECODER
from translator import WHY_PYTHON


def version() -> str:
    """As in pyproject.toml; `unknown` when the program runs from a folder that was never installed."""
    try:
        return metadata.version("tracepond")
    except metadata.PackageNotFoundError:
        return "unknown"


def version_line() -> str:
    """The version, and what of it is compiled; why not, where it is the slower one."""
    parts = {"decoder": DECODER.why, "translator": WHY_PYTHON}
    said = [f"{name}: python, {why}" if why else f"{name}: compiled" for name, why in parts.items()]
    return f"{version()} ({'; '.join(said)})"
