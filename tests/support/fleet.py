"""Clients that send as fast as they are answered and keep a ledger: what was acknowledged, what is to be sent again."""

import contextlib
import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.otlp import key_value
from tests.support.server import RunningServer

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
SPANS, RECORDS, OBSERVATIONS = 64, 32, 16
"""A request of each kind."""
TOKENS = 3
"""Of each call."""
RETRY_S = 0.02
TIMEOUT_S = 60
CUT = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
"""What gRPC itself says of a call whose server stops or is gone; at times it has other codes for a killed one."""
ENDED_WITHIN_S = 5.0


@dataclass(frozen=True)
class Request:
    """One trace, or the log records of one."""

    trace_id: str
    payload: bytes
    spans: int = 0
    records: int = 0
    tokens: int = 0

    @property
    def is_langfuse(self) -> bool:
        return self.payload.startswith(b"{")


class Gone(Exception):
    """The connection ended: nobody knows whether the request was stored."""


def call_spans(trace_id: str, at_ns: int | None = None) -> Request:
    """A trace of model calls, 1.2 kB each."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.append(key_value("service.name", "fleet"))
    spans, now = group.scope_spans.add().spans, at_ns or time.time_ns()
    for number in range(SPANS):
        span = spans.add(trace_id=bytes.fromhex(trace_id), span_id=(number + 1).to_bytes(8, "big"), name="chat m")
        span.start_time_unix_nano, span.end_time_unix_nano = now + number, now + number + 1000
        values = {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "m",
            "gen_ai.usage.input_tokens": 1,
            "gen_ai.usage.output_tokens": 2,
            "gen_ai.output.messages": f"{trace_id}{number}" * 30,
        }
        span.attributes.extend(key_value(key, value) for key, value in values.items())
    return Request(trace_id, request.SerializeToString(), spans=SPANS, tokens=SPANS * TOKENS)


def log_records(trace_id: str) -> Request:
    request = ExportLogsServiceRequest()
    records = request.resource_logs.add().scope_logs.add().log_records
    for number in range(RECORDS):
        record = records.add(time_unix_nano=time.time_ns(), trace_id=bytes.fromhex(trace_id))
        record.span_id = (number + 1).to_bytes(8, "big")
        record.body.string_value = f"record {number}" * 20
    return Request(trace_id, request.SerializeToString(), records=RECORDS)


def langfuse_batch(trace_id: str) -> Request:
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    bodies = [("trace-create", {"id": trace_id, "name": "chat"})]
    for number in range(OBSERVATIONS):
        body: dict[str, Any] = {"id": f"{trace_id}-{number}", "traceId": trace_id, "startTime": now, "model": "m"}
        bodies.append(("generation-create", body | {"usage": {"input": 1, "output": 2}, "output": "hello" * 50}))
    batch = [
        {"id": f"{trace_id}-e{place}", "type": kind, "timestamp": now, "body": body}
        for place, (kind, body) in enumerate(bodies)
    ]
    payload = json.dumps({"batch": batch}).encode()
    return Request(trace_id, payload, spans=OBSERVATIONS, tokens=OBSERVATIONS * TOKENS)


Send = Callable[[bytes], bool]
"""True: acknowledged; false: to be sent again. Raises `Gone`."""


@contextlib.contextmanager
def over_http(server: RunningServer, path: str, content_type: str) -> Iterator[Send]:
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=TIMEOUT_S)

    def send(payload: bytes) -> bool:
        try:
            connection.request("POST", path, payload, {"Content-Type": content_type})
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Gone from error
        assert response.status in (200, 207, 429, 503), response.status
        return response.status < 300

    with contextlib.closing(connection):
        yield send


@contextlib.contextmanager
def over_grpc(server: RunningServer) -> Iterator[Send]:
    with grpc.insecure_channel(server.grpc) as channel:
        export = channel.unary_unary(EXPORT)

        def send(payload: bytes) -> bool:
            try:
                export(payload, timeout=TIMEOUT_S)
            except grpc.RpcError as error:
                if says_retry(error):
                    return False
                if error.code() in CUT or has_ended(server):
                    raise Gone from error
                raise
            return True

        yield send


def says_retry(error: grpc.RpcError) -> bool:
    """Whether the server itself refused it for now: gRPC's own errors have no RetryInfo."""
    details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    return b"google.rpc.RetryInfo" in details


def has_ended(server: RunningServer) -> bool:
    """Whether the process ends within a moment: a connection may break before its end can be seen."""
    deadline, waiting = time.monotonic() + ENDED_WITHIN_S, threading.Event()
    while server.process.poll() is None:
        if time.monotonic() >= deadline:
            return False
        waiting.wait(0.01)
    return True


PROTOBUF = "application/x-protobuf"
WIRES: dict[str, tuple[Callable[[str], Request], Callable[[RunningServer], Any]]] = {
    "http": (call_spans, lambda server: over_http(server, "/v1/traces", PROTOBUF)),
    "grpc": (call_spans, over_grpc),
    "logs": (log_records, lambda server: over_http(server, "/v1/logs", PROTOBUF)),
    "langfuse": (langfuse_batch, lambda server: over_http(server, "/api/public/ingestion", "application/json")),
}


