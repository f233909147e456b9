"""A server's life: start, idling, what a span takes on disk, kill -9 under load, start on what was left.

    python -m bench.life [--spans 200000] [--kills 3]

Each kill comes at a random moment while four connections send; after the restart what was not acknowledged is sent
again, nothing else, and everything must be there once.
"""

import argparse
import contextlib
import http.client
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.ingest import Load, cpu_s, machine, requests_of
from tests.support.server import RunningServer, running

SPANS_A_REQUEST = 64
CONNECTIONS = 4
IDLE_S = 10.0


@dataclass
class Life:
    """Figures of one run; seconds, MB, bytes."""

    start_empty_s: float
    idle_rss_mb: float
    idle_cpu_percent: float
    bytes_a_span: float
    start_filled_s: float
    kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    twice: int = 0
    start_killed_s: float = 0.0


@contextlib.contextmanager
def timed_start(folder: Path, **settings: str) -> Iterator[tuple[RunningServer, float]]:
    """A server, and the seconds from the command to its being ready."""
    started = time.perf_counter()
    with running(folder, **settings) as server:
        server.get("/readyz")
        yield server, time.perf_counter() - started


def rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def peaceful(folder: Path, spans: int) -> Life:
    """Start, idle, fill, stop, start again."""
    with timed_start(folder) as (server, start_empty_s):
        pid = server.process.pid
        before = cpu_s(pid)
        time.sleep(IDLE_S)
        idle_cpu = (cpu_s(pid) - before) / IDLE_S * 100
        idle_rss = rss_mb(pid)
        for salt in range(0, spans, 50_000):
            part = min(50_000, spans - salt)
            Load(server, requests_of(part, SPANS_A_REQUEST, salt + 1), "http").run(CONNECTIONS)
        server.terminate()
    size = (folder / "t.duckdb").stat().st_size / spans
    with timed_start(folder) as (_, start_filled_s):
        return Life(start_empty_s, idle_rss, idle_cpu, size, start_filled_s)


class Interrupted:
    """Requests of which some are acknowledged before the server dies."""

    def __init__(self, bodies: list[bytes]) -> None:
        self._bodies = bodies
        self._waiting = list(range(len(bodies)))
        self.acknowledged: list[int] = []

    def run(self, server: RunningServer, kill_after_s: float) -> None:
        threads = [threading.Thread(target=self._send, args=(server.http_port,)) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        time.sleep(kill_after_s)
        server.kill()
        for thread in threads:
            thread.join()

    def _send(self, port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        with contextlib.suppress(OSError, http.client.HTTPException, IndexError):
            while True:
                number = self._waiting.pop()
                post(connection, self._bodies[number])
                self.acknowledged.append(number)

    def send_the_rest(self, server: RunningServer) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=60)
        for number in set(range(len(self._bodies))) - set(self.acknowledged):
            post(connection, self._bodies[number])


def post(connection: http.client.HTTPConnection, body: bytes) -> None:
    connection.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise OSError(f"not acknowledged: {answer.status}")


def killed(folder: Path, life: Life, salt: int) -> None:
    """One kill; adds what was seen to `life`."""
    requests = 200
    load = Interrupted(requests_of(requests * SPANS_A_REQUEST, SPANS_A_REQUEST, salt))
    with timed_start(folder) as (server, _):
        load.run(server, random.uniform(0.1, 1.2))
    with timed_start(folder) as (server, took_s):
        load.send_the_rest(server)  # and nothing that was acknowledged: so what is missing then was lost
        missing = requests * SPANS_A_REQUEST - server.get("/api/v1/status")["rows"]["spans"]
    life.kills += 1
    life.acknowledged += len(load.acknowledged) * SPANS_A_REQUEST
    life.lost += max(0, missing)
    life.twice += max(0, -missing)
    life.start_killed_s = max(life.start_killed_s, took_s)


def measure(spans: int, kills: int) -> Life:
    with tempfile.TemporaryDirectory() as folder:
        life = peaceful(Path(folder) / "calm", spans)
        for nth in range(kills):
            killed(Path(folder) / f"killed{nth}", life, nth + 1)
    return life


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=200_000)
    parser.add_argument("--kills", type=int, default=3)
    options = parser.parse_args()
    life = measure(options.spans, options.kills)
    print(machine())
    print(f"start, new file: {life.start_empty_s:.2f} s")
    print(f"idle: {life.idle_rss_mb:.0f} MB, {life.idle_cpu_percent:.1f} % of a core")
    print(f"on disk: {life.bytes_a_span:.0f} bytes a span ({options.spans:,} spans)")
    print(f"start, that file: {life.start_filled_s:.2f} s")
    print(
        f"{life.kills} kills under load: {life.acknowledged:,} spans acknowledged, {life.lost} lost, "
        f"{life.twice} twice; ready again after at most {life.start_killed_s:.2f} s"
    )


if __name__ == "__main__":
    main()
