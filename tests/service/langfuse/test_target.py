"""What is imported arrives in batches that the server takes, and what it refuses is named."""

import asyncio
import json
from typing import Any

from service.langfuse.events import Event, MediaUse
from service.langfuse.tally import Tally
from service.langfuse.target import BATCH_BYTES, BATCH_EVENTS, MediaMover, send
from tests.support.langfuse_elsewhere import PIXEL, PIXEL_ID, Elsewhere
from tests.support.langfuse_taker import Taker


def event(name: str, size: int = 10) -> Event:
    return Event("traces", f"traces: {name}", name, json.dumps({"id": name, "text": "x" * size}).encode())


def sent(taker: Taker, *events: Event) -> Tally:
    tally = Tally()
    asyncio.run(send(taker, events, tally))
    return tally


def test_batches_are_bounded_in_events_and_bytes() -> None:
    taker = Taker()
    tally = sent(taker, *(event(str(number)) for number in range(BATCH_EVENTS + 1)))
    assert [len(batch) for batch in taker.batches] == [BATCH_EVENTS, 1]
    assert tally.stored["traces"] == BATCH_EVENTS + 1
    taker = Taker()
    sent(taker, event("a", BATCH_BYTES // 2), event("b", BATCH_BYTES // 2), event("c", 3 * BATCH_BYTES), event("d"))
    assert taker.batches == [["a"], ["b"], ["c"], ["d"]]


def test_what_is_too_large_is_sent_in_parts_and_one_event_is_named() -> None:
    taker = Taker(at_most_bytes=1000)
    tally = sent(taker, event("a", 300), event("b", 300), event("huge", 5000), event("c", 300))
    assert taker.batches == [["a", "b"], ["c"]]
    assert tally.faults == ["traces: huge: too large"]
    assert tally.stored["traces"] == 3


def test_what_is_refused_is_named_and_its_neighbours_are_stored() -> None:
    tally = sent(Taker(refused=("b",)), event("a"), event("b"), event("c"))
    assert tally.faults == ["traces: b: odd"]
    assert tally.stored["traces"] == 2


def moved(source: Any, *uses: MediaUse) -> tuple[Taker, Tally]:
    taker, tally = Taker(), Tally()

    async def move() -> None:
        mover = MediaMover(source, taker, tally)
        for use in uses:
            await mover.move(use)

    asyncio.run(move())
    return taker, tally


def test_a_file_is_fetched_once_and_announced_for_each_place() -> None:
    there = Elsewhere(0)
    taker, tally = moved(there, MediaUse(PIXEL_ID, "t", None, "input"), MediaUse(PIXEL_ID, "t", "o", "output"))
    assert taker.files == [PIXEL]
    assert [(each["traceId"], each["observationId"], each["field"]) for each in taker.announced] == [
        ("t", None, "input"),
        ("t", "o", "output"),
    ]
    assert (tally.read["media"], tally.stored["media"], len(there.asked)) == (1, 1, 1)


def test_a_file_that_is_not_there_or_is_another_is_named_once() -> None:
    class Other(Elsewhere):
        async def content(self, url: str, at_most_bytes: int) -> bytes:
            return b"other"

        def _found(self, parts: list[str], asked: Any) -> Any:
            return super()._found(["media", PIXEL_ID], asked) if parts == ["media", "wrong"] else None

    use, wrong = MediaUse("gone", "t", None, "input"), MediaUse("wrong", "t", None, "input")
    taker, tally = moved(Other(0), use, use, wrong)
    assert [fault.partition(": ")[2][:5] for fault in tally.faults] == ["gone:", "wrong"]
    assert taker.files == []
