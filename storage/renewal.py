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
LEAST_S = 60.0
"""Between two openings: each keeps readers waiting, for 0.2 s mostly."""
MOST_S = 300.0
"""Where opening the file again does not help, that is tried more and more seldom."""
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
        self._wait_s = LEAST_S
        self._until = clock() + LEAST_S
        self._was_tight = False
        """Since it was last asked for."""

    def look(self) -> None:
        """To be called where the process is large."""
        self._was_tight = self._was_tight or self._is_tight()

    def due(self) -> bool:
        """Whether the file should be opened again now."""
        now = self._clock()
        if now < self._until:
            return False
        self.look()
        if not self._was_tight:
            self._wait_s, self._until = LEAST_S, now + LOOK_S
        return self._was_tight

    @contextmanager
    def alone(self, database: Database) -> Iterator[bool]:
        """Whether the file can be closed and opened within: who reads has ended, and who begins to waits.

        After that it is not due for a minute, or longer where it did not help; after ten seconds where it cannot be.
        """
        if database.in_memory:
            self._until = math.inf
            yield False
            return
        with database.alone(ALONE_S) as is_alone:
            self._until = self._clock() + (self._wait_s if is_alone else PUT_OFF_S)
            if is_alone:
                self._wait_s, self._was_tight = min(2 * self._wait_s, MOST_S), False
                logger.info("nearly all the memory that the process may have is used: the file is opened again")
            yield is_alone
