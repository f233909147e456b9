"""What holds for the whole run, and what many tests ask for."""

import atexit
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from storage.database import Database
from storage.reader import DuckReader
from tests.support.stored import opened

settings.register_profile("any machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
"""No test fails because the machine is busy; the rest is as hypothesis chooses (derandomised where CI is set)."""


def be_silent() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


atexit.register(be_silent)
"""DuckDB's bindings list on stderr what is alive when the interpreter ends ("nanobind: leaked ..."): forty lines that
would hide the report's last one. By then everything else has been printed."""


@pytest.fixture
def database() -> Iterator[Database]:
    """In memory and empty."""
    made = opened()
    yield made
    made.close()


@pytest.fixture
def reader(database: Database) -> Iterator[DuckReader]:
    made = DuckReader(database)
    yield made
    made.close()
