"""Maps that several events tell: the same whatever their order, grouping and repetition."""

import json
import random
from itertools import permutations
from typing import Any

import pytest

from tests.support.langfuse import event, folded, rows_of
from translator.merge import merge_copies
from translator.nested import LEAVES_AT_MOST, joined, leaves_of, recovered, spread
from translator.told import Rules, Told, fold

NAME = "langfuse.trace.metadata.a"
RULES = Rules(earliest=frozenset())


def said(at: int, value: Any) -> Told:
    """What an event says of the attribute at that time."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":")) if isinstance(value, dict) else value
    return {NAME: ((at, False, str(at)), text)}


def shown(*parts: Told) -> Any:
    kept: Told = {}
    for part in parts:
        kept = joined(fold([kept, spread(part)], RULES))[0]
    text = joined(kept)[1][NAME][1]
    return json.loads(text) if isinstance(text, str) and text[:1] == "{" else text


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([{"x": 1}, {"y": 2}], {"x": 1, "y": 2}),
        ([{"x": 1, "z": {"k": 1, "l": 2}}, {"z": {"k": 3}}], {"x": 1, "z": {"k": 3, "l": 2}}),
        ([{"x": [1, 2]}, {"x": [3]}], {"x": [3]}),
        ([{"x": 1}, "text", {"y": 2}], {"y": 2}),
        ([{"x": 1}, {"y": 2}, "text"], "text"),
        ([{"x": {"k": 1}}, {"x": 5}, {"x": {"l": 2}}], {"x": {"l": 2}}),
        ([{"x": {"k": 1}}, {"x": 5}], {"x": 5}),
        (["text", {"x": None}], {"x": None}),
        ([{"x": 1}, {"x": None, "y": {}}], {"x": None, "y": {}}),
        ([{"x": {"k": 1}}, {"x": {}}], {"x": {"k": 1}}),
        ([{"x": {"k": 1}}, {"x": 5}, {"x": {}}], {"x": {}}),
        ([{"x": 1}, {}], {"x": 1}),
        ([{"x": 1}, ""], {"x": 1}),
        (["", {"x": 1}], {"x": 1}),
        ([{"": {"~": 1, "a.b": 2}}, {"": {"~": 3}}], {"": {"~": 3, "a.b": 2}}),
    ],
)
def test_what_was_said_last_counts_leaf_by_leaf_in_any_order(values: list[Any], expected: Any) -> None:
    parts = [said(at, value) for at, value in enumerate(values)]
    for order in permutations([*parts, parts[0]]):
        assert shown(*order) == expected


def test_random_maps_join_the_same_in_any_order_and_grouping() -> None:
    chance = random.Random(7)

    for _ in range(300):
        maps = [{"m": random_map(chance, 3), "n": random_map(chance, 1)} for _ in range(3)]
        parts = [spread(said(at, each)) for at, each in enumerate([*maps, random_map(chance, 3), "text", maps[0]])]
        chance.shuffle(parts)
        wanted = joined(fold(parts, RULES))[0]
        chance.shuffle(parts)
        left, right = (joined(fold(some, RULES))[0] for some in (parts[:3], parts[2:]))
        assert joined(fold([right, left], RULES))[0] == wanted


def test_a_map_that_is_too_large_or_no_text_of_ours_is_one_value() -> None:
    too_deep = '{"a":' * 300 + "1" + "}" * 300
    for text in (too_deep, '{"b":1,"a":1}', '{"a": 1}', '{"a":1.10}', "{", "{}", "[1]", 5):
        assert leaves_of(NAME, text) is None
    many = {str(number): number for number in range(LEAVES_AT_MOST + 1)}
    deep: Any = 1
    for _ in range(9):
        deep = {"k": deep}
    for value in (many, deep):
        assert spread(said(1, value)) == said(1, value)
    assert leaves_of("langfuse.trace.input", '{"a":1}') is None


def test_a_leaf_is_found_in_what_is_shown() -> None:
    told, text = spread(said(1, {"x": {"y": []}})), '{"x":{"y":[]}}'
    assert {name: recovered(name, {NAME: text}) for name in told} == {name: value for name, (_, value) in told.items()}
    assert all(
        recovered(name, {NAME: other}) not in ("=[]", "={}") for name in told for other in ("x", None, '{"x":1}')
    )


BODIES: list[Any] = [
    {"user": {"name": "n", "plan": "free"}, "k": 1},
    {"user": {"plan": "paid"}},
    {"user": "gone"},
    {"user": {"back": True, "text": '{"b": 1}'}},
]


def told_by(bodies: list[Any]) -> list[dict[str, Any]]:
    return [event("trace-create", f"e{at}", at, id="t", metadata=body) for at, body in enumerate(bodies)]


def test_events_about_one_trace_join_their_metadata() -> None:
    first, second, third, fourth = told_by(BODIES)
    assert json.loads(folded(first, second)["metadata"]) == {"user": {"name": "n", "plan": "paid"}, "k": 1}
    assert json.loads(folded(first, third, second)["metadata"]) == {"user": "gone", "k": 1}
    back = {"back": True, "text": '{"b": 1}'}
    assert json.loads(folded(fourth, third, second, first)["metadata"]) == {"user": back, "k": 1}


def test_rows_of_them_are_the_same_in_any_order_and_repeated() -> None:
    rows = rows_of(*told_by(BODIES))
    wanted = merge_copies(rows)
    for order in permutations([*rows, rows[1]]):
        step = order[0]
        for row in order[1:]:
            step = merge_copies([step, row])
        assert step == wanted
    for row in rows:
        assert merge_copies([row, row]) == row


def test_rows_of_random_maps_are_the_same_in_any_order_and_grouping() -> None:
    chance = random.Random(11)
    for _ in range(60):
        bodies = [random_map(chance, 3) for _ in range(5)]
        rows = rows_of(*told_by(bodies))
        wanted = merge_copies(rows)
        chance.shuffle(rows)
        halves = [merge_copies(rows[:3]), merge_copies(rows[2:])]
        assert merge_copies(halves) == wanted


def random_map(chance: random.Random, depth: int) -> Any:
    if depth and chance.random() < 0.6:
        return {chance.choice("xyz"): random_map(chance, depth - 1) for _ in range(chance.randint(0, 3))}
    return chance.choice([1, "t", None, "", [], {}, False, [1]])
