"""Work in threads, which nobody can end before it has ended by itself."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from typing import TypeVar

Result = TypeVar("Result")


async def to_its_end(work: Callable[[], Result], threads: Executor | None = None) -> Result:
    """What the work returns or raises, done in a thread, of `threads` or the loop's own. Who cancels this waits until
    the work has ended: until then it has what it works on, and what it makes is in memory."""
    running = asyncio.get_running_loop().run_in_executor(threads, work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with suppress(asyncio.CancelledError):  # whoever cancels twice waits as well
                await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # nobody else asks for it
        raise
    finally:
        del running  # what it raised knows this frame: both would stay until the collector comes
