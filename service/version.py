"""The version of the program that runs."""

from importlib import metadata


def version() -> str:
    """As in pyproject.toml; `unknown` when the program runs from a folder that was never installed."""
    try:
        return metadata.version("tracepond")
    except metadata.PackageNotFoundError:
        return "unknown"
