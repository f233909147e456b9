"""The same load against tracepond, Phoenix and MLflow: python -m bench.peers [--spans 10000] [--env FOLDER]

Each peer is installed from PyPI into an environment of its own below FOLDER (kept for the next time; 3 GB), started
with its defaults on an empty SQLite file, and sent the same OTLP/HTTP requests (64 spans, 4 connections). A span counts
when it is in the peer's table of spans: a peer that answers first and stores later is waited for. The ratio is the
result; the figures belong to the machine.
"""

import argparse
import contextlib
import os
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bench.ingest import TICKS_A_SECOND, machine, requests_of
from tests.support.server import running

START_LIMIT_S = 180.0
IDLE_S = 5.0
GIVEN_UP_S = 120.0
"""Longest that a peer is waited for without a further span in its table."""


@dataclass(frozen=True)
class Peer:
    """How to run one. `{port}` and `{folder}` are filled in."""

    name: str
    package: str
    command: tuple[str, ...]
    environment: dict[str, str]
    ready_path: str
    database: str
    headers: dict[str, str]


PEERS = (
    Peer(
        "Phoenix", "arize-phoenix", ("phoenix", "serve"),
        {"PHOENIX_PORT": "{port}", "PHOENIX_GRPC_PORT": "{other_port}", "PHOENIX_WORKING_DIR": "{folder}",
         "PHOENIX_HOST": "127.0.0.1", "PHOENIX_TELEMETRY_ENABLED": "false"},
        "/healthz", "phoenix.db", {},
    ),
    Peer(
        "MLflow", "mlflow",
        ("mlflow", "server", "--host", "127.0.0.1", "--port", "{port}",
         "--backend-store-uri", "sqlite:///{folder}/mlflow.db", "--default-artifact-root", "{folder}/artifacts"),
        {"MLFLOW_DISABLE_TELEMETRY": "true"}, "/health", "mlflow.db", {"x-mlflow-experiment-id": "0"},
    ),
)  # fmt: skip


@dataclass
class Seen:
    """Figures of one program."""

    name: str
    start_s: float
    idle_rss_mb: float
    acknowledged: int
    acknowledged_s: float
    stored: int
    stored_s: float
    cpu_us: float
    peak_rss_mb: float
    bytes_a_span: float
    p50_ms: float
    p99_ms: float


def environment(folder: Path, peer: Peer) -> Path:
    """The folder of the peer's programs, installed if it is not there."""
    home = folder / peer.package
    if not (home / "bin" / peer.command[0]).exists():
        print(f"installing {peer.package} (minutes) ...", flush=True)
        venv.create(home, with_pip=True)
        subprocess.run([home / "bin" / "pip", "install", "--quiet", peer.package], check=True)
    return home / "bin"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def started(peer: Peer, programs: Path, folder: Path) -> Iterator[tuple[int, int]]:
    """(process id, port) of a peer that answers; it and its children are stopped at the end."""
    names = {"port": free_port(), "other_port": free_port(), "folder": folder}
    command = [part.format(**names) for part in peer.command]
    variables = {name: value.format(**names) for name, value in peer.environment.items()}
    path = f"{programs}:{os.environ['PATH']}"
    with open(folder / "log.txt", "w") as log:
        process = subprocess.Popen(
            [programs / command[0], *command[1:]], env={**os.environ, **variables, "PATH": path}, cwd=folder,
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        wait_until_ready(f"http://127.0.0.1:{names['port']}{peer.ready_path}", folder / "log.txt")
        yield process.pid, int(str(names["port"]))
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)


def wait_until_ready(url: str, log: Path) -> None:
    give_up = time.monotonic() + START_LIMIT_S
    while time.monotonic() < give_up:
        with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url, timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"{url} never answered; its log ends: {log.read_text()[-2000:]}")


