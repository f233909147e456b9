"""HTTP as no client frames it: refused or understood, never a fault of ours, never two meanings of one request."""

import asyncio
import random
import re

import pytest

from tests.support.fuzzing import cases
from tests.support.mutations import DAMAGES
from tests.support.otlp import trace_request
from tests.support.server import RunningServer
from tests.support.wire import exchange, exchange_all, in_pieces

BODY = trace_request(1).SerializeToString()
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
STATUS = re.compile(rb"HTTP/\d\.\d (\d{3}) ")


def post(*lines: bytes, body: bytes = BODY, target: bytes = b"/v1/traces") -> bytes:
    fixed = (b"POST " + target + b" HTTP/1.1", b"Host: x", b"Content-Type: application/x-protobuf")
    return b"\r\n".join((*fixed, *lines, b"", b"")) + body


LENGTH = b"Content-Length: %d" % len(BODY)
SMUGGLED = {
    "length and chunks": post(LENGTH, b"Transfer-Encoding: chunked", body=CHUNKED),
    "chunks and length": post(b"Transfer-Encoding: chunked", LENGTH, body=CHUNKED),
    "no length and chunks": post(b"Content-Length: 0", b"Transfer-Encoding: chunked", body=CHUNKED),
    "two lengths": post(LENGTH, b"Content-Length: 0"),
    "the same length twice": post(LENGTH, LENGTH),
    "a list of lengths": post(LENGTH + b", 0"),
    "a length with a sign": post(b"Content-Length: +%d" % len(BODY)),
    "a negative length": post(b"Content-Length: -1"),
    "a length in hex": post(b"Content-Length: 0x%x" % len(BODY)),
    "a length of 30 digits": post(b"Content-Length: " + b"9" * 30),
    "a length with an underscore": post(b"Content-Length: 1_0"),
    "chunks twice": post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=CHUNKED),
    "chunks of chunks": post(b"Transfer-Encoding: chunked, chunked", body=CHUNKED),
    "chunks and something behind": post(b"Transfer-Encoding: chunked, identity", body=CHUNKED),
    "something like chunks": post(b"Transfer-Encoding: xchunked", body=CHUNKED),
    "chunks named in a folded line": post(b"Transfer-Encoding:", b" chunked", body=CHUNKED),
    "a space before the colon": post(b"Transfer-Encoding : chunked", LENGTH, body=CHUNKED),
    "a vertical tab before chunked": post(b"Transfer-Encoding: \x0bchunked", LENGTH, body=CHUNKED),
    "a chunk size with a sign": post(b"Transfer-Encoding: chunked", body=b"+" + CHUNKED),
    "a chunk size in 0x": post(b"Transfer-Encoding: chunked", body=b"0x" + CHUNKED),
    "a chunk size beyond 64 bits": post(b"Transfer-Encoding: chunked", body=b"f" * 17 + b"\r\nx\r\n0\r\n\r\n"),
    "a chunk longer than its size": post(b"Transfer-Encoding: chunked", body=b"1\r\nxyz\r\n0\r\n\r\n"),
    "chunks ended by a bare line feed": post(b"Transfer-Encoding: chunked", body=CHUNKED.replace(b"\r\n", b"\n", 1)),
    "a bare line feed in a header": post(LENGTH, b"X: a\nContent-Length: 0"),
    "a bare return in a header": post(LENGTH, b"X: a\rContent-Length: 0"),
    "NUL in a header": post(LENGTH, b"X: a\x00b"),
    "no name before the colon": post(LENGTH, b": x"),
    "a line without a colon": post(LENGTH, b"nonsense"),
    "NUL in the target": post(LENGTH, target=b"/v1/traces\x00"),
    "no target": post(LENGTH, target=b""),
    "two hosts": post(LENGTH, b"Host: y"),
}


@pytest.mark.parametrize("sent", SMUGGLED.values(), ids=SMUGGLED)
def test_what_two_servers_could_read_in_two_ways_is_refused_and_the_connection_closed(
    server: RunningServer, sent: bytes
) -> None:
    before = server.get("/api/v1/status")["rows"]
    received, closed = asyncio.run(exchange(server.http_port, [sent + GET]))
    assert closed
    assert STATUS.findall(received) == [b"400"]
    assert server.get("/api/v1/status")["rows"] == before


