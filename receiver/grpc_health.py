"""`grpc.health.v1`: Check and Watch, for the whole server ("") and for each service by its name.

Source: gRPC, "GRPC Health Checking Protocol" and health.proto. Both are answered without credentials, as `/healthz` is.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import grpc

SERVICE = "grpc.health.v1.Health"

SERVING, NOT_SERVING, SERVICE_UNKNOWN = b"\x08\x01", b"\x08\x02", b"\x08\x03"
"""HealthCheckResponse: field 1, an enum."""

LOOK_EVERY_S = 1.0
"""How long a change may take to reach who watches."""

MAX_WATCHES = 16
"""A watch is a call that does not end, and calls are bounded over all services: exporters must not be shut out."""

REQUEST_TIMEOUT_S = 5.0
"""How long a call's request may take to come. A whole one is there with the call."""

MAX_UNREAD = 64
"""Calls whose request is not there yet; beyond, the oldest is given up. The library would wait for ever, and 1024 calls
that send nothing, from a few connections without a key, would shut out every exporter."""


class Health:
    """What clients are told of the server's health; `end` ends the watches, so that the server can stop."""

    def __init__(self, not_ready: Callable[[], Sequence[str]], services: Iterable[str]) -> None:
        self._not_ready = not_ready
        self._known = {_request(name) for name in services} | {b"", _request("")}
        self._ended = asyncio.Event()
        self._watches = 0
        self._unread: list[asyncio.Timeout] = []

    def handlers(self) -> Any:
        """The service for a gRPC server; requests are streams of one message, so that they are read here."""
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "Check": grpc.stream_unary_rpc_method_handler(self._check),
                "Watch": grpc.stream_stream_rpc_method_handler(self._watch),
            },
        )

    def end(self) -> None:
        """Every watch says once more what holds now, and ends."""
        self._ended.set()

    def _status(self, request: bytes) -> bytes:
        if request not in self._known:
            return SERVICE_UNKNOWN
        return NOT_SERVING if self._ended.is_set() or self._not_ready() else SERVING

    async def _read(self, context: Any) -> bytes:
        """The one message of a call, which is aborted where none comes."""
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S) as limit:
                with self._waiting(limit):
                    request = await context.read()
        except TimeoutError:
            await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "the call's request did not come in time")
        if not isinstance(request, bytes):  # grpc.aio.EOF
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the call has no request")
        message: bytes = request
        return message

    async def _check(self, _: Any, context: Any) -> bytes:
        status = self._status(await self._read(context))
        if status == SERVICE_UNKNOWN:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no service of this name is served here")
        return status

    async def _watch(self, _: Any, context: Any) -> AsyncIterator[bytes]:
        """The status now, and again whenever it has changed; a name that is not known may be some day."""
        request = await self._read(context)
        if self._watches >= MAX_WATCHES:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, f"{MAX_WATCHES} clients watch already")
        with self._counted():
            told = b""
            while not self._ended.is_set():
                if (status := self._status(request)) != told:
                    told = status
                    yield status
                await _set_within(self._ended, LOOK_EVERY_S)
            if (status := self._status(request)) != told:
                yield status

    @contextmanager
    def _waiting(self, limit: asyncio.Timeout) -> Any:
        if len(self._unread) >= MAX_UNREAD:
            with suppress(RuntimeError):  # its time is over just now
                self._unread.pop(0).reschedule(0)
        self._unread.append(limit)
        try:
            yield
        finally:
            with suppress(ValueError):  # it had to give way
                self._unread.remove(limit)

    @contextmanager
    def _counted(self) -> Any:
        self._watches += 1
        try:
            yield
        finally:
            self._watches -= 1


def _request(name: str) -> bytes:
    """A HealthCheckRequest, field 1 a string of less than 128 bytes."""
    return b"\x0a" + bytes([len(name)]) + name.encode()


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
