"""`tracepond snapshot` of a file, and of the server that has it open (the whole way is in tests/e2e)."""

import os
from pathlib import Path

import pytest

from service import __main__ as program
from service import client, snapshot
from service.config import Config
from storage.database import run
from storage.engine_errors import open_failure
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
    assert capsys.readouterr().out == f"{target}: {target.stat().st_size / 1e6:,.1f} MB, a copy of {stored}\n"
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


def served(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server at the configured address says that this is its file."""

    def fetch(_: Config, part: str) -> str:
        Path(part).write_text("from the server")
        return path

    monkeypatch.setattr(client, "fetch_snapshot", fetch)


def test_where_the_file_is_not_there_the_server_is_asked_and_its_file_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In another container the file may not even be visible."""
    served("/data/x.duckdb", monkeypatch)
    monkeypatch.setenv("TRACEPOND_STORAGE_PATH", str(tmp_path / "elsewhere.duckdb"))
    target = tmp_path / "copy.duckdb"
    assert program.main(["snapshot", str(target)]) == 0
    assert target.read_text() == "from the server"
    assert capsys.readouterr().out.endswith(" MB, a copy of /data/x.duckdb at http://127.0.0.1:4318\n")


@pytest.mark.parametrize("text", [None, "no database"], ids=["not there", "no database"])
def test_no_other_servers_file_is_copied_for_one_that_was_named(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served("/data/x.duckdb", monkeypatch)
    path, target = tmp_path / "named.duckdb", tmp_path / "copy.duckdb"
    if text is not None:
        path.write_text(text)
    assert program.main(["snapshot", str(target), "--db", str(path)]) == 1
    assert f"{path} is no" in capsys.readouterr().err
    assert not target.exists()


@pytest.mark.parametrize("is_its_own", [True, False])
def test_of_a_file_in_use_only_its_own_server_gives_a_copy(
    is_its_own: bool, stored: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other, target = stored.parent / "other.duckdb", stored.parent / "copy.duckdb"
    other.write_text("")
    served(str(stored if is_its_own else other), monkeypatch)

    def in_use(*_: object) -> None:
        raise open_failure(str(stored), OSError("Could not set lock on file: (PID 7)"))

    monkeypatch.setattr(snapshot, "copy_closed", in_use)
    assert program.main(["snapshot", str(target), "--db", str(stored)]) == (0 if is_its_own else 1)
    assert target.exists() is is_its_own
    told = capsys.readouterr().err
    assert told == "" if is_its_own else f"{stored} is in use, but http://127.0.0.1:4318 has {other}" in told


def test_a_server_that_fails_half_way_leaves_nothing(
    stored: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def half(_: Config, path: str) -> None:
        Path(path).write_text("half")
        raise client.RequestFailed("it ended after 4 of 8 bytes")

    monkeypatch.setattr(client, "fetch_snapshot", half)
    monkeypatch.setenv("TRACEPOND_STORAGE_PATH", "/nowhere/x.duckdb")
    assert program.main(["snapshot", str(stored.parent / "copy")]) == 1
    assert capsys.readouterr().err == "tracepond: it ended after 4 of 8 bytes\n"
    assert os.listdir(stored.parent) == ["x.duckdb"]
