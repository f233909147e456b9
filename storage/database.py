"""The DuckDB file: open, version gate, migrate, checkpoint, close.

DuckDB is opened in memory and the file attached, because ROW_GROUP_SIZE and BLOCK_SIZE are options of ATTACH: with
8,192 rows a row group, a commit of whole groups bypasses the WAL and a checkpoint re-compresses little (docs/adr/0003).
"""

import logging
import os
import secrets
import shutil
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import duckdb

from contract.errors import Refused, Unavailable
from storage.engine_errors import open_failure
from storage.gate import Gate
from storage.memory_limit import MemoryLimit

logger = logging.getLogger(__name__)

CATALOG = "pond"
SCHEMA_FOLDER = Path(__file__).parent / "schema"
ROW_GROUP_ROWS = 8192
BLOCK_BYTES = 65_536
"""A transaction allocates a block or two a column, however few its rows: with 64 KiB instead of 256 KiB a commit of
256 rows in 67 columns takes 8 ms instead of 13."""
NEVER_BY_ITSELF = "1TB"
"""`wal_autocheckpoint`: the writer checkpoints itself, guarded by free space (a checkpoint that meets a full disk
invalidates the whole instance)."""
MAX_VACUUM_TASKS = 2
"""Pairs of half deleted row groups that one checkpoint merges, 0.2 s each. DuckDB's 100 keep it for 6 s where every
second row of 650,000 was deleted. Row groups that are deleted whole cost nothing and are free after any checkpoint."""

REUSABLE_SQL = f"SELECT free_blocks * block_size FROM pragma_database_size() WHERE database_name = '{CATALOG}'"

NEW_SUFFIX, COMPACT_SUFFIX, RECOVER_SUFFIX = ".new-", ".compact", ".recover"
"""Beginnings of what is behind the name of a file that is being made: empty, with the rows of the old one, with those
that can be read."""

SPILLED_SUFFIX = ".tmp"
"""Of the folder where DuckDB puts what a query does not hold in memory."""

CLOSING_S, CLOSING_STEP_S = 10.0, 0.01
"""How long statements that were interrupted may take to end, and how often that is looked at."""

SETTINGS = {
    "wal_autocheckpoint": NEVER_BY_ITSELF,
    "max_vacuum_tasks": MAX_VACUUM_TASKS,
    "enable_external_access": False,
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
    "allow_community_extensions": False,
    "enable_progress_bar": False,
}

End = Callable[[duckdb.DuckDBPyConnection], None]
"""Commits a transaction."""


