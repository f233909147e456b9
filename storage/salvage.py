"""What can be read of a damaged file, in a new one in its place; the old one is kept whole beside it.

What DuckDB checks is what can be repaired (DuckDB 2.0): a checksum for each of the three headers, each block and each
entry of the write-ahead log. A header is made anew, the log ends before its first bad entry, rows whose blocks cannot
be read are left out. All of it is done on a copy.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import duckdb

from contract.errors import Refused
from storage.compact import make_empty
from storage.database import (
    RECOVER_SUFFIX,
    ROW_GROUP_ROWS,
    SPILLED_SUFFIX,
    Database,
    make_file,
    quoted,
    remove_spilled,
    run,
    sync_folder,
)
from storage.engine_errors import CURE, is_damage
from storage.exclusive import exclusively
from storage.journal import identity_beside
from storage.snapshot import copy, remove

COPY_SUFFIX, NEW_SUFFIX = RECOVER_SUFFIX, f"{RECOVER_SUFFIX}-new"
VECTOR_ROWS = 2048
"""Rows that DuckDB unpacks at a time: what is lost with a bad block comes in such pieces."""
HEADER_BYTES = 4096
HEADERS = {0: None, HEADER_BYTES: 2 * HEADER_BYTES, 2 * HEADER_BYTES: HEADER_BYTES}
"""Place of a header -> place of the one that stands for it; null: that of a new file."""
BAD_HEADER = re.compile(r"in block at location (\d+)\b")
BAD_ENTRY = re.compile(r"entry at byte position (\d+)")
MADE_AGAIN = ("text_words", "trace_rows", "traced")
"""Tables that the server makes from the others, in idle moments; half of an index would hide what it does not know."""
NAMES = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'old' ORDER BY table_name"
READ_ALL = 'SELECT bit_xor(hash(t)) FROM old."{table}" t'
IN_RANGE = "rowid BETWEEN {first:d} AND {last:d}"


@dataclass(slots=True)
class Salvaged:
    """What became of a file."""

    kept: list[str] = field(default_factory=list)
    """The names that the old files have now; none: nothing was wrong, nothing was changed."""
    rows: dict[str, int] = field(default_factory=dict)
    """Table -> rows that are in the new file."""
    lost: dict[str, int] = field(default_factory=dict)
    """Table -> rows that cannot be read, where there are any."""
    headers: int = 0
    """Headers that were made anew."""
    cut_bytes: int = 0
    """End of the write-ahead log that cannot be read."""

    @property
    def damaged(self) -> bool:
        return bool(self.lost or self.headers or self.cut_bytes)


def salvage(path: str, *, memory_limit_bytes: int = 256_000_000, threads: int = 1) -> Salvaged:
    """A database that can be read stands at `path`, with all that could be read of the one before.

    Raises `Refused` when another process has the file, when there is no room for the copies, or where it is no
    database; the file is then as it was.
    """
    path = os.path.realpath(path)
    made = Salvaged()
    names = (path + COPY_SUFFIX, path + NEW_SUFFIX)
    try:
        with exclusively(path), locked(path) as source, without(names):
            readable = opens(source, path, made, memory_limit_bytes)
            new = rescued(path, made, readable, memory_limit_bytes, threads)
            if made.damaged:
                adopt(new, identity_beside(path))
                swap(path, new, made)
    except (duckdb.Error, OSError) as error:
        raise Refused(f"{path} is as it was: {error}", reason="database") from error
    return made


@contextmanager
def without(names: Iterable[str]) -> Iterator[None]:
    """Nothing of these files and what DuckDB makes beside them is there before and after. To be asked by who has the
    database: another process that has it may be using them."""
    try:
        for name in names:
            remove(name)
        yield
    finally:
        for name in names:
            remove(name)
            remove_spilled(name + SPILLED_SUFFIX)


@contextmanager
def locked(path: str) -> Iterator[int]:
    """The file, which no other process can open as a database meanwhile. Raises `Refused` where one has it."""
    with open(path, "rb+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the lock that DuckDB takes
        except OSError as error:
            raise Refused(f"{path} is in use by another process; stop it first", reason="database") from error
        yield file.fileno()


def opens(source: int, path: str, made: Salvaged, memory_limit_bytes: int) -> bool:
    """The copy can be opened, after as many repairs as it takes, and has no log. False when nothing of it can be."""
    part = path + COPY_SUFFIX
    copy(source, part)
    if os.path.exists(f"{path}.wal"):
        with open(f"{path}.wal", "rb") as log:
            copy(log.fileno(), f"{part}.wal")
    while True:
        database = Database(part, memory_limit_bytes=memory_limit_bytes)
        try:
            database.open()
            database.checkpoint()
            database.close()
            return True
        except Refused as error:
            if cut_log(part, str(error), made) or renew_header(part, str(error), made):
                continue
            if identity_beside(path) is None:
                why = str(error).replace(part, path).removesuffix(f" {CURE}").removesuffix(".")
                raise Refused(f"nothing can be read: {why}. It is as it was.", reason="database") from error
            made.headers = len(HEADERS)
            return False


def cut_log(part: str, why: str, made: Salvaged) -> bool:
    """The log ends before the entry that cannot be read, or is gone where that is not said; false when there is none,
    or it is not what is wrong."""
    log = Path(f"{part}.wal")
    if not log.exists() or f"{log} is damaged" not in why:
        return False
    size, bad = log.stat().st_size, BAD_ENTRY.search(why)
    end = int(bad[1]) if bad else 0
    made.cut_bytes += size - end
    if 0 < end < size:
        os.truncate(log, end)
    else:
        log.unlink()
    return True


def renew_header(part: str, why: str, made: Salvaged) -> bool:
    """The header that is said to be bad is one that can be read; false when it is none, or all were renewed before."""
    bad = BAD_HEADER.search(why)
    place = int(bad[1]) if bad else 0 if "not a DuckDB file" in why else -1
    if place not in HEADERS or made.headers >= len(HEADERS):
        return False
    made.headers += 1
    with open(part, "rb+") as file:
        other = HEADERS[place]
        if other is None:
            header = header_of_a_new_file(part)
        else:
            file.seek(other)
            header = file.read(HEADER_BYTES)
        file.seek(place)
        file.write(header)
    return True


def header_of_a_new_file(part: str) -> bytes:
    name = f"{part}-header"
    make_file(name)
    try:
        return Path(name).read_bytes()[:HEADER_BYTES]
    finally:
        remove(name)


def rescued(path: str, made: Salvaged, readable: bool, memory_limit_bytes: int, threads: int) -> str:
    """The name of a closed file that holds every row that can be read: the copy itself, where those are all."""
    part, new = path + COPY_SUFFIX, path + NEW_SUFFIX
    make_empty(new)
    root = duckdb.connect(":memory:")
    try:
        for name, value in (("memory_limit", f"{memory_limit_bytes:d}B"), ("temp_directory", new + SPILLED_SUFFIX)):
            run(root, f"SET {name} = {quoted(value)}")
        run(root, f"SET threads = {threads:d}")
        run(root, f"ATTACH {quoted(new)} AS new (ROW_GROUP_SIZE {ROW_GROUP_ROWS})")
        if readable:
            run(root, f"ATTACH {quoted(part)} AS old (READ_ONLY)")
            tables = [str(name) for (name,) in run(root, NAMES)]
            readable_tables = [table for table in tables if whole(root, table, made)]
            if readable_tables == tables:
                return part
            for table in tables:
                move_rows(root, table, made)
        run(root, "CHECKPOINT new")
    finally:
        root.close()
    return new


def adopt(new: str, identity: str | None) -> None:
    """A file that knows of no request keeps the journal of the one before, which is brought in at the start."""
    database = Database(new)
    database.open()
    if identity is not None:
        run(database.cursor(), f"UPDATE store SET id = {quoted(identity)} WHERE flushed_seq = 0")
    database.checkpoint()
    database.close()


def whole(root: duckdb.DuckDBPyConnection, table: str, made: Salvaged) -> bool:
    """Whether every value of the table can be read."""
    [(rows,)] = run(root, f'SELECT count(*) FROM old."{table}"')
    made.rows[table], made.lost[table] = int(str(rows)), 0
    try:
        run(root, READ_ALL.format(table=table))
    except duckdb.Error as error:
        if not is_damage(str(error)):
            raise
        return False
    del made.lost[table]
    return True


def move_rows(root: duckdb.DuckDBPyConnection, table: str, made: Salvaged) -> None:
    """What can be read of the table is in the new file, in its order; `made` says how many rows are and are not."""
    if table in MADE_AGAIN:
        made.rows[table] = 0
        made.lost.pop(table, None)
        return
    [(last,)] = run(root, f'SELECT coalesce(max(rowid), -1) FROM old."{table}"')
    run(root, f'DELETE FROM new."{table}"')
    for first in range(0, int(str(last)) + 1, ROW_GROUP_ROWS):
        if not moved(root, table, first, first + ROW_GROUP_ROWS - 1):
            for part in range(first, first + ROW_GROUP_ROWS, VECTOR_ROWS):
                moved(root, table, part, part + VECTOR_ROWS - 1)
    [(rows,)] = run(root, f'SELECT count(*) FROM new."{table}"')
    made.lost[table] = made.rows[table] - int(str(rows))
    made.rows[table] = int(str(rows))
    if not made.lost[table]:
        del made.lost[table]


def moved(root: duckdb.DuckDBPyConnection, table: str, first: int, last: int) -> bool:
    """The rows of the range are in the new file; false where they cannot all be read, then none of them is."""
    try:
        rows = f'SELECT * FROM old."{table}" WHERE {IN_RANGE.format(first=first, last=last)}'
        run(root, f'INSERT INTO new."{table}" BY NAME {rows}')
    except duckdb.Error as error:
        if not is_damage(str(error)):
            raise
        return False
    return True


def swap(path: str, new: str, made: Salvaged) -> None:
    """The new file has the name of the old one, which has another name that nothing else has."""
    names = (f"{path}.damaged{number}" for number in count(1))
    kept = next(name for name in names if not os.path.lexists(name))
    with open(new, "rb") as file:
        os.fsync(file.fileno())
    shutil.copymode(path, new)
    for old, name in ((f"{path}.wal", f"{kept}.wal"), (path, kept)):
        if os.path.exists(old):
            keep(old, name)
            made.kept.append(name)
    os.replace(new, path)
    with suppress(FileNotFoundError):
        os.unlink(f"{path}.wal")
    sync_folder(path)


def keep(old: str, name: str) -> None:
    """The file has another name. It loses the old one only where a file system knows no second one: a command that is
    stopped in between leaves no database without its log."""
    try:
        os.link(old, name)
    except OSError:
        os.rename(old, name)
