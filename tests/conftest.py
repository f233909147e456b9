"""What holds for the whole run."""

import atexit
import os


def be_silent() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


atexit.register(be_silent)
"""DuckDB's bindings list on stderr what is alive when the interpreter ends ("nanobind: leaked ..."): forty lines that
would hide the report's last one. By then everything else has been printed."""