@dataclass
class Client:
    """One wire. Its ledger outlives servers; a thread of it lives as long as one server."""

    name: str
    chance: random.Random
    acknowledged: dict[str, Request] = field(default_factory=dict)
    unsure: list[Request] = field(default_factory=list)
    refused: int = 0
    """Answers that said: send it again."""
    fault: BaseException | None = None

    def send_until(self, server: RunningServer, stop: threading.Event) -> None:
        """Until `stop` or the end of the server; what has to be sent again is sent first."""
        make, connect = WIRES[self.name]
        try:
            with connect(server) as send:
                while not stop.is_set():
                    if not self.unsure:
                        self.unsure.append(make(f"{self.chance.getrandbits(128):032x}"))
                    self._send_first(send, stop)
        except Gone:
            return
        except BaseException as error:
            self.fault = error

    def send_again(self, server: RunningServer) -> None:
        """All that nobody knows of is acknowledged."""
        _, connect = WIRES[self.name]
        with connect(server) as send:
            while self.unsure:
                self._send_first(send, threading.Event())

    def _send_first(self, send: Send, stop: threading.Event) -> None:
        request = self.unsure[0]
        if send(request.payload):
            self.acknowledged[request.trace_id] = request
            del self.unsure[0]
        else:
            self.refused += 1
            stop.wait(RETRY_S)


class Fleet:
    """One client for each wire."""

    def __init__(self, seed: int) -> None:
        self.clients = [Client(name, random.Random(f"{seed} {name}")) for name in WIRES]
        self.may_go: set[str] = set()
        """Traces that somebody deletes."""
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def acknowledged(self) -> dict[str, Request]:
        return {trace_id: request for client in self.clients for trace_id, request in client.acknowledged.items()}

    @property
    def unsure(self) -> dict[str, Request]:
        return {request.trace_id: request for client in self.clients for request in client.unsure}

    @property
    def spans(self) -> int:
        return sum(request.spans for client in self.clients for request in list(client.acknowledged.values()))

    @property
    def records(self) -> int:
        return sum(request.records for client in self.clients for request in list(client.acknowledged.values()))

    @property
    def refused(self) -> int:
        return sum(client.refused for client in self.clients)

    def start(self, server: RunningServer, answers: int = 1) -> None:
        """Every client sends, and has been acknowledged that often by this server."""
        self._stop = threading.Event()
        before = [len(client.acknowledged) for client in self.clients]
        self._threads = [
            threading.Thread(target=client.send_until, args=(server, self._stop)) for client in self.clients
        ]
        for thread in self._threads:
            thread.start()
        self.wait_until(
            lambda: all(
                len(client.acknowledged) >= count + answers for client, count in zip(self.clients, before, strict=True)
            ),
            server,
        )

    def wait_until(self, reached: Callable[[], bool], server: RunningServer) -> None:
        deadline, waiting = time.monotonic() + TIMEOUT_S, threading.Event()
        while not reached():
            assert time.monotonic() < deadline, server.log[-2000:]
            self.check_clients()
            waiting.wait(0.005)

    def join(self) -> None:
        """The clients have ended."""
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * TIMEOUT_S)
            assert not thread.is_alive()
        self.check_clients()

    def check_clients(self) -> None:
        for client in self.clients:
            if client.fault is not None:
                raise client.fault

    def send_again(self, server: RunningServer) -> None:
        for client in self.clients:
            client.send_again(server)

    # -- what must be there ---------------------------------------------------------------------------------------

    def check_stored(self, server: RunningServer) -> None:
        """Acknowledged: there, whole, once. Not acknowledged: absent or whole. Nothing else, sums are right."""
        stored = traces_of(server)
        records = {request.trace_id for request in self.acknowledged.values() if request.records}
        traces = {trace_id: request for trace_id, request in self.acknowledged.items() if request.spans}
        assert {trace_id for trace_id in traces if trace_id not in stored} == set(), "acknowledged and lost"
        known = self.acknowledged | self.unsure
        assert set(stored) <= {*known, *self.may_go}, "never sent"
        for trace_id, counts in stored.items():
            if trace_id not in self.may_go:
                assert counts == (known[trace_id].spans, known[trace_id].tokens), trace_id
        least = sum(self.acknowledged[trace_id].records for trace_id in records)
        most = least + sum(request.records for request in self.unsure.values())
        rows = server.get("/api/v1/status")["rows"]
        assert least <= rows["logs"] <= most
        told = sum(
            known[trace_id].is_langfuse for trace_id in known.keys() & stored.keys()
        )  # what is said of a trace itself is a row, too
        assert rows["spans"] == told + sum(spans for spans, _ in stored.values())

    def check_file(self, path: Path) -> None:
        """Of a closed file: the ids of all that was acknowledged, each once, and no other."""
        spans, records = set(), set()
        for request in self.acknowledged.values():
            spans |= {
                (request.trace_id, f"{request.trace_id}-{number}" if request.is_langfuse else f"{number + 1:016x}")
                for number in range(request.spans)
            }
            records |= {(request.trace_id, f"{number + 1:016x}") for number in range(request.records)}
        with duckdb.connect(str(path), read_only=True) as connection:
            for table, expected in (("span", spans), ("log_record", records)):
                kinds = "WHERE kind != 'trace'" if table == "span" else ""
                found = connection.execute(f"SELECT trace_id, span_id FROM {table} {kinds}").fetchall()
                kept = [ids for ids in found if ids[0] not in self.may_go]
                assert len(kept) == len(expected)
                assert set(kept) == expected


def traces_of(server: RunningServer) -> dict[str, tuple[int, int]]:
    """Trace id -> spans and tokens, over all pages."""
    found: dict[str, tuple[int, int]] = {}
    cursor = ""
    while cursor is not None:
        page = server.get(f"/api/v1/traces?limit=1000&io=none{cursor and '&cursor='}{cursor}")
        for trace in page["data"]:
            assert trace["trace_id"] not in found
            found[trace["trace_id"]] = (trace["span_count"], trace["total_tokens"])
        cursor = page["next_cursor"]
    return found
