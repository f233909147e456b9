"""Copies of the file, taken while it is written to."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from contract.errors import Overloaded, Refused, Unavailable
from storage import snapshot as module
from storage.database import Database, run
from storage.pace import GROUP_ROWS
from storage.snapshot import copy, open_source, publish, remove, remove_leftovers
from tests.support.living import Living, live
from tests.support.rows import span_row
from tests.support.stored import opened


def read_copy(path: Path, sql: str) -> list[Any]:
    database = opened(str(path))
    try:
        return run(database.cursor(), sql)
    finally:
        database.close()


def rows(first: int, count: int) -> list[Any]:
    numbers = range(first, first + count)
    return [span_row(f"{number:08x}", trace_id=f"t{number // 8}", input=f"text {number}") for number in numbers]


def test_a_copy_holds_what_was_acknowledged_before_and_nothing_is_left_beside_the_file(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await store.commit(span_row("a"))
        async with store.upkeep.snapshot() as path:
            await store.commit(span_row("b"))
            assert await asyncio.to_thread(read_copy, path, "SELECT span_id FROM span") == [("a",)]
            assert path.stat().st_mode & 0o777 == 0o600
        assert not [name for name in os.listdir(tmp_path) if "snapshot" in name]
        assert await store.rows() == ["a", "b"]

    live(tmp_path / "x.duckdb", work)


def test_a_copy_is_whole_though_rows_and_deletions_are_committed_while_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole row groups, which go to the file itself, and a log large enough for a checkpoint, between two pieces."""
    reached, go_on = threading.Event(), threading.Event()

    def slowly(source: int, target: str, stop: threading.Event) -> None:
        half = os.fstat(source).st_size // 2
        with open(target, "xb") as write:
            write.write(os.pread(source, half, 0))
            reached.set()
            assert go_on.wait(30)
            write.write(os.pread(source, 1 << 30, half))

    async def work(store: Living) -> None:
        store.writer._flusher._checkpoint_wal_bytes = 1
        await store.commit(*rows(0, GROUP_ROWS))
        await store.writer.visible()
        monkeypatch.setattr(module, "copy", slowly)
        taking = asyncio.ensure_future(kept(store))
        await asyncio.to_thread(reached.wait, 30)
        for number in range(1, 4):
            await store.commit(*rows(number * GROUP_ROWS, GROUP_ROWS))
            await store.commit(span_row(f"small {number}", trace_id="small"))
            await store.upkeep.delete_traces("default", [f"t{number}"])
        assert store.database.wal_bytes() > 1
        go_on.set()
        ids = await taking
        assert ids == [(f"{number:08x}", f"text {number}") for number in range(GROUP_ROWS)]
        assert len(await store.rows()) == 4 * GROUP_ROWS + 3 - 3 * 8
        await store.writer.checkpoint()
        assert store.database.wal_bytes() == 0

    async def kept(store: Living) -> list[Any]:
        async with store.upkeep.snapshot() as path:
            return await asyncio.to_thread(read_copy, path, "SELECT span_id, input FROM span ORDER BY span_id")

    live(tmp_path / "x.duckdb", work)


def test_a_copy_is_a_database_of_its_own(tmp_path: Path) -> None:
    """With the identity of the first one it would take the journal that a killed server left beside the file."""

    async def work(store: Living) -> Any:
        async with store.upkeep.snapshot() as path:
            return await asyncio.to_thread(read_copy, path, "SELECT id FROM store"), await store.rows("id", "store")

    [(of_copy,)], [of_file] = live(tmp_path / "x.duckdb", work)
    assert of_copy != of_file


def test_one_copy_at_a_time(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        async with store.upkeep.snapshot():
            with pytest.raises(Overloaded, match="snapshot is being taken"):
                async with store.upkeep.snapshot():
                    pass
        async with store.upkeep.snapshot() as path:
            assert path.exists()

    live(tmp_path / "x.duckdb", work)


def test_a_database_in_memory_is_refused() -> None:
    async def work(store: Living) -> None:
        with pytest.raises(Refused, match="in memory"):
            async with store.upkeep.snapshot():
                pass

    live(":memory:", work)


def test_without_room_for_a_copy_none_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Database, "free_bytes", lambda self: 1 << 20)

    async def work(store: Living) -> None:
        with pytest.raises(Unavailable, match="MiB of free space"):
            async with store.upkeep.snapshot():
                pass

    live(tmp_path / "x.duckdb", work)


