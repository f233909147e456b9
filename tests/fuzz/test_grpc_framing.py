"""gRPC and HTTP/2 as no client frames them: whatever comes on one connection, the others are served."""

import asyncio
import random
import re

import grpc
import pytest

from receiver.signals import SIGNALS
from tests.support.fuzzing import cases
from tests.support.http2 import (
    CANCEL,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    call,
    frame,
    greeting,
    header_list,
    message,
)
from tests.support.mutations import DAMAGES
from tests.support.otlp import trace_request
from tests.support.server import OPENER, RunningServer
from tests.support.wire import exchange_all, in_pieces

BODY = trace_request(1).SerializeToString()
EXPORT = b"/opentelemetry.proto.collector.trace.v1.TraceService/Export"
OPEN = frame(HEADERS, END_HEADERS, 1, call(EXPORT))
WHOLE = OPEN + frame(DATA, END_STREAM, 1, message(BODY))


def port(server: RunningServer) -> int:
    return int(server.grpc.rpartition(":")[2])


def check_export(server: RunningServer) -> None:
    """A client of today is served."""
    with grpc.insecure_channel(server.grpc, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        assert channel.unary_unary(f"/{SIGNALS['traces'].service}/Export")(BODY, timeout=20, wait_for_ready=True) == b""


def spans_received(server: RunningServer) -> int:
    """Accepted over gRPC since the start, repeats too."""
    with OPENER.open(f"{server.http}/metrics") as answer:
        return int(re.findall(rb'accepted_spans_total{transport="grpc"} (\d+)', answer.read())[0])


BROKEN = {
    "a length beyond the message": OPEN + frame(DATA, END_STREAM, 1, message(BODY, length=len(BODY) + 1)),
    "a length of four gigabytes": OPEN + frame(DATA, END_STREAM, 1, message(BODY, length=2**32 - 1)),
    "a length short of the message": OPEN + frame(DATA, END_STREAM, 1, message(BODY, length=len(BODY) - 1)),
    "half of a length": OPEN + frame(DATA, END_STREAM, 1, b"\x00\x00"),
    "no message": frame(HEADERS, END_HEADERS | END_STREAM, 1, call(EXPORT)),
    "compressed with nothing": OPEN + frame(DATA, END_STREAM, 1, message(BODY, compressed=1)),
    "compressed and not": frame(HEADERS, END_HEADERS, 1, call(EXPORT, (b"grpc-encoding", b"gzip")))
    + frame(DATA, END_STREAM, 1, message(BODY, compressed=1)),
    "an unknown compression": frame(HEADERS, END_HEADERS, 1, call(EXPORT, (b"grpc-encoding", b"br")))
    + frame(DATA, END_STREAM, 1, message(BODY, compressed=1)),
    "no protobuf": OPEN + frame(DATA, END_STREAM, 1, message(b"\xff" * 50)),
    "reset within the message": OPEN + frame(DATA, 0, 1, message(BODY)[:20]) + frame(RST_STREAM, 0, 1, CANCEL),
    "a method that is none": frame(HEADERS, END_HEADERS, 1, call(b"/a/b")) + frame(DATA, END_STREAM, 1, message(BODY)),
    "a path that is none": frame(HEADERS, END_HEADERS, 1, call(b"\xff\x00"))
    + frame(DATA, END_STREAM, 1, message(BODY)),
    "GET": frame(HEADERS, END_HEADERS, 1, call(EXPORT).replace(b"\x04POST", b"\x03GET")),
    "no path": frame(HEADERS, END_HEADERS | END_STREAM, 1, header_list((b":method", b"POST"), (b":scheme", b"http"))),
    "headers that are none": frame(HEADERS, END_HEADERS, 1, b"\xff" * 100),
    "metadata of 200 kB": b"".join(
        frame(kind, flags, 1, part)
        for kind, flags, part in (
            (HEADERS, 0, call(EXPORT)),
            *((CONTINUATION, 0, header_list((b"x-%d" % number, b"y" * 10_000))) for number in range(20)),
            (CONTINUATION, END_HEADERS, b""),
        )
    ),
    "a frame of 16 MB announced": b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + bytes(1000),
    "data for no stream": frame(DATA, 0, 7, message(BODY)),
    "an even stream": frame(HEADERS, END_HEADERS, 2, call(EXPORT)),
    "a window beyond 31 bits": frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff") * 2,
    "a window of nothing": OPEN + frame(WINDOW_UPDATE, 0, 1, bytes(4)),
    "settings of five bytes": frame(SETTINGS, 0, 0, bytes(5)),
    "a push": frame(PUSH_PROMISE, END_HEADERS, 1, bytes(4) + call(EXPORT)),
    "padding longer than the frame": OPEN + frame(DATA, PADDED, 1, b"\xff" + message(BODY)),
}


def test_broken_calls_store_nothing_and_harm_nobody(server: RunningServer) -> None:
    check_export(server)
    before = spans_received(server)
    answers = asyncio.run(exchange_all(port(server), [[greeting() + sent] for sent in BROKEN.values()]))
    for name, received in zip(BROKEN, answers, strict=True):
        assert b"grpc-status\x010" not in received, name
    check_export(server)
    assert spans_received(server) == before + 1


CALLS = (
    call(EXPORT),
    call(EXPORT, (b"authorization", b"\xff\xfe"), (b"x-bin", b"no base64"), (b"grpc-timeout", b"-1Q")),
    call(b"/grpc.health.v1.Health/Watch"),
    call(b"/\xff"),
)


def odd_frame(chooser: random.Random) -> bytes:
    stream = chooser.choice((0, 1, 1, 1, 3, 2, 2**31 - 1, 2**31 + 1))
    kind = chooser.choice((DATA, DATA, HEADERS, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY,
                           WINDOW_UPDATE, CONTINUATION, 99))  # fmt: skip
    payload = chooser.choice((b"", CANCEL, bytes(8), chooser.randbytes(6), message(BODY), bytes(2000), *CALLS))
    return frame(kind, chooser.choice((0, 1, 4, 5, 0x20, 255)), stream, payload)


def odd_talk(chooser: random.Random) -> bytes:
    """Frames in any order after a greeting, mostly; in half of the cases with damaged bytes."""
    parts = [WHOLE, OPEN, *(odd_frame(chooser) for _ in range(chooser.randrange(6)))]
    chooser.shuffle(parts)
    sent = bytearray(chooser.choice((greeting(), greeting(), greeting(), PREFACE, b"")) + b"".join(parts))
    if chooser.randrange(2):
        chooser.choice(DAMAGES)(sent, chooser.randrange(len(sent) + 1), chooser)
    return bytes(sent)


AT_A_TIME = 25


def test_any_frames_leave_the_server_serving(server: RunningServer) -> None:
    chosen = [(seed, odd_talk(chooser), chooser) for seed, chooser in cases(150)]
    for start in range(0, len(chosen), AT_A_TIME):
        some = chosen[start : start + AT_A_TIME]
        asyncio.run(exchange_all(port(server), [in_pieces(sent, chooser) for _, sent, chooser in some]))
        check_export(server)


FLOODS = {
    "streams that are reset at once": b"".join(
        frame(HEADERS, END_HEADERS, stream, call(EXPORT)) + frame(RST_STREAM, 0, stream, CANCEL)
        for stream in range(1, 4000, 2)
    ),
    "streams without end": b"".join(frame(HEADERS, END_HEADERS, stream, call(EXPORT)) for stream in range(1, 4000, 2)),
    "pings": frame(PING, 0, 0, bytes(8)) * 20_000,
    "settings": frame(SETTINGS, 0, 0, b"\x00\x04\x00\x00\xff\xff") * 20_000,
    "empty data": OPEN + frame(DATA, 0, 1) * 20_000,
    "headers that go on and on": frame(HEADERS, 0, 1, call(EXPORT)) + frame(CONTINUATION, 0, 1) * 20_000,
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_a_flood_of_frames_is_bounded_and_harms_nobody(server: RunningServer, flood: bytes) -> None:
    before = resident_bytes(server)
    asyncio.run(exchange_all(port(server), [[greeting() + flood]] * 3))
    check_export(server)
    assert resident_bytes(server) - before < 100_000_000


def resident_bytes(server: RunningServer) -> int:
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) * 1024
