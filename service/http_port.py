"""The HTTP port: connections bounded in number and in idle time, and traffic that is not HTTP answered so that one
can read it, with one line in the log a minute instead of a traceback each.
"""

import asyncio
import logging
import resource
import ssl
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web
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

LOG_EVERY_S = 60.0

NOT_HTTP = {
    "Pause on PRI/Upgrade": "this is HTTP/2, as gRPC sends it: OTLP over gRPC has a port of its own (4317)",
    "Received HTTPS traffic on an HTTP port": "this port does not speak TLS: use http:// instead of https://",
}
"""The parser's words, up to the first colon -> what the client should do instead."""


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


class Connection(web.RequestHandler):
    """A connection whose broken requests are answered as `google.rpc.Status`: OTLP clients are most of the senders."""

    __slots__ = ("_log", "_refused")

    def __init__(self, server: web.Server, log: RareLog, idle_timeout_s: float, refused: Callable[[str], None]) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=idle_timeout_s,
            auto_decompress=False,  # the receiver unpacks, and counts while it does
            access_log=None,  # type: ignore[arg-type]
        )
        self._log = log
        self._refused = refused

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
        told = NOT_HTTP.get(fault, f"not a valid HTTP request: {fault}")
        self._log.tell("a request was no HTTP", fault=told, client=request.remote)
        self._refused(told)
        response = web.json_response({"code": 3, "message": told}, status=400)
        response.force_close()
        return response


class TurnedAway(asyncio.Protocol):
    """A connection more than there is room for; clients take its end for an outage and come again."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.abort()  # type: ignore[attr-defined]


class HttpSite(web.BaseSite):
    """Serves the runner's application on one endpoint, from `start` until the runner is cleaned up."""

    __slots__ = ("_endpoint", "_idle_timeout_s", "_log", "_max_connections", "_refused")

    def __init__(
        self,
        runner: web.AppRunner,
        endpoint: Endpoint,
        ssl_context: ssl.SSLContext | None = None,
        *,
        max_connections: int | None = None,
        idle_timeout_s: float = IDLE_TIMEOUT_S,
        refused: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`refused` is told what is wrong with each request that is no HTTP."""
        super().__init__(runner, ssl_context=ssl_context, backlog=BACKLOG)
        self._endpoint = endpoint
        self._max_connections = max_connections or most_connections()
        self._idle_timeout_s = idle_timeout_s
        self._log = RareLog()
        self._refused = refused

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
        return Connection(server, self._log, self._idle_timeout_s, self._refused)


def most_connections() -> int:
    """`MAX_CONNECTIONS`, or half of the files that this process may open."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if files == resource.RLIM_INFINITY else max(1, min(MAX_CONNECTIONS, files // 2))
