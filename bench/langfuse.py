"""What a running server takes in over Langfuse's ingestion API: events a second acknowledged, CPU an event, latency.

    python -m bench.langfuse [--events 15000] [--connections 4] [--rounds 3]

Starts the real server on an empty database and sends batches as Python SDK 2 does: 15 events, a trace with six model
calls (create and update), an update of the trace, a score. Then it asks for what was sent.
"""

import argparse
import http.client
import os
import platform
import tempfile
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from tests.support.server import RunningServer, running

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
EVENTS_A_BATCH = 15
CALLS = 6


def event(kind: str, **body: Any) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "type": kind, "timestamp": datetime.now(UTC).isoformat(), "body": body}


def batch() -> bytes:
    trace_id = str(uuid.uuid4())
    about = {"name": "chat", "userId": "u", "sessionId": "s", "tags": ["a"], "metadata": {"k": 1}}
    events = [event("trace-create", id=trace_id, input={"q": "why? " * 20}, **about)]
    for _ in range(CALLS):
        of = {"id": str(uuid.uuid4()), "traceId": trace_id}
        now = datetime.now(UTC).isoformat()
        asked = [{"role": "user", "content": "why is the sky blue? " * 20}]
        events.append(event("generation-create", **of, name="llm", startTime=now, model="gpt-4o-mini", input=asked))
        usage = {"input": 100, "output": 50, "unit": "TOKENS"}
        events.append(event("generation-update", **of, endTime=now, output="because " * 40, usage=usage))
    events.append(event("trace-create", id=trace_id, output="done"))
    events.append(event("score-create", id=str(uuid.uuid4()), traceId=trace_id, name="quality", value=1.0))
    return orjson.dumps({"batch": events})


def send(server: RunningServer, bodies: list[bytes], taken_ms: list[float]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port)
    for body in bodies:
        started = time.perf_counter()
        connection.request("POST", "/api/public/ingestion", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        assert response.status == 207, response.read()
        response.read()
        taken_ms.append((time.perf_counter() - started) * 1000)
    connection.close()


def cpu_s(server: RunningServer) -> float:
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def one_round(server: RunningServer, events: int, connections: int) -> str:
    bodies = [batch() for _ in range(events // EVENTS_A_BATCH)]
    taken_ms: list[float] = []
    threads = [
        threading.Thread(target=send, args=(server, bodies[place::connections], taken_ms))
        for place in range(connections)
    ]
    before_s, started = cpu_s(server), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.perf_counter() - started
    server.get("/api/v1/traces?limit=1")
    asked_s, cpu = time.perf_counter() - started, cpu_s(server) - before_s
    count = len(bodies) * EVENTS_A_BATCH
    taken_ms.sort()
    latency = f"p50 {taken_ms[len(taken_ms) // 2]:5.0f} ms  p99 {taken_ms[len(taken_ms) * 99 // 100]:5.0f} ms"
    return f"{count / took_s:7.0f} events/s  {cpu / count * 1e6:5.0f} us CPU  {latency}  queried after {asked_s:4.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=15_000)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}  {platform.processor() or platform.machine()}, {os.cpu_count()} CPUs, load "
          f"{os.getloadavg()[0]:.1f}, {options.connections} connections")  # fmt: skip
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
            print(one_round(server, options.events, options.connections))


if __name__ == "__main__":
    main()