def fail_with(error: Exception) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


def test_a_copy_that_fails_leaves_nothing_and_checkpoints_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(store: Living) -> None:
        await store.commit(span_row("a"))
        with monkeypatch.context() as patched:
            patched.setattr(module, "copy", fail_with(OSError(28, "No space left on device")))
            with pytest.raises(Unavailable, match="No space left"):
                async with store.upkeep.snapshot():
                    pass
        assert sorted(name for name in os.listdir(tmp_path) if "journal" not in name) == ["x.duckdb"]
        await store.writer.checkpoint()

    live(tmp_path / "x.duckdb", work)


def test_a_copy_across_a_reopening_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is opened again is checkpointed at once: the copy may be half old and half new."""

    async def work(store: Living) -> None:
        def lose(source: int, target: str, stop: threading.Event) -> None:
            copy(source, target, stop)
            store.writer._flusher._lose("FATAL Error: lost")

        monkeypatch.setattr(module, "copy", lose)
        with pytest.raises(Unavailable, match="opened again"):
            async with store.upkeep.snapshot():
                pass

    live(tmp_path / "x.duckdb", work)


def test_a_copy_that_the_disk_does_not_hold_is_told_so_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(store: Living) -> None:
        def full(path: str) -> None:
            raise duckdb.IOException("Could not write file: No space left on device")

        monkeypatch.setattr(module, "make_its_own", full)
        with pytest.raises(Unavailable, match="disk full"):
            async with store.upkeep.snapshot():
                pass
        assert not [name for name in os.listdir(tmp_path) if "snapshot" in name]

    live(tmp_path / "x.duckdb", work)


def test_the_file_stays_locked_after_a_copy_was_taken(tmp_path: Path) -> None:
    """Closing any descriptor of the file would give up DuckDB's lock."""
    tried = "import sys; from storage.database import Database; Database(sys.argv[1]).open()"
    command = [sys.executable, "-c", tried, str(tmp_path / "x.duckdb")]

    async def work(store: Living) -> str:
        async with store.upkeep.snapshot():
            pass
        return (await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)).stderr

    assert "is in use by process" in live(tmp_path / "x.duckdb", work)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "a").write_bytes(b"x" * 100)
    descriptor = open_source(str(tmp_path / "a"))
    yield descriptor
    os.close(descriptor)


def test_a_copy_that_is_told_to_stop_stops(tmp_path: Path, source: int) -> None:
    stop = threading.Event()
    stop.set()
    copy(source, str(tmp_path / "b"), stop)
    assert (tmp_path / "b").read_bytes() == b""


def test_a_copy_replaces_nothing(tmp_path: Path, source: int) -> None:
    copy(source, str(tmp_path / "b"))
    with pytest.raises(FileExistsError):
        copy(source, str(tmp_path / "b"))
    with pytest.raises(Refused, match="nothing is replaced"):
        publish(str(tmp_path / "b"), str(tmp_path / "a"))
    publish(str(tmp_path / "b"), str(tmp_path / "c"))
    assert {path.name: path.stat().st_size for path in tmp_path.iterdir()} == {"a": 100, "c": 100}


def test_what_a_killed_server_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    kept = ["x.duckdb", "x.duckdb.journal0", "y.duckdb.snapshot-1", "x.duckdb2.snapshot-1"]
    copies = ("x.duckdb.snapshot-1", "x.duckdb.snapshot-1.wal", "x.duckdb.snapshot-2")
    for name in (
        *kept,
        *copies,
        "x.duckdb.new-1",
        "x.duckdb.compact",
        "x.duckdb.compact.wal",
        "x.duckdb.recover-new.new-1",
    ):
        (tmp_path / name).touch()
    (tmp_path / "x.duckdb.compact.tmp").mkdir()
    remove_leftovers(str(tmp_path / "x.duckdb"))
    assert sorted(os.listdir(tmp_path)) == sorted(kept)
    remove(str(tmp_path / "not there"))
