"""`tracepond reprice`: calculated costs made anew with today's prices, while no server runs on the file."""

from service.config import Config
from service.offline import opened
from storage.reprice import Repriced, reprice
from translator.prices.book import PriceBook


def run(config: Config, *, from_ns: int | None, to_ns: int | None, everything: bool) -> Repriced:
    """See `storage.reprice.reprice`. Raises `Refused` when the file is not there or another process has it."""
    book = PriceBook(config.prices)
    with opened(config, book) as database:
        return reprice(database, book.priced, from_ns=from_ns, to_ns=to_ns, everything=everything)


def report(done: Repriced) -> str:
    """One line for a person."""
    calls = "call" if done.looked_at == 1 else "calls"
    return f"{done.looked_at} {calls} looked at: {done.changed} with a new cost, {done.without} without a known price"
