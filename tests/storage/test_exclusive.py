"""One process has a database, also while it opens it again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from contract.errors import Refused
from storage import exclusive
from storage.exclusive import exclusively


def in_another_process(path: Path, then: str = "") -> subprocess.CompletedProcess[str]:
    code = (
        f"import os\nfrom storage.exclusive import exclusively\nwith exclusively({str(path)!r}):\n    {then or 'pass'}"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_no_other_process_has_it_meanwhile_and_is_told_who_has(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    with exclusively(str(path)):
        assert f"{path} is in use by process {os.getpid()}: one process may open it" in in_another_process(path).stderr
        assert in_another_process(tmp_path / "y.duckdb").returncode == 0
    assert in_another_process(path).returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_by_another_path_it_is_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "x.duckdb").write_text("")
    (tmp_path / "link.duckdb").symlink_to("x.duckdb")
    with (
        exclusively(str(tmp_path / "x.duckdb")),
        pytest.raises(Refused, match="is in use by process"),
        exclusively(str(tmp_path / "link.duckdb")),
    ):
        pass


def test_a_process_that_was_killed_keeps_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    assert in_another_process(path, "os.kill(os.getpid(), 9)").returncode == -9
    assert (tmp_path / "x.duckdb.lock").exists()
    with exclusively(str(path)):
        assert (tmp_path / "x.duckdb.lock").read_text() == f"{os.getpid()}\n"


def test_what_its_holder_removed_before_it_was_locked_here_is_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next one would make and lock another file of that name."""
    hold, times = exclusive.hold, []

    def late(descriptor: int, path: str) -> None:
        if not times:
            os.unlink(tmp_path / "x.duckdb.lock")
        times.append(1)
        hold(descriptor, path)

    monkeypatch.setattr(exclusive, "hold", late)
    with exclusively(str(tmp_path / "x.duckdb")), pytest.raises(Refused), exclusively(str(tmp_path / "x.duckdb")):
        pass
    assert len(times) == 3


def test_a_lock_that_somebody_removed_is_not_removed_from_who_made_the_next_one(tmp_path: Path) -> None:
    path = str(tmp_path / "x.duckdb")
    first, second = exclusively(path), exclusively(path)
    first.__enter__()
    os.unlink(tmp_path / "x.duckdb.lock")
    second.__enter__()
    first.__exit__(None, None, None)
    with pytest.raises(Refused), exclusively(path):
        pass
    second.__exit__(None, None, None)
    with exclusively(path):
        pass


def test_a_full_disk_keeps_nobody_from_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exclusive.os, "write", full)
    path = str(tmp_path / "x.duckdb")
    with exclusively(path), pytest.raises(Refused, match="is in use: one process"), exclusively(path):
        pass


def test_a_folder_that_is_not_there_is_named_and_a_database_in_memory_needs_none(tmp_path: Path) -> None:
    with (
        pytest.raises(Refused, match=r"no/x\.duckdb\.lock cannot be made \(No such file"),
        exclusively(str(tmp_path / "no" / "x.duckdb")),
    ):
        pass
    with exclusively(":memory:"), exclusively(":memory:"):
        pass


def test_where_files_cannot_be_locked_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlockable(*_: object) -> None:
        raise OSError(exclusive.errno.ENOLCK, "No locks available")

    monkeypatch.setattr(exclusive.fcntl, "flock", unlockable)
    with exclusively(str(tmp_path / "x.duckdb")):
        pass
