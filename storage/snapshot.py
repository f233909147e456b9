"""A consistent copy of the file while others write to it: a checkpoint, then a plain copy (docs/adr/0010).

What a checkpoint has written is not written again before the next one: rows that come meanwhile go to the log and to
free blocks. So only checkpoints have to wait for the copy, neither senders nor readers do.
"""

import asyncio
import os
import secrets
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import duckdb

from contract.errors import Overloaded, Refused, Unavailable
from storage.database import (
    COMPACT_SUFFIX,
    NEW_SUFFIX,
    RECOVER_SUFFIX,
    Database,
    remove_spilled,
    run,
    sync_folder,
)
from storage.writer import Writer

PIECE_BYTES = 4 << 20
SPARE_BYTES = 64 << 20
"""Space that a copy leaves to the log, which grows while it is made."""
COPY_MEMORY_BYTES = 64_000_000
SUFFIX = ".snapshot-"

NEW_IDENTITY_SQL = "UPDATE store SET id = uuid()::VARCHAR"
"""A copy is a database of its own: the journal of the one it was copied from is none of its business."""


class Snapshots:
    """Makes one copy at a time, beside the file."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer
        self._busy = False
        self._source: int | None = None

    def close(self) -> None:
        """To be called when the database is closed."""
        if self._source is not None:
            os.close(self._source)
            self._source = None

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Path]:
        """See `contract.upkeep.Upkeep.snapshot`."""
        if self._database.in_memory:
            raise Refused("a database in memory has no file that could be copied", reason="in_memory")
        if self._busy:
            raise Overloaded("a snapshot is being taken", reason="snapshot", retry_after_s=10)
        self._busy = True
        path = f"{self._database.path}{SUFFIX}{secrets.token_hex(8)}"
        try:
            await self._take(path)
            yield Path(path)
        finally:
            self._busy = False
            remove(path)

    async def _take(self, path: str) -> None:
        needed = self._database.size_bytes() + self._database.wal_bytes() + SPARE_BYTES
        if self._database.free_bytes() < needed:
            raise Unavailable(f"a copy needs {needed >> 20} MiB of free space", reason="disk", retry_after_s=60)
        if self._source is None:
            self._source = open_source(self._database.path)
        await self._writer.checkpoint(hold=True)
        stop = threading.Event()
        try:
            await asyncio.to_thread(copy, self._source, path, stop)
        except OSError as error:
            raise Unavailable(f"the copy cannot be written: {error.strerror}", reason="disk") from error
        finally:
            stop.set()
            held = self._writer.release_checkpoints()
        if not held:
            raise Unavailable("the store was opened again while it was copied", reason="store", retry_after_s=5)
        try:
            await asyncio.to_thread(make_its_own, path)
        except duckdb.Error as error:
            raise Unavailable("the copy cannot be finished (disk full?)", reason="disk") from error


def open_source(path: str) -> int:
    """A descriptor to copy from; to be closed after the database.

    A process that closes any descriptor of a file gives up its locks on it (fcntl(2)), those of DuckDB too: another
    process could open the database beside this one.
    """
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def copy(source: int, target: str, stop: threading.Event | None = None) -> None:
    """The bytes of `source` are on disk in `target`, which must not exist. Ends early when told to stop."""
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as write:
        while (piece := os.pread(source, PIECE_BYTES, write.tell())) and not (stop is not None and stop.is_set()):
            write.write(piece)
        write.flush()
        os.fsync(write.fileno())


def make_its_own(path: str) -> None:
    """The copy was opened, which proves it whole, and has an identity of its own. Raises `Refused` or duckdb.Error."""
    database = Database(path, memory_limit_bytes=COPY_MEMORY_BYTES)
    database.open()
    try:
        cursor = database.cursor()
        run(cursor, NEW_IDENTITY_SQL)
        cursor.close()
        database.checkpoint()
    finally:
        database.close()


def publish(part: str, target: str) -> None:
    """The finished file has its name, also after a power cut. Raises `Refused` rather than replace anything."""
    if os.path.exists(target):
        raise Refused(f"{target} exists; nothing is replaced", reason="exists")
    os.rename(part, target)
    sync_folder(target)


def remove(path: str) -> None:
    """Without a trace, whatever became of it."""
    for name in (path, f"{path}.wal"):
        with suppress(FileNotFoundError):
            os.unlink(name)


def remove_leftovers(database_path: str) -> None:
    """What killed processes were making beside the file is gone: copies, and new, compact and recovered files.

    To be called when the file is open: nobody else makes any then.
    """
    folder, name = os.path.split(os.path.abspath(database_path))
    beginnings = tuple(name + suffix for suffix in (SUFFIX, NEW_SUFFIX, COMPACT_SUFFIX, RECOVER_SUFFIX))
    for entry in os.scandir(folder):
        if entry.name.startswith(beginnings):
            (remove_spilled if entry.is_dir() else remove)(entry.path)
