"""Asking the newest part of the file first changes how much is read and nothing else."""

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest

from contract.reading import Condition
from storage import reader as reader_module
from storage import windows
from storage.database import Database
from storage.parts import GROWTH, Parts
from storage.reader import DuckReader
from storage.windows import Windows, ask_spans, ask_traces, sample, upper_bound, worth_it
from tests.support.sampled import sampled
from tests.support.stored import START_NS, insert, opened, span

ROWS = 120
MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    """Thirty traces in no order of time; every fifth one has a span that began long before the others."""
    rng = random.Random(3)
    rows = []
    for number in range(ROWS):
        trace = number % 30
        at_ms = trace * MINUTE_MS + rng.randrange(MINUTE_MS // 2)
        if number < 30 and trace % 5 == 0:
            at_ms -= rng.randrange(20) * MINUTE_MS
        who = {"session_id": f"s{trace % 11}", "user_id": f"u{trace % 7}" if number % 3 else None}
        kind = {"kind": "generation", "input_tokens": number, "input": f"word{number % 4} 你好"}
        rows.append(
            span(number + 1, trace=trace, at_ms=at_ms, parent_span_id=None if number < 30 else "p", **who, **kind)
        )
    rng.shuffle(rows)
    made = opened()
    insert(made, "span", *rows)
    yield made
    made.close()


QUESTIONS: list[tuple[str, dict[str, Any], tuple[Condition, ...]]] = [
    ("list_spans", {"io": "preview"}, (Condition("q", "contains", ("WORD2",)),)),
    ("list_spans", {"io": "none", "generations": True}, (Condition("input_tokens", "gt", (60,)),)),
    ("list_traces", {"io": "preview"}, ()),
    ("list_traces", {"io": "none"}, (Condition("q", "contains", ("word1 你好",)),)),
    ("list_traces", {"io": "none"}, (Condition("model", "exists", (False,)),)),
    ("list_traces", {"io": "none"}, (Condition("span_count", "eq", (4,)), Condition("user_id", "ne", ("u1",)))),
    ("list_sessions", {}, ()),
    ("list_users", {}, ()),
    ("list_users", {}, (Condition("total_tokens", "exists", (False,)),)),
]
AT = START_NS + 12 * MINUTE_MS * 1_000_000
RANGES: list[dict[str, int]] = [{}, {"from_ns": AT}, {"to_ns": AT}, {"from_ns": AT, "to_ns": AT * 2 - START_NS}]


@pytest.mark.parametrize("limit", [1, 4, 200])
@pytest.mark.parametrize("bounds", RANGES)
def test_a_page_is_the_same_whether_parts_are_asked_or_everything(
    database: Database, monkeypatch: pytest.MonkeyPatch, bounds: dict[str, int], limit: int
) -> None:
    for query, parameters, conditions in QUESTIONS:
        given = {"project": "default", "limit": limit, **parameters, **bounds}
        whole = ask(database, query, given, conditions)
        with monkeypatch.context() as patched:
            patched.setattr(windows, "FEWEST_ROWS", 1)
            assert ask(database, query, given, conditions) == whole, query
            patched.setattr(reader_module, "LARGE_ROWS", 1)
            assert ask(database, query, given, conditions) == whole, query
            assert whole or limit == 1 or bounds


def ask(database: Database, query: str, given: dict[str, Any], conditions: tuple[Condition, ...]) -> list[Any]:
    reader = DuckReader(database, threads=1)
    try:
        rows = asyncio.run(reader.read(query, given, conditions))
    finally:
        reader.close()
    return [{name: value for name, value in row.items() if name != "cut"} for row in rows]


def test_parts_begin_at_sampled_times_below_the_end_of_the_range() -> None:
    made = Windows(clock=lambda: 0.0)
    answers = [[(100_000, 1)], [(0, 99_999)], [(at, 1) for at in range(256, 0, -1)], [(100_000, 1)], [(5, 1)]]
    bound = {"limit": 10, "from_ns": None, "to_ns": None, "after_ns": None}
    assert made.parts(lambda _: answers.pop(0), bound).floor == 255
    assert made.parts(lambda _: answers.pop(0), {**bound, "to_ns": 101}).floor == 99
    assert made.parts(lambda _: [], {**bound, "after_ns": 100}).floor == 99
    assert made.parts(lambda _: [], {**bound, "after_ns": 2**63 - 2}).floor == 255, "no time is behind it"
    assert made.parts(lambda _: [], {**bound, "to_ns": 2}).floor is None
    assert made.parts(lambda _: [], {**bound, "from_ns": 200, "floor_ns": None}).floor == 255, "no range bounds it"
    assert len(answers) == 2, "one sample serves them all"


def test_a_sample_lies_evenly_in_the_file_and_comes_in_order(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "FEWEST_ROWS", ROWS)
    rows = sample(lambda sql: database.cursor().execute(sql).fetchall(), ROWS)
    assert len(rows) == ROWS
    assert rows == sorted(rows)
    assert {row.seq for row in rows} == {1}


def test_a_full_page_asks_nothing_older() -> None:
    asked: list[Any] = []

    def newest(bound: Any) -> list[dict[str, Any]]:
        asked.append(bound["from_ns"])
        return [{"cut": False}] * bound["limit"]

    for ask_parts in (ask_spans, ask_traces):
        parts = Parts(sampled(20), 3, None)
        assert len(ask_parts(newest, {"limit": 3, "page_limit": 6, "from_ns": None, "to_ns": None}, parts)) == 3
    assert asked == [18, 18]


def test_traces_are_rolled_up_without_bound_where_too_many_of_a_range_had_begun_before_it() -> None:
    asked: list[Any] = []

    def cut(bound: Any) -> list[dict[str, Any]]:
        asked.append(bound["page_limit"])
        return [{"cut": bound["page_limit"] is not None}]

    ask_traces(cut, {"limit": 3, "page_limit": 6, "from_ns": 1, "to_ns": None}, Parts([], 3, 1))
    assert asked == [6, None]


def test_the_next_part_rolls_up_more_traces_where_too_many_of_this_one_had_begun_before_it() -> None:
    asked: list[Any] = []

    def cut(bound: Any) -> list[dict[str, Any]]:
        asked.append((bound["from_ns"], bound["page_limit"]))
        return [{"cut": True}] * (3 if len(asked) > 1 else 1)

    ask_traces(cut, {"limit": 3, "page_limit": 6, "from_ns": None, "to_ns": None}, Parts(sampled(20), 3, None))
    assert asked[0] == (18, 6)
    assert asked[1][0] is None or asked[1][0] < 18
    assert asked[1][1] == 6 * GROWTH
    assert len(asked) == 2


def test_the_end_of_what_is_asked_for_is_that_of_the_range_or_of_the_page_before() -> None:
    assert upper_bound({"to_ns": None, "after_ns": None}) is None
    assert upper_bound({"to_ns": 5, "after_ns": None}) == 5
    assert upper_bound({"to_ns": 5, "after_ns": 3}) == 4


def test_parts_are_asked_where_they_can_spare_something() -> None:
    none: frozenset[str] = frozenset()
    assert worth_it("list_spans", {}, frozenset({"span"}))
    assert not worth_it("list_spans", {}, none)
    assert worth_it("list_traces", {}, none)
    assert worth_it("list_users", {"id": None}, none)
    assert not worth_it("list_users", {"id": None}, frozenset({"candidate"}))
    assert not worth_it("metrics", {}, none)
