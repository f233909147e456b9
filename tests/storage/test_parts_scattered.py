"""Where rows came in no order of time, parts begin where the index of words has the term, or with few rows."""

import pytest

from storage import parts as parts_module
from storage.parts import Parts, Sampled, first_look
from tests.support.sampled import sampled


@pytest.fixture(autouse=True)
def twelve_places_for_ten_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "TOLD", 1.2)
    monkeypatch.setattr(parts_module, "TOLD_MORE", 0)


class Told:
    """A search of which the index says that so many tiles have the term in each part of the range."""

    is_rare = True
    newest_ns = 100

    def __init__(self, possible: dict[int | None, int], nth_ns: dict[int, int] | None = None) -> None:
        """`nth_ns`: tiles -> since when so many have it."""
        self._told = possible
        self._nth_ns = nth_ns or {}
        self.asked: list[int | None] = []
        self.possible = 0
        self.together = 1
        self.rows = 0

    def look_up(self, from_ns: int | None) -> None:
        if not self.asked or (from_ns or 0) < (self.asked[-1] or 0):
            self.narrow(from_ns)

    def narrow(self, from_ns: int | None) -> None:
        self.asked.append(from_ns)
        self.possible = self._told[from_ns]

    def nth_ns(self, tiles: int, below_ns: int | None) -> int | None:
        assert below_ns is None
        return self._nth_ns.get(tiles)

    def enough_tiles(self, tiles: int, rows: int, from_ns: int | None, below_ns: int | None) -> int:
        assert (from_ns, below_ns) == (self.asked[-1], None)
        self.rows = rows
        return tiles // self.together

    def may_match(self, seq: int | None) -> bool:
        return True


def test_where_rows_are_scattered_the_first_part_is_as_large_as_a_rare_term_needs() -> None:
    told = Told({92: 4, 63: 11})
    parts = Parts(sampled(100), 10, 7, search=told, nth=lambda _: 99)  # type: ignore[arg-type]
    assert (told.asked, parts.floor) == ([92, 63], 63), "1.5 times what should have 12 tiles, and a sample"
    told = Told({92: 9, 83: 9, 65: 10})
    parts = Parts(sampled(100), 10, 7, search=told, nth=lambda _: 99)  # type: ignore[arg-type]
    assert (told.asked, parts.floor) == ([92, 83, 65], 65), "and so on"


def test_of_a_term_that_the_index_does_not_have_at_first_all_is_asked_where_that_is_not_much_more() -> None:
    told = Told({92: 0, 7: 0})
    assert Parts(sampled(100), 10, 7, search=told, nth=lambda _: 99).is_last  # type: ignore[arg-type]
    assert told.asked == [92, 7]
    told = Told({992: 0, 936: 0, 7: 0})
    assert Parts(sampled(1000), 10, 7, search=told, nth=lambda _: 999).is_last  # type: ignore[arg-type]
    assert told.asked == [992, 936, 7], "eight times as much, of which all would be twice as much"


def test_how_many_rows_begin_since_then_is_told_by_many_samples_where_two_of_them_lie_close_together() -> None:
    """Two samples of a day were 1.3 % of it: too few tiles were found, twice, and each was taken to have many rows."""
    rows = [Sampled(number * 100, number) for number in range(99)]
    rows += [Sampled(9805, 99), Sampled(9810, 100)]
    told = Told({9700: 40, 9800: 12, 9805: 12})
    parts = Parts(rows, 10, 7, search=told, nth=lambda _: 99, first_look=2, sample_rows=1000)  # type: ignore[arg-type]
    assert (told.asked, parts.floor) == ([9700], 9700), "not 9805"
    apart_ns = (9810 - 8500) / 15
    assert told.rows == round(1000 * (1 + (9810 - 9700) / apart_ns)), "not 4,000"


def test_all_is_asked_about_at_once_where_most_of_it_would_be() -> None:
    told = Told({92: 2, 7: 50})
    assert Parts(sampled(100), 10, 7, search=told, nth=lambda _: 99).is_last  # type: ignore[arg-type]
    assert told.asked == [92, 7], "of 93 samples 73 would have been"


def test_where_the_newest_rows_lie_within_a_microsecond_a_rare_term_takes_no_more_looks() -> None:
    told = Told({92: 4, 7: 11})
    told.newest_ns = 92
    parts = Parts(sampled(100), 10, 7, search=told, nth=lambda _: 99)  # type: ignore[arg-type]
    assert (told.asked, parts.is_last) == ([92, 7], True)


@pytest.mark.parametrize(("rows", "samples"), [(0, 8), (100_000, 8), (1_000_000, 8), (4_000_000, 5), (10_000_000, 2)])
def test_the_index_is_asked_about_as_many_rows_first_however_large_the_file_is(rows: int, samples: int) -> None:
    assert first_look(rows) == samples


def test_where_rows_are_scattered_the_first_part_begins_where_the_index_has_the_term_often_enough() -> None:
    told = Told({92: 40, 97: 12, 91: 50}, nth_ns={12: 97})
    parts = Parts(sampled(100), 10, 7, search=told, nth=lambda _: 99)  # type: ignore[arg-type]
    assert (told.asked, parts.floor) == ([92, 97], 97)
    parts.widen(9)
    assert (told.asked, parts.floor) == ([92, 97, 92], 92), "where it had been asked before"
    parts.widen(9)
    assert parts.floor == 91
    parts = Parts(sampled(100), 10, 7, search=Told({92: 40}, nth_ns={12: 90}), nth=lambda _: 99)  # type: ignore[arg-type]
    assert parts.floor == 92, "not before what it was asked about"