TARGETS = (
    b"/v1/traces", b"/V1/TRACES", b"/v1/%74races", b"/v1/traces%00", b"/v1/traces%2f..%2f", b"/v1/%ff", b"/v1/%",
    b"/%zz", b"//v1//traces//", b"/../v1/traces", b"/v1/traces?%00=%ff&&=", b"/v1/traces#x",
    b"http://evil.example/v1/traces", b"http://[::1", b"http://x:99999/", b"*", b"x:1", b"?", b"/" + b"a" * 3000,
    b"/" + b"a" * 9000, b"/\xff\xfe", b"/a b", b"/api/v1/spans/%00/%ff", b"/api/v1/traces/" + b"%2f" * 50,
    b"/api/public/traces/%ed%a0%80", b"/api/v1/;x",
)  # fmt: skip
METHODS = (
    b"GET", b"POST", b"PUT", b"OPTIONS", b"HEAD", b"TRACE", b"CONNECT", b"PRI", b"get", b"BREW", b"A" * 300, b"",
    b"G\x00T", b"\xff",
)  # fmt: skip
HEADERS = (
    b"Host: x", b"Host: ", b"Host: a:b:c", b"Host: [::1", b"Host: \xff", LENGTH, b"Content-Length: 0",
    b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Content-Encoding: gzip", b"Content-Encoding: gzip, zstd",
    b"Expect: 100-continue", b"Expect: tea", b"Connection: close", b"Connection: Upgrade, HTTP2-Settings",
    b"Upgrade: h2c", b"Upgrade: websocket", b"Sec-WebSocket-Key: x", b"Sec-WebSocket-Version: 13",
    b"HTTP2-Settings: AAMAAABkAAQAAP__", b"Connection: keep-alive", b"Content-Type: application/json",
    b"Content-Type: application/x-protobuf", b"Content-Type: ;;=\xff",
    b"Content-Type: multipart/form-data; boundary=x", b"Content-Type: text/plain; charset=nonsense",
    b"Range: bytes=0-", b"If-None-Match: *", b"Cookie: " + b"a=b; " * 500, b"Authorization: Basic \xff",
    b"Authorization: Bearer", b"Origin: null", b"Origin: \xff", b"X-Forwarded-Proto: javascript",
    b"Accept: " + b"*/*," * 900, b"X: " + b"y" * 8300, b"X" * 8300 + b": y", b"\t: x", b" folded",
    b"X-HTTP-Method-Override: DELETE", b"TE: trailers", b"Trailer: Host",
)  # fmt: skip
BODIES = (
    b"", BODY, CHUNKED, b"{}", b"[]", b"0\r\n\r\n", b"5;ext=a\r\nhello\r\n0\r\nHost: y\r\nX: y\r\n\r\n",
    b"zz\r\n", GET, b"ffffffff\r\n", b"\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x00\xc8\x01",
)  # fmt: skip
VERSIONS = (b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.10", b"ICY/1.1", b"")
AT_A_TIME = 25


def odd_request(chooser: random.Random) -> bytes:
    """One or two requests with anything in the places of a request; in a third of them bytes are damaged."""
    sent = bytearray()
    for _ in range(chooser.choice((1, 1, 2))):
        first = b" ".join(
            (chooser.choice(METHODS[:2] * 8 + METHODS), chooser.choice(TARGETS), chooser.choice(VERSIONS))
        )
        lines = [first, b"Host: x", *chooser.choices(HEADERS, k=chooser.choice((0, 1, 2, 3, 4, 200)))]
        sent += chooser.choice((b"\r\n", b"\r\n", b"\r\n", b"\n")).join((*lines, b"", chooser.choice(BODIES)))
    if chooser.randrange(3) == 0:
        chooser.choice(DAMAGES)(sent, chooser.randrange(len(sent) + 1), chooser)
    return bytes(sent)


def test_any_bytes_are_answered_or_waited_for_and_never_a_fault_of_ours(server: RunningServer) -> None:
    chosen = [(seed, odd_request(chooser), chooser) for seed, chooser in cases(150)]
    for start in range(0, len(chosen), AT_A_TIME):
        some = chosen[start : start + AT_A_TIME]
        answers = asyncio.run(exchange_all(server.http_port, [in_pieces(sent, chooser) for _, sent, chooser in some]))
        for (seed, sent, _), received in zip(some, answers, strict=True):
            assert not received or received.startswith(b"HTTP/"), (seed, sent[:300], received[:300])
            assert set(STATUS.findall(received)) <= ANSWERS, (seed, sent[:300], received[:300])


ANSWERS = {
    b"%d" % status for status in (100, 200, 204, 207, 304, 400, 401, 403, 404, 405, 413, 415, 417, 421, 422, 431)
}
"""What a request can be told that is not our fault, and not for want of room."""
