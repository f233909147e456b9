"""From acknowledged requests to rows of tables: one thread, big groups (docs/adr/0008).

A group is due when it is large, when it is old, or when somebody asks: a reader waits for what was acknowledged before
it asked, so that nobody can see that acknowledging and storing are two steps.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from functools import partial

import duckdb

from contract.errors import Refused, TracepondError, Unavailable
from contract.settling import TraceKey
from contract.stats import Sample
from storage import unstorable
from storage.checkpoints import Checkpoints
from storage.commit import Committer
from storage.database import Database
from storage.failures import first_line, given_up, is_lost, may_be_too_much, meaning, worth_another_try
from storage.histogram import Seconds
from storage.pace import Pace, Turns
from storage.payload import MakeAgain
from storage.pending import Call, Pending, Result, Waiter, Work, halves, rows_of, settle_future, unread_apart, wake
from storage.renewal import Renewal
from storage.unread import Unread
from storage.waiting import Waiting

logger = logging.getLogger(__name__)

RECOVERY = 4
"""Groups in one at the start. Each looks back at its traces, so that a trace of 250,000 spans is better met seldom."""
AGE_S = 3.0
"""How long a request waits for company when nobody asks for it."""
IDLE_S = 0.2
IDLE_WAL_BYTES = 8 << 20
REOPEN_S = 1.0
"""How often a store that failed is tried again."""
SET_ASIDE_AT_MOST = 16
"""Odd rows of a group that are looked for one by one; with more, whole requests are set aside (bounds the time)."""


class Flusher:
    """Owns the writing connection and the checkpoints."""

    def __init__(
        self,
        database: Database,
        committer: Committer,
        make_again: MakeAgain,
        group_bytes: int,
        checkpoint_wal_bytes: int,
        renewal: Renewal,
    ) -> None:
        self.flushed_seq = 0
        self.identity = ""
        self.broken: str | None = None
        self.waiting = Waiting()
        self.checkpoints = Checkpoints(database)
        self._unread = Unread(database)
        self._renewal = renewal
        self._database = database
        self._committer = committer
        self._make_again = make_again
        self._pace = Pace(group_bytes)
        self._turns = Turns()
        self._checkpoint_wal_bytes = checkpoint_wal_bytes
        self._newest_seq = 0
        self._wanted_seq = 0
        self._waiters: list[Waiter] = []
        self._calls: deque[Call] = deque()
        self._wake = threading.Condition()
        self._stopping = False
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._thread = threading.Thread(target=self._run, name="flusher", daemon=True)
        self._seconds = Seconds("flush_seconds")

    # -- any thread ----------------------------------------------------------------------------------------------

    def connect(self, *, recall: bool = True) -> None:
        """The file's traces are known, and how far it holds the journal; without `recall` they are known already."""
        self._connection = self._database.cursor()
        if recall:
            sql = "SELECT id, flushed_seq FROM store"
            [(self.identity, self.flushed_seq)] = self._connection.execute(sql).fetchall()
            self._newest_seq = max(self._newest_seq, self.flushed_seq)
            self._committer.recall(self._connection)

    def start(self) -> None:
        self._thread.start()

    def add(self, requests: list[Pending]) -> None:
        """Take over requests; their seqs are larger than all before."""
        with self._wake:
            self.waiting.add(requests)
            self._newest_seq = requests[-1].seq
            self._wake.notify()

    def recover(self, requests: Iterable[Pending]) -> None:
        """Bring requests to the tables before the thread runs. Raises `Unavailable` when they cannot take them.

        No more of them than a group is asked for at a time. Nobody waits for a part of it, so groups are larger.
        """
        for request in requests:
            self.add([request])
            if self._pace.is_met(self.waiting, RECOVERY):
                self._recover_group()
        while self.waiting:
            self._recover_group()

    def _recover_group(self) -> None:
        group: list[Pending] = []
        with contextlib.suppress(MemoryError):
            self._fill(group, RECOVERY)
        self.flush(group)
        oldest = self.waiting.oldest()
        if self.broken and not (oldest and worth_another_try(oldest)):
            raise Unavailable(self.broken, reason="store")
        self.broken = None

    async def visible(self) -> None:
        """Return once everything added so far can be read. Raises `Unavailable` when the tables cannot take it now."""
        with self._wake:
            if self.flushed_seq >= self._newest_seq:
                return
            if self.broken:
                raise Unavailable(self.broken, reason="store", retry_after_s=5)
            loop = asyncio.get_running_loop()
            done = loop.create_future()
            self._waiters.append((self._newest_seq, loop, done))
            self._wanted_seq = self._newest_seq
            self._wake.notify()
        await done

    async def call(
        self, work: Work[Result], touches: Collection[TraceKey] | None = None, *, after_all: bool = True
    ) -> Result:
        """Run `work` on the writing connection between two groups; with `after_all` it sees everything added before.

        It begins and ends its own transactions. Raises what it raises, or `Unavailable` when it cannot run.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Result] = loop.create_future()
        if after_all:
            await self.visible()
        with self._wake:
            if self._stopping or self.broken:
                raise Unavailable(self.broken or "the server is stopping", reason="store")
            self._calls.append(Call(work, touches, loop, done))
            self._wake.notify()
        return await done

    def stop(self) -> bool:
        """The thread has ended, the WAL is in the file. False when requests are left that the tables did not take."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()
        self.waiting.refuse(Unavailable("the server is stopping", reason="stopping"))
        if self._connection is not None:
            self.checkpoint()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        return not self.waiting

    def alive(self) -> bool:
        return self._thread.is_alive()

    def lag_s(self) -> float:
        """How long the oldest request has waited for the tables."""
        return self.waiting.lag_s()

    def stats(self) -> list[Sample]:
        return [
            *self._seconds.samples(),
            Sample("unflushed_rows", {}, float(self.waiting.rows)),
            Sample("visibility_lag_seconds", {}, self.lag_s()),
            Sample("db_size_bytes", {}, float(self._database.size_bytes())),
            Sample("db_wal_bytes", {}, float(self._database.wal_bytes())),
        ]

    # -- the flusher's thread (and the one that starts it) -------------------------------------------------------

    def _run(self) -> None:
        while (is_due := self._wait()) is not None:
            group: list[Pending] = []
            try:
                if is_due:
                    self._fill(group)
                    self.flush(group)
                else:
                    self._look_after()
            except Exception:  # a bug of ours must not leave readers waiting for ever
                logger.exception("the flusher failed")
                self._give_up(group, Unavailable("internal error while storing", reason="internal"))

    def _wait(self) -> bool | None:
        """Until a group is due, or (false) something else; null when stopped and nothing is left that can be done."""
        with self._wake:
            while True:
                if self._calls and (self._stopping or not self._turns.is_owed() or not self._is_due()):
                    return False
                if self._stopping and (self.broken or not self.waiting):
                    return None
                if self._is_due():
                    return True
                if not self._wake.wait(self._patience_s()) and not self._is_due():
                    return False

    def _is_due(self) -> bool:
        oldest = self.waiting.oldest()
        if self.broken or oldest is None:
            return False
        return (
            self._stopping
            or oldest.done is not None
            or oldest.seq <= self._wanted_seq
            or self._pace.is_met(self.waiting)
            or time.monotonic() - oldest.since >= AGE_S
        )

    def _patience_s(self) -> float | None:
        """How long to wait before something else is due; for ever when nothing is."""
        if self.broken:
            return REOPEN_S
        if oldest := self.waiting.oldest():
            return max(0.0, oldest.since + AGE_S - time.monotonic())
        return IDLE_S if self._database.wal_bytes() > IDLE_WAL_BYTES or self._database.limit.is_another else None

    def _fill(self, group: list[Pending], times: int = 1) -> None:
        """As many requests as are made into rows and stored in time, or several times that."""
        started = time.perf_counter()
        self._pace.room(times).fill(group, self.waiting, self._make_again)
        self._turns.stored(time.perf_counter() - started)

    def _look_after(self) -> None:
        started = time.perf_counter()
        while self._calls:
            self._run_call(self._calls.popleft())
        self._turns.worked(time.perf_counter() - started)
        if self._connection is None:
            self._reopen()
        elif self.broken:
            self.broken = None
        else:
            self._tidy(IDLE_WAL_BYTES)

    def _run_call(self, call: Call) -> None:
        result, error = None, None
        try:
            result = call.work(self._opened())
        except Exception as raised:
            error = self._explained(raised) if isinstance(raised, duckdb.Error) else raised
        self._committer.forget_recent(call.touches)  # it may have removed what is remembered
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            call.loop.call_soon_threadsafe(settle_future, call.done, error, result)

    def flush(self, group: list[Pending]) -> None:
        """The rows are in the tables, in order; one that can never be is set aside, its neighbours are stored.

        Where the store cannot take data now, what is left goes back to the head of the queue and `broken` says why.
        """
        with self._database.gate.closed():
            try:
                self._flush(group)
            finally:
                self.waiting.stored()
            self._tidy(self._checkpoint_wal_bytes)

    def _flush(self, group: list[Pending]) -> None:
        parts, set_aside = deque(unread_apart(group)), 0
        while parts:
            part = parts.popleft()
            error = self._try(part)
            smaller = halves(part, divide=set_aside < SET_ASIDE_AT_MOST) if may_be_too_much(error) else []
            if smaller:
                parts.extendleft(reversed(smaller))
                continue
            error = given_up(part[0], error)
            if isinstance(error, Refused) and part[0].done is None:
                error, set_aside = unstorable.set_aside(self._opened, part[0], str(error)), set_aside + 1
            if isinstance(error, Unavailable):
                self._give_up([*part, *(request for rest in parts for request in rest)], error)
                return
            self._finish(part, error)

    def _try(self, group: list[Pending]) -> TracepondError | None:
        """Null when committed, else why not: `Refused` for rows that can never be, `Unavailable` for all else."""
        started = time.perf_counter()
        try:
            newest = group[-1]
            self._committer.commit(self._opened(), rows_of(group), newest.row_seq, self._database.end, newest.seq)
        except Exception as error:
            return error if isinstance(error, (Refused, Unavailable)) else self._explained(error)
        seconds, rows = time.perf_counter() - started, sum(request.translated.rows for request in group)
        self._renewal.stored(rows)
        self._seconds.add(seconds)
        self._turns.stored(seconds)
        self._pace.took(seconds, rows)
        return None

    def _opened(self) -> duckdb.DuckDBPyConnection:
        """The connection to write with. Raises `Unavailable` where the file is closed and cannot be opened now."""
        if self._connection is None and not self._reopen():
            raise Unavailable(self.broken or "the store is closed", reason="store", retry_after_s=5)
        assert self._connection is not None
        return self._connection

    def _explained(self, error: Exception) -> TracepondError:
        if is_lost(error):
            self._lose(str(error))
        return meaning(error)

    def retry_unstorable(self) -> None:
        """See `unstorable.retry`. Raises `Unavailable` where the file cannot be opened again."""
        unstorable.retry(
            self._opened, self._make_again, lambda rows: self._try([Pending(self.flushed_seq, rows)]) is None
        )

    def _finish(self, group: list[Pending], error: TracepondError | None) -> None:
        self.flushed_seq = group[-1].seq
        for request in group:
            if request.done is not None:
                request.done(error)
        with self._wake:
            told = [waiter for waiter in self._waiters if waiter[0] <= self.flushed_seq]
            self._waiters = [waiter for waiter in self._waiters if waiter[0] > self.flushed_seq]
        wake(told, None)
        self._database.gate.expect(len(told))

    def _give_up(self, group: list[Pending], error: Unavailable) -> None:
        """Acknowledged requests stay first in the queue; the others are told, so are the readers that wait."""
        kept = [request for request in group if request.done is None]
        with self._wake:
            self.broken = str(error)
            self.waiting.put_back(kept)
            waiters, self._waiters = self._waiters, []
        for request in group:
            if request.done is not None:
                request.done(error)
        wake(waiters, error)

    def _lose(self, why: str) -> bool:
        """A fatal engine error: every later call would fail until the file is opened again. False always."""
        logger.error("the store failed: %s", why.splitlines()[0])
        self.broken = "the store failed and is being opened again"
        self.checkpoints.held = False
        self._leave()
        return False

    def _leave(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._database.close()

    def _reopen(self, *, recall: bool = True) -> bool:
        """The file is open and all of it known; else it is closed, so that the next time begins anew."""
        try:
            self._database.open()
            self.connect(recall=recall)
        except (TracepondError, duckdb.Error) as error:
            self.broken = f"the store cannot be opened: {first_line(error)}"
            logger.error("%s", self.broken)
            self._leave()
            return False
        self.broken = None
        logger.info("the store is open again")
        return True

    def _tidy(self, wal_bytes: int) -> None:
        """Blocks that nobody reads are out of memory, and a log that long is in the file, where that can be now."""
        if self._connection is not None:
            self._or_lost(partial(self._unread.give_back, self._connection))
        if not self.broken and self.checkpoints.due(wal_bytes):
            self.checkpoint()
        if not self.broken and not self.checkpoints.held and self._renewal.due():
            with self._renewal.alone(self._database) as alone:
                if alone and self.checkpoint():
                    self._leave()
                    if self._reopen(recall=False):  # what is remembered of the file holds
                        self._renewal.opened()

    def checkpoint(self) -> bool:
        """The WAL is in the file; false when it cannot be now. In the flusher's thread only (a `call`)."""
        return self._or_lost(self.checkpoints.run)

    def _or_lost(self, work: Callable[[], bool]) -> bool:
        try:
            return work()
        except duckdb.Error as error:
            return self._lose(str(error))
