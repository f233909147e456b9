"""Bounded queue, one thread, group commit: the only way into the file.

`await writer.commit(translated)` returns once the rows are committed and synced; requests that wait while a commit
runs share the next one, so that the number of syncs falls as the load grows. The pattern is datasette's write thread
(`database.py: _execute_writes`), with a bounded queue and many requests a transaction.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field

import duckdb

from contract.errors import Overloaded, Refused, TracepondError, Unavailable
from contract.settling import MergeCopies, Settle
from contract.stats import Sample
from contract.translated import Translated
from storage.commit import Committer
from storage.database import Database

logger = logging.getLogger(__name__)

GROUP_ROWS = 8192
"""A whole row group: such a commit bypasses the WAL (docs/adr/0003)."""
IDLE_S = 0.2
IDLE_WAL_BYTES = 8 << 20
LINGER_S = 0.004
"""Measured with 4 senders of 64 spans: half the commits, 10 % less CPU a span, more spans a second; 10 ms gave less."""
REOPEN_S = 1.0
"""How often a store that failed is tried again."""
COMMIT_SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


@dataclass(slots=True)
class Job:
    """One request that waits for its commit."""

    translated: Translated
    loop: asyncio.AbstractEventLoop
    done: "asyncio.Future[None]"
    queued_at: float = field(default_factory=time.monotonic)

    @property
    def rows(self) -> int:
        t = self.translated
        return len(t.spans) + len(t.logs) + len(t.metric_points)


class Writer:
    """Owns the writing connection. `start` before the first `commit`, `stop` to drain."""

    def __init__(
        self,
        database: Database,
        settle: Settle,
        merge: MergeCopies,
        *,
        queue_bytes: int = 64 << 20,
        checkpoint_wal_bytes: int = 128 << 20,
    ) -> None:
        self._database = database
        self._committer = Committer(settle, merge)
        self._queue_capacity_bytes = queue_bytes
        self._checkpoint_wal_bytes = checkpoint_wal_bytes
        self._jobs: deque[Job] = deque()
        self._queue_bytes = 0
        self._wake = threading.Condition()
        self._stopping = False
        self._broken: str | None = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._seq = 0
        self._last_jobs = 0
        self._commits = 0
        self._commit_seconds = 0.0
        self._buckets = [0] * len(COMMIT_SECONDS_BUCKETS)

    # -- any thread ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """The file's traces are known and the thread takes work."""
        self._connect()
        self._thread.start()

    async def commit(self, translated: Translated) -> None:
        """Return once the rows are durable and visible.

        Raises `Overloaded` (queue full), `Unavailable` (stopping, disk full, engine down) or `Refused` (these rows
        can never be stored); then nothing of the request is stored.
        """
        loop = asyncio.get_running_loop()
        job = Job(translated, loop, loop.create_future())
        with self._wake:
            if self._stopping or self._broken:
                raise Unavailable(
                    self._broken or "the server is stopping", reason="stopping" if self._stopping else "store"
                )
            if self._jobs and self._queue_bytes + translated.size_bytes > self._queue_capacity_bytes:
                raise Overloaded("the write queue is full", reason="queue_full")
            self._jobs.append(job)
            self._queue_bytes += translated.size_bytes
            self._wake.notify()
        await job.done

    async def stop(self) -> None:
        """Everything queued is committed, the WAL is in the file, the thread has ended."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join)
        if self._connection is not None:
            self._checkpoint()
            self._connection.close()
            self._connection = None

    def unhealthy(self) -> str | None:
        """Why the writer cannot commit now, or null."""
        if self._broken:
            return self._broken
        if not self._thread.is_alive():
            return "the writer is not running"
        return f"the writer is {self.lag_s():.0f} s behind" if self.lag_s() > 10 else None

    def lag_s(self) -> float:
        """How long the oldest waiting request has waited."""
        with self._wake:
            return time.monotonic() - self._jobs[0].queued_at if self._jobs else 0.0

    def stats(self) -> list[Sample]:
        seconds = [
            Sample("commit_seconds_bucket", {"le": str(bound)}, float(count))
            for bound, count in zip(COMMIT_SECONDS_BUCKETS, self._buckets, strict=True)
        ]
        return [
            *seconds,
            Sample("commit_seconds_bucket", {"le": "+Inf"}, float(self._commits)),
            Sample("commit_seconds_sum", {}, self._commit_seconds),
            Sample("commit_seconds_count", {}, float(self._commits)),
            Sample("ingest_queue_bytes", {}, float(self._queue_bytes)),
            Sample("ingest_queue_capacity_bytes", {}, float(self._queue_capacity_bytes)),
            Sample("visibility_lag_seconds", {}, self.lag_s()),
            Sample("db_size_bytes", {}, float(self._database.size_bytes())),
            Sample("db_wal_bytes", {}, float(self._database.wal_bytes())),
        ]

    # -- the writer's thread -------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            group = self._take()
            if group is None:
                return
            if not group:
                self._look_after()
                continue
            try:
                self._commit_group(group)
                self._checkpoint_if(self._checkpoint_wal_bytes)
            except BaseException as error:  # a bug of ours must not leave clients waiting for ever
                logger.exception("the writer failed")
                answer(group, Unavailable("internal error while storing", reason="internal"))
                if not isinstance(error, Exception):
                    raise

    def _take(self) -> list[Job] | None:
        """The next group; empty when idle for `IDLE_S`, null when stopped and drained."""
        with self._wake:
            if not self._jobs and not self._stopping:
                self._wake.wait(self._patience_s())
            self._linger()
            group: list[Job] = []
            rows = 0
            while self._jobs and (not group or rows + self._jobs[0].rows <= GROUP_ROWS):
                job = self._jobs.popleft()
                rows += job.rows
                self._queue_bytes -= job.translated.size_bytes
                group.append(job)
            self._last_jobs = len(group)
            return None if self._stopping and not group else group

    def _linger(self) -> None:
        """Under load, wait a moment for the clients that were just answered: a commit costs 8 ms whatever its rows.

        Senders of telemetry wait for an answer before they send on, so as many requests as the last commit answered
        are about to come. A client alone is never kept waiting for others: nobody was answered beside it.
        """
        expected = self._last_jobs + len(self._jobs) if self._last_jobs > 1 or len(self._jobs) > 1 else 0
        deadline = time.monotonic() + LINGER_S
        while len(self._jobs) < expected and not self._stopping:
            left = deadline - time.monotonic()
            if left <= 0 or not self._wake.wait(left):
                return

    def _patience_s(self) -> float | None:
        """How long to wait for work before something else is due; for ever when nothing is."""
        if self._connection is None:
            return REOPEN_S
        return IDLE_S if self._database.wal_bytes() > IDLE_WAL_BYTES else None

    def _look_after(self) -> None:
        if self._connection is None:
            self._reopen()
        else:
            self._checkpoint_if(IDLE_WAL_BYTES)

    def _commit_group(self, group: list[Job]) -> None:
        started = time.perf_counter()
        error = self._try(group)
        if error is None:
            self._count(time.perf_counter() - started)
            answer(group, None)
        elif len(group) > 1 and isinstance(error, Refused):
            for job in group:  # one bad request must not fail its neighbours
                self._commit_group([job])
        else:
            answer(group, error)

    def _try(self, group: list[Job]) -> TracepondError | None:
        """Null when committed, else what to tell the clients."""
        if self._connection is None and not self._reopen():
            return Unavailable(self._broken or "the store is closed", reason="store", retry_after_s=5)
        assert self._connection is not None
        self._seq += 1
        try:
            self._committer.commit(self._connection, [job.translated for job in group], self._seq)
        except duckdb.FatalException as error:
            self._lose(str(error))
            return Unavailable("the store failed and is opened again", reason="store", retry_after_s=5)
        except (duckdb.TransactionException, duckdb.IOException, duckdb.OutOfMemoryException) as error:
            logger.error("commit failed: %s", first_line(error))
            return Unavailable("the store cannot take data now (disk full?)", reason="store", retry_after_s=5)
        except Exception:
            logger.exception("rows that cannot be stored")
            return Refused("the store cannot hold this data", reason="internal")
        self._broken = None
        return None

    def _count(self, seconds: float) -> None:
        self._commits += 1
        self._commit_seconds += seconds
        for i, bound in enumerate(COMMIT_SECONDS_BUCKETS):
            self._buckets[i] += seconds <= bound

    def _connect(self) -> None:
        self._connection = self._database.cursor()
        newest = self._connection.execute(
            "SELECT greatest((SELECT max(commit_seq) FROM span), (SELECT max(commit_seq) FROM log_record), "
            "(SELECT max(commit_seq) FROM metric_point))"
        ).fetchall()[0][0]
        self._seq = newest or 0
        self._committer.recall(self._connection)

    def _lose(self, why: str) -> None:
        """A fatal engine error: every later call would fail until the file is opened again."""
        logger.error("the store failed: %s", why.splitlines()[0])
        self._broken = "the store failed and is being opened again"
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._database.close()

    def _reopen(self) -> bool:
        try:
            self._database.open()
            self._connect()
        except (TracepondError, duckdb.Error) as error:
            self._broken = f"the store cannot be opened: {first_line(error)}"
            logger.error("%s", self._broken)
            return False
        self._broken = None
        logger.info("the store is open again")
        return True

    def _checkpoint_if(self, wal_bytes: int) -> None:
        if self._database.wal_bytes() >= wal_bytes:
            self._checkpoint()

    def _checkpoint(self) -> None:
        wal = self._database.wal_bytes()
        if self._database.free_bytes() < 2 * wal:
            logger.warning("no checkpoint: less free space than twice the WAL (%d MB)", wal >> 20)
            return
        try:
            self._database.checkpoint()
        except duckdb.FatalException as error:
            self._lose(str(error))
        except (duckdb.Error, Unavailable) as error:
            logger.warning("checkpoint failed: %s", first_line(error))


def answer(group: list[Job], error: TracepondError | None) -> None:
    """Wake the waiters, one call into each event loop."""
    loops: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in group:
        loops.setdefault(job.loop, []).append(job)
    for loop, jobs in loops.items():
        try:
            loop.call_soon_threadsafe(deliver, jobs, error)
        except RuntimeError:  # the loop is closed: nobody waits any more
            continue


def deliver(jobs: list[Job], error: TracepondError | None) -> None:
    for job in jobs:
        if job.done.done():  # the client went away; its data is stored all the same
            continue
        if error is None:
            job.done.set_result(None)
        else:
            job.done.set_exception(error)


def first_line(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
