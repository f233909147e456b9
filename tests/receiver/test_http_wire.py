"""OTLP/HTTP byte by byte: what clients other than the SDKs of today put on a connection, and what they get back."""

import asyncio
import gzip

import pytest

from tests.support.otlp import trace_request
from tests.support.receivers import running
from tests.support.sinks import ListSink

BODY = trace_request(2).SerializeToString()
LIMIT_S = 10


def head(*lines: bytes, version: bytes = b"1.1") -> bytes:
    """Request line and headers of a protobuf request."""
    fixed = (b"POST /v1/traces HTTP/" + version, b"Host: x", b"Content-Type: application/x-protobuf")
    return b"\r\n".join((*fixed, *lines, b"", b""))


def plain(body: bytes, *lines: bytes) -> bytes:
    return head(b"Content-Length: %d" % len(body), *lines) + body


def chunked(body: bytes, size: int) -> bytes:
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and headers of the next answer; its body is read too."""
    async with asyncio.timeout(LIMIT_S):
        headers = await reader.readuntil(b"\r\n\r\n")
        if b"Content-Length: " in headers:
            await reader.readexactly(int(headers.partition(b"Content-Length: ")[2].split()[0]))
    return int(headers.split()[1]), headers


def talk(*parts: bytes, answers: int) -> tuple[list[int], int]:
    """The statuses of so many answers on one connection, each part sent after an answer; and the spans that arrived."""
    sink = ListSink()

    async def run() -> list[int]:
        async with running(sink) as receivers:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(receivers.http_url.rpartition(":")[2]))
            waiting, statuses = list(parts), []
            while len(statuses) < answers:
                if waiting:
                    writer.write(waiting.pop(0))
                statuses.append((await answer(reader))[0])
            writer.close()
            return statuses

    return asyncio.run(run()), sum(len(batch.spans) for batch in sink.batches)


@pytest.mark.parametrize("size", [1, 1000])
def test_a_body_in_chunks_needs_no_length(size: int) -> None:
    assert talk(head(b"Transfer-Encoding: chunked") + chunked(BODY, size), answers=1) == ([200], 2)


def test_twenty_thousand_chunks_of_one_byte_are_one_body() -> None:
    body = trace_request(1, pad="x" * 20_000).SerializeToString()
    assert talk(head(b"Transfer-Encoding: chunked") + chunked(body, 1), answers=1) == ([200], 1)


def test_who_asks_whether_to_go_on_is_told_to() -> None:
    asking = head(b"Content-Length: %d" % len(BODY), b"Expect: 100-continue")
    assert talk(asking, BODY, answers=2) == ([100, 200], 2)


def test_http_1_0_is_answered() -> None:
    assert talk(head(b"Content-Length: %d" % len(BODY), version=b"1.0") + BODY, answers=1) == ([200], 2)


def test_a_client_that_would_rather_speak_http_2_is_answered_in_http_1_1() -> None:
    upgrade = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__")
    assert talk(plain(BODY, *upgrade), answers=1) == ([200], 2)


@pytest.mark.parametrize(
    "odd",
    [
        plain(b"\xff\xff"),
        plain(gzip.compress(BODY)[:-9], b"Content-Encoding: gzip"),
        plain(BODY, b"Content-Encoding: gzip"),
        plain(BODY, b"Content-Encoding: br"),
        plain(BODY, b"Content-Encoding: gzip, gzip"),
    ],
    ids=["malformed", "cut gzip", "no gzip", "unknown encoding", "two encodings"],
)
def test_after_an_odd_request_the_connection_is_as_good_as_before(odd: bytes) -> None:
    (first, second), spans = talk(odd, plain(BODY), answers=2)
    assert first in (400, 415)
    assert (second, spans) == (200, 2)


def test_requests_sent_without_waiting_are_answered_in_their_order() -> None:
    sent = plain(BODY) + plain(b"\xff\xff") + plain(BODY)
    assert talk(sent, answers=3) == ([200, 400, 200], 4)


def test_a_body_shorter_than_announced_is_never_taken_for_whole() -> None:
    sink = ListSink()

    async def run() -> bytes:
        async with running(sink) as receivers:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(receivers.http_url.rpartition(":")[2]))
            writer.write(head(b"Content-Length: %d" % (len(BODY) + 1)) + BODY)
            writer.write_eof()
            async with asyncio.timeout(LIMIT_S):
                answered = await reader.read()
            writer.close()
            return answered

    got = asyncio.run(run())
    assert not got or got.split()[1] == b"400"
    assert sink.batches == []
