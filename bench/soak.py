"""Whether a server at full load grows: a file that retention keeps at one size, and a line a minute.

    python -m bench.soak [--minutes 10] [--rows 300000] [--connections 4] [--transport http|grpc] [--limit auto]
        [--every 60]

Starts the real server on an empty database with `storage.retention.max_rows`, sends requests of 64 mixed GenAI spans as
fast as they are acknowledged (refused ones again) and asks for the newest traces once a second. Prints RSS, threads and
open files, spans acknowledged, stored and deleted, refusals, the file and its log; at the end what the highest RSS of a
line grew by, a minute, over the second half. Raises when a span that was acknowledged is neither stored nor deleted, or
an answer is no retryable refusal. The first minutes fill caches and the file; growth after them is a leak.
"""

import argparse
import http.client
import os
import threading
import time
from typing import Any

from bench.hostile import files, rss_mb
from bench.ingest import cpu_s, limited, machine
from bench.memory import Requests, grpc_sender
from tests.support.server import RunningServer

BATCH = 64
LOOK_S = 0.5
QUESTION = "/api/v1/traces?limit=50"


class Load:
    """Connections that send until they are told to stop."""

    def __init__(self, server: RunningServer, transport: str) -> None:
        self._server = server
        self._transport = transport
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.requests = Requests(BATCH)
        self.failed: list[Exception] = []

    def start(self, connections: int) -> None:
        self._threads = [threading.Thread(target=self._guarded, args=(self._send_on,)) for _ in range(connections)]
        self._threads.append(threading.Thread(target=self._guarded, args=(self._ask_on,)))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _guarded(self, work: Any) -> None:
        try:
            work()
        except Exception as error:
            self.failed.append(error)

    def _send_on(self) -> None:
        send = grpc_sender(self._server) if self._transport == "grpc" else http_sender(self._server)
        while not self._stop.is_set():
            self.requests.send_next(send)

    def _ask_on(self) -> None:
        while not self._stop.wait(1.0):
            self._server.get(QUESTION)


def http_sender(server: RunningServer) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=60)

    def send(body: bytes) -> int:
        connection.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    return send


class Watch:
    """Looks at the process and prints a line each while."""

    def __init__(self, server: RunningServer, load: Load) -> None:
        self._server = server
        self._load = load
        self._pid = server.process.pid
        self._began = time.monotonic()
        self.highest_mb: list[float] = []
        """Of each line."""

    def look(self, seconds: float) -> None:
        until, highest_mb, before = time.monotonic() + seconds, 0.0, self._load.requests.acknowledged
        while time.monotonic() < until and not self._load.failed:
            highest_mb = max(highest_mb, rss_mb(self._pid))
            time.sleep(min(LOOK_S, max(0.0, until - time.monotonic())))
        self.highest_mb.append(highest_mb)
        status = self._server.get("/api/v1/status")
        threads = len(os.listdir(f"/proc/{self._pid}/task"))
        database = status["database"]
        print(
            f"| {(time.monotonic() - self._began) / 60:.1f} | {rss_mb(self._pid):.0f} | {highest_mb:.0f} "
            f"| {threads}, {files(self._pid)} | {self._load.requests.acknowledged:,} "
            f"| {(self._load.requests.acknowledged - before) / seconds:,.0f} | {status['rows']['spans']:,} "
            f"| {deleted_rows(self._server):,} | {sum(self._load.requests.refused.values())} "
            f"| {database['size_bytes'] / 1e6:.0f}, {database['wal_bytes'] / 1e6:.0f} |",
            flush=True,
        )

    def growth_mb_a_minute(self, every_s: float) -> float:
        """Slope of the highest RSS over the second half of the lines (least squares); 0 with less than two."""
        half = self.highest_mb[len(self.highest_mb) // 2 :]
        if len(half) < 2:
            return 0.0
        middle, mean = (len(half) - 1) / 2, sum(half) / len(half)
        spread = sum((at - middle) ** 2 for at in range(len(half)))
        return sum((at - middle) * (value - mean) for at, value in enumerate(half)) / spread / (every_s / 60)


def deleted_rows(server: RunningServer) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=60)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return int(sum(float(line.split()[-1]) for line in lines if line.startswith("tracepond_retention_deleted_total")))


def check(server: RunningServer, load: Load) -> str:
    """RuntimeError when the numbers do not add up; asked again where retention deletes between two questions."""
    if load.failed:
        raise RuntimeError(f"the load ended early: {load.failed[0]!r}")
    while True:
        before = deleted_rows(server)
        stored = server.get("/api/v1/status")["rows"]["spans"]
        if deleted_rows(server) == before:
            break
    if stored + before != load.requests.acknowledged:
        raise RuntimeError(f"{load.requests.acknowledged} acknowledged, but {stored} stored and {before} deleted")
    return f"{load.requests.acknowledged:,} acknowledged = {stored:,} stored + {before:,} deleted"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rows", type=int, default=300_000, help="storage.retention.max_rows")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--transport", choices=["http", "grpc"], default="http")
    parser.add_argument("--limit", default="auto", help="service.memory_limit")
    parser.add_argument("--every", type=float, default=60, help="seconds a line")
    options = parser.parse_args()
    with limited(options.limit, TRACEPOND_STORAGE_RETENTION_MAX_ROWS=str(options.rows)) as server:
        print(f"{machine()}; {options.connections} connections, {options.transport}, {options.rows:,} rows kept")
        print(
            "| minute | RSS MB | highest | threads, files | acknowledged | spans/s | stored | deleted | refused "
            "| file, log MB |\n|---|---|---|---|---|---|---|---|---|---|"
        )
        load = Load(server, options.transport)
        watch = Watch(server, load)
        load.start(options.connections)
        try:
            for _ in range(max(1, round(options.minutes * 60 / options.every))):
                watch.look(options.every)
        finally:
            load.stop()
        print(f"{check(server, load)}; refused, sent again: {dict(load.requests.refused) or 'none'}")
        print(
            f"{cpu_s(server.process.pid) / load.requests.acknowledged * 1e6:.0f} us of CPU a span; the highest RSS "
            f"grew by {watch.growth_mb_a_minute(options.every):+.1f} MB a minute over the second half"
        )


if __name__ == "__main__":
    main()
