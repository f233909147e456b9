"""What the index of words says of a question, and the condition that is made of it."""

import math
from collections.abc import Sequence
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.text_search import (
    JUDGED_BY,
    MOST_TOGETHER,
    NEWEST,
    RANGES_AT_MOST,
    RARE_END,
    TILE_BITS,
    TOGETHER,
    Range,
    Search,
    joined,
    longest,
    mark,
    meets,
    outside,
    rare_end,
    with_term,
)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5)), max_size=6))
@settings(max_examples=50, deadline=None)
def test_the_condition_holds_for_numbers_in_none_of_the_ranges_and_for_null(drawn: list[tuple[int, int]]) -> None:
    ranges = joined(Range(first, first + more) for first, more in drawn)
    condition, values = outside(ranges, "e")
    sql = f"SELECT commit_seq FROM (SELECT unnest(range(50)::BIGINT[] || [NULL]) AS commit_seq) WHERE {condition}"
    kept = {seq for (seq,) in ENGINE.execute(sql, values).fetchall()}
    everything = [*range(50), None]
    within = {seq for first, last in ranges for seq in range(first, last + 1)}
    assert kept == {seq for seq in everything if seq not in within}
    assert kept == {seq for seq in everything if seq is None or not meets(ranges, Range(seq, seq))}


ENGINE = duckdb.connect()


def test_conditions_of_about_as_many_ranges_are_one_text() -> None:
    """A statement that comes again need not be parsed."""
    texts = [outside([Range(2 * number, 2 * number) for number in range(count)], "e")[0] for count in range(1, 66)]
    assert len(set(texts)) == 8, "1, 2, 4, ... 128 ranges"
    assert texts[32] == texts[63]


def test_ranges_meet_where_they_share_a_number() -> None:
    ranges = [Range(2, 4), Range(8, 8)]
    met = [(first, last) for first in range(11) for last in range(first, 11) if meets(ranges, Range(first, last))]
    assert met == [
        (first, last) for first in range(11) for last in range(first, 11) if {2, 3, 4, 8} & set(range(first, last + 1))
    ]


def test_a_statement_leaves_out_a_bounded_number_of_ranges_the_longest() -> None:
    ranges = [Range(10 * number, 10 * number + number % 7) for number in range(RANGES_AT_MOST * 2)]
    kept = longest(ranges)
    assert len(kept) == RANGES_AT_MOST
    assert kept == sorted(kept)
    assert min(last - first for first, last in kept) >= 3


def used(us: int, tiles: int) -> int:
    """As the index tells it."""
    return (us << TILE_BITS) + tiles


