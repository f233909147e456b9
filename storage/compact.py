"""The rows of a file in a new one without its free blocks, put in the old one's place at once, or not at all.

The old file stays locked for other processes until the new one has its name: a server that starts in between would
write to a file that nobody sees any more.
"""

import os
import shutil
from dataclasses import dataclass

import duckdb

from contract.errors import Refused
from storage.database import COMPACT_SUFFIX, ROW_GROUP_ROWS, Database, quoted, run, sync_folder
from storage.engine_errors import open_failure
from storage.exclusive import exclusively
from storage.journal import journal_paths
from storage.snapshot import remove


@dataclass(frozen=True, slots=True)
class Compacted:
    """Sizes of the file."""

    before_bytes: int
    after_bytes: int


def compact(path: str, *, memory_limit_bytes: int = 256_000_000, threads: int = 1) -> Compacted:
    """The file at `path` holds what it held. Raises `Refused` with the old file in its place, untouched."""
    path = os.path.realpath(path)
    with exclusively(path):
        return compacted(path, memory_limit_bytes, threads)


def compacted(path: str, memory_limit_bytes: int, threads: int) -> Compacted:
    """As `compact`, of a file that no other process has."""
    check_closed_well(path)
    before, part = os.path.getsize(path), path + COMPACT_SUFFIX
    remove(part)
    try:
        make_empty(part)
        root = duckdb.connect(":memory:")
        try:
            attach(root, path, part, memory_limit_bytes, threads)
            copy_rows(root)
            run(root, "DETACH new")
            put_in_place(part, path)
        finally:
            root.close()
    except (duckdb.Error, OSError) as error:
        raise Refused(f"{path} is as it was: {error}", reason="database") from error
    finally:
        remove(part)
    return Compacted(before, os.path.getsize(path))


def check_closed_well(path: str) -> None:
    """Everything that belongs to the file is in the file."""
    for name in (f"{path}.wal", *journal_paths(path)):
        if os.path.exists(name):
            raise Refused(f"{name} holds what is not in the file yet", reason="database")


def make_empty(path: str) -> None:
    """A new file of the newest schema."""
    database = Database(path)
    database.open()
    database.checkpoint()
    database.close()


def attach(root: duckdb.DuckDBPyConnection, path: str, part: str, memory_limit_bytes: int, threads: int) -> None:
    run(root, f"SET memory_limit = '{memory_limit_bytes:d}B'")
    run(root, f"SET threads = {threads:d}")
    run(root, f"SET temp_directory = {quoted(part + '.tmp')}")
    try:
        run(root, f"ATTACH {quoted(path)} AS old (READ_ONLY)")
    except duckdb.Error as error:
        raise open_failure(path, error) from error
    run(root, f"ATTACH {quoted(part)} AS new (ROW_GROUP_SIZE {ROW_GROUP_ROWS})")


def copy_rows(root: duckdb.DuckDBPyConnection) -> None:
    """Every table of the old file, row for row in its order. Raises `Refused` when the numbers of rows differ."""
    for (table,) in run(root, "SELECT table_name FROM duckdb_tables() WHERE database_name = 'old'"):
        run(root, f'DELETE FROM new."{table}"')
        run(root, f'INSERT INTO new."{table}" BY NAME SELECT * FROM old."{table}"')
        [counts] = run(root, f'SELECT (SELECT count(*) FROM old."{table}"), (SELECT count(*) FROM new."{table}")')
        if counts[0] != counts[1]:
            raise Refused(f"{table}: {counts[1]} of {counts[0]} rows were copied", reason="database")
    run(root, "CHECKPOINT new")


def put_in_place(part: str, path: str) -> None:
    """The new file, synced, has the old one's name and mode."""
    if os.path.exists(f"{part}.wal"):
        raise Refused(f"{part}.wal is left", reason="database")
    shutil.copymode(path, part)
    with open(part, "rb") as file:
        os.fsync(file.fileno())
    os.replace(part, path)
    sync_folder(path)
