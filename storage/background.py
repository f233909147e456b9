"""Work that is done step by step while others write, with rests between: on the writing connection, or beside it."""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from math import inf

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


class Steps(ABC):
    """`run` keeps the work up."""

    def __init__(self, failed: str, *, rest: float = REST, busy: float = inf) -> None:
        """`failed`: what the log says when a step fails by a fault of ours; `busy`: so much of a core, used by the
        process during a rest, puts the next step off."""
        self._failed = failed
        self._rest = rest
        self._busy = busy
        self.clock: Callable[[], float] = time.monotonic
        self.cpu: Callable[[], float] = time.process_time

    async def run(self) -> None:
        """Step by step, until cancelled."""
        rest_s = EVERY_S
        while True:
            began, used = self.clock(), self.cpu()
            await asyncio.sleep(rest_s)
            began, rested_s = self.clock(), self.clock() - began
            is_busy = (self.cpu() - used) / max(rested_s, 1e-3) >= self._busy
            did = not is_busy and await self._try()
            rest_s = self._rest * (self.clock() - began) if did else EVERY_S

    async def _try(self) -> bool:
        try:
            return await self.step()
        except Unavailable:
            return False
        except Exception:  # a fault of ours must not end the timer
            logger.exception("%s", self._failed)
            return False

    @abstractmethod
    async def step(self) -> bool:
        """Some of the work is done; false when there is nothing to do. Raises `Unavailable`."""


class Background(Steps):
    """Steps on the writing connection of an open database, each between two groups."""

    def __init__(self, writer: Writer, work: Step, failed: str) -> None:
        super().__init__(failed)
        self._writer = writer
        self._work = work

    async def step(self) -> bool:
        return await self._writer.call(self._work, (), after_all=False)
