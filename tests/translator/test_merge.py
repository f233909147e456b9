"""Copies of one span fold into one row, whatever their order."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.columns import Row, S
from tests.support.rows import span_row
from translator import merge
from translator.merge import merge_copies


def copy(end: int | None = None, attributes: str = "{}", **columns: object) -> Row:
    row = span_row("a", raw_attributes=attributes, **columns)
    row[S.end_time] = None if end is None else row[S.start_time] + end
    return row


def test_a_finished_copy_wins_and_keeps_what_only_the_other_said() -> None:
    merged = merge_copies(
        [copy(None, '{"x":1,"only":2}', input="q"), copy(5, '{"x":9,"y":3}', output="a", status="ok")]
    )
    assert json.loads(merged[S.raw_attributes]) == {"x": 9, "y": 3, "only": 2}
    assert (merged[S.input], merged[S.output], merged[S.status]) == ("q", "a", "ok")


def test_usage_comes_from_one_copy() -> None:
    merged = merge_copies([copy(5, input_tokens=3), copy(None, input_tokens=1, output_tokens=2)])
    assert (merged[S.input_tokens], merged[S.output_tokens]) == (3, None)


def test_a_reference_to_content_survives_when_the_content_comes_from_another_copy() -> None:
    first = copy(5, '{"in":{"$c":"input"},"z":1}', input="long text")
    second = copy(None, '{"in":{"$c":"input"}}', input="other text")
    assert json.loads(merge_copies([first, second])[S.raw_attributes])["in"] == "long text"


def test_names_that_a_copy_has_twice_or_that_look_like_tags_are_kept_as_they_came() -> None:
    first = copy(5, '{"$m":[["a",1],["a",2],["$b","x"]]}')
    second = copy(None, '{"a":3,"only":4}')
    whole = {"$m": [["a", 1], ["a", 2], ["$b", "x"], ["only", 4]]}
    for rows in itertools.permutations([first, second]):
        assert json.loads(merge_copies(list(rows))[S.raw_attributes]) == whole


def test_events_of_all_copies_are_kept_once() -> None:
    merged = merge_copies([copy(5, raw_events='[[1,"a",{},0]]'), copy(None, raw_events='[[1,"a",{},0],[2,"b",{},0]]')])
    assert sorted(json.loads(merged[S.raw_events])) == [[1, "a", {}, 0], [2, "b", {}, 0]]


def test_a_span_takes_the_place_of_what_log_records_made_of_its_call() -> None:
    made = copy(None, '{"from":"log"}', synthetic=True, input="q")
    other = copy(9, '{"from":"other log"}', synthetic=True, output="a")
    real = copy(5, '{"x":1}')
    assert merge_copies([made, other])[S.synthetic] is True
    for order in itertools.permutations([made, other, real]):
        step = order[0]
        for row in order[1:]:
            step = merge_copies([step, row])
        assert step == real


def test_copies_made_of_records_complete_each_other_and_begin_with_the_earliest() -> None:
    first = copy(5, "{}", synthetic=True, input_tokens=3, end_time=2_000, start_time=1_000)
    second = copy(None, '{"a":1,"b":2}', synthetic=True, output="a", start_time=900)
    first[S.end_time] = 2_000
    merged = merge_copies([second, first])
    assert (merged[S.input_tokens], merged[S.output], merged[S.start_time], merged[S.end_time]) == (3, "a", 900, 2_000)


copies = st.builds(
    lambda made, end, keys, text: copy(
        end, json.dumps({k: f"{k}{text}" for k in keys}), input=text, synthetic=made or None
    ),
    st.booleans(),
    st.none() | st.integers(0, 3),
    st.sets(st.sampled_from("abcd")),
    st.none() | st.sampled_from(["p", "q"]),
)


@given(st.lists(copies, min_size=2, max_size=4))
def test_any_order_and_any_grouping_of_copies_gives_the_same_row(rows: list[Row]) -> None:
    expected = merge_copies(rows)
    for order in itertools.permutations(rows):
        step = order[0]
        for row in order[1:]:
            step = merge_copies([step, row])
        assert step == expected


def test_of_many_large_copies_the_most_complete_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "MAX_COPIES_CHARACTERS", 3000)
    copies = [copy(number, input="x" * 1000, output="y" * number) for number in range(1, 9)]
    merged = merge_copies(copies)
    assert len(json.loads(merged[S.copies])) == 2
    assert len(merged[S.output]) == 8
