"""How much goes into one transaction: a whole row group, or what is stored in 0.4 s where that takes longer.

Whoever reads waits for a transaction to end, and so does what looks after the file. A row group of 8,192 spans takes
0.3 s of CPU; where others have the processors or the interpreter it took 5 s.
"""

import time
from dataclasses import dataclass

from storage.payload import MakeAgain
from storage.pending import Pending, divided
from storage.waiting import Waiting

GROUP_ROWS = 8192
"""Spans: a whole row group, which goes to the file without the WAL. Larger groups keep a waiting reader longer."""
GROUP_BYTES = 16 << 20
LEAST_ROWS = 2048
"""A transaction of fewer costs more by its columns than by its rows (docs/adr/0008)."""
OTHER_ROWS = 4
"""Log records and metric points that take as long as a span."""
MAKING_S = 1.0
"""So long rows are made for one transaction; those of a whole one take 0.1 s."""
AIM_S = 0.4
SLOW_S = 0.6
"""From which on groups become smaller: whole row groups cost half as much as parts, and are not given up lightly."""


@dataclass(slots=True)
class Room:
    """What a group may still take."""

    spans: int
    rows: int
    size_bytes: int

    def is_full(self) -> bool:
        return self.spans <= 0 or self.rows <= 0 or self.size_bytes <= 0

    def fitting(self, request: Pending) -> int:
        """How many rows of the request, one at least; spans come before the others."""
        translated = request.translated
        rows = self.spans if len(translated.spans) > self.spans else translated.rows
        by_bytes = translated.rows * self.size_bytes // max(1, translated.size_bytes)
        return max(1, min(rows, self.rows, by_bytes))

    def take(self, request: Pending) -> None:
        self.spans -= len(request.translated.spans)
        self.rows -= request.translated.rows
        self.size_bytes -= request.translated.size_bytes

    def fill(self, group: list[Pending], waiting: Waiting, make_again: MakeAgain) -> None:
        """Adds what waits longest, taken from there and made into rows in time; of the last request, what has room.

        One request at least. Raises MemoryError where there is none for the rows of the first.
        """
        until = time.perf_counter() + MAKING_S
        while not self.is_full() and (request := waiting.take()) is not None:
            try:
                request.make(make_again)
                if (fitting := self.fitting(request)) < request.translated.rows:
                    request, rest = divided(request, fitting)
                    waiting.put_back([rest])
            except BaseException as error:  # what was acknowledged comes again
                waiting.put_back([request])
                if group and isinstance(error, MemoryError):
                    return
                raise
            self.take(request)
            group.append(request)
            if time.perf_counter() > until:
                return


class Pace:
    """Follows what transactions take; used by one thread, read by any."""

    def __init__(self, group_bytes: int = GROUP_BYTES) -> None:
        self.rows = LEAST_ROWS
        """At first, when nothing is known of the machine, few."""
        self._group_bytes = group_bytes
        self._most_rows = GROUP_ROWS if group_bytes >= GROUP_BYTES else GROUP_ROWS // 2
        """Where the bytes are none of a whole row group, one of half of the rows costs little more and ends sooner."""

    @property
    def bytes(self) -> int:
        """Fewer with fewer rows: a row of 100 kB takes as long as a hundred others."""
        return self._group_bytes * self.rows // self._most_rows

    def is_met(self, waiting: Waiting, times: int = 1) -> bool:
        """Whether as much waits as is stored in time, or several times that."""
        return waiting.rows >= times * self.rows or waiting.size_bytes >= times * self.bytes

    def room(self, times: int = 1) -> Room:
        return Room(times * self.rows, times * OTHER_ROWS * self.rows, times * self.bytes)

    def took(self, seconds: float, rows: int) -> None:
        """Fewer rows at once where they took too long, twice as many where that leaves time; in halves of a group, so
        that a whole one is met again."""
        if seconds > SLOW_S:
            while self.rows > LEAST_ROWS and seconds * self.rows > AIM_S * rows:
                self.rows //= 2
        elif 2 * seconds < SLOW_S and rows >= self.rows // 2:
            self.rows = min(self._most_rows, 2 * self.rows)


class Turns:
    """Between groups and other work on the file: while groups are due, that gets as much time as they had since, no
    more. Retention asks again at once when a step is done; smaller groups must not mean less of the time."""

    def __init__(self) -> None:
        self._owed_s = 0.0

    def worked(self, seconds: float) -> None:
        self._owed_s = seconds

    def stored(self, seconds: float) -> None:
        self._owed_s -= seconds

    def is_owed(self) -> bool:
        """Whether it is the turn of the groups."""
        return self._owed_s > 0