class Database:
    """One file (or `:memory:`), open in one process. Connections are handed out inside `storage` only."""

    def __init__(self, path: str, *, memory_limit_bytes: int = 256_000_000, threads: int = 1) -> None:
        self.path = path
        self.limit = MemoryLimit(memory_limit_bytes)
        self._threads = self._threads_now = threads
        self._root: duckdb.DuckDBPyConnection | None = None
        self._leaving: duckdb.DuckDBPyConnection | None = None
        """The one before, where its connections have not ended yet."""
        self._cursors: weakref.WeakSet[duckdb.DuckDBPyConnection] = weakref.WeakSet()
        self._lock = threading.Lock()
        self.gate = Gate(self._work_with, closes=self.limit.is_little)

    @property
    def in_memory(self) -> bool:
        return self.path == ":memory:"

    def open(self) -> None:
        """The file is open and at the program's schema version. Raises `Refused` naming the cause and the cure, and
        `Unavailable` while somebody still asks what was open before."""
        if not self._has_left():
            raise Unavailable("questions to the file as it was open before have not ended", reason="closing")
        if not self.in_memory and not os.path.exists(self.path):
            make_file(os.path.realpath(self.path))
        root = duckdb.connect(":memory:")
        try:
            self._attach(root)
            migrate(root, self.path)
        except duckdb.Error as error:
            root.close()
            raise open_failure(self.path, error) from error
        except BaseException:
            root.close()
            raise
        self._root = root

    def _attach(self, root: duckdb.DuckDBPyConnection) -> None:
        run(root, f"SET memory_limit = '{self.limit.usual_bytes:d}B'")
        run(root, f"SET threads = {int(self._threads)}")
        self._threads_now = self._threads
        if not self.in_memory:
            run(root, f"SET temp_directory = {quoted(self.path + SPILLED_SUFFIX)}")
        run(root, f"ATTACH {quoted(self.path)} AS {CATALOG} ({self._attach_options()})")
        if not self.in_memory:
            remove_spilled(self.path + SPILLED_SUFFIX)  # by now no other process has the file open
        run(root, f"USE {CATALOG}")
        for name, value in SETTINGS.items():
            run(root, f"SET {name} = {quoted(value) if isinstance(value, str) else str(value).lower()}")

    def _attach_options(self) -> str:
        """A file keeps the block size it was made with, and DuckDB refuses to be told another one."""
        groups = f"ROW_GROUP_SIZE {ROW_GROUP_ROWS}"
        return groups if self.size_bytes() else f"{groups}, BLOCK_SIZE {BLOCK_BYTES}"

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own on the open file. Raises `Unavailable` while the file is closed."""
        with self._lock:
            if self._root is None:
                raise Unavailable("the database is closed", reason="closed")
            cursor = self._root.cursor()
            self._cursors.add(cursor)
        run(cursor, f"USE {CATALOG}")
        return cursor

    def _work_with(self, all_threads: bool) -> None:
        """All of DuckDB's threads or one, unless it cannot say so now. Takes 2 ms, while the gate is held."""
        threads = self._threads if all_threads else 1
        if threads != self._threads_now:
            with suppress(duckdb.Error, Unavailable), closing(self.cursor()) as cursor:
                run(cursor, f"SET threads = {threads:d}")
                self._threads_now = threads

    def checkpoint(self, *, vacuum: bool = True) -> None:
        """The WAL is in the file. Raises duckdb.Error when it cannot be. Without `vacuum` it needs less free space:
        half deleted row groups stay as they are."""
        cursor = self.cursor()
        try:
            run(cursor, f"SET max_vacuum_tasks = {MAX_VACUUM_TASKS if vacuum else 0}")
            self.limit.give_room(cursor)
            run(cursor, f"CHECKPOINT {CATALOG}")
        finally:
            self.limit.restore(cursor)
            cursor.close()

    def end(self, connection: duckdb.DuckDBPyConnection) -> None:
        """The transaction is committed; for that there is more memory, until `limit.restore`."""
        self.limit.give_room(connection)
        end(connection)

    def reusable_bytes(self) -> int:
        """Blocks of the file that nothing uses."""
        cursor = self.cursor()
        try:
            [(size,)] = cursor.execute(REUSABLE_SQL).fetchall()
        finally:
            cursor.close()
        return int(size)

    def close(self) -> None:
        """Every connection ends, running questions are interrupted; what was committed is in the file or its WAL.

        Where one does not end in time, that is logged, and `open` waits for it.
        """
        with self._lock:
            if self._root is not None:
                self._leaving, self._root = self._root, None
        if not self._has_left():
            logger.error("%s cannot be closed: questions that were interrupted have not ended", self.path)

    def _has_left(self) -> bool:
        """Whether nothing is open of what was. DuckDB closes nothing while one of the connections is in use, and does
        not open a file again of which one is left."""
        until = time.monotonic() + CLOSING_S
        while self._leaving is not None:
            try:
                self._leaving.close()
                self._leaving = None
            except duckdb.ResourceInUseException:
                if time.monotonic() >= until:
                    return False
                self._interrupt()
                time.sleep(CLOSING_STEP_S)
        return True

    def _interrupt(self) -> None:
        with self._lock:
            cursors = list(self._cursors)
        for cursor in cursors:
            with suppress(duckdb.Error):  # one that is closed
                cursor.interrupt()

    def size_bytes(self) -> int:
        return self._bytes_of(self.path)

    def wal_bytes(self) -> int:
        return self._bytes_of(self.path + ".wal")

    def _bytes_of(self, path: str) -> int:
        try:
            return 0 if self.in_memory else os.stat(path).st_size
        except FileNotFoundError:
            return 0

    def free_bytes(self) -> int:
        """Free space where the file lies."""
        if self.in_memory:
            return 1 << 62
        return shutil.disk_usage(os.path.dirname(os.path.abspath(self.path))).free

    def schema_version(self) -> int:
        return newest_version()


