"""A file that is opened again where the process has grown to what it may have.

DuckDB keeps what it knows of each row group and column it has met (40 to 60 bytes a span written), which no limit of
its own counts and which it never drops: a process that had received 10 M spans had 700 MB. Opened again, it has none.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from storage.database import Database

logger = logging.getLogger(__name__)

LOOK_S = 1.0
LEAST_S = 30.0
"""Between two openings: each keeps readers waiting, for 0.2 s mostly."""
GROWN_ROWS = 100_000
"""Stored since the last one: DuckDB knows some 5 MB of them."""
LATER_S, MOST_S = 60.0, 300.0
"""Where fewer were, what fills the process is something else, and comes again: that is tried more and more seldom."""
ALONE_S = 1.0
"""So long who reads may take to end; then it is put off."""
PUT_OFF_S = 10.0


def never() -> bool:
    return False


class Renewal:
    """When that is due; used by the thread that writes."""

    def __init__(self, is_tight: Callable[[], bool] = never, clock: Callable[[], float] = time.monotonic) -> None:
        """`is_tight`: the process has nearly all the memory it may have."""
        self._is_tight = is_tight
        self._clock = clock
        self._until = clock() + LEAST_S
        self._later_s = LATER_S
        self._later = clock() + LATER_S
        self._was_tight = False
        """Since it was last asked for."""
        self._rows = 0
        """Stored since the file was opened."""

    def stored(self, rows: int) -> None:
        """To be called at the end of a group, while the process still has what that was made of."""
        self._rows += rows
        self._was_tight = self._was_tight or self._is_tight()

    def due(self) -> bool:
        """Whether the file should be opened again now."""
        now = self._clock()
        if now < (self._until if self._rows >= GROWN_ROWS else self._later):
            return False
        self._was_tight = self._was_tight or self._is_tight()
        if not self._was_tight:
            self._until = self._later = now + LOOK_S
            self._later_s = LATER_S
        return self._was_tight

    @contextmanager
    def alone(self, database: Database) -> Iterator[bool]:
        """Whether the file can be closed and opened within: who reads has ended, and who begins to waits.

        Where it cannot be, it is due again after ten seconds.
        """
        if database.in_memory:
            self._until = self._later = math.inf
            yield False
            return
        with database.gate.alone(ALONE_S) as is_alone:
            self._until = self._later = self._clock() + PUT_OFF_S
            yield is_alone

    def opened(self) -> None:
        """It was."""
        logger.info("nearly all the memory that the process may have was used: the file was opened again")
        now = self._clock()
        self._later_s = LATER_S if self._rows >= GROWN_ROWS else min(2 * self._later_s, MOST_S)
        self._until, self._later = now + LEAST_S, now + self._later_s
        self._was_tight, self._rows = False, 0
