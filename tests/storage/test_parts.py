"""Where the parts of a question begin."""

from storage.parts import SAMPLES, Parts
from tests.support.sampled import sampled


def test_the_last_part_begins_where_the_question_does() -> None:
    for from_ns in (None, 50):
        parts = Parts(sampled(100), 10, from_ns)
        floors = [parts.floor]
        while not parts.is_last:
            parts.widen(0)
            floors.append(parts.floor)
        assert floors == [98, 84, from_ns]
    assert Parts(sampled(100), 10, 99).is_last
    assert Parts([], 10, None).is_last


def test_a_part_is_as_big_as_the_page_should_need_by_what_was_found() -> None:
    for found, floor in ((0, 984), (1, 984), (5, 996), (9, 997)):
        parts = Parts(sampled(1000), 10, None)
        parts.widen(found)
        assert parts.floor == floor, found


class OnlyOld:
    """A search whose term no row with an odd number has."""

    def __init__(self) -> None:
        self.asked: list[int | None] = []

    def look_up(self, from_ns: int | None) -> None:
        self.asked.append(from_ns)

    def may_match(self, seq: int | None) -> bool:
        return not (seq or 0) % 2


def test_a_term_that_is_not_in_the_newest_part_is_looked_for_where_the_index_says_it_may_be() -> None:
    search = OnlyOld()
    parts = Parts(sampled(100), 10, 7, search=search)  # type: ignore[arg-type]
    parts.widen(0)
    assert parts.floor == 70, "fourteen of the even ones below 98"
    assert search.asked == [7, 70]
    parts.widen(9)
    assert search.asked == [7, 70, parts.floor]
    assert (parts.floor or 0) % 2 == 0


def test_a_term_of_the_newest_part_is_looked_up_for_the_next_part_only() -> None:
    search = OnlyOld()
    parts = Parts(sampled(100), 10, None, search=search)  # type: ignore[arg-type]
    parts.widen(5)
    assert search.asked == [parts.floor]
    parts = Parts(sampled(100), 10, None, search=search)  # type: ignore[arg-type]
    parts.widen(8)
    assert len(search.asked) == 1, "it is frequent"


def test_where_rows_cost_little_everything_is_asked_after_the_first_part() -> None:
    parts = Parts(sampled(SAMPLES), 10, None, costly=False)
    assert not parts.is_last
    parts.widen(9)
    assert parts.is_last
