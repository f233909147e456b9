"""Sums of hours change what is read and never what is answered."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.columns import Row
from contract.reading import COUNTS, SUMS, Condition
from storage import hour_sums as module
from storage.hour_sums import HOUR_NS, MEASURE_SQL, HourSums, in_hours, question_of, whole_hours
from storage.reader import DuckReader
from tests.support.living import Living, live
from tests.support.rows import START_NS, span_row

FIRST_HOUR = START_NS // HOUR_NS
MINUTE_US = 60_000_000
MEASURES = ("span_count", "generation_count", "error_count", "input_tokens", "total_tokens", "total_cost")
SPAN = st.fixed_dictionaries(
    {
        "number": st.integers(0, 30),
        "minute": st.integers(0, 6 * 60),
        "kind": st.sampled_from(["generation", "generation", "embedding", "tool", "trace"]),
        "model": st.sampled_from(["a", "b", None]),
        "status": st.sampled_from(["ok", "error"]),
        "input_tokens": st.sampled_from([None, 3, 1 << 62]),
        "total_cost": st.sampled_from([None, 0.5, 4.0]),
        "response_id": st.sampled_from([None, "resp-0123456789", "resp-abcdefghij"]),
        "project": st.sampled_from(["default", "default", "other"]),
    }
)
STEP = st.one_of(
    st.tuples(st.just("commit"), st.lists(SPAN, min_size=1, max_size=6)),
    st.tuples(st.just("commit"), st.lists(SPAN, min_size=1, max_size=6)),
    st.tuples(st.just("delete"), st.integers(0, 4)),
    st.tuples(st.just("sum"), st.integers(1, 6)),
)
RANGE = st.tuples(st.integers(-90, 200), st.integers(130, 500))
SHAPES: tuple[tuple[tuple[str, ...], int | None], ...] = (
    (("model",), HOUR_NS), ((), 2 * HOUR_NS), (("model",), None), ((), None),
)  # fmt: skip


def made(number: int, minute: int, **columns: Any) -> Row:
    """Two of three spans are of one trace with others; what is sent again with other values is a fuller copy."""
    return span_row(
        f"{number:02}", trace_id=f"t{number % 5}", start=minute * MINUTE_US, end=minute * MINUTE_US + 9, **columns
    )


async def apply(store: Living, sums: HourSums, what: str, value: Any) -> None:
    if what == "commit":
        await store.commit(*(made(**span) for span in value))
    elif what == "delete":
        await store.upkeep.delete_traces("default", [f"t{value}"])
    else:
        for _ in range(value):
            await sums.step()
    await store.writer.visible()


def question(first: int, minutes: int, groups: tuple[str, ...], width_ns: int | None) -> dict[str, Any]:
    from_ns = START_NS + first * MINUTE_US * 1000
    return {
        "project": "default", "from_ns": from_ns, "to_ns": from_ns + minutes * MINUTE_US * 1000, "limit": 10,
        "embeddings": False, "month": False, "width_ns": width_ns, "offset_ns": None if width_ns is None else 0,
        "measures": MEASURES, "groups": groups,
    }  # fmt: skip


async def both(store: Living, asked: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """What is answered with the sums, and without them."""
    reader = DuckReader(store.database, visible=store.writer.visible, threads=1)
    try:
        with_sums = await reader.read("metrics", asked)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(module, "question_of", lambda *_: None)
            return with_sums, await reader.read("metrics", asked)
    finally:
        reader.close()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(STEP, min_size=3, max_size=9), st.lists(st.tuples(RANGE, st.sampled_from(SHAPES)), min_size=3, max_size=3)
)
def test_answers_with_and_without_sums_are_equal(
    steps: list[tuple[str, Any]], asked: list[tuple[tuple[int, int], tuple[tuple[str, ...], int | None]]]
) -> None:
    """Whatever is stored, settled, marked as a repeat, completed and deleted before, between and after."""

    async def work(store: Living) -> None:
        sums = HourSums(store.writer, new_rows=1)
        for step in (*steps, ("commit", [dict(PLAIN)])):
            await apply(store, sums, *step)
        for range_, shape in asked:
            with_sums, without = await both(store, question(*range_, *shape))
            assert with_sums == without

    live(":memory:", work)


PLAIN = {"number": 29, "minute": 100, "kind": "generation", "model": "a", "input_tokens": 7, "total_cost": 1.0}


async def stored(store: Living) -> tuple[list[int], int, list[int]]:
    """Hours that have sums, from the first one of the data on; up to which commit; hours that have changed."""
    hours = [hour - FIRST_HOUR for hour in await store.rows("DISTINCT hour", "hour_sum")]
    [(last, changed)] = await store.rows("last_seq, changed_hours", "summed")
    return hours, last, [hour - FIRST_HOUR for hour in changed]


def test_what_is_added_up_is_not_read_again() -> None:
    """Shown by rows that are changed behind the back of the sums."""

    async def work(store: Living) -> None:
        for number in range(4):
            await apply(store, HourSums(store.writer), "commit", [PLAIN | {"number": number, "minute": 60 * number}])
        assert await HourSums(store.writer, new_rows=3).step()
        store.database.cursor().execute("UPDATE span SET input_tokens = 1000").fetchall()
        with_sums, without = await both(store, question(-60, 600, (), None))
        column = f"measure_{MEASURES.index('input_tokens')}"
        assert [with_sums[0][column], without[0][column]] == [3 * 7 + 1000, 4000], "the newest request is no part of it"

    live(":memory:", work)


def test_hours_of_rows_that_change_or_go_are_added_up_again(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        sums = HourSums(store.writer, new_rows=3)
        for number in range(4):
            await apply(store, sums, "commit", [PLAIN | {"number": number, "minute": 60 * number + 50}])
        await apply(store, sums, "sum", 2)
        assert await stored(store) == ([1, 2, 3], 3, [])
        await apply(store, sums, "commit", [PLAIN | {"number": 1, "minute": 110, "output": "more"}])
        assert await stored(store) == ([1, 2, 3], 3, [2])
        await store.upkeep.delete_traces("default", ["t0"])
        assert await stored(store) == ([1, 2, 3], 3, [2, 1])
        while await sums.step():
            pass
        assert await stored(store) == ([3], 3, []), "the changed row is a new one"
        with_sums, without = await both(store, question(-60, 600, ("model",), HOUR_NS))
        assert with_sums == without

    live(tmp_path / "x.duckdb", work)


def test_too_many_changed_hours_are_read_as_rows_and_then_added_up_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    from storage import changed_hours

    async def work(store: Living) -> None:
        sums = HourSums(store.writer, new_rows=3)
        for number in range(5):
            await apply(store, sums, "commit", [PLAIN | {"number": number, "minute": 120 * number}])
        await sums.step()
        await store.upkeep.delete_traces("default", ["t0"])
        await store.upkeep.delete_traces("default", ["t1"])
        monkeypatch.setattr(module, "RANGES_AT_MOST", 1)
        with_sums, without = await both(store, question(-60, 900, ("model",), HOUR_NS))
        assert with_sums == without
        monkeypatch.setattr(changed_hours, "CHANGED_AT_MOST", 2)
        await store.upkeep.delete_traces("default", ["t2"])
        assert await stored(store) == ([], 0, [])
        with_sums, without = await both(store, question(-60, 900, ("model",), HOUR_NS))
        assert with_sums == without

    live(":memory:", work)


def test_only_questions_of_whole_hours_about_what_is_added_up_are_asked_of_sums() -> None:
    asked = question(0, 300, ("model",), HOUR_NS)
    shape = {"measures": ("total_tokens",), "groups": ("model",)}
    assert question_of("metrics", (), shape, asked)
    assert question_of("metrics", (), {"measures": ("span_count",)}, asked | {"width_ns": None, "month": True})
    assert not question_of("facet", (), shape, asked)
    assert not question_of("metrics", (Condition("model", "eq", ("a",)),), shape, asked)
    assert not question_of("metrics", (), shape | {"measures": ("trace_count",)}, asked)
    assert not question_of("metrics", (), shape | {"groups": ("user_id",)}, asked)
    for odd in ({"embeddings": True}, {"width_ns": HOUR_NS // 2}, {"offset_ns": 1}, {"from_ns": None}, {"to_ns": None},
                {"from_ns": -1}, {"to_ns": asked["from_ns"] + 2 * HOUR_NS - 1}):  # fmt: skip
        assert not question_of("metrics", (), shape, asked | odd), odd
    assert in_hours(asked)
    assert list(whole_hours(1, 3 * HOUR_NS - 1)) == [1]
    assert MEASURE_SQL.keys() == {*COUNTS, *SUMS} - {"trace_count"}
