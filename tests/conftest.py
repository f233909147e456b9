"""What holds for the whole run."""

import os


def pytest_unconfigure() -> None:
    """After the last line of the report nothing more is printed.

    DuckDB's bindings list on stderr what is alive when the interpreter ends ("nanobind: leaked ..."), forty lines
    that would hide the result.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
