"""Events and scores of the Langfuse API outlive kill -9, each once."""

import json
import threading
import urllib.error
from pathlib import Path
from typing import Any

from tests.support.langfuse import moment
from tests.support.server import RunningServer, running

ROUNDS = 3
BEFORE_THE_KILL = 40


class Client:
    """Sends until the server is gone; what was acknowledged, and what was not, it sends again to the next one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.acknowledged: set[str] = set()
        self.unsure: list[list[dict[str, Any]]] = []
        self.enough = threading.Event()

    def batch(self, number: int) -> list[dict[str, Any]]:
        trace_id, at = f"{self.name}-{number}", moment(number % 50)
        bodies = [
            ("trace-create", {"id": trace_id, "name": "chat", "userId": self.name}),
            ("generation-create", {"id": f"g-{trace_id}", "traceId": trace_id, "name": "llm", "startTime": at}),
            ("generation-update", {"id": f"g-{trace_id}", "output": "hello", "usage": {"input": 1, "output": 2}}),
            ("score-create", {"id": f"s-{trace_id}", "traceId": trace_id, "name": "quality", "value": 1}),
        ]
        return [
            {"id": f"{trace_id}-{place}", "type": kind, "timestamp": at, "body": body}
            for place, (kind, body) in enumerate(bodies)
        ]

    def send(self, server: RunningServer, start: int) -> None:
        for number in range(start, start + 100_000):
            batch = self.batch(number)
            self.unsure.append(batch)
            if not self.try_once(server, batch):
                return
            if number - start >= BEFORE_THE_KILL:
                self.enough.set()

    def try_once(self, server: RunningServer, batch: list[dict[str, Any]]) -> bool:
        try:
            status, _ = server.post("/api/public/ingestion", json.dumps({"batch": batch}).encode())
        except (urllib.error.URLError, OSError):
            return False
        if status == 207:
            self.acknowledged.add(batch[0]["body"]["id"])
            self.unsure.remove(batch)
        return status == 207


def test_kills_under_load_lose_no_acknowledged_event_and_double_none(tmp_path: Path) -> None:
    clients = [Client("a"), Client("b")]
    for round_number in range(ROUNDS):
        with running(tmp_path) as server:
            for client in clients:
                for batch in list(client.unsure):
                    assert client.try_once(server, batch)
                client.enough.clear()
            threads = [
                threading.Thread(target=client.send, args=(server, round_number * 100_000)) for client in clients
            ]
            for thread in threads:
                thread.start()
            for client in clients:
                assert client.enough.wait(30)
            server.kill()
            for thread in threads:
                thread.join(30)
    with running(tmp_path) as server:
        for client in clients:
            check(server, client)
        assert server.terminate() == 0


def check(server: RunningServer, client: Client) -> None:
    traces = server.get(f"/api/v1/traces?limit=1000&user_id={client.name}")["data"]
    found = {trace["trace_id"]: trace for trace in traces}
    assert client.acknowledged <= found.keys()
    for trace_id in client.acknowledged:
        trace = found[trace_id]
        assert (trace["span_count"], trace["total_tokens"], len(trace["scores"])) == (1, 3, 1)
