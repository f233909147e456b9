"""What a running server takes in: spans a second acknowledged (durable and queryable), CPU a span, latency, memory.

    python -m bench.ingest [--spans 40000] [--batch 64] [--connections 4] [--transport http|grpc] [--rounds 3]
        [--compare]

Starts the real server on an empty database, sends pre-serialised requests of mixed GenAI spans over some connections
with one request in flight on each, and prints a line a round. What the last requests leave to be done counts: CPU is
taken, and "all stored" a second told, when a reader that came after the last acknowledgement has its answer. The
yardstick is what parsing the same requests and walking their attributes into dicts costs in this process: the machine's
speed at that moment, to compare rounds by.
"""

import argparse
import http.client
import os
import platform
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.translate import spans
from contract.span import Span
from tests.support.server import RunningServer, running

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
HEAD = """\
| decoder | yardstick µs/span | spans/s | all stored | CPU µs/span | CPU / yardstick | p50 / p99 ms | peak RSS MB |
|---|---|---|---|---|---|---|---|"""
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
RESOURCE = {
    "service.name": "bench",
    "service.version": "1.4.2",
    "host.name": "pod-1",
    "telemetry.sdk.language": "python",
}


def put(target: Any, value: Any) -> None:
    """A plain value into an AnyValue."""
    if isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int):
        target.int_value = value
    elif isinstance(value, float):
        target.double_value = value
    elif isinstance(value, list):
        for item in value:
            put(target.array_value.values.add(), item)
    else:
        target.string_value = value


def put_all(pairs: Any, values: dict[str, Any]) -> None:
    for key, value in values.items():
        pair = pairs.add()
        pair.key = key
        put(pair.value, value)


def request_of(batch: list[Span], salt: int) -> bytes:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    put_all(group.resource.attributes, RESOURCE)
    scope = group.scope_spans.add()
    scope.scope.name, scope.scope.version = "bench", "1"
    for span in batch:
        sent = scope.spans.add()
        sent.trace_id = bytes.fromhex(f"{salt:08x}{span.trace_id[8:]}")
        sent.span_id, sent.parent_span_id = bytes.fromhex(span.span_id), bytes.fromhex(span.parent_span_id)
        sent.name, sent.kind, sent.flags = span.name, span.kind, 257
        sent.start_time_unix_nano, sent.end_time_unix_nano = span.start_ns, span.end_ns
        sent.status.code = 1
        put_all(sent.attributes, span.attributes)
        for event in span.events:
            told = sent.events.add()
            told.name, told.time_unix_nano = event.name, event.time_ns
            put_all(told.attributes, event.attributes)
    return request.SerializeToString()


def requests_of(count: int, batch: int, salt: int) -> list[bytes]:
    everything = list(spans("genai", count))
    return [request_of(everything[i : i + batch], salt) for i in range(0, count, batch)]


def yardstick_us(bodies: list[bytes], count: int) -> float:
    """CPU microseconds a span of parsing and walking: nothing that this program does faster."""
    started = time.process_time()
    for body in bodies:
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in group.scope_spans:
                for span in scope.spans:
                    {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes}
    return (time.process_time() - started) / count * 1e6


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def peak_rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@contextmanager
def limited(memory_limit: str, **settings: str) -> Iterator[RunningServer]:
    """A server with an empty database and so much `service.memory_limit`; nothing is left of it."""
    settings["TRACEPOND_SERVICE_MEMORY_LIMIT"] = memory_limit
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), **settings) as server:
        yield server


class Load:
    """Some connections, one request in flight on each."""

    def __init__(self, server: RunningServer, bodies: list[bytes], transport: str) -> None:
        self._server = server
        self._bodies = iter(bodies)
        self._lock = threading.Lock()
        self._transport = transport
        self.latencies_ms: list[float] = []

    def run(self, connections: int) -> float:
        """Seconds from the first request to the last answer."""
        threads = [threading.Thread(target=self._send_all) for _ in range(connections)]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - started

    def _send_all(self) -> None:
        send = self._http() if self._transport == "http" else self._grpc()
        while True:
            with self._lock:
                body = next(self._bodies, None)
            if body is None:
                return
            started = time.perf_counter()
            send(body)
            self.latencies_ms.append((time.perf_counter() - started) * 1000)

    def _http(self) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.http_port, timeout=60)

        def send(body: bytes) -> None:
            connection.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
            answer = connection.getresponse()
            if answer.status != 200 or answer.read():
                raise RuntimeError(f"not acknowledged whole: {answer.status}")

        return send

    def _grpc(self) -> Any:
        return grpc.insecure_channel(self._server.grpc, [("grpc.use_local_subchannel_pool", 1)]).unary_unary(EXPORT)


@dataclass
class Round:
    """Figures of one round."""

    decoder: str
    yardstick_us: float
    spans_a_second: float
    """Acknowledged."""
    stored_a_second: float
    """Until all can be read."""
    cpu_us: float
    p50_ms: float
    p99_ms: float
    peak_rss_mb: float

    def __str__(self) -> str:
        ratio = self.cpu_us / self.yardstick_us
        return (
            f"| {self.decoder} | {self.yardstick_us:.1f} | {self.spans_a_second:,.0f} "
            f"| {self.stored_a_second:,.0f} | {self.cpu_us:.0f} "
            f"| {ratio:.1f} | {self.p50_ms:.0f} / {self.p99_ms:.0f} | {self.peak_rss_mb:.0f} |"
        )


def measure(spans: int, batch: int, connections: int, transport: str, nth: int, *, pure: bool = False) -> Round:
    """One round on a new server; `pure` without the compiled decoder. RuntimeError when not every span is stored."""
    variables = {"TRACEPOND_PURE_PYTHON": "1"} if pure else {}
    bodies = requests_of(spans, batch, nth + 1)
    yardstick = yardstick_us(bodies[:100], min(spans, 100 * batch))
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), **variables) as server:
        pid = server.process.pid
        before = cpu_s(pid)
        load = Load(server, bodies, transport)
        started = time.perf_counter()
        seconds = load.run(connections)
        server.get("/api/v1/spans?limit=1&io=none")
        stored_seconds = time.perf_counter() - started
        used = (cpu_s(pid) - before) / spans * 1e6
        status = server.get("/api/v1/status")
        stored = status["rows"]["spans"]
        if stored != spans:
            raise RuntimeError(f"{stored} of {spans} spans are stored")
        peak = peak_rss_mb(pid)
    waits = sorted(load.latencies_ms)
    p50, p99 = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
    return Round(status["decoder"], yardstick, spans / seconds, spans / stored_seconds, used, p50, p99, peak)


def machine() -> str:
    """When, and on what."""
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}, DuckDB {duckdb.__version__}, "
        f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=40_000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--transport", choices=["http", "grpc"], default="http")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--compare", action="store_true", help="every other round without the compiled decoder")
    options = parser.parse_args()
    print(
        f"{machine()}; {options.spans} spans, {options.batch} a request, {options.connections} connections, "
        f"{options.transport}"
    )
    print(HEAD)
    for nth in range(options.rounds):
        pure = options.compare and nth % 2 == 1
        seen = measure(options.spans, options.batch, options.connections, options.transport, nth, pure=pure)
        print(seen, flush=True)


if __name__ == "__main__":
    main()
