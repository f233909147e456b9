"""Bounded queue, one thread, group commit into the journal: the only way in.

`await writer.commit(translated)` returns once the request is on disk in the journal; requests that wait while it
syncs share the next sync. The flusher takes them from there to the tables, and `await writer.visible()` returns when
they can be read (docs/adr/0008). A database in memory has no journal: there, the flusher acknowledges.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import duckdb

from contract.errors import Overloaded, Refused, TracepondError, Unavailable
from contract.faults import frames_once
from contract.settling import MakeOutline, Match, MergeCopies, Settle, TraceKey
from contract.span import Sent
from contract.stats import Sample
from contract.translated import Translated
from storage.commit import RECENT_SPANS, Committer
from storage.database import Database, run
from storage.failures import damaged, first_line
from storage.flusher import Flusher
from storage.histogram import Seconds
from storage.journal import Journal, Record, released
from storage.pace import GROUP_BYTES
from storage.payload import MakeAgain, recorded, restored
from storage.pending import Pending, Result, Work, pending, settle_future
from storage.reached import Whole
from storage.renewal import Renewal, never
from storage.scores import last
from storage.twins import RECENT_IDS, apart

logger = logging.getLogger(__name__)

LAG_AT_MOST_S = 10
IDLE_S = 1.0
"""So long after the last request a journal that grew is cut."""
SYNCED_BYTES = 8 << 20
"""What is encoded and synced at once: each byte is there once more until it is, and the first waits for the last."""
WEIGHED_PART = 8
"""Of the queue, kept for requests that turn out heavier than their bytes, by which they are let in (`has_room`): else
some were refused at full load that only had to wait."""
CHECK_SQL = "SELECT flushed_seq FROM store"
"""Fails where the engine is lost, unlike one that reads no table (DuckDB 2.0)."""
FULL_S = 5.0
"""So long after a request that the disk did not take the store is not ready: only another request can tell more, and
nobody sends to a server that is not ready."""

NOT_READ = "acknowledged request %d of the journal cannot be read: %s\n%s"


def nothing_was_sent(sent: Sent) -> Translated:
    """The `MakeAgain` of who commits rows only."""
    raise Unavailable(f"nobody can translate {sent.signal} here", reason="journal")


@dataclass(slots=True)
class Job:
    """One request that waits for its acknowledgement."""

    request: Translated | Sent
    loop: asyncio.AbstractEventLoop
    done: "asyncio.Future[None]"
    queued_at: float = field(default_factory=time.monotonic)
    queued_bytes: int = 0
    """What it takes of the queue's capacity until the tables' queue counts it."""


class Writer:
    """`start` before the first `commit`, `stop` to drain."""

    def __init__(
        self,
        database: Database,
        settle: Settle,
        merge: MergeCopies,
        match: Match = apart,
        merge_scores: MergeCopies = last,
        *,
        queue_bytes: int = 64 << 20,
        group_bytes: int = GROUP_BYTES,
        recent_spans: int = RECENT_SPANS,
        recent_ids: int = RECENT_IDS,
        checkpoint_wal_bytes: int = 128 << 20,
        outline: MakeOutline = Whole,
        make_again: MakeAgain = nothing_was_sent,
        is_tight: Callable[[], bool] = never,
    ) -> None:
        """`is_tight`: see `Renewal`."""
        self.match = match
        self._database = database
        committer = Committer(settle, merge, match, merge_scores, recent_spans, recent_ids, outline)
        self._flusher = Flusher(database, committer, make_again, group_bytes, checkpoint_wal_bytes, Renewal(is_tight))
        self._journal: Journal | None = None
        self._queue_capacity_bytes = queue_bytes
        self._jobs: deque[Job] = deque()
        self._queue_bytes = 0
        self._wake = threading.Condition()
        self._stopping = False
        self._full: str | None = None
        self._full_until = 0.0
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._seq = 0
        self._seconds = Seconds("commit_seconds")

    # -- any thread ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """What an earlier process acknowledged is in the tables, and the threads take work.

        Raises `Unavailable` when the tables cannot be read, or cannot take it, or the journal cannot be opened: all
        stays as it is.
        """
        try:
            self._flusher.connect()
        except duckdb.Error as error:
            raise damaged(error) or Unavailable(first_line(error), reason="store") from error
        self._seq = self._flusher.flushed_seq
        if not self._database.in_memory:
            self._journal = Journal(self._database.path, self._flusher.identity)
            try:
                self._recover(self._journal)
            except OSError as error:
                cure = ". May this user write there?" if isinstance(error, PermissionError) else ""
                raise Unavailable(f"its journal cannot be opened: {error}{cure}", reason="journal") from error
        self._flusher.retry_unstorable()
        self._flusher.start()
        self._thread.start()

    def _recover(self, journal: Journal) -> None:
        records = journal.recover(self._flusher.flushed_seq)
        if records:
            logger.info("%d acknowledged requests are brought from the journal to the tables", len(records))
            self._seq = records[-1].seq
            self._flusher.recover(self._again(records))
        journal.open()

    def _again(self, records: list[Record]) -> Iterator[Pending]:
        """The requests of the journal; one that a fault of ours keeps from being read goes on as it is."""
        for seq, payload in released(records):
            try:
                found = pending(seq, restored(payload))
            except Unavailable:  # a newer program's
                raise
            except Exception as error:
                logger.error(NOT_READ, seq, type(error).__name__, frames_once(error))
                found = Pending(seq, Translated(), unread=bytes(payload))
            yield found

    async def commit(self, request: Translated | Sent) -> None:
        """Return once the request is durable; `visible` tells when it can be read.

        Raises `Overloaded` (queue full), `Unavailable` (stopping, disk full, engine down) or `Refused` (these rows
        can never be stored); then nothing of the request is stored.
        """
        loop = asyncio.get_running_loop()
        job = Job(request, loop, loop.create_future(), queued_bytes=request.size_bytes)
        with self._wake:
            self._check_open(request.size_bytes)
            self._jobs.append(job)
            self._queue_bytes += request.size_bytes
            self._wake.notify()
        try:
            await job.done
        finally:
            del job  # an error's traceback has this frame, the job the error: a cycle that would keep the rows

    def _check_open(self, size_bytes: int) -> None:
        if self._stopping:
            raise Unavailable("the server is stopping", reason="stopping")
        if self._flusher.broken:
            raise Unavailable(self._flusher.broken, reason="store", retry_after_s=5)
        waiting_bytes = self.queue_bytes()
        needed_bytes = min(size_bytes, self._queue_capacity_bytes // 2)  # else one that shares much would never get in
        if waiting_bytes and waiting_bytes + needed_bytes > self._queue_capacity_bytes:
            raise Overloaded("the write queue is full", reason="queue_full")

    def has_room(self, size_bytes: int, ahead_bytes: int = 0) -> bool:
        """Whether the tables' queue has room for so many bytes after `ahead_bytes` that are on their way, acknowledged
        or not; a request that finds nothing waiting is let in whatever its size. In any thread.

        True also where nothing is taken now: `commit` says why at once, and waiting would not help.
        """
        waiting_bytes = ahead_bytes + self._flusher.waiting.size_bytes + self._flusher.waiting.storing_bytes
        capacity_bytes = self._queue_capacity_bytes - self._queue_capacity_bytes // WEIGHED_PART
        fits = not waiting_bytes or waiting_bytes + size_bytes <= capacity_bytes
        return fits or self._stopping or bool(self._flusher.broken)

    async def visible(self) -> None:
        """Return once everything acknowledged before can be read. Raises `Unavailable` when the tables lag behind."""
        await self._flusher.visible()

    async def call(
        self, work: Work[Result], touches: Collection[TraceKey] | None = None, *, after_all: bool = True
    ) -> Result:
        """See `Flusher.call`; for what looks after the file (storage only). `touches`: the traces it may change."""
        return await self._flusher.call(work, touches, after_all=after_all)

    async def check(self) -> None:
        """Where the engine is lost, the file is being opened again; for readers, who may find out first."""
        with suppress(TracepondError):
            await self.call(lambda connection: run(connection, CHECK_SQL), (), after_all=False)

    async def checkpoint(self, *, hold: bool = False) -> None:
        """The WAL is in the file; with `hold` no other checkpoint comes before `release_checkpoints`.

        Raises `Unavailable` when it cannot be now.
        """

        def work(_: duckdb.DuckDBPyConnection) -> None:
            checkpoints = self._flusher.checkpoints
            if checkpoints.held or not self._flusher.checkpoint():
                why = checkpoints.waits or "the file cannot be checkpointed now"
                raise Unavailable(why, reason="checkpoint", retry_after_s=5)
            checkpoints.held = hold

        await self._flusher.call(work, (), after_all=hold)

    def release_checkpoints(self) -> bool:
        """False when the hold was lost: the store failed and was opened again, or is stopping."""
        checkpoints = self._flusher.checkpoints
        held, checkpoints.held = checkpoints.held, False
        return held

    async def stop(self) -> None:
        """Everything queued is committed, the WAL is in the file, the threads have ended, the journal is gone."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        await asyncio.to_thread(self._stop)

    def _stop(self) -> None:
        if self._thread.is_alive():
            self._thread.join()
        everything_is_in_the_tables = self._flusher.stop()
        if self._journal is not None:
            self._journal.close(remove=everything_is_in_the_tables)
            self._journal = None

    def unhealthy(self) -> str | None:
        """Why nothing can be committed now, or null."""
        full = self._full if time.monotonic() < self._full_until else None
        if self._flusher.broken or full:
            return self._flusher.broken or full
        if not (self._thread.is_alive() and self._flusher.alive()):
            return "the writer is not running"
        lag_s = max(self.lag_s(), self._flusher.lag_s())
        return f"the writer is {lag_s:.0f} s behind" if lag_s > LAG_AT_MOST_S else None

    def checkpoint_waits(self) -> str | None:
        """Why the WAL cannot go into the file, or null."""
        return self._flusher.checkpoints.waits

    def lag_s(self) -> float:
        """How long the oldest waiting request has waited for its acknowledgement."""
        with self._wake:
            return time.monotonic() - self._jobs[0].queued_at if self._jobs else 0.0

    def queue_bytes(self) -> int:
        """Bytes that wait to be acknowledged or, acknowledged, to be in the tables."""
        return self._queue_bytes + self._flusher.waiting.size_bytes + self._flusher.waiting.storing_bytes

    def stats(self) -> list[Sample]:
        journal = self._journal
        return [
            *self._seconds.samples(),
            Sample("ingest_queue_bytes", {}, float(self.queue_bytes())),
            Sample("ingest_queue_capacity_bytes", {}, float(self._queue_capacity_bytes)),
            Sample("journal_bytes", {}, float(journal.size_bytes() if journal else 0)),
            *self._flusher.stats(),
        ]

    # -- the writer's thread -------------------------------------------------------------------------------------

    def _run(self) -> None:
        while (group := self._take()) is not None:
            try:
                if group:
                    self._acknowledge(group)
                elif self._journal is not None:
                    self._journal.give_back(self._flusher.flushed_seq)
            except Exception:  # a bug of ours must not leave clients waiting for ever
                logger.exception("the writer failed")
                answer(group, Unavailable("internal error while storing", reason="internal"))

    def _take(self) -> list[Job] | None:
        """The requests that wait, as many as one sync is for; empty when none came for a while; null when stopped and
        drained."""
        with self._wake:
            while not self._jobs:
                if self._stopping:
                    return None
                grown = self._journal is not None and self._journal.has_grown()
                if not self._wake.wait(IDLE_S if grown else None):
                    return []
            group, room = [], SYNCED_BYTES
            while self._jobs and room > 0:
                group.append(self._jobs.popleft())
                room -= group[-1].request.size_bytes
            return group

    def _acknowledge(self, group: list[Job]) -> None:
        try:
            if self._journal is None:
                self._hand_over(group, acknowledged=False)
            else:
                self._write(self._journal, group)
        finally:
            self._leave(group)

    def _leave(self, group: list[Job]) -> None:
        """These do not count here any more."""
        with self._wake:
            for job in group:
                self._queue_bytes -= job.queued_bytes
                job.queued_bytes = 0

    def _write(self, journal: Journal, group: list[Job]) -> None:
        started = time.perf_counter()
        records: list[Record] = []
        written: list[Job] = []
        for job in group:
            try:
                records.append(Record(self._seq + len(records) + 1, recorded(job.request)))
                written.append(job)
            except (TypeError, ValueError):
                logger.exception("rows that cannot be stored")
                answer([job], Refused("the store cannot hold this data", reason="internal"))
        if not written:
            return
        try:
            journal.append(records, self._flusher.flushed_seq)
        except OSError as error:
            self._full = f"the journal cannot be written: {first_line(error)}"
            logger.error("%s", self._full)
            self._full_until = time.monotonic() + FULL_S
            answer(written, Unavailable(self._full, reason="store", retry_after_s=FULL_S))
            return
        self._full = None
        self._hand_over(written, acknowledged=True)
        self._seconds.add(time.perf_counter() - started)
        answer(written, None)

    def _hand_over(self, group: list[Job], *, acknowledged: bool) -> None:
        requests: list[Pending] = []
        for job in group:
            self._seq += 1
            requests.append(pending(self._seq, job.request, None if acknowledged else partial(answer, [job])))
        self._leave(group)  # before: counted twice a request may be refused that there is room for
        self._flusher.add(requests)


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
        settle_future(job.done, error)
