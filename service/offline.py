"""The database file for commands that work on it while no server does."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from contract.errors import Refused
from service import resources
from service.config import Config
from storage.database import Database
from storage.writer import Writer
from translator.merge import merge_copies
from translator.prices.book import PriceBook
from translator.scores import merge_scores
from translator.settle import settle
from translator.translate import Translator
from translator.twins import match


def memory_limit(config: Config) -> str:
    """As DuckDB reads it."""
    return f"{config.storage.memory_limit_bytes or resources.memory_limit_bytes()}B"


@contextmanager
def opened(config: Config, book: PriceBook | None = None) -> Iterator[Database]:
    """The file, open, with all that a killed server had acknowledged in its tables; closed well in the end.

    Raises `Refused` when it is not there or another process has it, `Unavailable` when the tables cannot take it all.
    """
    path = config.storage.path
    if not os.path.isfile(path):
        raise Refused(f"{path} is no file; name the database with --db", reason="database")
    database = Database(path, memory_limit=memory_limit(config), threads=config.storage.threads)
    database.open()
    try:
        asyncio.run(bring_in(database, book or PriceBook(config.prices)))
        yield database
        database.checkpoint()
    finally:
        database.close()


async def bring_in(database: Database, book: PriceBook) -> None:
    """What a killed server had acknowledged is in the tables. Raises `Unavailable` when it cannot be brought there."""
    merge = partial(merge_copies, price=book.priced, translate=Translator(book).row)
    writer = Writer(database, partial(settle, price=book.priced), merge, match, merge_scores)
    await asyncio.to_thread(writer.start)
    await writer.stop()
