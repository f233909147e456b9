"""Work in threads."""

import asyncio
import gc
import threading
import weakref

import pytest

from contract.threads import to_its_end


def test_what_the_work_returns_or_raises_is_told() -> None:
    assert asyncio.run(to_its_end(lambda: 7)) == 7
    with pytest.raises(ZeroDivisionError):
        asyncio.run(to_its_end(lambda: 1 // 0))


class Fault(Exception):
    """Of some work."""


def test_a_fault_that_was_told_leaves_nothing_to_the_collector() -> None:
    faults: list[weakref.ref[Fault]] = []

    def work() -> None:
        raise Fault

    async def run() -> None:
        try:
            await to_its_end(work)
        except Fault as fault:
            faults.append(weakref.ref(fault))

    gc.collect()
    gc.disable()
    try:
        asyncio.run(run())
        assert faults[0]() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("failing", [False, True])
def test_who_cancels_it_waits_for_the_thread(failing: bool) -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(10)
        ended.set()
        if failing:
            raise ValueError("nobody asks for it any more")

    async def run() -> None:
        working = asyncio.ensure_future(to_its_end(work))
        assert await asyncio.to_thread(begun.wait, 10)
        for _ in range(2):
            working.cancel()
            await asyncio.wait([working], timeout=0.02)
            assert not working.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert ended.is_set()

    asyncio.run(run())
