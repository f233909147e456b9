"""Days of traffic as a server gets them, and every budget of reading asked of what it then has.

    python -m bench.days [--spans 1000000] [--days 1] [--keep ROWS] [--repeat 8] [--folder DIR]

Starts the real server on an empty file and sends it over OTLP/HTTP, oldest day first, so many spans a day
(`bench/traffic.py`: traces of eight spans with 1.2 kB of text each, words by Zipf's law), the traces of a day in no
order of time, which is the worst case for lists; requests of 64 spans over four connections, made by a process of their
own beside the server. Waits until the server has nothing left to do, starts it again and asks it, one question after
the other; with several days about the last one. `--keep` then starts it with `storage.retention.max_rows`, waits until
the rest is deleted and the file is at rest, and asks again. `--folder` keeps the file, and asks the one that it has.
"""

import argparse
import contextlib
import http.client
import multiprocessing
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from bench.ingest import cpu_s, machine, peak_rss_mb, request_of
from bench.life import timed_start
from bench.soak import http_sender
from bench.traffic import NEEDLE, Traffic, batches
from tests.support.server import RunningServer

DAY_NS = 86_400 * 10**9
SPANS_A_REQUEST = 64
CONNECTIONS = 4
MADE_AHEAD = 256
"""Requests."""
COME_AGAIN = (429, 503)
FEW, MANY = 1_000_000, 10_000_000
AT_REST_CPU = 0.05
AT_REST_S = 10.0
"""A server that takes less of a core than that, so long, has made its indexes and written its file."""


class Question(NamedTuple):
    """What is asked, and the milliseconds it may take in a file of a million spans and in one of many days."""

    label: str
    paths: list[str]
    at_1m_ms: int | None = None
    at_10m_ms: int | None = None


def made(queue: Any, day: int, spans: int, newest_ns: int) -> None:
    """The requests of a day, and null after the last."""
    rng = random.Random(day)
    starts = (newest_ns - int(rng.random() * DAY_NS) for _ in iter(int, 1))
    for batch in batches(Traffic(seed=day), spans, starts, SPANS_A_REQUEST):
        queue.put(request_of(batch.spans, day + 1))
    queue.put(None)


def requests(day: int, spans: int, newest_ns: int) -> Iterator[bytes]:
    """Made in a process of their own, while those before are sent."""
    queue: Any = multiprocessing.Queue(MADE_AHEAD)
    maker = multiprocessing.Process(target=made, args=(queue, day, spans, newest_ns), daemon=True)
    maker.start()
    while (body := queue.get()) is not None:
        yield body
    maker.join()


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
        """Until the last is acknowledged. RuntimeError for a refusal after which nobody would send again."""
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
        while (status := post(body)) in COME_AGAIN:
            self.refused += 1
            time.sleep(0.2)
        if status != 200:
            raise RuntimeError(f"no retryable refusal: {status}")
        with self._lock:
            self.acknowledged += 1


def fill(folder: Path, spans: int, days: int, end_ns: int) -> None:
    """A file of so many days, at rest. RuntimeError when not every span acknowledged is stored."""
    with timed_start(folder) as (server, _):
        sending = Sending(server)
        for day in range(days):
            told = send_day(sending, requests(day, spans, end_ns - (days - 1 - day) * DAY_NS))
            print(f"day {day + 1}: {told}, RSS at most {peak_rss_mb(server.process.pid):.0f} MB", flush=True)
        waited = rest(server)
        status, acknowledged = server.get("/api/v1/status"), sending.acknowledged * SPANS_A_REQUEST
        stored, size = status["rows"]["spans"], status["database"]["size_bytes"]
        if stored != acknowledged:
            raise RuntimeError(f"{acknowledged} spans are acknowledged, {stored} are stored")
        print(
            f"{stored:,} spans acknowledged and stored, {sending.refused} requests told to come again; at rest after "
            f"{waited:.0f} s; {size / stored:.0f} bytes and {cpu_s(server.process.pid) / stored * 1e6:.0f} us of CPU a "
            f"span, with all indexes",
            flush=True,
        )
        server.terminate()


def send_day(sending: Sending, bodies: Iterator[bytes]) -> str:
    pid = sending.server.process.pid
    began, cpu, before = time.monotonic(), cpu_s(pid), sending.acknowledged
    sending.send(bodies)
    sent, took = (sending.acknowledged - before) * SPANS_A_REQUEST, time.monotonic() - began
    used = (cpu_s(pid) - cpu) / sent * 1e6
    return f"{sent:,} spans acknowledged in {took:.0f} s beside their making, {used:.0f} us of CPU a span"


def rest(server: RunningServer) -> float:
    """Seconds until the server was at rest."""
    pid, began = server.process.pid, time.monotonic()
    while True:
        before = cpu_s(pid)
        time.sleep(AT_REST_S)
        if cpu_s(pid) - before < AT_REST_CPU * AT_REST_S:
            return time.monotonic() - began - AT_REST_S


