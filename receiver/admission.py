"""How many bytes of requests may be in the program at a time, over all transports.

One object, used from the event loop only (so plain integers need no lock).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

from contract.errors import Overloaded, Unavailable
from contract.stats import Sample
from receiver.large_bodies import DEFAULT_TOGETHER_BYTES, LargeBodies

DEFAULT_CAPACITY_BYTES = 64 * 2**20

RoomBehind = Callable[[int, int], bool]
"""Whether those who get a request next have room for so many bytes, after so many that are on their way to them. Asked
before it is decoded, which takes six times its size in memory."""


def endless(size_bytes: int, ahead_bytes: int) -> bool:
    """There is always room behind."""
    return True


ROOM_BEHIND_WITHIN_S = 4.0
"""How long a request that has been read waits for room behind: with the 5 s that a call of gRPC may wait unread it is
less than the 10 s SDKs allow an export. Who waits need not be refused, and most that are sent back come too early."""
LOOK_AGAIN_S = 0.02
"""Room behind comes from another thread; the first in the line looks."""


PATIENCE_S = 5.0
"""A request that is longer on its way gives way when others find no room: half of the time SDKs allow an export."""


class Readers:
    """Requests whose bytes are still on their way, the oldest first."""

    def __init__(self) -> None:
        self._since: dict[asyncio.Timeout, float] = {}

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """TimeoutError when the block takes longer, or is ended by `end_slow`."""
        async with asyncio.timeout(seconds) as limit:
            self._since[limit] = time.monotonic()
            try:
                yield
            finally:
                self._since.pop(limit, None)

    def end_slow(self) -> None:
        """There is no room: whoever has been read for `PATIENCE_S` is given up. Who stalls must not shut out others."""
        now = time.monotonic()
        for limit in [limit for limit, since in self._since.items() if now - since >= PATIENCE_S]:
            del self._since[limit]
            limit.reschedule(now)


class Hold:
    """The bytes that one request has been granted so far."""

    __slots__ = ("_admission", "behind_bytes", "held_bytes")

    def __init__(self, admission: "Admission") -> None:
        self._admission = admission
        self.held_bytes = 0
        self.behind_bytes = 0
        """Of these, what has its room behind."""

    def grow(self, size_bytes: int) -> None:
        """Take `size_bytes` more. Raises `Overloaded` when that exceeds the capacity; what is held stays held."""
        self._admission.take(size_bytes, self.held_bytes)
        self.held_bytes += size_bytes

    def shrink_to(self, size_bytes: int) -> None:
        """Hold no more than that."""
        self._admission.give_back(max(0, self.held_bytes - size_bytes))
        self.held_bytes = min(self.held_bytes, size_bytes)

    def grow_to(self, size_bytes: int) -> None:
        """Hold at least `size_bytes` in all."""
        if size_bytes > self.held_bytes:
            self.grow(size_bytes - self.held_bytes)

    async def room_behind(self) -> None:
        """Return once those behind have room for what is held, whoever came first before the others. Raises
        `Overloaded` when there is none within `ROOM_BEHIND_WITHIN_S`."""
        await self._admission.line_up(self)

    def reading(self, seconds: float) -> AbstractAsyncContextManager[None]:
        """The time in which the request has to be read: `Readers.within`."""
        return self._admission.readers.within(seconds)


class Admission:
    """The bound on bytes in flight, and the door that closes when the program drains."""

    def __init__(
        self,
        capacity_bytes: int = DEFAULT_CAPACITY_BYTES,
        room_behind: RoomBehind = endless,
        large_together_bytes: int = DEFAULT_TOGETHER_BYTES,
    ) -> None:
        self.capacity_bytes = capacity_bytes
        self._room_behind = room_behind
        self.in_flight_bytes = 0
        self.draining = False
        self.readers = Readers()
        self.large = LargeBodies(large_together_bytes)
        self._freed = asyncio.Event()
        self._line = asyncio.Lock()
        self._behind_bytes = 0

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
            self._behind_bytes -= hold.behind_bytes
            self.give_back(hold.held_bytes)

    def give_back(self, size_bytes: int) -> None:
        """So many bytes are in flight no more."""
        self.in_flight_bytes -= size_bytes
        self._freed.set()

    async def room(self, size_bytes: int = 1) -> None:
        """Return once so many bytes could be taken, at once while draining; nothing is held by it."""
        while self.in_flight_bytes and self.in_flight_bytes + size_bytes > self.capacity_bytes and not self.draining:
            self._freed.clear()
            await self._freed.wait()

    async def line_up(self, hold: Hold) -> None:
        """`Hold.room_behind`."""
        try:
            async with asyncio.timeout(ROOM_BEHIND_WITHIN_S), self._line:  # a lock is given in the order of asking
                while not self._room_behind(hold.held_bytes, self._behind_bytes):  # noqa: ASYNC110  (another thread's)
                    await asyncio.sleep(LOOK_AGAIN_S)
        except TimeoutError:
            raise Overloaded("the write queue is full", reason="queue_full") from None
        self._behind_bytes += hold.held_bytes - hold.behind_bytes
        hold.behind_bytes = hold.held_bytes

    def take(self, size_bytes: int, own_bytes: int = 0) -> None:
        """Count `size_bytes` as in flight for a request that holds `own_bytes`, or raise `Overloaded`.

        A request that is alone is let in whatever its size: told to come again it could never succeed.
        """
        others_bytes = self.in_flight_bytes - own_bytes
        if others_bytes and self.in_flight_bytes + size_bytes > self.capacity_bytes:
            self.readers.end_slow()
            raise Overloaded(f"{self.capacity_bytes} bytes of requests are in flight already", reason="bytes_in_flight")
        self.in_flight_bytes += size_bytes

    def stats(self) -> list[Sample]:
        """Bytes in flight and their bound."""
        return [
            Sample("receiver_bytes_in_flight", {}, self.in_flight_bytes),
            Sample("receiver_bytes_in_flight_capacity", {}, self.capacity_bytes),
        ]
