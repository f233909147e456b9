"""The HTTP port: connections bounded in number, in idle time and in what they hold; traffic that is no HTTP is answered
so that one can read it, with one line in the log a minute instead of a traceback each.
"""

import asyncio
import logging
import resource
import ssl
import time
from collections.abc import Callable
from typing import Any

from aiohttp import EMPTY_PAYLOAD, StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError

from service.quantities import Endpoint

logger = logging.getLogger(__name__)

IDLE_TIMEOUT_S = 90.0
"""A connection without a whole request for so long is closed, be it silent or sending its headers byte by byte.
Longer than the interval of metric exporters (60 s) and than proxies keep theirs (nginx 75 s), so that it is mostly the
client who closes: a request that crosses with our closing has to be sent again."""

MAX_CONNECTIONS = 4096
"""Idle ones cost 10 kB each (Python 3.11, aiohttp 3.14). Never more than half of the files this process may open: the
rest is for storage and gRPC."""

TLS_HANDSHAKE_TIMEOUT_S = 15.0
"""Connections count from the end of their handshake on, so that must not last."""

BACKLOG = 1024
"""Connections that wait to be accepted; a fleet that starts at a time comes all at once."""

HEAD_PIECE_BYTES = 8 << 10
HEAD_AT_MOST_BYTES = 64 << 10
"""Of a request line and headers that have begun to come. aiohttp bounds each line and their number, which is 1 MB."""

HEADS_AT_MOST_BYTES = 8 << 20
"""Of all such heads together; nearly all come whole, and then are none."""

FREE_HEAD_BYTES = 2 << 10
"""A head up to here is read also when they are at their most: that is as much again for all connections."""

UNREAD_LOOK_S = 2.0
UNREAD_TIMEOUT_S = 30.0
"""A connection of which nothing was taken for so long while there was something to take is given up: answers have up
to 30 MB, and are held until the client has them."""

UNREAD_AT_MOST_BYTES = 32 << 20
"""Of answers that wait to be taken; beyond, whoever has taken nothing between two looks is given up at once."""

READING = ("GET", "HEAD")
"""Nobody needs the answer of these when the client has gone: a query is interrupted. What changes something goes on."""

LOG_EVERY_S = 60.0

NOT_HTTP = {
    "Pause on PRI/Upgrade": (
        "grpc_at_http",
        "this is HTTP/2, as gRPC sends it: OTLP over gRPC has a port of its own, 4317 where "
        "receivers.otlp.protocols.grpc.endpoint names no other",
    ),
    "Received HTTPS traffic on an HTTP port": (
        "tls_at_http",
        "this port does not speak TLS: use http:// instead of https://",
    ),
    "Invalid char in url query": ("no_http", "not a valid HTTP request: percent-encode what is not ASCII in the URL"),
    "Invalid char in url path": ("no_http", "not a valid HTTP request: percent-encode what is not ASCII in the URL"),
}
"""The parser's words, up to the first colon -> a label for counting, and what the client should do instead."""