def ask(server: RunningServer, path: str) -> tuple[float, int]:
    """Milliseconds over a connection of its own, and the bytes of the answer. RuntimeError when it is none."""
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=120)
    with contextlib.closing(connection):
        began = time.perf_counter()
        connection.request("GET", f"/api/v1/{path}")
        answer = connection.getresponse()
        size = len(answer.read())
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} for {path}")
        return (time.perf_counter() - began) * 1e3, size


def questions(server: RunningServer, is_whole: bool, repeat: int) -> list[Question]:
    """Each about the file where it is of one day, else about its last day."""
    newest_ns = time_ns(server.get("/api/v1/spans?limit=1")["data"][0]["start_time"])
    day = "" if is_whole else f"&from={newest_ns - DAY_NS}&to={newest_ns + 1}"
    rng = random.Random(1)
    moments = [newest_ns - int(rng.random() * 0.99 * DAY_NS) for _ in range(repeat)]
    traces = [server.get(f"/api/v1/traces?limit=1&to={at}")["data"][0]["trace_id"] for at in moments]
    plot = "metrics/query?measures=total_tokens,total_cost&group_by=model&interval=hour"
    plot_day = f"&from={newest_ns - DAY_NS}&to={newest_ns + 1}"

    def search(words: str) -> list[str]:
        return [f"spans?q={quote(words)}{day}"]

    return [
        Question("newest 50 traces", [f"traces?limit=50{day}"], 60, 150),
        Question("one trace by id, everything (another each time)", [f"traces/{each}" for each in traces], 40, 150),
        Question("tokens and cost by model per hour", [plot + plot_day], 100, 150),
        Question("text search, a frequent word", search("batu"), 200, 150),
        Question("text search, 你好 (one of 450 spans)", search("你好"), 200, 150),
        Question("text search, one of 1,600 spans", search(NEEDLE), 200, 150),
        Question("text search, a word that occurs nowhere", search("zz9zz"), 200, 150),
        Question("newest 50 sessions", [f"sessions?limit=50{day}"]),
        Question("newest 50 users", [f"users?limit=50{day}"]),
        Question("newest 50 generations", [f"generations?limit=50{day}"]),
        Question("spans by an attribute", [f"spans?attr.app.step=7{day}"]),
    ]


def time_ns(told: str) -> int:
    """Of a time as the API tells it, up to the microsecond after it."""
    return int(datetime.fromisoformat(told).timestamp() * 1e6 + 1) * 1000


def answer(folder: Path, repeat: int) -> None:
    """Start the server on the file, ask, and print a table."""
    with timed_start(folder) as (server, started_s):
        rest(server)
        status = server.get("/api/v1/status")
        spans, size = status["rows"]["spans"], status["database"]["size_bytes"]
        is_whole = spans < 2 * FEW
        print(f"\n{machine()}; {spans:,} spans, {size / 1e6:,.0f} MB, ready after {started_s:.2f} s")
        print(f"| question{'' if is_whole else ', the last day'} | at least | least ms | median ms | bytes |")
        print("|---|---|---|---|---|")
        for question in questions(server, is_whole, repeat):
            bar = question.at_1m_ms if is_whole else question.at_10m_ms
            print(f"| {question.label} | {bar or ''} | {timed(server, question, repeat)} |", flush=True)
        print(f"RSS at most {peak_rss_mb(server.process.pid):.0f} MB")
        server.terminate()


def timed(server: RunningServer, question: Question, repeat: int) -> str:
    seen = [ask(server, question.paths[nth % len(question.paths)]) for nth in range(repeat)]
    took = [milliseconds for milliseconds, _ in seen]
    return f"{min(took):.0f} | {statistics.median(took):.0f} | {seen[-1][1]:,}"


def keep(folder: Path, rows: int) -> None:
    """Delete the oldest until so many spans are left, and what there is to do after that."""
    settings = {"TRACEPOND_STORAGE_RETENTION_MAX_ROWS": str(rows)}
    began = time.monotonic()
    with timed_start(folder, **settings) as (server, _):
        before = server.get("/api/v1/status")["database"]["size_bytes"]
        while (left := server.get("/api/v1/status")["rows"]["spans"]) > rows:
            time.sleep(1)
        took = time.monotonic() - began
        rest(server)
        after = server.get("/api/v1/status")["database"]["size_bytes"]
        print(
            f"\nkept {left:,} spans after {took:.0f} s; the file {before / 1e6:,.0f} MB before, {after / 1e6:,.0f} "
            f"after; peak RSS {peak_rss_mb(server.process.pid):.0f} MB",
            flush=True,
        )
        server.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=FEW, help="a day")
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--keep", type=int, default=0, help="storage.retention.max_rows, after all was asked")
    parser.add_argument("--repeat", type=int, default=8)
    parser.add_argument("--folder", type=Path, help="keep the file here, and use it again when it is there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as own:
        folder = given.folder or Path(own)
        if not (folder / "t.duckdb").exists():
            fill(folder, given.spans, given.days, int(datetime.now(UTC).timestamp()) * 10**9)
        answer(folder, given.repeat)
        if given.keep:
            keep(folder, given.keep)
            answer(folder, given.repeat)


if __name__ == "__main__":
    main()
