"""Traces deleted whole, while others write."""

from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from contract.translated import Translated
from contract.upkeep import Erased
from storage.asking import ask
from storage.erasure import EVERYTHING, Eraser, Fate, fates, steps
from storage.pending import Pending, divided
from tests.support.living import Living, live
from tests.support.rows import generation_row, log_row, span_row


def test_a_trace_goes_with_its_log_records_and_its_neighbours_stay(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await store.commit(
            span_row("a"), span_row("b", "a"), span_row("c", trace_id="t2"), span_row("d", project="other"),
            logs=(log_row("a", "1"), log_row("x", "2", describes_span=False), log_row("c", "3", trace_id="t2")),
        )  # fmt: skip
        assert await store.upkeep.delete_traces("default", ["t1"]) == Erased(1, 2, 2)
        assert await store.rows() == ["c", "d"]
        assert await store.rows("digest", "log_record") == ["3"]

    live(tmp_path / "x.duckdb", work)


def test_what_was_acknowledged_just_before_is_deleted_too(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        for span_id in "abc":
            await store.commit(span_row(span_id))
        assert (await store.upkeep.delete_traces("default", ["t1"])).spans == 3
        assert await store.rows() == []

    live(tmp_path / "x.duckdb", work)


def test_unknown_traces_and_a_second_delete_are_nothing(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await store.commit(span_row("a"))
        assert await store.upkeep.delete_traces("default", ["nobody"]) == Erased()
        assert await store.upkeep.delete_traces("other", ["t1"]) == Erased()
        assert await store.upkeep.delete_traces("default", []) == Erased()
        await store.upkeep.delete_traces("default", ["t1"])
        assert await store.upkeep.delete_traces("default", ["t1"]) == Erased()

    live(tmp_path / "x.duckdb", work)


def test_a_dry_run_counts_and_leaves_everything(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await store.commit(span_row("a"), span_row("b", trace_id="t2"), logs=(log_row("a", "1"),))
        assert await store.upkeep.delete_traces("default", ["t1", "t2", "t3"], dry_run=True) == Erased(2, 2, 1)
        assert await store.rows() == ["a", "b"]

    live(tmp_path / "x.duckdb", work)


def test_deleted_stays_deleted_after_reopening_and_a_later_copy_is_a_new_trace(tmp_path: Path) -> None:
    async def delete(store: Living) -> None:
        await store.commit(span_row("a"), generation_row("b", "a", response_id="r", input_tokens=1))
        await store.upkeep.delete_traces("default", ["t1"])

    async def send_again(store: Living) -> None:
        assert await store.rows() == []
        await store.commit(generation_row("b", "a", response_id="r", input_tokens=1))
        assert await store.rows("span_id, duplicate_of") == [("b", None)]

    live(tmp_path / "x.duckdb", delete)
    live(tmp_path / "x.duckdb", send_again)


def test_the_writer_does_not_settle_with_spans_that_are_gone(tmp_path: Path) -> None:
    """The same call from an outer layer would be marked as its repeat while the trace is remembered."""

    async def work(store: Living) -> None:
        call = {"response_id": "r", "input_tokens": 1, "output_tokens": 1, "model": "m"}
        await store.commit(generation_row("outer", **call), generation_row("inner", "outer", **call))
        assert [each is None for each in await store.rows("duplicate_of")] == [False, True]
        await store.upkeep.delete_traces("default", ["t1"])
        await store.commit(generation_row("inner", "outer", **call))
        assert await store.rows("span_id, duplicate_of") == [("inner", None)]

    live(tmp_path / "x.duckdb", work)


async def grown_between(store: Living, *, spare_grown: bool, of_many: bool = False) -> list[Any]:
    """A span arrives after the look and before the deletion; or the first of the spans of a request that is divided."""
    await store.commit(span_row("a"), span_row("x", trace_id="t2"))
    await store.writer.visible()
    keys = [("default", "t1"), ("default", "t2")]
    found, seen = await ask(store.database, lambda cursor: fates(cursor, keys))
    if of_many:
        request = Translated([span_row("b", "a"), span_row("c", "a"), span_row("d", "a")])
        first, _ = divided(Pending(seen + 1, request), 1)
        await store.writer.call(lambda _: store.writer._flusher._try([first]), ())
    else:
        await store.commit(span_row("b", "a"))
    await store.writer.visible()
    eraser = Eraser(store.database, store.writer)
    await eraser.erase(found, seen, spare_grown=spare_grown)
    return await store.rows()


@pytest.mark.parametrize("of_many", [False, True])
@pytest.mark.parametrize(("spare_grown", "left"), [(True, ["a", "b"]), (False, [])])
def test_a_trace_that_grew_since_it_was_looked_at_is_spared_whole_or_deleted_whole(
    tmp_path: Path, of_many: bool, spare_grown: bool, left: list[str]
) -> None:
    def work(store: Living) -> Awaitable[list[Any]]:
        return grown_between(store, spare_grown=spare_grown, of_many=of_many)

    assert live(tmp_path / "x.duckdb", work) == left


def test_a_step_that_fails_deletes_nothing_and_writing_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(store: Living) -> None:
        await store.commit(span_row("a"), logs=(log_row("a", "1"),))
        monkeypatch.setitem(EVERYTHING, "no_such_table", "true")
        monkeypatch.setattr("storage.erasure.grown", lambda *_: set())
        fate = Fate("default", "t1", 1, 1, 0, 9, False)
        await store.writer.visible()
        with pytest.raises(Exception, match="store cannot"):
            await Eraser(store.database, store.writer).erase([fate], 9, spare_grown=True)
        await store.commit(span_row("b"))
        assert await store.rows() == ["a", "b"]

    live(tmp_path / "x.duckdb", work)


def fate(trace_id: str, rows: int, first_seq: int) -> Fate:
    return Fate("p", trace_id, rows, 0, first_seq, first_seq, False)


def test_steps_hold_neighbours_up_to_the_limit_and_a_giant_alone() -> None:
    found = [fate("c", 2, 3), fate("giant", 100, 4), fate("a", 2, 1), fate("b", 3, 2), fate("d", 1, 5)]
    assert [[each.trace_id for each in step] for step in steps(found, 5)] == [["a", "b"], ["c"], ["giant"], ["d"]]
    assert list(steps([])) == []


def test_looking_writes_nothing(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        with pytest.raises(duckdb.TransactionException):
            await ask(store.database, lambda cursor: cursor.execute("DELETE FROM span").fetchall())

    live(tmp_path / "x.duckdb", work)
