"""Killed at its first write, its second, its third ...: whatever opens, changes or copies the file may die anywhere.

Of works with more writes than `POINTS` at so many of them, evenly spread. A write is any call that writes, syncs, cuts,
renames or removes a file of the database.
"""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.database import Database, newest_version, run
from storage.snapshot import remove_leftovers
from tests.support.faults import Faults
from tests.support.living import Living, live
from tests.support.rows import log_row, span_row
from tests.support.schema_samples import made
from tests.support.server import clean_environment

SPANS = 12_000
POINTS = 20
OPEN = "from storage.database import Database, run; database = Database('t.duckdb'); database.open();"
LIVE = "from tests.support.living import live; from tests.support.rows import span_row;"


def nothing(_: Path) -> None:
    """There is no file yet."""


def old_schema(path: Path) -> None:
    made(1, path)


def closed(path: Path) -> None:
    """A file of which a part was deleted."""

    async def work(store: Living) -> None:
        for first in range(0, SPANS, 1000):
            rows = [span_row(f"{n}", trace_id=f"t{n}", input=f"text {n}" * 20) for n in range(first, first + 1000)]
            await store.commit(*rows, logs=(log_row(f"{first}", f"d{first}"),))
        await store.upkeep.delete_traces("default", [f"t{n}" for n in range(0, SPANS, 7)])

    live(path, work)


def acknowledged(path: Path) -> None:
    """As a killed server leaves it: rows in the file, in the write-ahead log, and in the journal only."""
    beside = path.parent / "before"
    beside.mkdir()

    async def work(store: Living) -> None:
        for number in range(40):
            await store.commit(*(span_row(f"{number}-{n}", trace_id=f"t{number}") for n in range(100)))
            if number % 8 == 0:
                await store.writer.visible()
        shutil.copytree(beside, path.parent, dirs_exist_ok=True)

    live(beside / path.name, work)
    shutil.rmtree(beside)


def damaged(path: Path) -> None:
    closed(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


Digest = list[tuple[object, ...]]


def digest(path: Path) -> Digest:
    """What the tables hold, the schema's version, and whether a server can live on the file."""

    async def read(store: Living) -> Digest:
        remove_leftovers(str(path))
        return [
            *await store.rows("count(*), bit_xor(hash(span_id, trace_id, input))"),
            *await store.rows("count(*), bit_xor(hash(digest))", "log_record"),
            *await store.rows("max(version), count(*)", "schema_migration"),
        ]

    found: Digest = live(path, read)
    return found


@dataclass(frozen=True)
class Work:
    prepare: Callable[[Path], None]
    code: str
    finish: str = ""
    """What an operator does when it was killed; nothing: the next start must do."""


WORKS = {
    "first start": Work(nothing, OPEN + "database.close()"),
    "migration": Work(old_schema, OPEN + "database.close()"),
    "recovery": Work(acknowledged, LIVE + "live('t.duckdb', lambda store: store.writer.visible())"),
    "checkpoint": Work(acknowledged, OPEN + "database.checkpoint(); database.close()"),
    "compact": Work(closed, "from storage.compact import compact; compact('t.duckdb')"),
    "snapshot": Work(closed, LIVE + "live('t.duckdb', lambda store: store.upkeep.snapshot().__aenter__())"),
    "recover": Work(damaged, *["from storage.salvage import salvage; salvage('t.duckdb')"] * 2),
}


MAY_STAY = ("t.duckdb", "t.duckdb.lock")
"""The lock of a process that was killed is nobody's: who starts next takes it over."""


def python(code: str, folder: Path, **variables: str) -> int:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=folder,
        env=clean_environment(**variables),
        capture_output=True,
    ).returncode


@pytest.mark.parametrize("name", WORKS)
def test_a_process_that_is_killed_at_any_write_leaves_a_whole_file(name: str, tmp_path: Path, faults: Faults) -> None:
    work, template = WORKS[name], tmp_path / "template"
    template.mkdir()
    work.prepare(template / "t.duckdb")
    faults.count("any", "t.duckdb")
    expected = after(work, template, tmp_path / "undisturbed", faults)
    writes = faults.counted()
    points = sorted({writes * point // POINTS for point in range(POINTS)})
    for number in points:
        folder = tmp_path / "killed"
        shutil.copytree(template, folder)
        faults.inject("any", "t.duckdb", "kill", number)
        ended = python(work.code, folder, **faults.environment)
        faults.heal()
        assert ended == -signal.SIGKILL
        assert finished(work, folder) == expected, f"killed at write {number + 1}"
        shutil.rmtree(folder)
    print(f"{name}: killed at {len(points)} of {writes} writes, nothing lost")


def after(work: Work, template: Path, folder: Path, faults: Faults) -> Digest:
    """What it leaves when nobody kills it."""
    shutil.copytree(template, folder)
    assert python(work.code, folder, **faults.environment) == 0
    faults.heal()
    return digest(folder / "t.duckdb")


def finished(work: Work, folder: Path) -> Digest:
    if work.finish:
        assert python(work.finish, folder) == 0
    found = digest(folder / "t.duckdb")
    kept = [path.name for path in folder.iterdir() if path.name not in MAY_STAY and ".damaged" not in path.name]
    assert kept == []
    database = Database(str(folder / "t.duckdb"))
    database.open()
    assert run(database.cursor(), "SELECT max(version) FROM schema_migration") == [(newest_version(),)]
    database.close()
    return found