def make_file(path: str) -> None:
    """An empty database stands at `path`, at once or not at all. A file that came to be there meanwhile stays.

    DuckDB writes one in three pieces, and refuses for ever what a process that died in between has left.
    """
    part = f"{path}{NEW_SUFFIX}{secrets.token_hex(8)}"
    root = duckdb.connect(":memory:")
    try:
        with suppress(duckdb.Error, OSError):  # what is wrong is told when DuckDB makes the file itself
            run(root, f"ATTACH {quoted(part)} AS made (ROW_GROUP_SIZE {ROW_GROUP_ROWS}, BLOCK_SIZE {BLOCK_BYTES})")
            run(root, "DETACH made")
            os.link(part, path)  # unlike renaming, it replaces nothing
            sync_folder(path)
    finally:
        root.close()
        with suppress(OSError):
            os.unlink(part)


def sync_folder(path: str) -> None:
    """A new file's name is on disk only when its folder is."""
    fd = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def run(connection: duckdb.DuckDBPyConnection, statement: str) -> list[tuple[object, ...]]:
    """Drive a statement to its end: results stream in DuckDB 2.0, an undriven one has not happened."""
    return connection.execute(statement).fetchall()


def remove_spilled(folder: str) -> None:
    """What the queries of a killed process left there is gone; files that are not DuckDB's stay, and so does the folder
    then."""
    with suppress(OSError):
        for entry in os.scandir(folder):
            if entry.name.startswith("duckdb_temp_"):
                os.unlink(entry.path)
        os.rmdir(folder)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def migrations() -> list[tuple[int, str]]:
    """(version, SQL) of every file in schema/, in order."""
    files = sorted(SCHEMA_FOLDER.glob("[0-9]*.sql"))
    return [(int(file.name.split("_")[0]), file.read_text()) for file in files]


def newest_version() -> int:
    return max(version for version, _ in migrations())


def stored_version(root: duckdb.DuckDBPyConnection) -> int:
    names = run(root, "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()")
    tables = {row[0] for row in names}
    if "schema_migration" not in tables:
        if tables:
            raise Refused("it holds other tables and is no tracepond database", reason="database")
        return 0
    version = run(root, "SELECT max(version) FROM schema_migration")[0][0]
    return int(str(version or 0))


def migrate(root: duckdb.DuckDBPyConnection, path: str) -> None:
    """Bring the file to the newest schema, each step in its own transaction; a newer file is refused untouched."""
    try:
        version = stored_version(root)
    except Refused as error:
        raise Refused(f"{path}: {error}. Name another file with --db.", reason="database") from error
    if version > newest_version():
        raise Refused(
            f"{path} was written by a newer tracepond (schema {version}, this program knows {newest_version()}). "
            "Start the newer program, or name another file with --db.",
            reason="database",
        )
    for number, sql in migrations():
        if number > version:
            apply_migration(root, number, sql)
    if 0 < version < newest_version():
        logger.info("%s was of schema %d and is of %d now", path, version, newest_version())


def apply_migration(root: duckdb.DuckDBPyConnection, number: int, sql: str) -> None:
    run(root, "BEGIN")
    try:
        run(root, "CREATE TABLE IF NOT EXISTS schema_migration (version INTEGER, applied_time TIMESTAMP)")
        for statement in duckdb.extract_statements(sql):
            root.execute(statement).fetchall()
        run(root, f"INSERT INTO schema_migration VALUES ({number}, now()::TIMESTAMP)")
        run(root, "COMMIT")
    except BaseException:
        run(root, "ROLLBACK")
        raise
    logger.debug("schema %d applied", number)


def begin(connection: duckdb.DuckDBPyConnection, statement: str = "BEGIN") -> None:
    """A transaction is open, also where the one before could not be ended for want of memory: DuckDB then refuses all
    but a ROLLBACK, which had failed."""
    try:
        run(connection, statement)
    except duckdb.TransactionException:
        run(connection, "ROLLBACK")
        run(connection, statement)


def end(connection: duckdb.DuckDBPyConnection) -> None:
    """The transaction is committed."""
    run(connection, "COMMIT")


def roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    """End the transaction, where that is possible now; DuckDB may have ended it itself (a failed COMMIT does)."""
    try:
        connection.execute("ROLLBACK").fetchall()
    except duckdb.Error:
        return
