"""How long the query API answers: python -m bench.read [--spans 1000000] [--copies 10] [--db FILE]

Fills a file of its own with made-up traffic (`bench/traffic.py`: a day of traces of eight spans, 1.2 kB of text a span)
through the translator and the committer, 8,192 spans a group; with `--copies N` that day N times, by SQL, on N days.
Then makes the index of words (`--no-words`: does not), asks each question over HTTP and prints best and median
milliseconds and the CPU time of server and client. `--shuffled` puts traces in no order of time.
"""

import argparse
import asyncio
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import aiohttp
import duckdb
from aiohttp import web

from api.routes import routes
from bench.traffic import NEEDLE, Traffic, batches
from contract.columns import SPAN_COLUMNS
from contract.translated import Translated
from storage.commit import Committer
from storage.database import ROW_GROUP_ROWS, Database
from storage.hour_sums import HourSums
from storage.reader import DuckReader
from storage.text_index import TextIndex
from storage.writer import Writer
from translator.merge import merge_copies
from translator.present import present
from translator.settle import settle
from translator.translate import Translator
from translator.twins import match

START_NS = 1_790_000_000_000_000_000
DAY_NS = 86_400 * 10**9
SPANS_A_TRACE = 7.5

COPY = {
    **{name: f"'{{nth:x}}' || substr({name}, 2)" for name in ("trace_id", "span_id", "parent_span_id")},
    **{
        name: f"make_timestamp_ns(epoch_ns({name}) + {{nth}} * {DAY_NS})"
        for name in ("start_time", "end_time", "received_time")
    },
    "commit_seq": "commit_seq + {nth} * {first}",
}
"""What differs between a day and its copy: ids and times."""


def starts(spans: int, shuffled: bool) -> Iterator[int]:
    rng = random.Random(5)
    number = 0
    while True:
        yield START_NS + int((rng.random() if shuffled else number * SPANS_A_TRACE / spans) * DAY_NS)
        number += 1


def fill(database: Database, spans: int, shuffled: bool) -> None:
    connection, translator, committer = database.cursor(), Translator(), Committer(settle, merge_copies, match)
    group: list[Translated] = []
    for number, batch in enumerate(batches(Traffic(), spans, starts(spans, shuffled)), 1):
        group.append(translator.translate(batch))
        if sum(len(each.spans) for each in group) >= ROW_GROUP_ROWS:
            committer.commit(connection, group, number)
            group = []
    committer.commit(connection, group, number + 1)
    connection.close()
    database.checkpoint()


def copy(database: Database, copies: int) -> None:
    """The day that the file holds on the days after it too."""
    connection = database.cursor()
    [(first,)] = connection.execute("SELECT max(commit_seq) FROM span").fetchall()
    for nth in range(1, copies):
        made = (COPY.get(c.name, c.name).format(nth=nth, first=first) + f" AS {c.name}" for c in SPAN_COLUMNS)
        sql = f"INSERT INTO span BY NAME SELECT {', '.join(made)} FROM span WHERE commit_seq <= {first}"
        connection.execute(sql).fetchall()
    connection.execute("UPDATE store SET flushed_seq = (SELECT max(commit_seq) + 1 FROM span)").fetchall()
    connection.close()
    database.checkpoint()


async def add_up(database: Database) -> None:
    """Every hour of the file is added up; prints what that took."""
    writer = Writer(database, settle, merge_copies)
    writer.start()
    sums, steps, cpu = HourSums(writer), 0, time.process_time()
    while await sums.step():
        steps += 1
    await writer.stop()
    print(f"sums of hours: {time.process_time() - cpu:.1f} s of CPU in {steps} steps", flush=True)


async def index(database: Database) -> None:
    """Every piece of the file is in the index of words; prints what that took."""
    connection = database.cursor()
    [(rows,)] = connection.execute("SELECT count(*) FROM span").fetchall()
    connection.close()
    before_bytes = database.size_bytes()
    writer = Writer(database, settle, merge_copies)
    writer.start()
    words, pieces, cpu = TextIndex(database, writer), 0, time.process_time()
    while await words.step():
        pieces += 1
    cpu = time.process_time() - cpu
    await writer.stop()
    size = (database.size_bytes() - before_bytes) / rows
    print(f"index of words: {cpu / rows * 1e6:.1f} us of CPU and {size:.1f} bytes a span, {pieces} pieces", flush=True)


