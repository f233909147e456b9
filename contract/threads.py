"""Work in threads, which nobody can end before it has ended by itself."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def to_its_end(work: Callable[[], Result]) -> Result:
    """What the work returns or raises, done in a thread. Who cancels this waits until the thread has ended: until then
    it has what it works on, and what it makes is in memory."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.gather(running, return_exceptions=True)
        raise
