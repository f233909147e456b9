"""What DuckDB's errors say, by their classes and words (DuckDB 2.0)."""

import os
import re

import duckdb

from contract.errors import Refused

IN_MEMORY = "Corrupted in-memory"
"""In the words of a checkpoint after a COMMIT that failed for want of memory: the file itself is whole."""

ENDED = (duckdb.ConnectionException, duckdb.FatalException, duckdb.InterruptException, duckdb.ResourceInUseException)
NO_ROWS = "No open result set"
"""What a question meets whose connection another thread closes: before or within a statement, or (the words) between
that and its rows (DuckDB 2.0)."""

LOCKED = "Could not set lock"
"""DuckDB's words."""

CURE = (
    "Put back a copy, or let `tracepond recover` make a new file of what can be read; it keeps the old one "
    "(docs/reliability.md)"
)


IN_USE = "in_use"
"""Reason of the refusal of a file that another process has open."""


def open_failure(path: str, error: Exception) -> Refused:
    """With cause and cure in a sentence."""
    reason = IN_USE if LOCKED in str(error) else "database"
    return Refused(explain_open_failure(path, str(error)), reason=reason)


def in_use(path: str, holder: str) -> str:
    """`holder`: the process that has it, where that is known."""
    by = f" by process {holder}" if holder else ""
    return f"{path} is in use{by}: one process may open it. Stop the other one, or name another file with --db."


def explain_open_failure(path: str, message: str) -> str:
    """One sentence with cause and cure out of DuckDB's own message."""
    if LOCKED in message:
        holder = re.search(r"\(PID (\d+)\)", message)
        return in_use(path, holder.group(1) if holder else "")
    if "not a valid DuckDB" in message:
        if os.path.isfile(path) and not os.path.getsize(path):
            return f"{path} is empty, and no database: delete it, so that a new one is made, or put back a copy."
        return f"{path} is not a DuckDB file. Name another file with --db."
    if os.path.isdir(path):
        return f"{path} is a folder. Name a file with --db."
    cause = message.splitlines()[0]
    if "WAL" in message:
        return f"{path}.wal is damaged and was left as it is: {cause}. {CURE}"
    if is_damage(message):
        return f"{path} is damaged and was left as it is: {cause}. {CURE}"
    if "No such file or directory" in message or "Cannot open file" in message:
        return f"{path} cannot be opened: {cause}. Does its folder exist, and may this user write there?"
    return f"{path} cannot be opened: {cause}"


def is_damage(message: str) -> bool:
    """Whether DuckDB says that bytes of a file are not those that it wrote (words of DuckDB 2.0)."""
    return ("Corrupt" in message and IN_MEMORY not in message) or "Could not read enough bytes" in message


def has_ended(error: BaseException) -> bool:
    """Whether a question met that its connection is or was closed, or the engine lost."""
    without_rows = isinstance(error, duckdb.InvalidInputException) and NO_ROWS in str(error)
    return isinstance(error, ENDED) or without_rows
