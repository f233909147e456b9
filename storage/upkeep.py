"""All that looks after the file: deletes that somebody asked for, retention, copies."""

import asyncio
import time
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from contract.stats import Sample
from contract.upkeep import Erased
from storage import trace_rows
from storage.background import Background
from storage.database import Database
from storage.erasure import Eraser
from storage.hour_sums import HourSums
from storage.leftovers import Leftovers
from storage.retention import Policy, Retention, sweep_and_tell
from storage.scores import deletion
from storage.snapshot import Snapshots, remove_leftovers
from storage.text_index import TextIndex
from storage.writer import Writer

EVERY_S = 60.0
"""Between two sweeps. One that finds nothing to delete takes 40 ms of CPU at a million rows."""


class FileUpkeep:
    """`contract.upkeep.Upkeep` on an open database."""

    def __init__(
        self, database: Database, writer: Writer, policy: Policy, now_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._database = database
        self._writer = writer
        self._eraser = Eraser(database, writer)
        self._leftovers = Leftovers(database, writer)
        self._snapshots = Snapshots(database, writer)
        self._policy = policy
        self.text_index = TextIndex(database, writer)
        self.hour_sums = HourSums(writer)
        self.trace_rows = Background(writer, trace_rows.make, "where traces lie was not written down")
        self.retention = Retention(database, writer, self._eraser, self._leftovers, policy, now_ns)

    @property
    def path(self) -> str:
        """See `contract.upkeep.Upkeep`."""
        return self._database.path

    async def run(self) -> None:
        """Keep the file within its limits, and free of what nothing refers to, until cancelled."""
        if not self._database.in_memory:
            await asyncio.to_thread(remove_leftovers, self._database.path)
        while True:
            if self._policy:
                await sweep_and_tell(self.retention)
            await self._leftovers.sweep_now_and_then()
            await asyncio.sleep(EVERY_S)

    async def delete_traces(self, project: str, trace_ids: Collection[str], *, dry_run: bool = False) -> Erased:
        """See `contract.upkeep.Upkeep`."""
        erased = await self._eraser.delete(project, trace_ids, dry_run=dry_run)
        if erased.rows and not dry_run:
            self.retention.deleted["request"] += erased.rows
            self._leftovers.due = True
        return erased

    async def delete_scores(self, project: str, score_ids: Collection[str]) -> int:
        """See `contract.upkeep.Upkeep`."""
        deleted = await self._writer.call(deletion(project, score_ids), ())
        self.retention.deleted["request"] += deleted
        return deleted

    def snapshot(self) -> AbstractAsyncContextManager[Path]:
        """See `contract.upkeep.Upkeep`."""
        return self._snapshots.snapshot()

    def close(self) -> None:
        """To be called when the database is closed."""
        self._snapshots.close()

    def stats(self) -> list[Sample]:
        return self.retention.stats()
