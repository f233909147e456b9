"""Questions over HTTP to a server that runs, one after the other, each some times."""

import contextlib
import http.client
import statistics
import time
from collections.abc import Sequence
from typing import NamedTuple

from bench.ingest import cpu_s
from tests.support.server import RunningServer

AT_REST_CPU = 0.025
AT_REST_S = 10.0
"""A server that takes less of a core than that, so long, has made its indexes and written its file: what it does beside
others takes a twentieth (`storage/background.py`)."""
EMPTY_BYTES = 40
"""A list of nothing is shorter."""
LIMIT_S = 120.0


class Question(NamedTuple):
    """Paths below `/api/v1/` that are asked in turn, and the milliseconds that an answer may take."""

    label: str
    paths: list[str]
    bar_ms: int | None = None
    finds: bool | None = True
    """Whether there is something to be found; null where that is chance."""


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
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=LIMIT_S)
    with contextlib.closing(connection):
        began = time.perf_counter()
        connection.request("GET", f"/api/v1/{path}")
        answer = connection.getresponse()
        size = len(answer.read())
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} for {path}")
        return (time.perf_counter() - began) * 1e3, size


Answers = list[tuple[Question, float]]
"""Each question with the least milliseconds that it took."""


def ask_all(server: RunningServer, questions: Sequence[Question], repeat: int) -> Answers:
    """Ask each so many times; prints a table with a row as each is known. RuntimeError where something should be found
    and is not, or the other way round."""
    print("| question | may take ms | least | median | CPU ms | bytes |\n|---|---|---|---|---|---|")
    answers = []
    for question in questions:
        label, paths, bar_ms, finds = question
        cpu = cpu_s(server.process.pid)
        seen = [ask(server, paths[nth % len(paths)]) for nth in range(repeat)]
        if finds is not None and any((size > EMPTY_BYTES) is not finds for _, size in seen):
            raise RuntimeError(f"{label}: found {'nothing' if finds else 'something'}")
        cpu_ms = (cpu_s(server.process.pid) - cpu) / repeat * 1e3
        took = [milliseconds for milliseconds, _ in seen]
        answers.append((question, min(took)))
        print(
            f"| {label} | {bar_ms or ''} | {min(took):.0f} | {statistics.median(took):.0f} | {cpu_ms:.0f} "
            f"| {seen[-1][1]:,} |",
            flush=True,
        )
    return answers
