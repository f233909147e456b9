"""Any bytes become items or the one refusal, and any item becomes rows that the journal can hold."""

import gzip
import random
import time
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import orjson
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from contract.errors import Refused
from contract.span import Batch
from receiver.body import unpack, zstd
from receiver.langfuse_events import Events, decode_batch, decode_scores
from receiver.limits import DEFAULT_LIMITS
from receiver.signals import SIGNALS
from storage.payload import encode
from tests.support.fuzzing import fuzz
from tests.support.golden import GOLDEN, RECEIVED_NS
from tests.support.langfuse import CLIENTS, event, recorded_events, translator
from tests.support.mutations import DAMAGES, damaged, rearranged
from tests.support.mutations_json import odd_json
from tests.support.otlp_json import to_json

REQUESTS = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}
LONGEST_BYTES = 6000
"""Of a capture that is spoiled: most of what happens to a large one is in the middle of a text."""

CPU_S, CPU_S_A_MB = 0.5, 2.0
"""Ten times what the slowest body took: told from quadratic time on any machine."""


@cache
def captures(signal: str) -> list[bytes]:
    bodies = [path.read_bytes() for path in sorted(GOLDEN.glob(f"*/*-{signal}*.pb"))]
    return [body for body in bodies if len(body) < LONGEST_BYTES]


@cache
def captures_json(signal: str) -> list[Any]:
    return [to_json(REQUESTS[signal].FromString(body)) for body in captures(signal)]


def within_time(body: bytes, work: Callable[[], Any]) -> Any:
    """What `work` gives; fails where it takes long for that much."""
    before = time.thread_time()
    try:
        return work()
    finally:
        took_s = time.thread_time() - before
        assert took_s < CPU_S + CPU_S_A_MB * len(body) / 1e6, f"{len(body)} bytes took {took_s:.1f} s of CPU"


def decodes_or_is_refused(signal: str, body: bytes, content: Any) -> bool:
    """Whether it decoded; then its rows can be stored."""
    try:
        items, rejections = within_time(body, lambda: SIGNALS[signal].decode(body, content, DEFAULT_LIMITS))
    except Refused:
        return False
    assert len(rejections.message()) < 2000
    batch = Batch("default", RECEIVED_NS, "http", size_bytes=len(body))
    setattr(batch, SIGNALS[signal].batch_field, items)
    count = len(items)
    assert encode(within_time(body, lambda: translator().translate(batch)))
    return count > 0


@pytest.mark.parametrize("signal", REQUESTS)
@pytest.mark.parametrize("mutations", [damaged, rearranged], ids=["damaged", "rearranged"])
def test_protobuf(signal: str, mutations: Any) -> None:
    seen = set()

    def check(chooser: random.Random) -> None:
        body = next(mutations(captures(signal), chooser.getrandbits(64)))
        seen.add(decodes_or_is_refused(signal, body, "protobuf"))

    fuzz(250, check)
    assert True in seen


@pytest.mark.parametrize("signal", REQUESTS)
def test_json(signal: str) -> None:
    seen = set()

    def check(chooser: random.Random) -> None:
        body = odd_json(chooser.choice(captures_json(signal)), chooser)
        seen.add(decodes_or_is_refused(signal, body, "json"))

    fuzz(350, check)
    assert seen == {True, False}


SCORES = [
    {"id": "s", "name": "n", "value": 1, "traceId": "t", "comment": "c", "metadata": {"k": [1]}, "dataType": "NUMERIC"},
    {"name": "n", "value": "good", "sessionId": "s", "timestamp": "2026-11-21T05:00:00Z", "observationId": "o"},
]


@cache
def langfuse_bodies() -> list[Any]:
    recorded = [each for client in CLIENTS for each in recorded_events(client)]
    made = [event("score-create", f"e{number}", **score) for number, score in enumerate(SCORES)]
    return [{"batch": recorded[at : at + 4] + made, "metadata": {"sdk_name": "x"}} for at in range(0, len(recorded), 4)]


@pytest.mark.parametrize(("bodies", "decode"), [(langfuse_bodies, decode_batch), (lambda: SCORES, decode_scores)])
def test_langfuse_json(bodies: Any, decode: Callable[[bytes], Events]) -> None:
    seen = set()

    def check(chooser: random.Random) -> None:
        body = odd_json(chooser.choice(bodies()), chooser)
        try:
            events = within_time(body, lambda: decode(body))
        except Refused:
            seen.add(False)
            return
        seen.add(True)
        batch = Batch("default", RECEIVED_NS, "http", spans=events.spans, scores=events.scores)
        assert encode(translator().translate(batch))
        assert orjson.dumps([[fault.event_id, fault.message] for fault in events.faults])

    fuzz(350, check)
    assert seen == {True, False}


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", raw_deflate), ("zstd", zstd.compress),
)  # fmt: skip
UNPACKED_AT_MOST = 2_000_000


def texts(chooser: random.Random) -> bytes:
    sizes = (0, 1, 100, 70_000, UNPACKED_AT_MOST - 1, UNPACKED_AT_MOST, UNPACKED_AT_MOST + 1)
    size = chooser.choice((*sizes, chooser.randrange(3 * UNPACKED_AT_MOST)))
    piece = chooser.randbytes(chooser.choice((1, 7, 500)))
    return (piece * (size // len(piece) + 1))[:size]


def test_packed_bodies_come_back_whole_or_are_refused() -> None:
    def check(chooser: random.Random) -> None:
        text = texts(chooser)
        encoding, pack = chooser.choice(PACKERS)
        assert unpacked(pack(text), encoding) == (text if len(text) <= UNPACKED_AT_MOST else None)

    fuzz(150, check)


def test_damaged_packed_bodies_are_bounded_or_refused() -> None:
    """Two streams in one, cut, doubled, nested, with rubbish behind; named as what they are or as something else."""

    def check(chooser: random.Random) -> None:
        (encoding, pack), (other, pack_other) = chooser.choice(PACKERS), chooser.choice(PACKERS)
        body = bytearray(pack(texts(chooser)) + chooser.choice((b"", b"", pack(b"x"), pack_other(b"y"), b"\x00", b"z")))
        if chooser.randrange(4) == 0:
            body = bytearray(pack_other(bytes(body)))
        chooser.choice(DAMAGES)(body, chooser.randrange(len(body) + 1), chooser)
        found = unpacked(bytes(body), chooser.choice((encoding, encoding, other)))
        assert found is None or len(found) <= UNPACKED_AT_MOST

    fuzz(250, check)


def unpacked(body: bytes, encoding: str) -> bytes | None:
    """The text; None where it is refused."""
    try:
        found: bytes = within_time(body + bytes(UNPACKED_AT_MOST), lambda: unpack(body, encoding, UNPACKED_AT_MOST))
    except Refused:
        return None
    return found
