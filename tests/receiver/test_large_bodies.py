"""Large requests take turns by their number and their size."""

import asyncio
from collections.abc import Iterable

import pytest

from receiver.large_bodies import AT_A_TIME, LARGE_BYTES, LargeBodies


class Senders:
    """Bodies that stay inside until they are let go."""

    def __init__(self, large: LargeBodies) -> None:
        self._large = large
        self._tasks: dict[str, asyncio.Future[None]] = {}
        self.inside: list[str] = []

    async def come(self, sizes: Iterable[tuple[str, int]]) -> None:
        for name, size_bytes in sizes:
            self._tasks[name] = asyncio.ensure_future(self._stay(name, size_bytes))
        await settled()

    async def leave(self, name: str) -> None:
        self._tasks.pop(name).cancel()
        await settled()

    async def _stay(self, name: str, size_bytes: int) -> None:
        async with self._large.turn(size_bytes):
            self.inside.append(name)
            try:
                await asyncio.Event().wait()
            finally:
                self.inside.remove(name)


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


L = LARGE_BYTES + 1


@pytest.mark.parametrize(
    ("together_bytes", "come", "inside", "leave", "then"),
    [
        (10 * L, [("a", L), ("b", L), ("c", L)], ["a", "b"], "a", ["b", "c"]),  # two at a time
        (10 * L, [("a", L), ("b", L), ("small", L - 1)], ["a", "b", "small"], "b", ["a", "small"]),
        (3 * L, [("a", 2 * L), ("b", 2 * L)], ["a"], "a", ["b"]),  # no more bytes than that
        (3 * L, [("a", 2 * L), ("b", 2 * L), ("c", L)], ["a"], "a", ["b", "c"]),  # in the order of coming
        (L, [("a", 5 * L), ("b", L)], ["a"], "a", ["b"]),  # alone it may be larger
        (3 * L, [("a", 2 * L), ("b", 2 * L), ("c", L)], ["a"], "b", ["a", "c"]),  # who waits may go away
    ],
)
def test_large_bodies_are_few_at_a_time(
    together_bytes: int, come: list[tuple[str, int]], inside: list[str], leave: str, then: list[str]
) -> None:
    async def run() -> None:
        assert AT_A_TIME == 2
        senders = Senders(LargeBodies(together_bytes))
        await senders.come(come)
        assert senders.inside == inside
        await senders.leave(leave)
        assert senders.inside == then
        for name, _ in come:
            if name != leave:
                await senders.leave(name)
        await senders.come([("last", 100 * L)])
        assert senders.inside == ["last"], "nothing is held any more"
        await senders.leave("last")

    asyncio.run(run())
