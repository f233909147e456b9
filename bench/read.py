"""What a server answers that has been sent days of traffic, and how long each answer takes.

    python -m bench.read [--spans 1000000] [--days 1] [--copied] [--in-order] [--keep ROWS] [--only LABEL] [--repeat 8]
        [--folder DIR]

Starts the real server on an empty file and sends it over OTLP/HTTP, the oldest day first, so many spans a day
(`bench/traffic.py`: traces of eight spans with 1.2 kB of text each, words by Zipf's law), the traces of a day in no
order of time, which is the worst case for lists (`--in-order`: in order); 64 spans a request, four connections, made by
a process of their own beside the server. `--copied` sends one day and copies it by SQL. Waits until the server has
nothing left to do, starts it again and asks, one question after the other, with several days about the last one.
`--keep` then starts it with `storage.retention.max_rows`, waits until the rest is deleted, and asks again. `--folder`
keeps the file, and asks the one that is there.
"""

import argparse
import multiprocessing
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty
from typing import Any
from urllib.parse import quote

from bench.asked import Answers, Question, ask_all, rest
from bench.ingest import cpu_s, machine, peak_rss_mb, request_of
from bench.life import timed_start
from bench.soak import http_sender
from bench.traffic import NEEDLE, Traffic, batches
from contract.columns import SPAN_COLUMNS
from storage.database import Database
from tests.support.server import RunningServer

DAY_NS = 86_400 * 10**9
SPANS_A_REQUEST = 64
SPANS_A_TRACE = 7.5
CONNECTIONS = 4
MADE_AHEAD = 256
"""Requests."""
COME_AGAIN = (429, 503)
REFUSED_AT_MOST_S = 120.0
MILLION = 1_000_000

COPY = {
    **{name: f"'{{nth:x}}' || substr({name}, 2)" for name in ("trace_id", "span_id", "parent_span_id")},
    **{
        name: f"make_timestamp_ns(epoch_ns({name}) + {{nth}} * {DAY_NS})"
        for name in ("start_time", "end_time", "received_time")
    },
    "commit_seq": "commit_seq + {nth} * {first}",
}
"""What differs between a day and its copy: ids and times."""

COPY_WORDS = f"""
INSERT INTO text_words
SELECT
    source, greatest(first_seq, 1) + {{nth}} * {{first}}, last_seq + {{nth}} * {{first}}, row_count,
    make_timestamp_ns(epoch_ns(first_time) + {{nth}} * {DAY_NS}),
    make_timestamp_ns(epoch_ns(last_time) + {{nth}} * {DAY_NS}),
    list_transform(tile_last_seqs, lambda seq: seq + {{nth}} * {{first}}), tiles, words
FROM text_words WHERE last_seq <= {{first}}
"""
"""To make the index of nine days takes ten minutes."""


def made(queue: Any, day: int, spans: int, end_ns: int, in_order: bool) -> None:
    """The requests of the day that ends then, and null after the last."""
    for batch in batches(Traffic(seed=day), spans, starts(day, spans, end_ns - DAY_NS, in_order), SPANS_A_REQUEST):
        queue.put(request_of(batch.spans, day + 1))
    queue.put(None)


def starts(day: int, spans: int, begin_ns: int, in_order: bool) -> Iterator[int]:
    """When the traces of a day begin."""
    rng, number = random.Random(day), 0
    while True:
        yield begin_ns + int((number * SPANS_A_TRACE / spans if in_order else rng.random()) * DAY_NS)
        number += 1


def requests(*arguments: Any) -> Iterator[bytes]:
    """Of `made`, in a process of its own, while those before are sent. RuntimeError when that process ends early."""
    queue: Any = multiprocessing.Queue(MADE_AHEAD)
    maker = multiprocessing.Process(target=made, args=(queue, *arguments), daemon=True)
    maker.start()
    try:
        while (body := next_of(queue, maker)) is not None:
            yield body
    finally:
        maker.terminate()
        maker.join()


def next_of(queue: Any, maker: multiprocessing.Process) -> Any:
    while True:
        try:
            return queue.get(timeout=1.0)
        except Empty:
            if not maker.is_alive():
                raise RuntimeError(f"the process that makes requests ended with {maker.exitcode}") from None


