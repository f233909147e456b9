"""A file without its free blocks, or the old one as it was."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from contract.errors import Refused
from storage import compact as module
from storage.compact import compact
from storage.database import Database, run
from tests.support.living import Living, live
from tests.support.rows import log_row, span_row
from tests.support.stored import opened

TABLES = (
    "span",
    "log_record",
    "metric_point",
    "store",
    "unstorable",
    "text_words",
    "hour_sum",
    "summed",
    "trace_rows",
    "traced",
    "schema_migration",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed file of which most was deleted."""

    async def work(store: Living) -> None:
        await store.commit(*(span_row(f"{n}", trace_id=f"t{n // 4}", input=os.urandom(200).hex()) for n in range(8000)))
        await store.commit(logs=(log_row("7000", "d"),))
        await store.upkeep.delete_traces("default", [f"t{n}" for n in range(1500)])

    live(tmp_path / "x.duckdb", work)
    return tmp_path / "x.duckdb"


def content(path: Path) -> dict[str, list[Any]]:
    """Every table, in the order of its rows."""
    database = opened(str(path))
    try:
        return {table: run(database.cursor(), f"SELECT * FROM {table}") for table in TABLES}
    finally:
        database.close()


def files(path: Path) -> list[str]:
    return sorted(os.listdir(path.parent))


def test_the_file_is_smaller_and_holds_the_same_in_the_same_order(path: Path) -> None:
    path.chmod(0o640)
    before, size = content(path), path.stat().st_size
    done = compact(str(path))
    assert done.before_bytes == size
    assert done.after_bytes == path.stat().st_size < size / 2
    assert content(path) == before
    assert len(before["span"]) == 2000
    assert path.stat().st_mode & 0o777 == 0o640
    assert files(path) == ["x.duckdb"]


def test_the_server_writes_to_it_as_before(path: Path) -> None:
    compact(str(path))

    async def work(store: Living) -> None:
        await store.commit(span_row("new"), span_row("7000", trace_id="t1750"))
        assert len(await store.rows()) == 2001

    live(path, work)
    sql = "SELECT count(*) FROM pragma_storage_info('span') WHERE segment_type = 'VARCHAR' AND compression ILIKE 'zstd'"
    database = opened(str(path))
    assert run(database.cursor(), sql) != [(0,)]
    database.close()


def test_a_link_stays_a_link(path: Path) -> None:
    link = path.parent / "link.duckdb"
    link.symlink_to(path)
    compact(str(link))
    assert link.is_symlink()
    assert len(content(path)["span"]) == 2000


def test_what_a_killed_run_left_is_no_obstacle(path: Path) -> None:
    for name in (".compact", ".compact.wal"):
        Path(f"{path}{name}").write_text("half a file")
    compact(str(path))
    assert files(path) == ["x.duckdb"]
    assert len(content(path)["span"]) == 2000


@pytest.mark.parametrize("step", ["make_empty", "attach", "copy_rows", "put_in_place"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), duckdb.IOException("disk")])
def test_a_step_that_fails_leaves_the_old_file_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: Exception
) -> None:
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(module, step, fail)
    with pytest.raises(Refused, match="is as it was"):
        compact(str(path))
    assert path.read_bytes() == before
    assert files(path) == ["x.duckdb"]


def test_rows_that_are_missing_in_the_copy_keep_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def loses(connection: Any, statement: str) -> Any:
        if statement.startswith("INSERT"):
            statement = statement.replace('FROM old."span"', 'FROM old."span" LIMIT 1999')
        return run(connection, statement)

    monkeypatch.setattr(module, "run", loses)
    with pytest.raises(Refused, match="span: 1999 of 2000 rows"):
        compact(str(path))
    assert path.read_bytes() == before


def test_a_file_that_another_process_has_is_refused(path: Path) -> None:
    holder = (
        "import sys; from storage.database import Database; d = Database(sys.argv[1]); d.open(); "
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(Refused, match="is in use"):
            compact(str(path))
        process.communicate("")
    assert len(content(path)["span"]) == 2000


def test_nobody_can_open_the_old_file_before_the_new_one_has_its_name(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that started in between would acknowledge what is gone a moment later."""
    tried = "import sys; from storage.database import Database; Database(sys.argv[1]).open()"
    replace, refused = os.replace, []

    def look(part: str, target: str) -> None:
        done = subprocess.run([sys.executable, "-c", tried, target], capture_output=True, text=True)
        refused.append("is in use" in done.stderr)
        replace(part, target)

    monkeypatch.setattr(os, "replace", look)
    compact(str(path))
    assert refused == [True]


@pytest.mark.parametrize("left", [".wal", ".journal0", ".journal1"])
def test_a_file_that_was_not_closed_well_is_refused(path: Path, left: str) -> None:
    Path(f"{path}{left}").write_bytes(b"something acknowledged")
    with pytest.raises(Refused, match="not in the file yet"):
        compact(str(path))
    assert Database(str(path)).size_bytes() > 0
