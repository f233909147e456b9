"""One life of a store with its writer."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from storage.database import Database
from storage.writer import Writer
from translator.merge import merge_copies
from translator.settle import settle


def run(path: Path, work: Callable[[Writer, Database], Awaitable[Any]], **options: Any) -> Any:
    """Open, start, work, stop, close: one life of the store."""

    async def life() -> Any:
        database = Database(str(path))
        database.open()
        writer = Writer(database, options.pop("settle", settle), merge_copies, **options)
        writer.start()
        try:
            return await work(writer, database)
        finally:
            await writer.stop()
            database.close()

    return asyncio.run(life())


async def rows_of(
    writer: Writer, database: Database, columns: str = "span_id", table: str = "span"
) -> list[tuple[Any, ...]]:
    await writer.visible()
    cursor = database.cursor()
    try:
        return cursor.execute(f"SELECT {columns} FROM {table} ORDER BY ALL").fetchall()
    finally:
        cursor.close()
