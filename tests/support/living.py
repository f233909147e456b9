"""A store that writes and looks after itself, for as long as a test's coroutine runs."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from contract.columns import EMPTY_METRIC, M, Row
from contract.translated import Translated
from storage.database import Database
from storage.retention import Policy
from storage.upkeep import FileUpkeep
from storage.writer import Writer
from tests.support.rows import START_NS
from translator.merge import merge_copies
from translator.scores import merge_scores
from translator.settle import settle
from translator.twins import match


class Living:
    """An open store: its writer, and what looks after it."""

    def __init__(self, path: Path | str, policy: Policy, now_ns: int) -> None:
        self.database = Database(str(path))
        self.database.open()
        self.writer = Writer(self.database, settle, merge_copies, match, merge_scores)
        self.writer.start()
        self.now_ns = now_ns
        self.upkeep = FileUpkeep(self.database, self.writer, policy, now_ns=lambda: self.now_ns)

    async def commit(self, *spans: Row, logs: tuple[Row, ...] = (), points: tuple[Row, ...] = ()) -> None:
        await self.writer.commit(Translated(list(spans), list(logs), list(points), size_bytes=100 * len(spans)))

    async def rows(self, columns: str = "span_id", table: str = "span") -> list[Any]:
        """What is stored, in order; single values where one column is asked for."""
        await self.writer.visible()
        cursor = self.database.cursor()
        try:
            found = cursor.execute(f"SELECT {columns} FROM {table} ORDER BY ALL").fetchall()
        finally:
            cursor.close()
        return [row[0] if len(row) == 1 else row for row in found]


def live(
    path: Path | str,
    work: Callable[[Living], Awaitable[Any]],
    policy: Policy | None = None,
    *,
    now_ns: int = START_NS,
) -> Any:
    """Open, start, work, stop, close."""

    async def life() -> Any:
        store = Living(path, policy or Policy(), now_ns)
        try:
            return await work(store)
        finally:
            await store.writer.stop()
            store.database.close()
            store.upkeep.close()

    return asyncio.run(life())


def point_row(digest: str, time_ns: int = START_NS, **columns: Any) -> Row:
    """A metric point, told from others by its digest."""
    row = list(EMPTY_METRIC)
    defaults = {
        "project": "default",
        "name": "m",
        "type": "gauge",
        "value": 1.0,
        "time": time_ns,
        "received_time": START_NS,
        "digest": digest,
    }
    for name, value in (defaults | columns).items():
        row[getattr(M, name)] = value
    return row