class RareLog:
    """Warnings that a stranger can cause at will: one is written, the next ones are counted for a while."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._silent_until = float("-inf")
        self._unwritten = 0

    def tell(self, message: str, **fields: Any) -> None:
        """Write it, or count it as unwritten when the last one was written less than `LOG_EVERY_S` ago."""
        if self._clock() < self._silent_until:
            self._unwritten += 1
            return
        self._silent_until = self._clock() + LOG_EVERY_S
        logger.warning(message, extra={**fields, "unwritten_before": self._unwritten})
        self._unwritten = 0


ACCEPT_FAILED = "socket.accept() out of system resource"
"""asyncio's words where the process may open no more files. It says them once for each place in the backlog, with a
traceback, and tries again a second later."""


def tell_rarely(log: RareLog) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """A handler for what asyncio cannot raise: no room for a connection is one line a minute, all else as ever."""

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if context.get("message") == ACCEPT_FAILED:
            log.tell("no connection can be accepted now", fault=str(context.get("exception")))
        else:
            loop.default_exception_handler(context)

    return handle


class Held:
    """Bytes that all connections of a port hold: of heads that are not whole, and of answers that nobody has taken."""

    def __init__(self) -> None:
        self.head_bytes = 0
        self.unread_bytes = 0


class Connection(web.RequestHandler):
    """A connection whose broken requests are answered as `google.rpc.Status`: OTLP clients are most of the senders.

    It is closed when a head is too long, or when nothing of an answer is taken for `UNREAD_TIMEOUT_S`.
    """

    __slots__ = (
        "_body", "_head_bytes", "_held", "_log", "_refused", "_stalled_s", "_unread_bytes", "_unread_check",
    )  # fmt: skip

    def __init__(
        self, server: web.Server, log: RareLog, held: Held, idle_timeout_s: float, refused: Callable[[str, str], None]
    ) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=idle_timeout_s,
            auto_decompress=False,  # the receiver unpacks, and counts while it does
            access_log=None,  # type: ignore[arg-type]
        )
        self._log = log
        self._refused = refused
        self._held = held
        self._head_bytes = 0
        self._body: StreamReader = EMPTY_PAYLOAD
        self._unread_bytes = 0
        self._stalled_s = 0.0
        self._unread_check: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """A head is fed in small pieces, so that what is behind a whole request in one piece is counted too."""
        if not data:  # aiohttp's way to go on with requests that came before it could take them
            self._head_received(data)
        at = 0
        while at < len(data) and self._body.is_eof() and not self._upgraded and self.transport is not None:
            piece = data[at : at + HEAD_PIECE_BYTES]
            at += len(piece)
            self._head_received(piece)
        if at < len(data):
            super().data_received(data[at:] if at else data)

    def _head_received(self, piece: bytes) -> None:
        requests = self._request_count
        super().data_received(piece)
        if self._request_count > requests:  # what waits is not empty: the next one is taken in another turn of the loop
            self._body = self._messages[-1][1]
            self._count_head(0)
        else:
            self._count_head(self._head_bytes + len(piece))
            if self._is_too_long() and not self._buffer_paused:  # else they are whole requests that wait
                self._log.tell("the headers of a request were too long", client=self.peername)
                self.force_close()

    def _count_head(self, size_bytes: int) -> None:
        self._held.head_bytes += size_bytes - self._head_bytes
        self._head_bytes = size_bytes

    def _is_too_long(self) -> bool:
        if self._head_bytes > HEAD_AT_MOST_BYTES:
            return True
        return self._held.head_bytes > HEADS_AT_MOST_BYTES and self._head_bytes > FREE_HEAD_BYTES

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled_s = 0.0
        self._look_again()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_looking()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._count_head(0)
        self._stop_looking()
        request, handling = self._current_request, self._task_handler
        super().connection_lost(exc)
        self._body = EMPTY_PAYLOAD  # it knows this connection: 3 kB would stay until the collector comes
        if handling is not None and request is not None and request.method in READING:
            handling.cancel()

    def _look_again(self) -> None:
        assert self.transport is not None
        self._count_unread(self.transport.get_write_buffer_size())
        self._unread_check = self._loop.call_later(UNREAD_LOOK_S, self._check_unread)

    def _check_unread(self) -> None:
        if self.transport is None:
            return
        before = self._unread_bytes
        self._look_again()
        self._stalled_s = 0.0 if self._unread_bytes < before else self._stalled_s + UNREAD_LOOK_S
        if self._stalled_s >= (UNREAD_LOOK_S if self._held.unread_bytes > UNREAD_AT_MOST_BYTES else UNREAD_TIMEOUT_S):
            self._log.tell("a client did not read its answer", client=self.peername)
            self._stop_looking()
            self.transport.abort()

    def _count_unread(self, size_bytes: int) -> None:
        self._held.unread_bytes += size_bytes - self._unread_bytes
        self._unread_bytes = size_bytes

    def _stop_looking(self) -> None:
        self._count_unread(0)
        if self._unread_check is not None:
            self._unread_check.cancel()
            self._unread_check = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """400 with what is wrong for what is no HTTP request; it never repeats what was sent."""
        if not isinstance(exc, HttpProcessingError) or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        fault = exc.message.partition(":")[0].strip()
        reason, told = NOT_HTTP.get(fault, ("no_http", f"not a valid HTTP request: {fault}"))
        self._log.tell("a request was not in HTTP/1.1", why=told, client=request.remote)
        self._refused(reason, told)
        response = web.json_response({"code": 3, "message": told}, status=400)
        response.force_close()
        return response


class TurnedAway(asyncio.Protocol):
    """A connection more than there is room for; clients take its end for an outage and come again."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.abort()  # type: ignore[attr-defined]


class HttpSite(web.BaseSite):
    """Serves the runner's application on one endpoint, from `start` until the runner is cleaned up."""

    __slots__ = ("_endpoint", "_held", "_idle_timeout_s", "_log", "_max_connections", "_refused")

    def __init__(
        self,
        runner: web.AppRunner,
        endpoint: Endpoint,
        ssl_context: ssl.SSLContext | None = None,
        *,
        max_connections: int | None = None,
        idle_timeout_s: float = IDLE_TIMEOUT_S,
        refused: Callable[[str, str], None] = lambda *_: None,
    ) -> None:
        """`refused` is told of each request that is no HTTP: a label for counting, and what is wrong with it."""
        super().__init__(runner, ssl_context=ssl_context, backlog=BACKLOG)
        self._endpoint = endpoint
        self._max_connections = max_connections or most_connections()
        self._idle_timeout_s = idle_timeout_s
        self._log = RareLog()
        self._refused = refused
        self._held = Held()

    @property
    def name(self) -> str:
        return str(self._endpoint)

    async def start(self) -> None:
        """Raises `OSError` when the address cannot be bound."""
        await super().start()
        host, port, path = self._endpoint
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(tell_rarely(RareLog()))
        options: dict[str, Any] = {"backlog": self._backlog}
        if self._ssl_context is not None:
            options |= {"ssl": self._ssl_context, "ssl_handshake_timeout": TLS_HANDSHAKE_TIMEOUT_S}
        if path:
            self._server = await loop.create_unix_server(self._connection, path, **options)
        else:
            self._server = await loop.create_server(self._connection, host or None, port, **options)

    def _connection(self) -> asyncio.Protocol:
        server = self._runner.server
        assert server is not None
        if len(server.connections) >= self._max_connections:
            self._log.tell("a connection was turned away", connections=self._max_connections)
            return TurnedAway()
        return Connection(server, self._log, self._held, self._idle_timeout_s, self._refused)


def most_connections() -> int:
    """`MAX_CONNECTIONS`, or half of the files that this process may open."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if files == resource.RLIM_INFINITY else max(1, min(MAX_CONNECTIONS, files // 2))
