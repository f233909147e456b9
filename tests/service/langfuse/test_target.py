"""What is imported arrives in batches that the server takes, and what it refuses is named."""

import asyncio
import json
from typing import Any

from service.langfuse.events import Event, MediaUse, of_score
from service.langfuse.tally import Tally
from service.langfuse.target import (
    ASKED_CHARACTERS,
    BATCH_BYTES,
    BATCH_EVENTS,
    MediaMover,
    equal_scores,
    first_hand,
    send,
)
from tests.support.langfuse_elsewhere import PIXEL, PIXEL_ID, Elsewhere, score
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


def test_what_applications_have_sent_is_asked_for_in_portions_and_left_alone() -> None:
    taker = Taker()
    taker.known = {"t7", "ab" * 8}
    ids = [f"t{number}" for number in range(1000)]
    assert asyncio.run(first_hand(taker, "traces", [*ids, "AB" * 8])) == {"t7", "AB" * 8}
    assert [path for path, _ in taker.questions] == ["api/v1/traces"] * len(taker.questions)
    assert [each for _, some in taker.questions for each in some] == [*ids, "ab" * 8]
    assert max(sum(len(each) for each in some) for _, some in taker.questions) < ASKED_CHARACTERS
    assert asyncio.run(first_hand(taker, "observations", ["x" * 9000, "t7"])) == {"t7"}


def test_scores_that_say_the_same_here_are_found() -> None:
    class Scored(Taker):
        async def json(self, method: str, path: str, body: Any = None, **asked: Any) -> Any:
            assert (method, path, asked["scoreIds"]) == ("GET", "api/public/v2/scores", "score-3,score-4,score-5")
            return {"data": [score(3), {**score(4), "comment": "other"}]}

    wanted = {f"score-{number}": of_score(score(number), {})[0].digest for number in (3, 4, 5)}
    assert asyncio.run(equal_scores(Scored(), wanted)) == {"score-3"}


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
