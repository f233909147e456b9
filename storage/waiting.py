"""Requests that the tables do not hold yet, oldest first, and how much they are.

They are added in one thread and taken in another, which makes rows of them meanwhile: nobody waits for that.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence

from contract.errors import TracepondError
from storage.pending import Pending


class Waiting:
    """The queue before the tables. The sizes are read without the lock: each is right, together they may not be."""

    def __init__(self) -> None:
        self.rows = 0
        self.size_bytes = 0
        self.storing_bytes = 0
        """Of what was taken since `stored`."""
        self._since: float | None = None
        self._requests: deque[Pending] = deque()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._requests)

    def oldest(self) -> Pending | None:
        with self._lock:
            return self._requests[0] if self._requests else None

    def add(self, requests: Sequence[Pending]) -> None:
        """Behind all others."""
        with self._lock:
            self._requests.extend(requests)
            for request in requests:
                self._count(request, 1)

    def put_back(self, requests: Sequence[Pending]) -> None:
        """What was taken and is not stored, before all others."""
        with self._lock:
            self._requests.extendleft(reversed(requests))
            for request in requests:
                self._count(request, 1)
                self.storing_bytes = max(0, self.storing_bytes - request.translated.size_bytes)

    def take(self) -> Pending | None:
        """The oldest one; it counts as being stored."""
        with self._lock:
            if not self._requests:
                return None
            request = self._requests.popleft()
            self._count(request, -1)
            self.storing_bytes += request.translated.size_bytes
            if self._since is None:
                self._since = request.since
            return request

    def refuse(self, error: TracepondError) -> None:
        """None that somebody waits for is left: they are told."""
        with self._lock:
            told = [request for request in self._requests if request.done is not None]
            self._requests = deque(request for request in self._requests if request.done is None)
            for request in told:
                self._count(request, -1)
        for request in told:
            if request.done is not None:
                request.done(error)

    def stored(self) -> None:
        """What was taken is in the tables, or was put back."""
        self.storing_bytes, self._since = 0, None

    def lag_s(self) -> float:
        """How long the oldest of all, also of what is being stored, has waited."""
        oldest = self.oldest()
        since = self._since or (oldest.since if oldest else None)
        return 0.0 if since is None else time.monotonic() - since

    def _count(self, request: Pending, times: int) -> None:
        self.rows += times * request.rows
        self.size_bytes += times * request.translated.size_bytes
