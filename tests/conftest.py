"""What holds for the whole run."""

import atexit
import os

from hypothesis import HealthCheck, settings

settings.register_profile("any machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
"""No test fails because the machine is busy; the rest is as hypothesis chooses (derandomised where CI is set)."""


def be_silent() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


atexit.register(be_silent)
"""DuckDB's bindings list on stderr what is alive when the interpreter ends ("nanobind: leaked ..."): forty lines that
would hide the report's last one. By then everything else has been printed."""
