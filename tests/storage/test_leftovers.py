"""Pieces that nothing refers to are deleted, and only those."""

import asyncio
import random
from functools import partial
from pathlib import Path

import pytest

from contract.errors import Refused, Unavailable
from storage import leftovers as module
from storage.leftovers import Leftovers, dead, delete_step
from storage.retention import Limits, Policy
from tests.support.living import Living, live
from tests.support.rows import log_row, span_row

LONG = " ".join(f"word{number}" for number in range(4000))
OTHER = LONG[::-1]
HOUR_NS = 3_600_000_000_000


async def texts(store: Living) -> str:
    """Everything that lies apart and that something refers to."""
    await store.writer.visible()
    await Leftovers(store.database, store.writer).sweep()
    return "".join(await store.rows("text", "content"))


def test_a_deleted_trace_takes_its_texts_with_it_but_for_those_that_another_has(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await store.commit(span_row("a", input=LONG), span_row("b", trace_id="t2", input=LONG, output=OTHER))
        assert len(await texts(store)) == len(LONG) + len(OTHER)
        await store.upkeep.delete_traces("default", ["t2"], dry_run=True)
        assert len(await texts(store)) == len(LONG) + len(OTHER)
        await store.upkeep.delete_traces("default", ["t2"])
        assert len(await texts(store)) == len(LONG)
        await store.upkeep.delete_traces("default", ["t1"])
        assert await texts(store) == ""

    live(tmp_path / "x.duckdb", work)


def test_a_project_keeps_its_own_when_another_deletes_the_same_text(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await store.commit(span_row("a", input=LONG), span_row("a", project="other", input=LONG))
        await store.upkeep.delete_traces("other", ["t1"])
        assert len(await texts(store)) == len(LONG)
        assert set(await store.rows("project", "content")) == {"default"}

    live(tmp_path / "x.duckdb", work)


def test_log_records_keep_their_texts_too(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await store.commit(span_row("a", trace_id="t2", input=OTHER), logs=(log_row("x", "d", f'"{LONG}"'),))
        await store.upkeep.delete_traces("default", ["t2"])
        assert len(await texts(store)) == len(LONG) + 2
        await store.upkeep.delete_traces("default", ["t1"])
        assert await texts(store) == ""

    live(tmp_path / "x.duckdb", work)


def test_retention_by_age_and_by_size_gives_the_space_of_long_texts_back(tmp_path: Path) -> None:
    async def age(store: Living) -> None:
        await store.commit(span_row("a", input=LONG))
        assert await store.rows() == ["a"]
        store.now_ns += 2 * HOUR_NS
        await store.upkeep.retention.sweep()
        assert await texts(store) == ""

    async def size(store: Living) -> None:
        for number in range(8):
            await store.commit(
                span_row("a", trace_id=f"t{number}", input=random.Random(number).randbytes(500_000).hex())
            )
            await store.writer.visible()
        await store.upkeep.retention.sweep()
        left = len(await store.rows())
        assert left < 8
        assert len(await texts(store)) == left * 1_000_000

    live(tmp_path / "age.duckdb", age, Policy(Limits(max_age_s=3600)))
    live(tmp_path / "size.duckdb", size, Policy(max_size_bytes=3 << 20))


def test_what_is_found_is_deleted_step_by_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECES_A_STEP", 2)
    monkeypatch.setattr(module, "AT_A_TIME", 3)

    async def work(store: Living) -> None:
        await store.commit(span_row("a", input=LONG), span_row("b", input=OTHER, start=1))
        await store.writer.visible()
        await store.writer.call(lambda connection: connection.execute("DELETE FROM span").fetchall())
        pieces = len(await store.rows("content_id", "content"))
        assert await Leftovers(store.database, store.writer).sweep() == pieces > 6
        assert await store.rows("content_id", "content") == []

    live(tmp_path / "x.duckdb", work)


def test_a_text_that_comes_again_between_look_and_deletion_stays(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await store.commit(span_row("a", input=LONG))
        await store.writer.visible()
        await store.writer.call(lambda connection: connection.execute("DELETE FROM span").fetchall())
        found, seen = dead(store.database.cursor())
        assert found
        await store.commit(span_row("b", trace_id="t2", input=LONG))
        await store.writer.visible()
        for newest in (seen, seen + 1):  # of a large request stored in two groups the first has the number before
            await store.writer.call(partial(delete_step, keys=found, seen_seq=newest))
            assert len(await texts(store)) == len(LONG)

    live(tmp_path / "x.duckdb", work)


def test_a_step_that_fails_deletes_nothing_and_leaves_no_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(store: Living) -> None:
        await store.commit(span_row("a", input=LONG))
        await store.writer.visible()
        with monkeypatch.context() as patched:
            patched.setattr(module, "DELETE_SQL", "SELECT * FROM nowhere")
            with pytest.raises(Refused):
                await store.writer.call(partial(delete_step, keys=[("default", "x")], seen_seq=0))
        await store.commit(span_row("b", start=1))
        assert len(await texts(store)) == len(LONG)

    live(tmp_path / "x.duckdb", work)


class Paced(Leftovers):
    """Each sweep takes two seconds and tells what the next item says."""

    def __init__(self, *outcomes: int | Exception) -> None:
        self.now = 100.0
        self.sweeps = 0
        self._outcomes = list(outcomes)
        super().__init__(None, None, lambda: self.now)  # type: ignore[arg-type]  # nothing is asked

    async def _sweep(self) -> int:
        self.now += 2
        self.sweeps += 1
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def test_it_sweeps_where_it_is_due_and_rests_a_multiple_of_what_it_took() -> None:
    async def work() -> None:
        paced = Paced(5, 0)
        for now, due, sweeps in ((100, True, 1), (103, True, 1), (141, True, 1), (142, False, 1), (142, True, 2)):
            paced.now, paced.due = now, due
            await paced.sweep_now_and_then()
            assert paced.sweeps == sweeps

    asyncio.run(work())


def test_what_goes_wrong_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        paced = Paced(Unavailable("closed", reason="closed"), ZeroDivisionError(), 0)
        for due in (True, True, False):
            await paced.sweep_now_and_then()
            assert paced.due is due
            paced.now += 100

    asyncio.run(work())
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]
