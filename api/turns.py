"""Large answers are made two at a time, and only while not too much of what was made waits to be taken.

Rows, records and JSON of an answer are up to ten times its bytes, and they are there from the query on until the last
byte is made: fifty connections that asked for 1,000 whole spans each took 300 MB. Who asks meanwhile waits, then is
told to come again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web

from contract.errors import Overloaded

AT_A_TIME = 2
"""One is rendered while the other is read."""
UNTAKEN_AT_MOST_BYTES = 16 << 20
"""Of answers that their clients still read."""
SHOWN_UNTAKEN_AT_MOST_BYTES = 32 << 20
"""A trace of 10,000 spans has 30 MB: one who reads it slowly keeps nobody out."""
WAIT_AT_MOST_S = 20.0
"""Clients give up after 30 s, some after 60."""
PIECE_BYTES = 256 << 10
"""So much is given to the connection at a time."""
PIECE_WITHIN_S = 20.0
"""A client that takes a piece more slowly (13 kB/s) is given up: who reads byte by byte must not keep others out."""
PRESSED_WITHIN_S = 5.0
"""The same where too much is untaken (52 kB/s): others are told to come again because of it."""


class Turns:
    """Used by one event loop."""

    def __init__(self, untaken_at_most_bytes: int = UNTAKEN_AT_MOST_BYTES, *, waits: bool = True) -> None:
        """`waits`: nothing is made while too much is untaken. Else everything is made, and what turns out to be small
        is always sent."""
        self._untaken_at_most_bytes = untaken_at_most_bytes
        self._waits = waits
        self._places = asyncio.Semaphore(AT_A_TIME)
        self._untaken_bytes = 0
        self._taken = asyncio.Event()

    @asynccontextmanager
    async def making(self, request: web.Request) -> AsyncIterator[None]:
        """One of the places, in the order of asking. Raises `Overloaded` when none comes free in time, or nobody waits
        for the answer any more: clients that gave up ask again, and each would have the work done twice.
        """
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(WAIT_AT_MOST_S):
                    await held.enter_async_context(self._places)
                    while self._waits and self._is_too_much():  # in the place: who waits for one must find room too
                        self._taken.clear()
                        await self._taken.wait()
            except TimeoutError:
                raise _too_many() from None
            if request.transport is None:
                raise _too_many()
            yield

    def _is_too_much(self) -> bool:
        return self._untaken_bytes >= self._untaken_at_most_bytes

    async def send(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        """The same answer, given to the client as fast as it takes it; it counts as untaken from the call on.

        Raises `Overloaded` where nobody waits for room and a large answer finds none.
        """
        body = response.body
        if not isinstance(body, bytes) or len(body) <= PIECE_BYTES or request.method == "HEAD":
            return response
        if not self._waits and self._is_too_much():
            raise _too_many()
        self._untaken_bytes += len(body)
        try:
            return await self._written(request, response, body)
        finally:
            self._untaken_bytes -= len(body)
            self._taken.set()

    async def _written(self, request: web.Request, response: web.Response, body: bytes) -> web.StreamResponse:
        streamed = web.StreamResponse(status=response.status, headers=response.headers)
        streamed.content_length = len(body)
        try:
            await streamed.prepare(request)
            for at in range(0, len(body), PIECE_BYTES):
                async with asyncio.timeout(PRESSED_WITHIN_S if self._is_too_much() else PIECE_WITHIN_S):
                    await streamed.write(body[at : at + PIECE_BYTES])
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass  # the client is gone
        return streamed


def _too_many() -> Overloaded:
    return Overloaded(
        "too many large answers are being made or read; ask again, for fewer rows or with io=preview",
        reason="answers_busy",
        retry_after_s=2,
    )
