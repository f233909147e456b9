"""The version of the program that runs, and which decoder it has."""

from importlib import metadata

from receiver.compiled import DECODER


def version() -> str:
    """As in pyproject.toml; `unknown` when the program runs from a folder that was never installed."""
    try:
        return metadata.version("tracepond")
    except metadata.PackageNotFoundError:
        return "unknown"


def version_line() -> str:
    """The version with the decoder, and why it is the slower one where it is."""
    why = f", {DECODER.why}" if DECODER.why else ""
    return f"{version()} (decoder: {DECODER.name}{why})"
