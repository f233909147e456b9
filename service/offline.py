"""The database file for commands that work on it while no server does."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager

from contract.errors import Refused, Unavailable
from service import store
from service.config import Config
from storage.database import Database
from storage.exclusive import exclusively
from translator.prices.book import PriceBook


@contextmanager
def opened(config: Config, book: PriceBook | None = None) -> Iterator[Database]:
    """The file, open, with all that a killed server had acknowledged in its tables; closed well in the end.

    Raises `Refused` when it is not there or another process has it, `Unavailable` when the tables cannot take it all.
    """
    path = config.storage.path
    if not os.path.isfile(path):
        raise Refused(f"{path} is no file; name the database with --db", reason="database")
    with exclusively(path):
        database = store.database(config, path)
        database.open()
        try:
            try:
                asyncio.run(bring_in(database, config, book or PriceBook(config.prices)))
            except Unavailable as error:
                raise Unavailable(f"{path}: {error}", reason=error.reason) from error
            yield database
            database.checkpoint()
        finally:
            database.close()


async def bring_in(database: Database, config: Config, book: PriceBook) -> None:
    """What a killed server had acknowledged is in the tables. Raises `Unavailable` when it cannot be brought there."""
    writer = store.writer(config, database, book)
    await asyncio.to_thread(writer.start)
    await writer.stop()
