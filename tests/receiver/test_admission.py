"""The bound on bytes in flight."""

import asyncio
from collections.abc import Coroutine

import pytest

from contract.errors import Overloaded, Unavailable
from receiver.admission import Admission


def test_bytes_are_held_until_the_block_ends() -> None:
    admission = Admission(100)
    with admission.hold(40) as hold:
        hold.grow_to(90)
        assert admission.in_flight_bytes == 90
        hold.grow_to(50)
        assert admission.in_flight_bytes == 90
    assert admission.in_flight_bytes == 0


def test_bytes_are_given_back_after_an_error() -> None:
    admission = Admission(100)
    with pytest.raises(KeyError), admission.hold(40):
        raise KeyError
    assert admission.in_flight_bytes == 0


def test_a_second_request_over_the_capacity_is_overload_and_leaves_the_first_untouched() -> None:
    admission = Admission(100)
    with admission.hold(60):
        with pytest.raises(Overloaded) as overloaded, admission.hold(41):
            pass
        assert overloaded.value.reason == "bytes_in_flight"
        assert admission.in_flight_bytes == 60
        with admission.hold(40):
            assert admission.in_flight_bytes == 100


def test_growing_over_the_capacity_is_overload() -> None:
    admission = Admission(100)
    with admission.hold(50), admission.hold(10) as hold, pytest.raises(Overloaded):
        hold.grow(41)
    assert admission.in_flight_bytes == 0


def test_what_is_held_for_a_message_that_turns_out_smaller_is_free_for_others() -> None:
    async def run() -> None:
        admission = Admission(100)
        with admission.hold(80) as hold:
            waiting = asyncio.ensure_future(admission.room(40))
            await asyncio.sleep(0)
            hold.shrink_to(90)
            await asyncio.sleep(0)
            assert (hold.held_bytes, waiting.done()) == (80, False)
            hold.shrink_to(60)
            async with asyncio.timeout(5):
                await waiting
            assert admission.in_flight_bytes == 60
        assert admission.in_flight_bytes == 0

    asyncio.run(run())


def test_a_request_that_is_alone_is_admitted_whatever_its_size() -> None:
    admission = Admission(100)
    with admission.hold(90) as hold:
        hold.grow_to(150)
        assert [sample.value for sample in admission.stats()] == [150, 100]


def test_draining_lets_nothing_in() -> None:
    admission = Admission(100)
    admission.draining = True
    with pytest.raises(Unavailable) as unavailable, admission.hold(1):
        pass
    assert unavailable.value.reason == "draining"


def test_who_has_been_read_waits_for_room_behind_and_is_counted_there_until_the_block_ends() -> None:
    asked: list[tuple[int, int]] = []
    room = iter([False, True, True, True])

    def has_room(size_bytes: int, ahead_bytes: int) -> bool:
        asked.append((size_bytes, ahead_bytes))
        return next(room)

    async def run() -> None:
        admission = Admission(100, has_room)
        with admission.hold(30) as first:
            await first.room_behind()
        with admission.hold(30) as second, admission.hold(20) as third:
            await second.room_behind()
            await third.room_behind()

    asyncio.run(run())
    assert asked == [(30, 0), (30, 0), (30, 0), (20, 30)]


def test_who_came_first_is_first_behind() -> None:
    went: list[int] = []
    is_open = False

    async def run() -> None:
        nonlocal is_open
        admission = Admission(1000, lambda size_bytes, ahead_bytes: is_open)

        async def go(number: int) -> None:
            with admission.hold(10 - number) as hold:
                await hold.room_behind()
                went.append(number)

        tasks = [asyncio.ensure_future(go(number)) for number in range(5)]
        await asyncio.sleep(0)
        is_open = True
        await asyncio.gather(*tasks)

    asyncio.run(run())
    assert went == [0, 1, 2, 3, 4]


def test_who_finds_no_room_behind_in_time_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("receiver.admission.ROOM_BEHIND_WITHIN_S", 0.05)

    async def run() -> None:
        admission = Admission(100, lambda size_bytes, ahead_bytes: size_bytes < 50)
        with admission.hold(50) as hold, pytest.raises(Overloaded) as overloaded:
            await hold.room_behind()
        assert overloaded.value.reason == "queue_full"
        with admission.hold(49) as hold:
            await hold.room_behind()
        assert admission.in_flight_bytes == 0

    asyncio.run(run())


@pytest.mark.parametrize(("patience_s", "ended"), [(0.0, True), (60.0, False)])
def test_who_has_been_read_for_long_gives_way_when_there_is_no_room(
    patience_s: float, ended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.admission.PATIENCE_S", patience_s)
    admission = Admission(100)

    async def stalled(begun: asyncio.Event) -> None:
        with admission.hold(90) as hold:
            async with hold.reading(60):
                begun.set()
                await asyncio.Event().wait()

    async def run() -> bool:
        begun = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            slow = tasks.create_task(expect_timeout(stalled(begun)))
            await begun.wait()
            for _ in range(2):
                with pytest.raises(Overloaded), admission.hold(20):
                    pass
            done, _ = await asyncio.wait([slow], timeout=10 if ended else 0.05)
            slow.cancel()
        return bool(done)

    async def expect_timeout(work: Coroutine[None, None, None]) -> None:
        with pytest.raises(TimeoutError):
            await work

    assert asyncio.run(run()) is ended
    assert admission.in_flight_bytes == 0


def test_who_waits_for_room_goes_on_when_there_is_some_and_not_at_every_change() -> None:
    async def run() -> None:
        admission = Admission(100)
        with admission.hold(160):  # alone, so it was let in
            waiting = asyncio.ensure_future(admission.room())
            for _ in range(3):
                await asyncio.sleep(0)
                with pytest.raises(Overloaded), admission.hold(1):
                    pass
            assert not waiting.done()
        async with asyncio.timeout(5):
            await waiting
            await admission.room()

    asyncio.run(run())


def test_nobody_waits_for_room_while_the_program_drains() -> None:
    async def run() -> None:
        admission = Admission(100)
        with admission.hold(100):
            admission.draining = True
            async with asyncio.timeout(5):
                await admission.room()

    asyncio.run(run())
