"""Work on the writing connection between two groups, step by step while others write, with rests between."""

import asyncio
import logging
import time
from collections.abc import Callable

import duckdb

from contract.errors import Unavailable
from storage.writer import Writer

logger = logging.getLogger(__name__)

EVERY_S = 5.0
"""Between two looks for something to do."""
REST = 20
"""Times a step's own length until the next one: where there is always something to do, it takes a twentieth."""

Step = Callable[[duckdb.DuckDBPyConnection], bool]
"""Does some of the work in transactions of its own; false when there is nothing to do."""


class Background:
    """Of one open database; `run` keeps the work up."""

    def __init__(self, writer: Writer, work: Step, failed: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`failed`: what the log says when a step fails by a fault of ours."""
        self._writer = writer
        self._work = work
        self._failed = failed
        self._clock = clock

    async def run(self) -> None:
        """Step by step, until cancelled."""
        rest_s = EVERY_S
        while True:
            await asyncio.sleep(rest_s)
            started = self._clock()
            did = await self._try()
            rest_s = REST * (self._clock() - started) if did else EVERY_S

    async def _try(self) -> bool:
        try:
            return await self.step()
        except Unavailable:
            return False
        except Exception:  # a fault of ours must not end the timer
            logger.exception("%s", self._failed)
            return False

    async def step(self) -> bool:
        """Some of the work is done; false when there is nothing to do. Raises `Unavailable`."""
        return await self._writer.call(self._work, (), after_all=False)
