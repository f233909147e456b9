"""The queue before the tables counts what is in it."""

import threading
from collections.abc import Iterator

from contract.errors import Unavailable
from contract.span import ROW_BYTES, Extent, Sent
from contract.translated import Translated
from storage.pending import Pending, pending
from storage.waiting import Waiting
from tests.support.rows import span_row


def requests(count: int, first: int = 1) -> Iterator[Pending]:
    for seq in range(first, first + count):
        yield Pending(seq, Translated([span_row("a"), span_row("b")], size_bytes=100))


def counts(waiting: Waiting) -> tuple[int, int, int, int]:
    return len(waiting), waiting.rows, waiting.size_bytes, waiting.storing_bytes


def test_what_is_taken_counts_as_being_stored_until_it_is_or_is_put_back() -> None:
    waiting = Waiting()
    waiting.add(list(requests(3)))
    assert counts(waiting) == (3, 6, 300, 0)
    first, second = waiting.take(), waiting.take()
    assert first is not None
    assert second is not None
    assert counts(waiting) == (1, 2, 100, 200)
    waiting.put_back([second])
    assert counts(waiting) == (2, 4, 200, 100)
    waiting.stored()
    assert counts(waiting) == (2, 4, 200, 0)
    assert waiting.oldest() is second
    assert [request.seq for request in iter(waiting.take, None)] == [2, 3]
    assert waiting.take() is waiting.oldest() is None


def test_the_queue_is_empty_again_though_a_request_weighs_other_than_it_seemed() -> None:
    """What was sent is measured by its bytes and its items, its rows are known later."""
    waiting = Waiting()
    waiting.add([pending(1, Sent("logs", "default", 1, "http", b"x" * 50, Extent(items=3)))])
    assert counts(waiting) == (1, 3, 3 * ROW_BYTES, 0)
    request = waiting.take()
    assert request is not None
    request.make(lambda sent: Translated([span_row("a")], size_bytes=7 * len(sent.body)))
    waiting.put_back([request])
    assert counts(waiting) == (1, 1, 350, 3 * ROW_BYTES - 350)
    waiting.take()
    waiting.stored()
    assert counts(waiting) == (0, 0, 0, 0)


def test_it_is_filled_and_emptied_by_two_threads() -> None:
    waiting, taken = Waiting(), []
    rounds = 2000

    def fill() -> None:
        for number in range(rounds):
            waiting.add(list(requests(3, 3 * number)))

    filling = threading.Thread(target=fill)
    filling.start()
    while len(taken) < 3 * rounds:
        if (request := waiting.take()) is not None:
            taken.append(request.seq)
            if len(taken) % 7 == 0:
                waiting.put_back([request])
                taken.pop()
                waiting.take()
                taken.append(request.seq)
    filling.join()
    assert taken == list(range(3 * rounds))
    assert counts(waiting)[:3] == (0, 0, 0)


def test_the_oldest_of_all_has_waited_longest_also_while_it_is_stored() -> None:
    waiting = Waiting()
    assert waiting.lag_s() == 0.0
    old, new = requests(2)
    old.since -= 100
    new.since -= 10
    waiting.add([old, new])
    assert 100 <= waiting.lag_s() < 109
    waiting.take()
    waiting.take()
    assert 100 <= waiting.lag_s() < 109, "nothing waits, and the readers do"
    waiting.put_back([new])
    waiting.stored()
    assert 10 <= waiting.lag_s() < 19


def test_those_that_somebody_waits_for_are_told_and_gone_and_the_acknowledged_stay() -> None:
    told: list[object] = []
    waiting, error = Waiting(), Unavailable("stopping", reason="stopping")
    acknowledged, other = requests(2)
    other.done = told.append
    waiting.add([acknowledged, other])
    waiting.refuse(error)
    assert told == [error]
    assert counts(waiting) == (1, 2, 100, 0)
    assert waiting.oldest() is acknowledged
