"""Which hours' sums (storage/hour_sums.py) are not true any more: named by the transaction that changes their rows."""

from collections.abc import Iterable, Sequence

import duckdb

from storage.database import run

HOUR_NS = 3_600_000_000_000
HOUR_SQL = f"CASE WHEN isfinite(start_time) THEN epoch_ns(start_time) // {HOUR_NS} END"
"""In which hour since 1970 a row of `span` began; null for a time that is none."""

CHANGED_AT_MOST = 4096
"""With more hours changed everything is added up anew."""

STATE_SQL = "SELECT last_seq, changed_hours FROM summed"
CHANGED_SQL = "UPDATE summed SET changed_hours = ?"
RESET_SQL = ("DELETE FROM hour_sum", "UPDATE summed SET last_seq = 0, changed_hours = []")


def changed(connection: duckdb.DuckDBPyConnection, hours: Iterable[tuple[int | None]]) -> None:
    """Rows of these hours (of `RETURNING HOUR_SQL`) have changed or are gone; part of the transaction that did it."""
    found = {hour for (hour,) in hours if hour is not None}
    if not found:
        return
    last, known = state(connection)
    new = found.difference(known)
    if last and len(known) + len(new) > CHANGED_AT_MOST:
        reset(connection)
    elif last and new:
        say(connection, [*known, *sorted(new)])


def state(connection: duckdb.DuckDBPyConnection) -> tuple[int, list[int]]:
    """Up to which `commit_seq` rows are added up (0: none), and the hours of which that is not true any more."""
    [(last, hours)] = connection.execute(STATE_SQL).fetchall()
    return last, hours


def say(connection: duckdb.DuckDBPyConnection, hours: Sequence[int]) -> None:
    """These are the changed hours now."""
    connection.execute(CHANGED_SQL, [hours]).fetchall()


def reset(connection: duckdb.DuckDBPyConnection) -> None:
    """Nothing is added up; part of a transaction that is open."""
    for statement in RESET_SQL:
        run(connection, statement)
