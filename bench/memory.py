"""Whether the process keeps to `service.memory_limit` while everything happens at once.

    python -m bench.memory [--limit 384MB] [--seconds 60] [--batch 64] [--connections 4] [--readers 8]

Starts the real server on an empty database, sends requests of mixed GenAI spans as fast as they are acknowledged
(refused ones again), while readers ask for lists, one trace, sums and sessions without pause and one searches texts.
Prints the peak RSS, the longest acknowledgement and commit, refusals by status and answers by question; raises when an
acknowledged span is not there, or an answer is no retryable refusal.
"""

import argparse
import json
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import grpc

from bench.ingest import EXPORT, cpu_s, limited, peak_rss_mb, requests_of
from tests.support.server import RunningServer

SALT = 0x5EED5EED
"""First 4 bytes of every trace id of a prepared request; each sending puts its own number there."""
PREPARED_SPANS = 12_800
RETRYABLE = (429, 503, "RESOURCE_EXHAUSTED", "UNAVAILABLE")
QUESTIONS = (
    "/api/v1/traces?limit=50",
    "/api/v1/spans?limit=100&kind=generation",
    "/api/v1/traces/{trace}",
    "/api/v1/metrics/query?measures=total_tokens,total_cost&group_by=model&interval=1h",
    "/api/v1/sessions?limit=50",
    "/api/v1/generations?limit=50",
    "/api/v1/users?limit=50",
    "/api/v1/logs?limit=50",
)
SEARCH = "/api/v1/spans?q=wordthatoccursnowhere"


class Requests:
    """Prepared requests of so many spans, which many threads send; each sending has trace ids of its own."""

    def __init__(self, batch: int) -> None:
        self._batch = batch
        self._bodies = requests_of(batch * max(1, PREPARED_SPANS // batch), batch, SALT)
        self._lock = threading.Lock()
        self._number = 0
        self.acknowledged = 0
        """Spans."""
        self.refused: Counter[Any] = Counter()

    def send_next(self, send: Callable[[bytes], Any]) -> float:
        """Seconds that its acknowledged sending took; a refused one is counted and sent again. RuntimeError for a
        refusal after which nobody would."""
        body = self._next()
        while True:
            started = time.perf_counter()
            status = send(body)
            seconds = time.perf_counter() - started
            with self._lock:
                if status in (200, "OK"):
                    self.acknowledged += self._batch
                    return seconds
                self.refused[status] += 1
            if status not in RETRYABLE:
                raise RuntimeError(f"no retryable refusal: {status}")
            time.sleep(0.2)

    def _next(self) -> bytes:
        with self._lock:
            self._number += 1
            number = self._number
        body = self._bodies[number % len(self._bodies)]
        return body.replace(SALT.to_bytes(4, "big"), number.to_bytes(4, "big"))


class Run:
    """The senders, the readers, and what they saw."""

    def __init__(self, server: RunningServer, options: argparse.Namespace) -> None:
        self._server = server
        self._options = options
        self._until = time.monotonic() + options.seconds
        self.requests = Requests(options.batch)
        self.waits_ms: list[float] = []
        self.answers: Counter[str] = Counter()
        self.trace = ""

    def run(self) -> None:
        questions = [QUESTIONS[i % len(QUESTIONS)] for i in range(self._options.readers)]
        work: list[tuple[Any, tuple[str, ...]]] = [(self._read, (question,)) for question in (*questions, SEARCH)]
        work += [(self._send, ())] * self._options.connections
        threads = [threading.Thread(target=target, args=arguments) for target, arguments in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _send(self) -> None:
        send = self._http if self._options.transport == "http" else grpc_sender(self._server)
        while time.monotonic() < self._until:
            self.waits_ms.append(self.requests.send_next(send) * 1000)

    def _http(self, body: bytes) -> int:
        return self._server.post("/v1/traces", body, "application/x-protobuf")[0]

    def _read(self, question: str) -> None:
        while time.monotonic() < self._until:
            try:
                found = self._server.get(question.format(trace=self.trace or "0" * 32))
                self.answers[f"200 {question}"] += 1
                if question == QUESTIONS[0] and found["data"]:
                    self.trace = found["data"][0]["trace_id"]
            except urllib.error.HTTPError as error:
                with error:
                    self.answers[f"{error.code} {question}: {json.loads(error.read())['detail']}"] += 1
                if error.code not in (404, *RETRYABLE):
                    raise


def grpc_sender(server: RunningServer) -> Callable[[bytes], str]:
    """Sends a request over a connection of its own and returns the name of the code."""
    channel = grpc.insecure_channel(server.grpc, [("grpc.use_local_subchannel_pool", 1)])
    export = channel.unary_unary(EXPORT)

    def send(body: bytes) -> str:
        try:
            export(body)
        except grpc.RpcError as error:
            return str(error.code().name)
        return "OK"

    return send


def longest_s(metrics: str, family: str) -> str:
    """The bucket in which the slowest of a histogram lies."""
    counts = [line.rpartition(" ") for line in metrics.splitlines() if line.startswith(f"tracepond_{family}_bucket")]
    total = max(float(count) for _, _, count in counts)
    name = next(name for name, _, count in counts if float(count) == total)
    return name.partition('le="')[2].rstrip('"}')


def report(server: RunningServer, run: Run, options: argparse.Namespace) -> None:
    pid = server.process.pid
    stored = server.get("/api/v1/status")["rows"]["spans"]
    waits = sorted(run.waits_ms)
    with urllib.request.urlopen(f"{server.http}/metrics") as answer:
        metrics = answer.read().decode()
    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, limit {options.limit}, {options.transport}, {options.batch} spans a "
        f"request: {run.requests.acknowledged:,} spans in {options.seconds} s, {cpu_s(pid):.0f} s of CPU\n"
        f"peak RSS {peak_rss_mb(pid) * 1.048576:.0f} MB; acknowledgement p50 {waits[len(waits) // 2]:.0f}, "
        f"p99 {waits[int(len(waits) * 0.99)]:.0f}, longest {waits[-1]:.0f} ms; "
        f"longest commit at most {longest_s(metrics, 'commit_seconds')} s, "
        f"longest group to the tables at most {longest_s(metrics, 'flush_seconds')} s"
    )
    print("refused, sent again:", dict(run.requests.refused) or "none")
    for answer_, count in sorted(run.answers.items()):
        print(f"{count:6} {answer_}")
    if stored < run.requests.acknowledged:
        raise RuntimeError(f"{run.requests.acknowledged - stored} acknowledged spans are not there")
    print(f"every acknowledged span is there ({stored:,})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", default="384MB")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--transport", choices=["http", "grpc"], default="http")
    options = parser.parse_args()
    with limited(options.limit) as server:
        run = Run(server, options)
        run.run()
        report(server, run, options)


if __name__ == "__main__":
    main()
