"""What looks after the file, together."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from contract.errors import Unavailable
from storage import upkeep as module
from storage.retention import Limits, Policy
from tests.support.living import Living, live
from tests.support.rows import span_row

HOUR_NS = 3_600_000_000_000


def test_the_timer_sweeps_again_and_again_until_it_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(store: Living) -> None:
        pauses: list[float] = []

        async def pause(seconds: float) -> None:
            """Between two sweeps: what is stored gets old."""
            pauses.append(seconds)
            assert await store.rows() == []
            if len(pauses) == 3:
                raise asyncio.CancelledError
            await store.commit(span_row(f"{len(pauses)}"))
            await store.writer.visible()
            store.now_ns += 48 * HOUR_NS

        monkeypatch.setattr(module.asyncio, "sleep", pause)
        with pytest.raises(asyncio.CancelledError):
            await store.upkeep.run()
        assert pauses == [module.EVERY_S] * 3
        assert [sample.value for sample in store.upkeep.stats() if sample.labels["reason"] == "age"] == [2]

    live(tmp_path / "x.duckdb", work, Policy(Limits(max_age_s=3600)))


@pytest.mark.parametrize("place", ["x.duckdb", ":memory:"])
def test_without_limits_the_timer_tidies_up_and_waits_for_deletions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    async def work(store: Living) -> None:
        await store.commit(span_row("a", input="word " * 4000), span_row("b", trace_id="t2", input="other " * 4000))
        pauses: list[int] = []

        async def pause(_: float) -> None:
            pauses.append(len(await store.rows("content_id", "content")))
            if len(pauses) == 3:
                raise asyncio.CancelledError
            await store.upkeep.delete_traces("default", [f"t{len(pauses)}"])
            monkeypatch.setattr(store.upkeep._leftovers, "_rests_until", 0)

        monkeypatch.setattr(module.asyncio, "sleep", pause)
        with pytest.raises(asyncio.CancelledError):
            await store.upkeep.run()
        assert pauses[0] > pauses[1] > pauses[2] == 0

    (tmp_path / "x.duckdb.snapshot-left").touch()
    live(place if place == ":memory:" else tmp_path / place, work)
    assert ("x.duckdb.snapshot-left" in os.listdir(tmp_path)) == (place == ":memory:")


def test_work_that_need_not_see_everything_makes_nobody_hurry(tmp_path: Path) -> None:
    """A small group costs a row more than a large one; retention looks at old rows only."""

    async def work(store: Living) -> None:
        count = "SELECT count(*) FROM span"

        async def stored(**options: Any) -> Any:
            return await store.writer.call(lambda connection: connection.execute(count).fetchall(), **options)

        await store.commit(span_row("a"))
        assert await stored(after_all=False) == [(0,)]
        assert await stored() == [(1,)]

    live(tmp_path / "x.duckdb", work)


def test_while_checkpoints_are_held_none_comes_and_a_second_hold_is_refused(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await store.writer.checkpoint(hold=True)
        await store.commit(span_row("a"))
        for hold in (True, False):
            with pytest.raises(Unavailable, match="cannot be checkpointed now"):
                await store.writer.checkpoint(hold=hold)
        assert store.database.wal_bytes() > 0
        assert store.writer.release_checkpoints()
        assert not store.writer.release_checkpoints()
        await store.writer.checkpoint()
        assert store.database.wal_bytes() == 0

    live(tmp_path / "x.duckdb", work)


def test_a_server_that_stops_folds_its_log_in_though_checkpoints_were_held(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await store.writer.checkpoint(hold=True)
        await store.commit(span_row("a"))
        await store.writer.stop()
        assert not store.writer.release_checkpoints()

    live(tmp_path / "x.duckdb", work)
    assert os.listdir(tmp_path) == ["x.duckdb"]
