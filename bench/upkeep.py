"""What looking after the file costs those who send: python -m bench.upkeep [--spans 300000] [--copies 1] [--seconds 9]

Fills a file, then measures the store's acknowledgements (64 spans a request, 4 senders, no sockets and no decoding)
alone, while retention brings the file to a tenth, and while copies of it are taken; then what fills its free space.
"""

import argparse
import asyncio
import os
import platform
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.read import copy
from bench.store import make_rows
from contract.columns import Row, S
from contract.translated import Translated
from storage.database import Database
from storage.retention import Limits, Policy
from storage.upkeep import FileUpkeep
from storage.writer import Writer
from translator.merge import merge_copies
from translator.settle import settle

REQUEST_ROWS = 64
SENDERS = 4
REQUEST_BYTES = 100_000
POOL_ROWS = 16_384


class Source:
    """Endless requests: the rows of a pool with ids and times of their own."""

    def __init__(self) -> None:
        self._pool = make_rows(POOL_ROWS)
        self._number = 0

    def request(self) -> list[Row]:
        rows = [list(self._pool[(self._number + i) % POOL_ROWS]) for i in range(REQUEST_ROWS)]
        now = time.time_ns()
        for row in rows:
            row[S.trace_id], row[S.span_id] = f"{self._number // 8:032x}", f"{self._number:016x}"
            row[S.start_time] = row[S.end_time] = row[S.received_time] = now
            self._number += 1
        return rows


class Senders:
    """Closed loop: each sender waits for its acknowledgement before it sends again."""

    def __init__(self, writer: Writer, source: Source) -> None:
        self._writer = writer
        self._source = source
        self.held_ms: list[float] = []
        """How long each work of others kept the writing connection."""
        call = writer._flusher.call

        async def timed(work: Callable[[Any], Any], *arguments: Any, **options: Any) -> Any:
            def run(connection: Any) -> Any:
                started = time.perf_counter()
                try:
                    return work(connection)
                finally:
                    self.held_ms.append((time.perf_counter() - started) * 1000)

            return await call(run, *arguments, **options)

        writer._flusher.call = timed  # type: ignore[method-assign, assignment]
        self.commits_ms: list[float] = []
        commit = writer._flusher._committer.commit

        def measured(*arguments: Any) -> None:
            started = time.perf_counter()
            commit(*arguments)
            self.commits_ms.append((time.perf_counter() - started) * 1000)

        writer._flusher._committer.commit = measured  # type: ignore[method-assign]

    async def send(self, count: int) -> None:
        for _ in range(0, count, REQUEST_ROWS):
            await self.send_one()

    async def send_one(self) -> float:
        """Milliseconds until the acknowledgement. Where the tables lag behind by 32 MB the sender waits for them."""
        if self._writer.queue_bytes() > 32 << 20:
            await self._writer.visible()
        request = Translated(self._source.request(), size_bytes=REQUEST_BYTES)
        started = time.perf_counter()
        await self._writer.commit(request)
        return (time.perf_counter() - started) * 1000

    async def while_running(self, work: Awaitable[Any]) -> str:
        """Spans a second, p50 / p99 / longest acknowledgement in ms and CPU a span, until `work` is done."""
        waits: list[float] = []
        self.held_ms.clear()
        self.commits_ms.clear()
        running = asyncio.ensure_future(work)
        cpu, started = time.process_time(), time.perf_counter()
        await asyncio.gather(*(self._send_until(running, waits) for _ in range(SENDERS)))
        seconds, used = time.perf_counter() - started, time.process_time() - cpu
        spans = len(waits) * REQUEST_ROWS
        waits.sort()
        p50, p99 = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
        return (
            f"{seconds:.1f} | {spans / seconds:,.0f} | {p50:.1f} / {p99:.1f} / {waits[-1]:.1f} "
            f"| {used / spans * 1e6:.0f} | {max(self.held_ms, default=0):.0f} | {max(self.commits_ms, default=0):.0f}"
        )

    async def _send_until(self, running: "asyncio.Future[Any]", waits: list[float]) -> None:
        while not running.done():
            waits.append(await self.send_one())


def sizes(database: Database) -> str:
    sql = "SELECT used_blocks * block_size / 1e6, (SELECT count(*) FROM span) FROM pragma_database_size() LIMIT 1"
    cursor = database.cursor()
    [(used_mb, rows)] = cursor.execute(sql).fetchall()
    cursor.close()
    return f"{rows:,} spans, {used_mb:,.0f} MB used, {database.size_bytes() / 1e6:,.0f} MB file"


def started(database: Database) -> Writer:
    writer = Writer(database, settle, merge_copies)
    writer.start()
    return writer


async def measure(folder: Path, spans: int, copies: int, seconds: float) -> None:
    database = Database(str(folder / "x.duckdb"))
    database.open()
    source, writer = Source(), started(database)
    await Senders(writer, source).send(spans)
    await writer.stop()
    copy(database, copies)
    writer = started(database)
    upkeep = FileUpkeep(database, writer, Policy(Limits(max_rows=spans * copies // 10)))
    senders = Senders(writer, source)
    print(f"filled: {sizes(database)}\n")
    print(
        "| beside | s | spans/s | ack p50 / p99 / max ms | CPU µs/span | longest step ms | longest commit ms |\n"
        "|---|---|---|---|---|---|---|"
    )
    print(f"| nothing | {await senders.while_running(asyncio.sleep(seconds))} |", flush=True)
    print(f"| retention to a tenth | {await senders.while_running(upkeep.retention.sweep())} |", flush=True)
    print(f"\n{sizes(database)}\n", flush=True)
    print(f"| retention again and again | {await senders.while_running(repeat(upkeep.retention.sweep, seconds))} |")
    print(f"| copies of the file | {await senders.while_running(repeat(lambda: taken(upkeep), seconds))} |")
    both = asyncio.gather(repeat(upkeep.retention.sweep, seconds), repeat(lambda: taken(upkeep), seconds))
    print(f"| both at a time | {await senders.while_running(both)} |", flush=True)
    await upkeep.retention.sweep()
    print(f"\nafter retention: {sizes(database)}")
    await senders.send(spans // 2)
    await writer.visible()
    await writer.checkpoint()
    print(f"with {spans // 2:,} spans more: {sizes(database)}")
    await idle(upkeep, database)
    await writer.stop()
    database.close()
    upkeep.close()


async def repeat(work: Callable[[], Awaitable[Any]], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await work()


async def taken(upkeep: FileUpkeep) -> None:
    async with upkeep.snapshot():
        pass


async def idle(upkeep: FileUpkeep, database: Database) -> None:
    """What a sweep costs that finds nothing to delete: once a minute, whatever happens."""
    policy = Policy(Limits(max_age_s=86_400, max_rows=1 << 40), 1 << 50)
    upkeep.retention._policy = policy
    cpu = time.process_time()
    for _ in range(10):
        await upkeep.retention.sweep()
    each = (time.process_time() - cpu) / 10
    print(f"a sweep that deletes nothing: {each * 1e3:.0f} ms of CPU, {each / 60:.3%} of a core ({sizes(database)})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=300_000)
    parser.add_argument("--copies", type=int, default=1, help="so many times the spans, the others copied by SQL")
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}, DuckDB {duckdb.__version__}, "
        f"{os.cpu_count()} CPUs"
    )
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), options.spans, options.copies, options.seconds))


if __name__ == "__main__":
    main()