def family(pid: int) -> list[Path]:
    """/proc folders of a process and all below it."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return [Path("/proc") / str(each) for each in found]


def cpu_s(pid: int) -> float:
    ticks = 0
    for folder in family(pid):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS_A_SECOND


def rss_mb(pid: int, which: str) -> float:
    kilobytes = 0
    for folder in family(pid):
        with contextlib.suppress(OSError):
            kilobytes += int((folder / "status").read_text().partition(which + ":")[2].split()[0])
    return kilobytes / 1024


class Senders:
    """Four connections with one request in flight on each."""

    def __init__(self, port: int, headers: dict[str, str], bodies: list[bytes]) -> None:
        self._port = port
        self._headers = {"Content-Type": "application/x-protobuf", **headers}
        self._bodies = list(bodies)
        self.waits_ms: list[float] = []

    def run(self) -> float:
        threads = [threading.Thread(target=self._send) for _ in range(4)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - began

    def _send(self) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=120)
        while True:
            try:
                body = self._bodies.pop()
            except IndexError:
                return
            began = time.perf_counter()
            try:
                connection.request("POST", "/v1/traces", body, self._headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, HTTPException):
                connection.close()
                continue
            if answer.status == 200:
                self.waits_ms.append((time.perf_counter() - began) * 1000)


def waited(count: Callable[[], int], wanted: int) -> int:
    """Spans in the table when all are there, or when no more have come for long."""
    seen, since = -1, time.monotonic()
    while seen < wanted and time.monotonic() - since < GIVEN_UP_S:
        now = count()
        if now != seen:
            seen, since = now, time.monotonic()
        time.sleep(0.2)
    return seen


def loaded(
    name: str, pid: int, port: int, headers: dict[str, str], bodies: list[bytes], count: Callable[[], int],
    size: Callable[[], int], start_s: float,
) -> Seen:  # fmt: skip
    time.sleep(IDLE_S)
    idle, before, began = rss_mb(pid, "VmRSS"), cpu_s(pid), time.perf_counter()
    senders = Senders(port, headers, bodies)
    acknowledged_s = senders.run()
    acknowledged = len(senders.waits_ms) * 64
    stored = waited(count, acknowledged)
    stored_s, used = time.perf_counter() - began, cpu_s(pid) - before
    waits = sorted(senders.waits_ms) or [0.0]
    return Seen(
        name, start_s, idle, acknowledged, acknowledged_s, stored, stored_s, used / max(stored, 1) * 1e6,
        rss_mb(pid, "VmHWM"), size() / max(stored, 1), waits[len(waits) // 2], waits[int(len(waits) * 0.99)],
    )  # fmt: skip


def files_of(folder: Path, stem: str) -> int:
    return sum(file.stat().st_size for file in folder.glob(stem + "*") if file.is_file())


def rows_in(path: Path) -> int:
    """Rows of the table `spans` of an SQLite file; 0 while there is none."""
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db,
    ):
        return int(db.execute("SELECT count(*) FROM spans").fetchone()[0])
    return 0


def peer_seen(peer: Peer, programs: Path, bodies: list[bytes]) -> Seen:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, began = Path(name), time.perf_counter()
        with started(peer, programs, folder) as (pid, port):
            took_s, database = time.perf_counter() - began, folder / peer.database
            return loaded(
                peer.name, pid, port, peer.headers, bodies, lambda: rows_in(database),
                lambda: files_of(folder, peer.database), took_s,
            )  # fmt: skip


def tracepond_seen(bodies: list[bytes]) -> Seen:
    with tempfile.TemporaryDirectory() as name:
        folder, began = Path(name), time.perf_counter()
        with running(folder) as server:
            took_s = time.perf_counter() - began
            seen = loaded(
                "tracepond", server.process.pid, server.http_port, {}, bodies,
                lambda: int(server.get("/api/v1/status")["rows"]["spans"]), lambda: 0, took_s,
            )  # fmt: skip
            server.terminate()
            seen.bytes_a_span = files_of(folder, "t.duckdb") / max(seen.stored, 1)
            return seen


COLUMNS: tuple[tuple[str, Callable[[Seen], str]], ...] = (
    ("start s", lambda s: f"{s.start_s:.1f}"),
    ("idle RSS MB", lambda s: f"{s.idle_rss_mb:,.0f}"),
    ("acknowledged/s", lambda s: f"{s.acknowledged / s.acknowledged_s:,.0f}"),
    ("queryable spans/s", lambda s: f"{s.stored / s.stored_s:,.0f}"),
    ("acknowledged, not stored", lambda s: f"{s.acknowledged - s.stored:,}"),
    ("p50 / p99 ms", lambda s: f"{s.p50_ms:,.0f} / {s.p99_ms:,.0f}"),
    ("CPU µs/span", lambda s: f"{s.cpu_us:,.0f}"),
    ("peak RSS MB", lambda s: f"{s.peak_rss_mb:,.0f}"),
    ("bytes/span", lambda s: f"{s.bytes_a_span:,.0f}"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=10_000)
    parser.add_argument("--env", type=Path, default=Path(tempfile.gettempdir()) / "tracepond-peers")
    options = parser.parse_args()
    bodies = requests_of(options.spans // 64 * 64, 64, 1)
    programs = {peer.name: environment(options.env, peer) for peer in PEERS}
    print(f"{machine()}; {len(bodies) * 64:,} spans of {sum(map(len, bodies)) // len(bodies) // 64:,} bytes")
    seen = [tracepond_seen(bodies)]
    for peer in PEERS:
        seen.append(peer_seen(peer, programs[peer.name], bodies))
    print("\n| | " + " | ".join(label for label, _ in COLUMNS) + " |\n|" + "---|" * (len(COLUMNS) + 1))
    for each in seen:
        print(f"| {each.name} | " + " | ".join(show(each) for _, show in COLUMNS) + " |")
    ours = seen[0]
    for each in seen[1:]:
        faster = (ours.stored / ours.stored_s) / max(each.stored / each.stored_s, 1e-9)
        cheaper, smaller = each.cpu_us / ours.cpu_us, each.bytes_a_span / ours.bytes_a_span
        print(
            f"\ntracepond against {each.name}: {faster:,.0f} times the queryable spans a second, "
            f"CPU a span {cheaper:,.0f} times, bytes a span {smaller:.1f} times less"
        )


if __name__ == "__main__":
    main()
