"""`tracepond reprice`: calculated costs made anew with today's prices, while no server runs on the file."""

import asyncio
import os
from functools import partial

from contract.errors import Refused
from service import resources
from service.config import Config
from storage.database import Database
from storage.reprice import Repriced, reprice
from storage.writer import Writer
from translator.merge import merge_copies
from translator.prices.book import PriceBook
from translator.settle import settle


def run(config: Config, *, from_ns: int | None, to_ns: int | None, everything: bool) -> Repriced:
    """See `storage.reprice.reprice`. Raises `Refused` when the file is not there or another process has it."""
    path = config.storage.path
    if not os.path.isfile(path):
        raise Refused(f"{path} is no file; name the database with --db", reason="database")
    memory = config.storage.memory_limit_bytes or resources.memory_limit_bytes()
    database = Database(path, memory_limit=f"{memory}B", threads=config.storage.threads)
    database.open()
    try:
        book = PriceBook(config.prices)
        asyncio.run(bring_in(database, book))
        done = reprice(database, book.priced, from_ns=from_ns, to_ns=to_ns, everything=everything)
        database.checkpoint()
        return done
    finally:
        database.close()


async def bring_in(database: Database, book: PriceBook) -> None:
    """What a killed server had acknowledged is in the tables. Raises `Unavailable` when it cannot be brought there."""
    writer = Writer(database, partial(settle, price=book.priced), partial(merge_copies, price=book.priced))
    await asyncio.to_thread(writer.start)
    await writer.stop()


def report(done: Repriced) -> str:
    """One line for a person."""
    calls = "call" if done.looked_at == 1 else "calls"
    return f"{done.looked_at} {calls} looked at: {done.changed} with a new cost, {done.without} without a known price"
