"""Which large requests are objects at a time, over all transports: as objects a body takes six times its size.

Used from the event loop only.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LARGE_BYTES = 256 * 1024
"""Decoding costs about 10 ns a byte: bodies beyond this would hold the event loop for more than 3 ms."""

AT_A_TIME = 2
"""Of those that are decoded, translated or being committed: one while the other waits for the disk. The others wait as
they came."""

DEFAULT_TOGETHER_BYTES = 64 * 2**20


class LargeBodies:
    """Bodies above `LARGE_BYTES` take turns, whoever came first before the others."""

    def __init__(self, together_bytes: int = DEFAULT_TOGETHER_BYTES) -> None:
        """`together_bytes`: of bodies that are objects at a time. One that is alone may have more."""
        self._together_bytes = together_bytes
        self._line = asyncio.Lock()
        self._freed = asyncio.Event()
        self._count = 0
        self._bytes = 0

    @asynccontextmanager
    async def turn(self, size_bytes: int) -> AsyncIterator[None]:
        """A large body waits here until there is room for what is made of it."""
        if size_bytes <= LARGE_BYTES:
            yield
            return
        async with self._line:
            while not self._has_room(size_bytes):
                self._freed.clear()
                await self._freed.wait()
            self._count += 1
            self._bytes += size_bytes
        try:
            yield
        finally:
            self._count -= 1
            self._bytes -= size_bytes
            self._freed.set()

    def _has_room(self, size_bytes: int) -> bool:
        fits = self._count < AT_A_TIME and self._bytes + size_bytes <= self._together_bytes
        return not self._count or fits
