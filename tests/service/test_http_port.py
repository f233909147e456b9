"""Connections: how many, how long they may be silent, and what is said to those that speak something else."""

import asyncio
import gc
import logging
import resource
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from aiohttp import web

from service import http_port
from service.http_port import (
    ACCEPT_FAILED,
    MAX_CONNECTIONS,
    Connection,
    HttpSite,
    RareLog,
    most_connections,
    tell_rarely,
)
from service.quantities import Endpoint

LIMIT_S = 10
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HTTP_2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
CLIENT_HELLO = bytes.fromhex("16030100c8010000c40303") + b"\x01" * 200

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


async def hello(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(text="hello")


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[Connect]:
    """A site on a free port; gives a function that connects to it. All connections end with the block."""
    application = web.Application()
    application.add_routes([web.route("*", "/", hello)])
    runner = web.AppRunner(application)
    await runner.setup()
    await HttpSite(runner, Endpoint("127.0.0.1", 0), **options).start()
    writers = []

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(*runner.addresses[0])
        writers.append(writer)
        return reader, writer

    try:
        async with asyncio.timeout(LIMIT_S):
            yield connect
    finally:
        for writer in writers:
            writer.close()
        await runner.cleanup()


def answer_to(sent: bytes) -> bytes:
    """All that comes back until the server closes."""

    async def run() -> bytes:
        async with serving() as connect:
            reader, writer = await connect()
            writer.write(sent)
            return await reader.read()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("sent", "word"),
    [
        (HTTP_2, "4317"),
        (CLIENT_HELLO, "http://"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "Duplicate Content-Length"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "Transfer-Encoding"),
        (b"GET / HTTP/1.1\nHost: x\n\n", "Bad status line"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", "whitespace"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"secret" * 3000 + b"\r\n\r\n", "8190 bytes"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"A-%d: b\r\n" % i for i in range(999)) + b"\r\n", "Too many"),
        (b"\x00\x01\x02\x03\r\n\r\n", "not a valid HTTP request"),
    ],
)
def test_what_is_no_http_request_is_told_so_and_never_repeated(
    sent: bytes, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    head, _, body = answer_to(sent).partition(b"\r\n\r\n")
    assert head.split()[1] == b"400"
    assert b"application/json" in head
    assert (status := orjson.loads(body))["code"] == 3
    assert word in status["message"]
    assert "secret" not in status["message"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "secret" not in caplog.text
    assert "Traceback" not in caplog.text


def test_who_wants_to_know_is_told_what_was_no_http() -> None:
    told: dict[str, str] = {}

    async def run() -> None:
        async with serving(refused=told.__setitem__) as connect:
            for sent in (HTTP_2, GET, CLIENT_HELLO, b"nonsense\r\n\r\n"):
                reader, writer = await connect()
                writer.write(sent)
                await reader.readuntil(b"\r\n\r\n")

    asyncio.run(run())
    assert list(told) == ["grpc_at_http", "tls_at_http", "no_http"]
    assert "receivers.otlp.protocols.grpc.endpoint" in told["grpc_at_http"]


def test_a_broken_body_is_the_senders_fault() -> None:
    sent = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    assert answer_to(sent).split()[1] == b"400"


def test_faults_of_our_own_stay_errors_with_their_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(request: web.Request) -> web.Response:
        raise KeyError("ours")

    monkeypatch.setattr("tests.service.test_http_port.hello", fail)
    assert answer_to(GET).split()[1] == b"500"
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("sent", [b"", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Ty", GET + b"GET / HT"])
def test_a_connection_without_a_whole_request_is_closed_after_a_while(sent: bytes) -> None:
    async def run() -> bytes:
        async with serving(idle_timeout_s=0.05) as connect:
            reader, writer = await connect()
            writer.write(sent)
            return await reader.read()

    assert asyncio.run(run()).count(b"hello") == sent.count(b"\r\n\r\n")


def test_a_handshake_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_port, "TLS_HANDSHAKE_TIMEOUT_S", 0.05)

    async def run() -> bytes:
        async with serving(ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)) as connect:
            reader, _ = await connect()
            return await reader.read()

    assert asyncio.run(run()) == b""


def test_connections_are_bounded_and_the_place_of_one_that_left_is_free_again() -> None:
    async def run() -> list[bytes]:
        async with serving(max_connections=2) as connect:
            inside = [await connect() for _ in range(2)]
            for _, writer in inside:
                writer.write(GET)
            answers = [await reader.readuntil(b"hello") for reader, _ in inside]
            answers.append(await outcome(*await connect()))
            inside[0][1].close()
            while not (answer := await outcome(*await connect())):
                pass
            return [*answers, answer]

    async def outcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        try:
            writer.write(GET)
            return await reader.read(15)
        except ConnectionError:
            return b""

    assert [answer[9:12] for answer in asyncio.run(run())] == [b"200", b"200", b"", b"200"]


def test_five_hundred_connections_at_a_time_are_all_answered() -> None:
    async def run() -> int:
        async with serving() as connect:
            pairs = await asyncio.gather(*(connect() for _ in range(500)))
            for _, writer in pairs:
                writer.write(GET)
            answers = await asyncio.gather(*(reader.readuntil(b"hello") for reader, _ in pairs))
            return len(answers)

    assert asyncio.run(run()) == 500


@pytest.mark.parametrize(
    ("files", "most"), [(256, 128), (1, 1), (10**6, MAX_CONNECTIONS), (resource.RLIM_INFINITY, MAX_CONNECTIONS)]
)
def test_half_of_the_files_are_left_to_others(files: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_port.resource, "getrlimit", lambda _: (files, files))
    assert most_connections() == most


def test_a_stranger_cannot_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    log = RareLog(lambda: now[0])
    with caplog.at_level(logging.WARNING):
        for moment in (0.0, 1.0, 59.0, 61.0):
            now[0] = moment
            log.tell("again")
    assert [vars(record)["unwritten_before"] for record in caplog.records] == [0, 2]


def test_where_no_connection_can_be_accepted_one_line_a_minute_says_so(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(tell_rarely(RareLog(lambda: 0.0)))
    for _ in range(1000):
        loop.call_exception_handler({"message": ACCEPT_FAILED, "exception": OSError(24, "Too many open files")})
    assert [record.getMessage() for record in caplog.records] == ["no connection can be accepted now"]
    loop.call_exception_handler({"message": "something else"})
    assert caplog.records[-1].getMessage() == "something else"
    loop.close()


def heads(count: int) -> bytes:
    """A request that has only begun: so many headers of 1,000 bytes."""
    return b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"A-%d: %s\r\n" % (n, b"b" * 990) for n in range(count))


def test_headers_that_go_on_and_on_end_their_connection(caplog: pytest.LogCaptureFixture) -> None:
    assert b" 200 " in answer_to(heads(60) + b"Connection: close\r\n\r\n")
    assert answer_to(heads(70)) == b""
    assert "too long" in caplog.text


def test_heads_that_are_not_whole_share_a_bound_and_short_ones_are_read_beyond_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_port, "HEADS_AT_MOST_BYTES", 10_000)

    async def run() -> list[bytes]:
        async with serving() as connect:
            (first, sender), (second, other), (third, short) = [await connect() for _ in range(3)]
            sender.write(heads(9))
            other.write(heads(9))
            closed = await second.read()
            short.write(heads(1) + b"\r\n")
            answered = await third.readuntil(b"hello")
            sender.write(b"\r\n")
            return [closed, answered, await first.readuntil(b"hello")]

    closed, *answered = asyncio.run(run())
    assert closed == b""
    assert all(b" 200 " in answer for answer in answered)


def test_thousands_of_requests_at_once_on_one_connection_are_all_answered() -> None:
    assert answer_to(GET * 4000 + GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")).count(b"hello") == 4001


async def large(request: web.Request) -> web.Response:
    return web.Response(body=bytes(20_000_000))


def test_an_answer_that_nobody_reads_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_port, "UNREAD_LOOK_S", 0.05)
    monkeypatch.setattr(http_port, "UNREAD_TIMEOUT_S", 0.05)
    monkeypatch.setattr("tests.service.test_http_port.hello", large)

    async def run() -> int:
        given_up = asyncio.Event()
        monkeypatch.setattr(RareLog, "tell", lambda log, message, **_: given_up.set())
        async with serving() as connect:
            reader, writer = await connect()
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(GET)
            await given_up.wait()
            writer.transport.resume_reading()  # type: ignore[attr-defined]
            try:
                return len(await reader.read())
            except ConnectionError:
                return 0

    assert asyncio.run(run()) < 20_000_000


class Draining(asyncio.Transport):
    """How much is still to be taken, at one look after the other."""

    def __init__(self, *sizes: int) -> None:
        super().__init__()
        self.sizes = list(sizes)
        self.aborted = False

    def get_write_buffer_size(self) -> int:
        return self.sizes.pop(0)

    def abort(self) -> None:
        self.aborted = True


def given_up(sizes: list[int], held: http_port.Held) -> list[bool]:
    """Whether a connection with so much to be taken, when it pauses and at each look, is given up by then."""

    async def run() -> list[bool]:
        connection = http_port.Connection(web.Server(hello), RareLog(), held, 90, print)
        connection.transport = transport = Draining(*sizes)
        connection.pause_writing()
        seen = []
        for _ in sizes[1:]:
            connection._check_unread()
            seen.append(transport.aborted)
        connection._stop_looking()
        return seen

    return asyncio.run(run())


def test_who_reads_slowly_is_waited_for_as_long_as_there_is_progress() -> None:
    looks = int(http_port.UNREAD_TIMEOUT_S / http_port.UNREAD_LOOK_S)
    held = http_port.Held()
    assert given_up([900, 800, 800, 700, *[700] * looks], held) == [False] * (2 + looks) + [True]
    assert held.unread_bytes == 0


def test_where_much_is_unread_who_takes_nothing_is_given_up_at_once() -> None:
    held = http_port.Held()
    held.unread_bytes = http_port.UNREAD_AT_MOST_BYTES
    assert given_up([900, 800, 800], held) == [False, True]


@pytest.mark.parametrize(("method", "ended"), [("GET", "given up"), ("HEAD", "given up"), ("POST", "done")])
def test_what_was_asked_for_reading_is_given_up_when_the_client_goes_away_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, method: str, ended: str
) -> None:
    async def run() -> str:
        begun, may_end, told = asyncio.Event(), asyncio.Event(), asyncio.get_running_loop().create_future()

        async def slow(_: web.Request) -> web.Response:
            begun.set()
            try:
                await may_end.wait()
            except asyncio.CancelledError:
                told.set_result("given up")
                raise
            told.set_result("done")
            return web.Response()

        monkeypatch.setattr("tests.service.test_http_port.hello", slow)
        async with serving() as connect:
            _, writer = await connect()
            writer.write(f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            await begun.wait()
            writer.close()
            await writer.wait_closed()
            while left_open() and not told.done():  # noqa: ASYNC110 - the server's side ends by itself
                await asyncio.sleep(0.001)
            may_end.set()
            return str(await told)

    def left_open() -> list[Connection]:
        return [each for each in gc.get_objects() if isinstance(each, Connection) and each.transport is not None]

    assert asyncio.run(run()) == ended


WITH_BODY = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n"
BODY = bytes(70_000)


@pytest.mark.parametrize(
    ("sent", "is_answered"),
    [
        (GET, True),
        (WITH_BODY + b"\r\n" + BODY, True),
        (WITH_BODY + b"Connection: close\r\n\r\n" + BODY, True),
        (2 * (WITH_BODY + b"\r\n" + BODY) + GET, True),
        (b"GET", False),
    ],
    ids=["no body", "a body", "closed by the server", "several requests", "half a head"],
)
def test_a_connection_that_has_ended_leaves_nothing_to_the_collector(sent: bytes, is_answered: bool) -> None:
    """Which comes seldom: 5,000 that had ended were counted after a minute. (One that ended with an
    error waits for it: the error knows where it was raised.)"""

    async def run() -> None:
        async with serving() as connect:
            reader, writer = await connect()
            writer.write(sent)
            if is_answered:
                await reader.readuntil(b"hello")
            writer.close()
            while left():  # noqa: ASYNC110 - the server's side ends by itself
                await asyncio.sleep(0.001)

    def left() -> list[Connection]:
        return [each for each in gc.get_objects() if isinstance(each, Connection)]

    gc.collect()
    gc.disable()
    try:
        asyncio.run(run())
    finally:
        gc.enable()
