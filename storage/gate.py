"""Who reads and who stores: questions begin when the thread that writes lets them (docs/adr/0026, 0027)."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ENDING_S = 0.5
"""So long a group waits for a question to end, once; one that takes seconds goes on beside groups."""
OPEN_S = 0.5
"""So long at most the gate stays open for who reads, else as long as it was closed before. A group waits for both."""
PAUSE_S = 0.02
"""So long after a question the next one may begin; later ones find the gate closed or open as it happens."""
HELD_S = 2.0
"""So long a question waits for a group: one that is stored in parts, for want of memory, may take longer."""


class Gate:
    """Of one open file. `read` is for any thread, all else for the one that writes."""

    def __init__(self, work_with: Callable[[bool], None], *, closes: bool) -> None:
        """`work_with`: DuckDB answers with all its threads, or works with one. `closes`: there is too little memory
        to read and to store at a time."""
        self._closes = closes
        self._work_with = work_with
        self._reading = 0
        self._new: set[object] = set()
        """Of these, questions that no group has waited for yet."""
        self._read_at = -math.inf
        self._ended_at = -math.inf
        """A question, of any kind."""
        self._expected = 0
        """Questions that waited for what is stored, and begin when they hear that it is."""
        self._closed_at = self._opened_at = -math.inf
        self._closed_s = 0.0
        """The last time."""
        self._changed = threading.Condition()
        self._is_closed = False
        self._is_alone = False

    @contextmanager
    def read(self, *, again: bool = True) -> Iterator[None]:
        """A question is asked within; it begins when the gate is not `closed` and nobody has set `unread` or is
        `alone`. `again`: its blocks may soon be asked of once more, and all threads answer it."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_closed, HELD_S)
            self._changed.wait_for(lambda: not self._is_alone)
            if again:
                self._work_with(True)
            question = object()
            self._reading += 1
            self._expected = max(0, self._expected - 1)
            self._new.add(question)
        try:
            yield
        finally:
            with self._changed:
                self._reading -= 1
                self._new.discard(question)
                self._ended_at = time.monotonic()
                if again:
                    self._read_at = self._ended_at
                self._changed.notify_all()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """A group is stored within. Where memory is little nobody begins to read meanwhile, and who reads has had half
        a second to end. While somebody reads it stays open before that for as long as it was closed the last time."""
        if not self._closes:
            yield
            return
        try:
            with self._changed:
                self._stay_open(self._opened_at + min(self._closed_s, OPEN_S))
                self._is_closed, self._closed_at = True, time.monotonic()
                self._changed.wait_for(lambda: not self._new, ENDING_S)
                self._new.clear()
            yield
        finally:
            with self._changed:
                self._is_closed = False
                self._opened_at = time.monotonic()
                self._closed_s = self._opened_at - self._closed_at
                self._changed.notify_all()

    def expect(self, questions: int) -> None:
        """So many more begin soon; some may have been given up, so the next group does not wait for them again."""
        with self._changed:
            self._expected += questions

    def _stay_open(self, until: float) -> None:
        """While somebody reads, or should soon."""
        while (now := time.monotonic()) < until:
            if not (self._reading or self._expected or now < self._ended_at + PAUSE_S):
                break
            self._changed.wait(min(until - now, PAUSE_S))
        self._expected = 0

    @contextmanager
    def alone(self, for_s: float) -> Iterator[bool]:
        """Whether nobody reads, after so long at most; who begins to waits for the end of this."""
        try:
            with self._changed:
                self._is_alone = True
                is_alone = self._changed.wait_for(lambda: not self._reading, for_s)
            yield is_alone
        finally:
            with self._changed:
                self._is_alone = False
                self._changed.notify_all()

    @contextmanager
    def unread(self, for_s: float) -> Iterator[bool]:
        """Whether nobody has asked for so long; within, nobody begins to, and from then on one thread works until
        somebody does."""
        with self._changed:
            is_unread = not self._reading and time.monotonic() - self._read_at >= for_s
            if is_unread:
                self._work_with(False)
            yield is_unread
