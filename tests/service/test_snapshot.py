"""`tracepond snapshot` of a file, and of the server that has it open (the whole way is in tests/e2e)."""

import os
from pathlib import Path

import pytest

from service import __main__ as program
from service import client
from service.config import Config
from storage.database import run
from tests.support.stored import insert, opened, span


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "x.duckdb"
    database = opened(str(path))
    insert(database, "span", span(1))
    database.close()
    return path


def test_without_a_server_the_file_is_copied_and_stays_as_it_is(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = stored.parent / "copy.duckdb"
    assert program.main(["snapshot", str(target), "--db", str(stored)]) == 0
    assert capsys.readouterr().out == f"{target}: {target.stat().st_size / 1e6:,.1f} MB\n"
    assert sorted(os.listdir(stored.parent)) == ["copy.duckdb", "x.duckdb"]
    ids = set()
    for path in (stored, target):
        database = opened(str(path))
        assert run(database.cursor(), "SELECT count(*) FROM span") == [(1,)]
        ids.add(run(database.cursor(), "SELECT id FROM store")[0])
        database.close()
    assert len(ids) == 2


def test_a_file_that_exists_is_not_replaced(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = stored.parent / "copy.duckdb"
    target.write_text("precious")
    assert program.main(["snapshot", str(target), "--db", str(stored)]) == 1
    assert "nothing is replaced" in capsys.readouterr().err
    assert target.read_text() == "precious"


def test_a_folder_that_is_not_there_is_named(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["snapshot", str(stored.parent / "no" / "copy"), "--db", str(stored)]) == 1
    assert capsys.readouterr().err.endswith("cannot be written: No such file or directory\n")


def test_where_no_file_can_be_opened_the_server_is_asked(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In another container the file may not even be visible."""
    monkeypatch.setattr(client, "fetch_snapshot", lambda _, path: Path(path).write_text("from the server"))
    target = stored.parent / "copy.duckdb"
    assert program.main(["snapshot", str(target), "--db", str(stored.parent / "elsewhere.duckdb")]) == 0
    assert target.read_text() == "from the server"


def test_a_server_that_fails_half_way_leaves_nothing(
    stored: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def half(_: Config, path: str) -> None:
        Path(path).write_text("half")
        raise client.RequestFailed("it ended after 4 of 8 bytes")

    monkeypatch.setattr(client, "fetch_snapshot", half)
    assert program.main(["snapshot", str(stored.parent / "copy"), "--db", "/nowhere/x.duckdb"]) == 1
    assert capsys.readouterr().err == "tracepond: it ended after 4 of 8 bytes\n"
    assert os.listdir(stored.parent) == ["x.duckdb"]
