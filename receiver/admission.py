"""How many bytes of requests may be in the program at a time, over all transports.

One object, used from the event loop only (so plain integers need no lock).
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from contract.errors import Overloaded, Unavailable
from contract.stats import Sample

DEFAULT_CAPACITY_BYTES = 64 * 2**20


class Hold:
    """The bytes that one request has been granted so far."""

    __slots__ = ("_admission", "held_bytes")

    def __init__(self, admission: "Admission") -> None:
        self._admission = admission
        self.held_bytes = 0

    def grow(self, size_bytes: int) -> None:
        """Take `size_bytes` more. Raises `Overloaded` when that exceeds the capacity; what is held stays held."""
        self._admission.take(size_bytes, self.held_bytes)
        self.held_bytes += size_bytes

    def grow_to(self, size_bytes: int) -> None:
        """Hold at least `size_bytes` in all."""
        if size_bytes > self.held_bytes:
            self.grow(size_bytes - self.held_bytes)


class Admission:
    """The bound on bytes in flight, and the door that closes when the program drains."""

    def __init__(self, capacity_bytes: int = DEFAULT_CAPACITY_BYTES) -> None:
        self.capacity_bytes = capacity_bytes
        self.in_flight_bytes = 0
        self.draining = False
        self._freed = asyncio.Event()

    @contextmanager
    def hold(self, size_bytes: int = 0) -> Iterator[Hold]:
        """Bytes held until the block ends. Raises `Unavailable` while draining, `Overloaded` over the capacity."""
        if self.draining:
            raise Unavailable("the server is shutting down", reason="draining", retry_after_s=5)
        hold = Hold(self)
        try:
            hold.grow(size_bytes)
            yield hold
        finally:
            self.in_flight_bytes -= hold.held_bytes
            self._freed.set()

    async def room(self) -> None:
        """Return once fewer bytes than the capacity are in flight, at once while draining; nothing is held by it."""
        while self.in_flight_bytes >= self.capacity_bytes and not self.draining:
            self._freed.clear()
            await self._freed.wait()

    def take(self, size_bytes: int, own_bytes: int = 0) -> None:
        """Count `size_bytes` as in flight for a request that holds `own_bytes`, or raise `Overloaded`.

        A request that is alone is let in whatever its size: told to come again it could never succeed.
        """
        others_bytes = self.in_flight_bytes - own_bytes
        if others_bytes and self.in_flight_bytes + size_bytes > self.capacity_bytes:
            raise Overloaded(f"{self.capacity_bytes} bytes of requests are in flight already", reason="bytes_in_flight")
        self.in_flight_bytes += size_bytes

    def stats(self) -> list[Sample]:
        """Bytes in flight and their bound."""
        return [
            Sample("receiver_bytes_in_flight", {}, self.in_flight_bytes),
            Sample("receiver_bytes_in_flight_capacity", {}, self.capacity_bytes),
        ]
