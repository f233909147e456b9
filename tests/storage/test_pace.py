"""How much goes into one transaction, by what those before took."""

from typing import Any

import pytest

from contract.span import Sent
from contract.translated import Translated
from storage.pace import AIM_S, GROUP_BYTES, GROUP_ROWS, LEAST_ROWS, MAKING_S, OTHER_ROWS, SLOW_S, Pace, Turns
from storage.pending import TRIES, Pending, pending
from storage.waiting import Waiting
from storage.writer import nothing_was_sent


def request(spans: int = 0, logs: int = 0, size_bytes: int = 0) -> Pending:
    return Pending(1, Translated([[]] * spans, [[]] * logs, size_bytes=size_bytes))


def grown() -> Pace:
    pace = Pace()
    while pace.rows < GROUP_ROWS:
        pace.took(0.1, pace.rows)
    return pace


def test_groups_grow_to_a_whole_row_group_while_there_is_time() -> None:
    pace, seen = Pace(), []
    for _ in range(4):
        seen.append((pace.rows, pace.bytes))
        pace.took(0.1, pace.rows)
    assert seen == [
        (2048, GROUP_BYTES // 4),
        (4096, GROUP_BYTES // 2),
        (GROUP_ROWS, GROUP_BYTES),
        (GROUP_ROWS, GROUP_BYTES),
    ]


def test_where_memory_is_short_groups_are_half_a_row_group_at_most() -> None:
    pace, seen = Pace(GROUP_BYTES * 5 // 8), []
    for _ in range(3):
        seen.append((pace.rows, pace.bytes))
        pace.took(0.1, pace.rows)
    assert seen == [(2048, GROUP_BYTES * 5 // 16), (4096, GROUP_BYTES * 5 // 8), (4096, GROUP_BYTES * 5 // 8)]


def test_what_takes_too_long_is_halved_until_it_should_not_and_never_below_the_least() -> None:
    pace = grown()
    pace.took(SLOW_S, GROUP_ROWS)
    assert pace.rows == GROUP_ROWS
    pace.took(2 * AIM_S, GROUP_ROWS)
    assert pace.rows == GROUP_ROWS // 2
    pace.took(60.0, GROUP_ROWS // 2)
    assert pace.rows == LEAST_ROWS


def test_a_small_group_that_was_fast_says_nothing_of_large_ones() -> None:
    pace = Pace()
    pace.took(0.001, 3)
    assert pace.rows == LEAST_ROWS


@pytest.mark.parametrize(
    ("one", "fitting"),
    [
        (request(spans=100), 100),
        (request(spans=LEAST_ROWS + 5, logs=7), LEAST_ROWS),
        (request(logs=OTHER_ROWS * LEAST_ROWS + 1), OTHER_ROWS * LEAST_ROWS),
        (request(spans=100, size_bytes=GROUP_BYTES), 25),
        (request(spans=2, size_bytes=10 * GROUP_BYTES), 1),
    ],
)
def test_a_request_fits_by_its_spans_rows_and_bytes_and_one_row_always_does(one: Pending, fitting: int) -> None:
    assert Pace().room().fitting(one) == fitting


def test_room_is_used_up_by_what_comes_first() -> None:
    room = Pace().room()
    room.take(request(spans=LEAST_ROWS - 1))
    assert not room.is_full()
    assert room.fitting(request(spans=2)) == 1
    room.take(request(spans=1))
    assert room.is_full()


def test_groups_grow_while_twice_as_much_would_not_be_slow() -> None:
    pace = Pace()
    pace.took(0.45 * SLOW_S, LEAST_ROWS)
    pace.took(0.55 * SLOW_S, 2 * LEAST_ROWS)
    assert pace.rows == 2 * LEAST_ROWS


def test_other_work_waits_until_groups_had_as_much_time_as_it() -> None:
    turns = Turns()
    assert not turns.is_owed()
    turns.worked(0.5)
    assert turns.is_owed()
    turns.stored(0.3)
    assert turns.is_owed()
    turns.stored(0.2)
    assert not turns.is_owed()


def test_a_group_is_filled_with_the_oldest_and_of_the_last_with_what_has_room() -> None:
    waiting, group = Waiting(), []
    waiting.add([request(spans=LEAST_ROWS - 10), request(spans=25), request(spans=3)])
    Pace().room().fill(group, waiting, nothing_was_sent)
    assert [len(each.translated.spans) for each in group] == [LEAST_ROWS - 10, 10]
    assert (len(waiting), waiting.rows) == (2, 18)


def test_a_request_for_whose_rows_there_is_no_memory_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even to note that it cannot be made into rows."""

    def without_memory(*_: object) -> Any:
        raise MemoryError

    monkeypatch.setattr("storage.pending.recorded", without_memory)
    waiting, group = Waiting(), []
    sent = Sent("traces", "default", 1, "http", b"body")
    waiting.add([request(spans=1), pending(2, sent), request(spans=3)])
    Pace().room().fill(group, waiting, without_memory)
    assert len(group) == 1, "what there is memory for is stored first"
    for _ in range(2 * TRIES):
        with pytest.raises(MemoryError):
            Pace().room().fill([], waiting, without_memory)
    oldest = waiting.oldest()
    assert oldest is not None
    assert oldest.sent == sent
    assert (len(group), len(waiting), waiting.rows) == (1, 2, 4)


def test_a_request_whose_rows_never_find_memory_keeps_nothing_from_the_tables_for_ever() -> None:
    def without_memory(sent: Sent) -> Translated:
        raise MemoryError

    waiting, group = Waiting(), []
    waiting.add([pending(1, Sent("traces", "default", 1, "http", b"body")), request(spans=3)])
    for _ in range(TRIES - 1):
        with pytest.raises(MemoryError):
            Pace().room().fill(group, waiting, without_memory)
    Pace().room().fill(group, waiting, without_memory)
    assert [each.unread is None for each in group] == [False, True]


def test_what_takes_long_to_make_is_stored_before_more_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(100))
    monkeypatch.setattr("storage.pace.time.perf_counter", lambda: next(now) * 0.4 * MAKING_S)
    waiting, group = Waiting(), []
    waiting.add([request(spans=1) for _ in range(9)])
    Pace().room().fill(group, waiting, nothing_was_sent)
    assert (len(group), len(waiting)) == (3, 6)
