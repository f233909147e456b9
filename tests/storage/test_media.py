"""Files beside spans in the database: there once, durable, gone with the last trace that uses them."""

from dataclasses import replace
from pathlib import Path

from contract.media import MediaUse
from storage.media import MediaTable
from storage.retention import Limits, Policy
from tests.support.living import Living, live
from tests.support.media import PICTURE, picture
from tests.support.rows import START_NS, span_row

USE = MediaUse("t1", "a", "input")
HOUR_NS = 3_600_000_000_000


def table(store: Living) -> MediaTable:
    return MediaTable(store.database, store.writer, lambda: store.now_ns)


def test_a_file_is_announced_uploaded_and_outlives_a_restart(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        media = table(store)
        assert await media.find("p", picture().media_id) is None
        assert await media.announce("p", picture(), USE) == picture()
        assert await media.read("p", picture().media_id) is None
        await media.put("p", picture().media_id, PICTURE)
        assert await media.find("other", picture().media_id) is None

    async def later(store: Living) -> None:
        media = table(store)
        assert await media.read("p", picture().media_id) == PICTURE
        assert await media.announce("p", picture(), USE) == replace(picture(), uploaded_ns=START_NS)

    live(tmp_path / "x.duckdb", work)
    live(tmp_path / "x.duckdb", later)


def test_the_same_again_changes_nothing_and_the_first_bytes_stay(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        media = table(store)
        for use in (USE, USE, MediaUse("t2", None, "output"), MediaUse("t2", None, "output")):
            await media.announce("p", picture(), use)
        for data in (PICTURE, b"other"):
            await media.put("p", picture().media_id, data)
        assert await media.read("p", picture().media_id) == PICTURE
        assert await store.rows("count(*)", "media") == [1]
        assert await store.rows("trace_id, span_id, field", "media_use") == [
            ("t1", "a", "input"),
            ("t2", None, "output"),
        ]

    live(tmp_path / "x.duckdb", work)


def test_a_file_goes_with_the_last_trace_that_uses_it(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        media = table(store)
        await store.commit(span_row("a", trace_id="t1"), span_row("b", trace_id="t2"))
        for trace_id in ("t1", "t2"):
            await media.announce("default", picture(), MediaUse(trace_id, None, "input"))
        await store.upkeep.delete_traces("default", ["t1"])
        assert await media.find("default", picture().media_id) is not None
        await store.upkeep.delete_traces("default", ["t2"])
        assert await store.rows("count(*)", "media") == await store.rows("count(*)", "media_use") == [0]

    live(tmp_path / "x.duckdb", work)


def test_a_file_whose_trace_never_came_grows_old(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        media = table(store)
        await media.announce("default", picture(), MediaUse("t1", None, "input"))
        await media.announce("default", picture(b"x"), MediaUse("never", None, "input"))
        store.now_ns += 2 * HOUR_NS
        await store.commit(span_row("a", trace_id="t1", start=2 * HOUR_NS // 1000, end=2 * HOUR_NS // 1000,
                                    received_time=store.now_ns))  # fmt: skip
        assert await store.upkeep.retention.sweep() == 1
        assert await store.rows("media_id", "media") == [picture().media_id]
        await media.announce("default", picture(b"x"), MediaUse("late", None, "input"))
        assert await store.upkeep.retention.sweep() == 0

    live(tmp_path / "x.duckdb", work, Policy(Limits(max_age_s=3600)))