def test_the_index_is_asked_once_for_what_it_was_asked_and_not_at_all_for_what_it_cannot_tell() -> None:
    asked: list[dict[str, Any]] = []

    def ask(sql: str, bound: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        asked.append(bound)
        return [("a",)] if "parts" in bound else [(1, [5, 9], 2, [used(70, 2)])]

    search = Search(ask, "span", [["a"]], f"SELECT {mark(0)}", every=True, to_ns=7)  # type: ignore[arg-type]
    assert search.statement(None) == ("SELECT true", {})
    for from_ns in (5000, 6000):
        search.look_up(from_ns)
    assert "commit_seq" in search.statement(5000)[0]
    assert search.statement(4999) == search.statement(None) == ("SELECT true", {}), "a tile may have had it before"
    for earlier_ns in (None, 3000):
        search.look_up(earlier_ns)
    assert "commit_seq" in search.statement(None)[0]
    told = [(bound["from_ns"], bound["told_ns"]) for bound in asked if "from_ns" in bound]
    assert told == [(5000, None), (None, 5000)], "nothing is asked about twice"
    assert asked[1]["to_ns"] == 7
    assert [seq for seq in range(12) if search.may_match(seq)] == [0, 6, 7, 8, 9, 10, 11]
    assert (search.possible, search.is_rare) == (1, False), "one of two tiles has it"
    asked.clear()
    search = Search(ask, "span", [["-"]], "", every=True, to_ns=None)  # type: ignore[arg-type]
    search.look_up(None)
    assert asked == []
    assert search.may_match(1)


def test_what_was_told_is_enough_to_leave_out_tiles_that_have_the_term_in_older_rows_only() -> None:
    asked: list[dict[str, Any]] = []

    def ask(sql: str, bound: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        asked.append(bound)
        many = [used(10, 1)] * NEWEST
        return [("a",)] if "parts" in bound else [(1, [5, 9], 3, [used(70, 2), used(60, 1)]), (10, [15], 1, many)]

    search = Search(ask, "span", [["a"]], mark(0), every=True, to_ns=None)  # type: ignore[arg-type]
    search.look_up(4000)
    for since_ns, possible in ((70_999, [6, 7, 8, 9]), (71_000, []), (60_000, list(range(1, 10)))):
        search.narrow(since_ns)
        told = [*possible, *range(10, 16)]
        assert [seq for seq in range(1, 16) if search.may_match(seq)] == told, "of many rows not all are told"
        assert search.statement(since_ns - 1) == ("true", {})
    search.narrow(70_000)
    search.look_up(4000)
    assert [seq for seq in range(1, 16) if search.may_match(seq)] == list(range(1, 16))
    assert len(asked) == 2, "what a part is folded to, and the index once"


def test_how_many_rows_a_tile_gives_is_told_by_how_many_rows_there_are_for_each_that_has_the_term() -> None:
    times = [used(us, 1 << us % 2) for us in (100, 99, 98, 97)]

    def ask(sql: str, bound: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        return [("a",)] if "parts" in bound else [(1, [5, 9], 3, times)]

    search = Search(ask, "span", [["a"]], mark(0), every=True, to_ns=None)  # type: ignore[arg-type]
    assert search.rows_a_tile(4, 1000, 0) == 1, "the index was not asked"
    search.look_up(0)
    assert search.rows_a_tile(4, 10_000, 0) == with_term(10_000 * 3 / 100 / 4), "3 of 100 us have four"
    assert search.rows_a_tile(2, 10_000, 0, 99_500) == with_term(10_000 * 1.5 / 99.5 / 2), "98 and 99 us"
    assert search.rows_a_tile(5, 10_000, 0) == search.rows_a_tile(4, 10_000, None) == 1, "it does not know of five"
    assert search.rows_a_tile(4, 10_000, 100_000) == search.rows_a_tile(4, 10_000, 0, 97_000) == 1


def test_as_many_tiles_are_enough_as_give_the_rows_and_never_none() -> None:
    times = [used(us, 1) for us in (100, 99, 98, *range(95, 10, -5))]

    def ask(sql: str, bound: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        return [("a",)] if "parts" in bound else [(1, [5, 9], 3, times)]

    search = Search(ask, "span", [["a"]], mark(0), every=True, to_ns=None)  # type: ignore[arg-type]
    search.look_up(0)
    by_three, by_sixteen = (search.rows_a_tile(tiles, 1200, 0) for tiles in (3, JUDGED_BY))
    assert (by_three, round(by_sixteen, 2)) == (2, 1.08)
    assert search.enough_tiles(3, 1200, 0, None) == math.ceil(3 / by_sixteen) == 3, "three tiles are no measure"
    assert search.enough_tiles(20, 1200, 0, None) == math.ceil(20 / search.rows_a_tile(20, 1200, 0))
    assert search.enough_tiles(0, 1200, 0, None) == 1


def test_a_term_that_every_trace_has_is_taken_to_stand_in_two_of_its_rows_and_a_rare_one_in_one() -> None:
    told = [round(with_term(rows), 2) for rows in (0.5, 2, 8, 9, 18, 280, 1e9)]
    assert told == [1, 2, 2, 2, 1.28, 1.01, 1]
    for chance in (0.1, 0.5):
        of_a_trace = 1 - (1 - chance) ** TOGETHER
        assert with_term(TOGETHER / of_a_trace) == pytest.approx(min(chance * TOGETHER / of_a_trace, MOST_TOGETHER))


@given(st.text(alphabet="aez1é好\n", min_size=1))
@settings(deadline=None)
def test_a_part_is_looked_for_from_its_rarest_character_on_first_and_ends_there_always(part: str) -> None:
    end = rare_end(part)
    assert part.endswith(end)
    assert len(end) >= min(RARE_END, len(part))


@pytest.mark.parametrize(
    ("part", "end"),
    [("\n12345", "345"), ("xylophone\n", "xylophone\n"), ("\nkumquat", "quat"), ("eel", "eel"), ("好", "好")],
)
def test_the_rarest_character_is_the_first_that_few_words_have(part: str, end: str) -> None:
    assert rare_end(part) == end


def test_what_is_told_later_is_added_to_what_was_told() -> None:
    answers = iter([
        [(1, [5, 9], 2, [used(70, 2)])],
        [(1, [5, 9], 1, [used(60, 1)]), (10, [15, 19], 2, [used(65, 2)])],
    ])  # fmt: skip

    def ask(sql: str, bound: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        return [("a",)] if "parts" in bound else next(answers)

    search = Search(ask, "span", [["a"]], mark(0), every=True, to_ns=None)  # type: ignore[arg-type]
    search.look_up(70_000)
    assert [seq for seq in range(1, 20) if not search.may_match(seq)] == [1, 2, 3, 4, 5]
    search.look_up(None)
    assert [seq for seq in range(1, 20) if not search.may_match(seq)] == [10, 11, 12, 13, 14, 15]
    assert [search.nth_ns(tiles) for tiles in (1, 2, 3)] == [70_000, 65_000, 60_000]
    search.narrow(65_000)
    assert [seq for seq in range(1, 20) if search.may_match(seq)] == [6, 7, 8, 9, 16, 17, 18, 19]


def test_a_sample_row_counts_where_one_row_must_have_all_terms_or_some_row_each() -> None:
    def ask(sql: str, bound: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        return [("a",), ("b",)] if "parts" in bound else [(1, [5, 9], 1, None, 2, None)]

    for every, seqs in ((True, [0, 10]), (False, list(range(11)))):
        search = Search(ask, "span", [["a"], ["b"]], "", every=every, to_ns=None)  # type: ignore[arg-type]
        search.look_up(None)
        assert [seq for seq in range(11) if search.may_match(seq)] == seqs
        assert search.may_match(None)


def with_times(hits: Sequence[int]) -> list[Any]:
    return [value for tiles in hits for value in (tiles, None)]


def test_one_form_of_a_term_is_enough_and_a_form_without_words_may_be_anywhere() -> None:
    for forms, hits, expected in (
        (["a", "b"], (0, 1), True),
        (["a", "-"], (0,), True),
        (["a", "a b"], (0, 1, 1), True),
        (["a", "a b"], (0, 1, 0), False),
        (["a b"], (0, 1), False),
    ):

        def ask(sql: str, bound: dict[str, Any], hits: tuple[int, ...] = hits) -> Sequence[tuple[Any, ...]]:
            return [(part,) for part in bound["parts"]] if "parts" in bound else [(1, [5], *with_times(hits))]

        search = Search(ask, "span", [forms], "", every=True, to_ns=None)  # type: ignore[arg-type]
        search.look_up(None)
        assert search.may_match(3) is expected, forms


@pytest.mark.parametrize(
    ("terms", "pieces", "nth"),
    [
        (
            [["a"]], [(1, [5, 9], 3, [used(70, 1), used(60, 2)]), (10, [15], 1, [used(65, 1)])],
            {1: 70_000, 2: 65_000, 3: 60_000, 4: None},
        ),
        ([["a"]], [(1, [5, 9], 3, [used(70, 3)])], {1: None}),  # a frequent word: one time for both tiles
        ([["a", "b"]], [(1, [5, 9], 1, [used(70, 1)], 2, [used(60, 2)])], {1: 70_000, 2: 60_000, 3: None}),  # either
        (
            [["a"], ["b"]], [(1, [5, 9], 3, [used(80, 1), used(70, 2)], 2, [used(60, 2)])], {1: 60_000, 2: None},
        ),  # the rarer of two terms
        ([["a"], ["-"]], [(1, [5], 1, [used(70, 1)])], {1: 70_000}),  # words tell nothing of the other
        ([["-"]], [], {1: None}),
    ],
)  # fmt: skip
def test_it_is_known_since_when_so_many_tiles_may_have_the_terms(
    terms: list[list[str]], pieces: list[tuple[Any, ...]], nth: dict[int, int | None]
) -> None:
    def ask(sql: str, bound: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        return [(part,) for part in bound["parts"]] if "parts" in bound else pieces

    search = Search(ask, "span", terms, "", every=True, to_ns=None)  # type: ignore[arg-type]
    search.look_up(None)
    assert {tiles: search.nth_ns(tiles) for tiles in nth} == nth


def test_since_when_tiles_have_a_term_before_a_time_is_told_by_those_that_do_not_have_it_later_too() -> None:
    def ask(sql: str, bound: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        return [("a",)] if "parts" in bound else [(1, [5, 9], 3, [used(70, 1), used(60, 2)])]

    search = Search(ask, "span", [["a"]], "", every=True, to_ns=None)  # type: ignore[arg-type]
    search.look_up(None)
    assert [search.nth_ns(1, below_ns) for below_ns in (None, 70_001, 70_000, 60_000)] == [70_000, 70_000, 60_000, None]
