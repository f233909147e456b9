"""A request on its way to the tables, and work that runs between two groups of them."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

import duckdb

from contract.errors import Refused, TracepondError
from contract.faults import frames_once
from contract.settling import TraceKey
from contract.span import Sent
from contract.translated import Translated
from storage.payload import MakeAgain, recorded

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
Work = Callable[[duckdb.DuckDBPyConnection], Result]


TRIES = 5
"""So often what meets a want of memory is tried (readers share it); then it counts as what cannot be stored.
Acknowledged and tried for ever, it would keep all that came after it from the tables, also after a restart."""
NOT_MADE = "request %d cannot be made into rows: %s\n%s"


@dataclass(slots=True)
class Pending:
    """One request on its way to the tables. `done` is told how it went; null where it was acknowledged before."""

    seq: int
    translated: Translated
    """Its rows; none as long as it is kept as it was sent."""
    done: Callable[[TracepondError | None], None] | None = None
    since: float = field(default_factory=time.monotonic)
    tries: int = 0
    """How often there was too little memory for it alone; until its rows are there, how often they were asked for."""
    is_part: bool = False
    """The first rows of a larger request: `seq`, up to which the tables hold the journal, is that of the request
    before."""
    sent: Sent | None = None
    """Null where its rows are there."""
    unread: bytes | None = None
    """The journal's record of a request that cannot be made into rows."""

    @property
    def rows(self) -> int:
        """Of one that is kept as it was sent, about."""
        return self.translated.rows if self.sent is None else self.sent.extent.items

    @property
    def row_seq(self) -> int:
        """The `commit_seq` of its rows: higher than all that the tables held the journal up to before, for a part too.
        What was looked up in between knows by that what has come since (`storage/erasure.py`)."""
        return self.seq + self.is_part

    def make(self, make_again: MakeAgain) -> None:
        """Its rows are there; or it is `unread` where a fault of ours keeps it from becoming rows.

        Raises MemoryError where another try may help.
        """
        if self.sent is None:
            return
        self.tries += 1
        try:
            self.translated = make_again(self.sent)
        except Exception as error:
            if isinstance(error, MemoryError) and self.tries < TRIES:
                raise
            logger.error(NOT_MADE, self.seq, type(error).__name__, frames_once(error))
            self.unread = recorded(self.sent)
        self.sent, self.tries = None, 0


def pending(
    seq: int, request: Translated | Sent, done: Callable[[TracepondError | None], None] | None = None
) -> Pending:
    """A request that begins its way."""
    if isinstance(request, Translated):
        return Pending(seq, request, done)
    return Pending(seq, Translated(size_bytes=request.size_bytes), done, sent=request)


Waiter = tuple[int, asyncio.AbstractEventLoop, "asyncio.Future[None]"]
"""Up to which request, and who waits."""


class Call(NamedTuple):
    """Work for the writing connection, and who waits for it. `touches`: the traces it may change; null: any."""

    work: Work[Any]
    touches: Collection[TraceKey] | None
    loop: asyncio.AbstractEventLoop
    done: "asyncio.Future[Any]"


def divided(request: Pending, rows: int) -> tuple[Pending, Pending]:
    """The first rows (spans come before the others), and the rest. The first part counts as a part of the request
    before: when the process dies between the two, the whole request comes again from the journal, and what is stored
    already is not stored twice."""
    whole = request.translated
    size_bytes = whole.size_bytes * rows // whole.rows
    tables = (whole.spans, whole.logs, whole.metric_points, whole.scores)
    first, rest = Translated(size_bytes=size_bytes), Translated(size_bytes=whole.size_bytes - size_bytes)
    for name, table in zip(("spans", "logs", "metric_points", "scores"), tables, strict=True):
        setattr(first, name, table[:rows])
        setattr(rest, name, table[rows:])
        rows = max(0, rows - len(table))
    before = request.seq if request.is_part else request.seq - 1
    return (
        Pending(before, first, None, request.since, is_part=True),
        Pending(request.seq, rest, request.done, request.since, is_part=request.is_part),
    )


def rows_of(group: list[Pending]) -> list[Translated]:
    """Raises `Refused` for one that is not read (`unread_apart`)."""
    if group[0].unread is not None:
        raise Refused("it cannot be made into rows", reason="internal")
    return [request.translated for request in group]


def unread_apart(group: list[Pending]) -> Iterator[list[Pending]]:
    """The same requests in the same order, each that is not read by itself."""
    for is_read, together in groupby(group, lambda request: request.unread is None):
        some = list(together)
        yield from [some] if is_read else ([request] for request in some)


def halves(group: list[Pending], *, divide: bool = True) -> list[list[Pending]]:
    """Two smaller groups with the same rows in the same order; none for one row, or where somebody waits for all.

    Without `divide` every request stays whole.
    """
    if len(group) > 1:
        middle = len(group) // 2
        return [group[:middle], group[middle:]]
    [request] = group
    if not divide or request.done is not None or request.translated.rows < 2:
        return []
    return [[part] for part in divided(request, request.translated.rows // 2)]


def wake(waiters: list[Waiter], error: TracepondError | None) -> None:
    """Tell those who wait."""
    for _, loop, done in waiters:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle_future, done, error)


def settle_future(done: "asyncio.Future[Any]", error: Exception | None, result: Any = None) -> None:
    """Tell one who waits, unless they went away."""
    if done.done():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