def questions(database: Database) -> list[tuple[str, str]]:
    """Label and path; the range is the last day of the file."""
    connection = database.cursor()
    [(rows, newest)] = connection.execute("SELECT count(*), epoch_ns(max(start_time)) FROM span").fetchall()
    sql = f"SELECT trace_id, session_id, user_id FROM span WHERE rowid = {rows * 2 // 3}"
    [(trace_id, session_id, user_id)] = connection.execute(sql).fetchall()
    connection.close()
    day = f"from={newest - DAY_NS}&to={newest + 1}"
    by_hour = "metrics/query?measures=total_tokens,total_cost&group_by=model&interval=hour"
    return [
        ("newest 50 traces", "traces"),
        ("newest 50 traces of the day", f"traces?{day}"),
        ("one trace by id, everything", f"traces/{trace_id}"),
        ("tokens and cost by model per hour, the day", f"{by_hour}&{day}"),
        ("the same, whole file", f"{by_hour.replace('hour', 'day')}&from={START_NS - DAY_NS}&to={newest + 1}"),
        ("p50, p95 of calls by model, the day",
         f"metrics/query?measures=p50(duration_ms),p95(duration_ms)&kind=generation&group_by=model&{day}"),
        ("text search, one of 1,600 spans", f"spans?q={NEEDLE}"),
        ("text search, a frequent word", "spans?q=batu"),
        ("text search, 你好 (one of 450 spans)", "spans?q=你好"),
        ("text search, a number, one of 3,700 spans", "spans?q=A-1234"),
        ("text search, a number, one of 37,000 spans", "spans?q=A-12345"),
        ("text search, a word that occurs nowhere, the day", f"spans?q=zz9zz&{day}"),
        ("text search, a word that occurs nowhere, whole file", "spans?q=zz9zz"),
        ("text search, a phrase of frequent words, the day", f'spans?q="batu batu batu"&{day}'),
        ("text search of traces, a word that occurs nowhere", "traces?q=zz9zz"),
        ("text search of traces, one of 1,600 spans", f"traces?q={NEEDLE}"),
        ("newest 50 generations", "generations"),
        ("newest 50 generations of a model", "generations?model=gpt-4o-2026-08-01"),
        ("spans by a frequent attribute", "spans?attr.app.step=7"),
        ("spans by an attribute that occurs nowhere, the day", f"spans?attr.gen_ai.response.id=chatcmpl-0&{day}"),
        ("traces of a session", f"traces?session_id={session_id}"),
        ("newest 50 sessions", "sessions"),
        ("newest 50 sessions of the day", f"sessions?{day}"),
        ("newest 50 users of the day", f"users?{day}"),
        ("one session with its traces", f"sessions/{session_id}"),
        ("one user with the newest traces", f"users/{user_id}"),
        ("facets of five fields, the day", f"facets?{day}"),
    ]  # fmt: skip


async def measure(reader: DuckReader, asked: list[tuple[str, str]], repeat: int) -> dict[str, float]:
    """Median milliseconds by label; printed as they come."""
    medians = {}
    application = web.Application()
    application.add_routes(
        routes(reader=reader, present=present, status_source=dict, ready=list, samples=list)  # type: ignore[arg-type]
    )
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    async with aiohttp.ClientSession(f"http://{host}:{port}/api/v1/") as session:
        for label, path in asked:
            took, cpu = [], time.process_time()
            for _ in range(repeat):
                start = time.perf_counter()
                async with session.get(path) as response:
                    size = len(await response.read())
                took.append((time.perf_counter() - start) * 1e3)
                assert response.status == 200, path
            best, median, cpu = min(took), statistics.median(took), (time.process_time() - cpu) / repeat * 1e3
            medians[label] = median
            print(f"{label:52} best {best:7.1f}  median {median:7.1f}  CPU {cpu:7.1f} ms  {size:8} bytes", flush=True)
    await runner.cleanup()
    return medians


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Of the command line, or of `arguments`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=1_000_000)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--shuffled", action="store_true")
    parser.add_argument("--no-words", action="store_true")
    parser.add_argument("--only", default="", help="questions whose label has this")
    parser.add_argument("--db", help="keep the database here, and use it again when it is there")
    return parser.parse_args(arguments)


def main() -> None:
    """Fill, measure, print."""
    given = options()
    with tempfile.TemporaryDirectory() as folder:
        path = given.db or str(Path(folder) / "read.duckdb")
        run(path, given)


def run(path: str, given: argparse.Namespace) -> dict[str, float]:
    """Fill the file where it is not there yet, and ask it; median milliseconds by label."""
    filled = Path(path).exists()
    database = Database(path, threads=given.threads)
    database.open()
    if not filled:
        fill(database, given.spans, given.shuffled)
        copy(database, given.copies)
    asyncio.run(add_up(database))
    if not given.no_words:
        asyncio.run(index(database))
    reader = DuckReader(database)
    [(rows,)] = database.cursor().execute("SELECT count(*) FROM span").fetchall()
    size = database.size_bytes() / rows
    versions = f"DuckDB {duckdb.__version__}, Python {platform.python_version()}, {date.today()}"  # noqa: DTZ011
    print(f"{rows} spans, {size:.0f} bytes each, {given.threads} thread(s), {versions}")
    asked = [each for each in questions(database) if given.only in each[0]]
    medians = asyncio.run(measure(reader, asked, given.repeat))
    reader.close()
    database.close()
    return medians


if __name__ == "__main__":
    main()
