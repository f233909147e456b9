"""Copies of one span fold into one row, whatever their order."""

import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from contract.columns import Row, S
from tests.support.rows import span_row
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


def test_events_of_all_copies_are_kept_once() -> None:
    merged = merge_copies([copy(5, raw_events='[[1,"a",{},0]]'), copy(None, raw_events='[[1,"a",{},0],[2,"b",{},0]]')])
    assert sorted(json.loads(merged[S.raw_events])) == [[1, "a", {}, 0], [2, "b", {}, 0]]


copies = st.builds(
    lambda end, keys, text: copy(end, json.dumps({k: f"{k}{text}" for k in keys}), input=text),
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
