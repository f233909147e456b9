"""The file and its writer as a configuration wants them; for the server and for commands."""

from functools import partial

from service.again import make_again
from service.allocator import is_tight
from service.config import Config
from service.pipeline import Holds, TakeOut, Translate
from storage import oversized
from storage.database import Database
from storage.writer import Writer
from translator.merge import merge_copies
from translator.outline import Outline
from translator.prices.book import PriceBook
from translator.scores import merge_scores
from translator.settle import settle
from translator.translate import Translator
from translator.twins import match


def database(config: Config, path: str) -> Database:
    """Not open yet."""
    storage = config.storage
    return Database(path, memory_limit_bytes=storage.memory_limit_bytes, threads=storage.threads)


def take_out(config: Config) -> TakeOut:
    """Of a request what this store could not hold."""
    return partial(oversized.take_out, memory_limit_bytes=config.storage.memory_limit_bytes)


def holds(config: Config) -> Holds:
    """Whether this store can hold all of a request."""
    return partial(oversized.holds, memory_limit_bytes=config.storage.memory_limit_bytes)


def writer(config: Config, opened: Database, prices: PriceBook, translate: Translate | None = None) -> Writer:
    """Not started yet; it folds and settles with these prices. `translate` makes rows of what comes as it was sent; it
    may count what it sees, and does not see what is only folded."""
    translator = Translator(prices)
    return Writer(
        opened,
        partial(settle, price=prices.priced),
        partial(merge_copies, price=prices.priced, translate=translator.row),
        match,
        merge_scores,
        queue_bytes=config.memory.queue_bytes + config.memory.group_bytes,  # those that wait, and those being stored
        group_bytes=config.memory.group_bytes,
        recent_spans=config.memory.recent_spans,
        recent_ids=config.memory.recent_ids,
        checkpoint_wal_bytes=config.storage.checkpoint_wal_bytes,
        outline=Outline,
        make_again=make_again(translate or translator.translate, take_out(config)),
        is_tight=partial(is_tight, config.memory.limit_bytes),
    )