class Sending:
    """Sends over some connections, and counts."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self._lock = threading.Lock()
        self._bodies: Iterator[bytes] = iter(())
        self.acknowledged = 0
        """Requests."""
        self.refused = 0
        """Times that one was told to come again, and did."""

    def send(self, bodies: Iterator[bytes]) -> None:
        """Until the last is acknowledged. RuntimeError for a refusal after which nobody would send again, and for one
        that lasts."""
        self._bodies = bodies
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for sender in [pool.submit(self._send_on) for _ in range(CONNECTIONS)]:
                sender.result()

    def _send_on(self) -> None:
        post = http_sender(self.server)
        try:
            while (body := self._next()) is not None:
                self._send_one(post, body)
        except BaseException:
            self._bodies = iter(())
            raise

    def _next(self) -> bytes | None:
        with self._lock:
            return next(self._bodies, None)

    def _send_one(self, post: Callable[[bytes], int], body: bytes) -> None:
        until = time.monotonic() + REFUSED_AT_MOST_S
        while (status := post(body)) in COME_AGAIN and time.monotonic() < until:
            self.refused += 1
            time.sleep(0.2)
        if status != 200:
            raise RuntimeError(f"refused for good, or for {REFUSED_AT_MOST_S:.0f} s: {status}")
        with self._lock:
            self.acknowledged += 1


def fill(folder: Path, given: argparse.Namespace) -> None:
    """A file of all its days, at rest. RuntimeError when not every span acknowledged is stored."""
    end_ns, sent = int(datetime.now(UTC).timestamp()) * 10**9, 1 if given.copied else given.days
    with timed_start(folder) as (server, _):
        sending, pid = Sending(server), server.process.pid
        for day in range(sent):
            bodies = requests(day, given.spans, end_ns - (given.days - 1 - day) * DAY_NS, given.in_order)
            print(f"day {day + 1}: {send_day(sending, bodies)}, RSS at most {peak_rss_mb(pid):.0f} MB", flush=True)
        waited = rest(server)
        status, acknowledged = server.get("/api/v1/status"), sending.acknowledged * SPANS_A_REQUEST
        stored, size = status["rows"]["spans"], status["database"]["size_bytes"]
        if stored != acknowledged:
            raise RuntimeError(f"{acknowledged} spans are acknowledged, {stored} are stored")
        print(
            f"{stored:,} spans acknowledged and stored, {sending.refused} requests told to come again; at rest after "
            f"{waited:.0f} s; {size / stored:.0f} bytes and {cpu_s(pid) / stored * 1e6:.0f} us of CPU a span, with all "
            f"indexes",
            flush=True,
        )
        server.terminate()
    if given.copied:
        copy_file(folder / "t.duckdb", given.days)


def send_day(sending: Sending, bodies: Iterator[bytes]) -> str:
    pid = sending.server.process.pid
    began, cpu, before = time.monotonic(), cpu_s(pid), sending.acknowledged
    sending.send(bodies)
    sent, took = (sending.acknowledged - before) * SPANS_A_REQUEST, time.monotonic() - began
    used = (cpu_s(pid) - cpu) / sent * 1e6
    return f"{sent:,} spans acknowledged in {took:.0f} s beside their making, {used:.0f} us of CPU a span"


def copy_file(path: Path, copies: int) -> None:
    database = Database(str(path))
    database.open()
    copy(database, copies)
    database.close()


def copy(database: Database, copies: int) -> None:
    """The day that the file holds on the days after it too, with what the index of words has of it."""
    connection = database.cursor()
    [(first,)] = connection.execute("SELECT max(commit_seq) FROM span").fetchall()
    for nth in range(1, copies):
        made = (COPY.get(c.name, c.name).format(nth=nth, first=first) + f" AS {c.name}" for c in SPAN_COLUMNS)
        sql = f"INSERT INTO span BY NAME SELECT {', '.join(made)} FROM span WHERE commit_seq <= {first}"
        connection.execute(sql).fetchall()
        connection.execute(COPY_WORDS.format(nth=nth, first=first)).fetchall()
    connection.execute("UPDATE store SET flushed_seq = (SELECT max(commit_seq) + 1 FROM span)").fetchall()
    connection.close()
    database.checkpoint()


def questions(server: RunningServer, spans: int, repeat: int) -> list[Question]:
    """Those that have a budget first. Each is about the file where it is of one day, else about its last day."""
    is_large = spans > 2 * MILLION
    [newest] = server.get("/api/v1/spans?limit=1")["data"]
    newest_ns = int(datetime.fromisoformat(newest["start_time"]).timestamp() * 1e6 + 1) * 1000
    begin_ns, rng = newest_ns - DAY_NS, random.Random(1)
    last_day = f"from={begin_ns}&to={newest_ns}"
    day = last_day if is_large else ""
    moments = (newest_ns - int(rng.random() * 0.99 * DAY_NS) for _ in range(repeat))
    asked = (server.get(f"/api/v1/traces?limit=1&to={at}")["data"] for at in moments)
    traces = [trace for found in asked for trace in found]
    by_hour = f"metrics/query?measures=total_tokens,total_cost&group_by=model&interval=hour&{last_day}"
    percentiles = "metrics/query?measures=p50(duration_ms),p95(duration_ms)&kind=generation&group_by=model"
    session, user = traces[0]["session_id"], traces[0]["user_id"]

    def bar(few_ms: int) -> int:
        return 150 if is_large else few_ms

    def search(words: str, of: str = "spans") -> list[str]:
        return [f"{of}?q={quote(words)}&{day}"]

    return [
        Question("newest 50 traces", [f"traces?{day}"], bar(60)),
        Question("one trace by id, everything, another each time", [f"traces/{each['trace_id']}" for each in traces],
                 bar(40)),
        Question("tokens and cost by model per hour", [by_hour], bar(100)),
        Question("text search, a word of most spans", search("lede"), bar(200)),
        Question("text search, one of 15 spans", search("batu"), bar(200)),
        Question("text search, 你好, one of 280", search("你好"), bar(200)),
        Question("text search, one of 1,400", search(NEEDLE), bar(200)),
        Question("text search, a number, one of 3,700", search("A-1234"), bar(200)),
        Question("text search, a number, one of 37,000", search("A-12345"), bar(200), finds=None),
        Question("text search, a word that occurs nowhere", search("zz9zz"), bar(200), finds=False),
        Question("text search, a phrase of frequent words", search('"lede veleve lede veleve"')),
        Question("text search of traces, one of 1,400 spans", search(NEEDLE, "traces")),
        Question("text search of traces, a word that occurs nowhere", search("zz9zz", "traces"), finds=False),
        Question("p50, p95 of calls by model", [f"{percentiles}&{last_day}"]),
        Question("newest 50 generations", [f"generations?{day}"]),
        Question("newest 50 generations of a model", [f"generations?model=gpt-4o-2026-08-01&{day}"]),
        Question("spans by an attribute, one of 12", [f"spans?attr.app.step=7&{day}"]),
        Question("spans by an attribute that occurs nowhere", [f"spans?attr.gen_ai.response.id=chatcmpl-0&{day}"],
                 finds=False),
        Question("newest 50 sessions", [f"sessions?{day}"]),
        Question("newest 50 users", [f"users?{day}"]),
        Question("traces of a session", [f"traces?session_id={session}"]),
        Question("one session with its traces", [f"sessions/{session}"]),
        Question("one user with the newest traces", [f"users/{user}"]),
        Question("facets of five fields", [f"facets?{day}"]),
    ]  # fmt: skip


def answer(folder: Path, given: argparse.Namespace) -> Answers:
    """Start the server on the file and ask it."""
    with timed_start(folder) as (server, started_s):
        rest(server)
        status = server.get("/api/v1/status")
        spans, size = status["rows"]["spans"], status["database"]["size_bytes"]
        print(f"\n{machine()}; {spans:,} spans, {size / 1e6:,.0f} MB, ready after {started_s:.2f} s", flush=True)
        asked = [each for each in questions(server, spans, given.repeat) if given.only in each.label]
        answers = ask_all(server, asked, given.repeat)
        print(f"RSS at most {peak_rss_mb(server.process.pid):.0f} MB", flush=True)
        server.terminate()
    return answers


def keep(folder: Path, rows: int) -> None:
    """Delete the oldest until so many spans are left, and what there is to do after that."""
    began = time.monotonic()
    with timed_start(folder, TRACEPOND_STORAGE_RETENTION_MAX_ROWS=str(rows)) as (server, _):
        before = server.get("/api/v1/status")["database"]["size_bytes"]
        while (left := server.get("/api/v1/status")["rows"]["spans"]) > rows:
            time.sleep(1)
        took = time.monotonic() - began
        rest(server)
        after = server.get("/api/v1/status")["database"]["size_bytes"]
        print(
            f"\nkept {left:,} spans after {took:.0f} s; the file {before / 1e6:,.0f} MB before, {after / 1e6:,.0f} "
            f"after; RSS at most {peak_rss_mb(server.process.pid):.0f} MB",
            flush=True,
        )
        server.terminate()


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Of the command line, or of `arguments`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=MILLION, help="a day")
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--copied", action="store_true", help="the first day by SQL, instead of sending each")
    parser.add_argument("--in-order", action="store_true", help="traces in the order of time")
    parser.add_argument("--keep", type=int, default=0, help="storage.retention.max_rows, after all was asked")
    parser.add_argument("--only", default="", help="questions whose label has this")
    parser.add_argument("--repeat", type=int, default=8)
    parser.add_argument("--folder", type=Path, help="keep the file here, and use it again when it is there")
    return parser.parse_args(arguments)


def run(given: argparse.Namespace) -> Answers:
    """Fill the file where it is not there yet, ask it, and after `--keep` again; the last answers."""
    if given.folder:
        given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=given.folder) as own:
        folder, filling = given.folder or Path(own), Path(own) / "filling"
        if not (folder / "t.duckdb").exists():
            fill(filling, given)
            shutil.move(filling / "t.duckdb", folder)
        answers = answer(folder, given)
        if given.keep:
            keep(folder, given.keep)
            answers = answer(folder, given)
    return answers


if __name__ == "__main__":
    run(options())
