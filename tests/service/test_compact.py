"""`tracepond compact` on a file."""

import os
from pathlib import Path

import pytest

from service import __main__ as program
from service.compact import report
from storage.compact import Compacted
from storage.database import run
from tests.support.living import Living, live
from tests.support.rows import span_row
from tests.support.stored import opened


def test_the_command_gives_space_back_and_says_how_much(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.duckdb"

    async def work(store: Living) -> None:
        await store.commit(*(span_row(f"{n}", trace_id=f"t{n}", input=os.urandom(300).hex()) for n in range(5000)))
        await store.upkeep.delete_traces("default", [f"t{n}" for n in range(4000)])

    live(path, work)
    before = path.stat().st_size
    assert program.main(["compact", "--db", str(path)]) == 0
    after = path.stat().st_size
    assert after < before
    assert capsys.readouterr().out == f"{before / 1e6:,.1f} MB before, {after / 1e6:,.1f} MB now\n"
    database = opened(str(path))
    assert run(database.cursor(), "SELECT count(*) FROM span") == [(1000,)]
    database.close()


def test_without_a_file_it_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["compact", "--db", str(tmp_path / "x")]) == 1
    assert "is no file" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


def test_sizes_are_told_in_megabytes() -> None:
    assert report(Compacted(2_500_000_000, 40_000)) == "2,500.0 MB before, 0.0 MB now"
