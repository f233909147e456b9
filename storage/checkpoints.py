"""When the write-ahead log can go into the file: only where the disk has room, else the engine is lost.

A checkpoint that meets a full disk invalidates the instance (DuckDB 2.0; nothing that was committed is lost, but the
file has to be opened again). Measured: it writes less than the log is long, and what merging half deleted row groups
takes (20 MB for 8,192 rows of 3 kB), which can be left out. Blocks of the file that are free are used first.
"""

import logging

import duckdb

from contract.errors import Unavailable
from storage.database import Database
from storage.failures import first_line, is_lost

logger = logging.getLogger(__name__)

SPARE_BYTES = 8 << 20
"""Blocks that get only partly full: one a column and table."""
VACUUM_BYTES = 256 << 20
"""Free space beside twice the log from which row groups are merged too."""


class Checkpoints:
    """Used by the thread that writes; `held` and `waits` may be read in any."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.held = False
        """A copy of the file is being made."""
        self.waits: str | None = None
        """Why the log stays beside the file although it should go into it; null when nothing speaks against it."""
        self._put_off_at: int | None = None
        """How long the log was when a checkpoint was first put off, or last told of."""

    def due(self, wal_bytes: int) -> bool:
        """Whether the log is that long, and nobody needs the file as it is."""
        return self._database.wal_bytes() >= wal_bytes and not self.held

    def run(self) -> bool:
        """The log is in the file; false when that cannot be now. Raises duckdb.Error: the engine is lost."""
        self.held = False
        wal, free = self._database.wal_bytes(), self._database.free_bytes()
        comfortable = free >= 2 * wal + VACUUM_BYTES
        try:
            if not comfortable and free + self._database.reusable_bytes() < wal + SPARE_BYTES:
                self._wait(wal, free)
                return False
            self._database.checkpoint(vacuum=comfortable)
        except (duckdb.Error, Unavailable) as error:
            if is_lost(error):
                raise
            if isinstance(error, duckdb.TransactionException):
                self._put_off(wal, error)
                return False
            logger.warning("checkpoint failed: %s", first_line(error))
            return False
        self.waits, self._put_off_at = None, None
        return True

    def _put_off(self, wal: int, error: duckdb.Error) -> None:
        """A reader that began before stored rows were last updated has not ended. Normal; worth a word only where it
        goes on until the log is twice as long."""
        if self._put_off_at is None:
            self._put_off_at = wal
        elif wal >= 2 * self._put_off_at:
            self._put_off_at = wal
            logger.warning("checkpoint put off since the log had half of its %d MiB: %s", wal >> 20, first_line(error))

    def _wait(self, wal: int, free: int) -> None:
        if self.waits is None:
            logger.warning("no checkpoint: the write-ahead log has %d MiB and the disk %d", wal >> 20, free >> 20)
        self.waits = (
            f"the write-ahead log ({wal >> 20} MiB) cannot go into the file: "
            f"it needs {(wal + SPARE_BYTES) >> 20} MiB of free space, there are {free >> 20}"
        )