def test_of_a_term_that_stands_in_several_rows_of_a_place_fewer_places_are_looked_at_first() -> None:
    told = Told({92: 90, 98: 5, 97: 8}, nth_ns={6: 98, 9: 97})
    told.is_rare, told.together = False, 2
    parts = Parts(sampled(100), 10, 7, search=told, nth=lambda _: 99, sample_rows=40)  # type: ignore[arg-type]
    assert (told.rows, parts.floor) == (320, 98)
    parts.widen(7)
    assert (told.asked, parts.floor) == ([92, 98, 92, 97], 97), "by what was found"


def test_a_term_is_rare_by_the_first_look_though_most_tiles_of_a_large_part_have_it() -> None:
    class Soon(Told):
        def narrow(self, from_ns: int | None) -> None:
            super().narrow(from_ns)
            self.is_rare = from_ns == 92

    soon = Soon({92: 4, 63: 40, 70: 12}, nth_ns={12: 70, 5: 80})
    parts = Parts(sampled(100), 10, 7, search=soon, nth=lambda _: 99)  # type: ignore[arg-type]
    assert parts.floor == 70


def test_the_next_part_has_as_many_places_more_as_another_statement_would_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "TOLD_MORE", 5)
    told = Told({92: 40, 97: 12, 95: 17}, nth_ns={12: 97, 13: 96, 17: 95})
    parts = Parts(sampled(100), 10, 7, search=told, nth=lambda _: 99)  # type: ignore[arg-type]
    parts.widen(9)
    assert (told.asked, parts.floor) == ([92, 97, 92, 95], 95), "two more should do, but in two times of three"


def test_where_rows_are_scattered_the_index_is_asked_about_each_part_however_much_was_found() -> None:
    told = Told({92: 51, 90: 60})
    parts = Parts(sampled(100), 50, 7, search=told, nth=lambda _: 99)  # type: ignore[arg-type]
    assert parts.floor == 92
    parts.widen(40)
    assert (told.asked, parts.floor) == ([92, 90], 90), "of a part of time few tiles have rows, and fewer the term"


@pytest.mark.parametrize(
    ("since", "floor"), [(95, 95), (97, 92), (98, 92), (90, 92), (None, 92)],
)  # fmt: skip
def test_where_that_was_too_late_the_next_part_begins_where_the_index_has_the_term_more_often(
    since: int | None, floor: int
) -> None:
    told = Told({92: 40, 97: 12, 98: 8, 95: 24}, nth_ns={12: 97} | ({} if since is None else {26: since}))
    parts = Parts(sampled(100), 10, 7, search=told, nth=lambda _: 99)  # type: ignore[arg-type]
    assert parts.floor == 97
    parts.widen(5)
    assert parts.floor == floor, "earlier, but not before what the index was asked about"
    assert told.asked[-1] == floor


def test_where_the_index_has_the_term_and_no_row_does_everything_comes_next() -> None:
    told = Told({92: 40, 97: 12, 7: 60}, nth_ns={12: 97, 26: 95, 96: 93})
    parts = Parts(sampled(100), 10, 7, search=told, nth=lambda _: 99)  # type: ignore[arg-type]
    parts.widen(0)
    assert parts.is_last


def test_where_rows_are_scattered_a_term_that_is_not_rare_is_looked_for_in_few_rows_first() -> None:
    told, nth = Told({}), {20: 9900, 30: 9850, 34: 9850}
    told.is_rare = False
    rows = [Sampled(100 * row.start_ns, row.seq) for row in sampled(100)]
    told._told = {9200: 50, 9800: 50, 8400: 50}
    parts = Parts(rows, 10, 7, search=told, nth=nth.__getitem__)  # type: ignore[arg-type]
    assert parts.floor == 9900
    parts.widen(7)
    assert parts.floor == 9850, "thirty of which ten should have it"
    parts.widen(9)
    assert parts.floor == 9800, "no further in small steps"
    parts.widen(9)
    assert parts.floor == 9700


def test_where_rows_are_scattered_a_term_that_few_rows_have_is_looked_for_in_two_parts_more_at_most() -> None:
    """Each part reads all of the file there, however few rows it has: seven took 7 s in 10 M rows without an index."""
    told = Told({92: 50, 98: 50, 84: 50, 7: 50})
    told.is_rare = False
    told.may_match = lambda seq: True  # type: ignore[attr-defined]
    parts = Parts(sampled(100), 10, 7, search=told, nth=lambda _: 99)  # type: ignore[arg-type]
    assert parts.floor == 99
    parts.widen(0)
    assert (parts.floor, parts.is_last) == (84, False)
    parts.widen(0)
    assert (parts.floor, parts.is_last) == (7, True)


def test_where_rows_are_scattered_a_list_begins_with_few_rows_and_goes_on_with_a_part() -> None:
    nth = {160: 99}
    parts = Parts(sampled(100), 10, None, costly=False, nth=nth.__getitem__)
    assert parts.floor == 99
    parts.widen(3)
    assert parts.floor == 98
    parts.widen(3)
    assert parts.is_last
    assert Parts(sampled(100), 10, None, nth=lambda _: 5).floor == 98, "not more than a part"
    few = Parts(sampled(100), 10, None, nth={160: 99, 1280: 7}.__getitem__)
    few.widen(0)
    assert few.floor == 98
    assert Parts(sampled(100), 10, 99, nth=lambda _: 99).is_last
