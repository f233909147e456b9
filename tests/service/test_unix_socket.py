"""Unix domain sockets: whose file it is, and what stands in the way."""

import os
import socket
from pathlib import Path

import pytest

from service import unix_socket
from service.unix_socket import LONGEST_PATH_BYTES, removal, why_not


def served(path: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()
    return server


def test_a_free_path_and_a_socket_that_nobody_serves_may_be_taken(tmp_path: Path) -> None:
    path = tmp_path / "s"
    assert why_not(str(path)) is None
    served(path).close()
    assert path.exists()
    assert why_not(str(path)) is None


def test_a_socket_that_is_served_is_in_use(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with served(path):
        assert why_not(str(path)) == "is in use by another program"


def test_a_socket_that_may_be_served_counts_as_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(0)
        monkeypatch.setattr(unix_socket, "CONNECT_TIMEOUT_S", 0.05)
        with socket.socket(socket.AF_UNIX) as waiting:
            waiting.connect(str(path))
            assert why_not(str(path)) == "is in use by another program"


def test_a_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    assert "no socket" in str(why_not(str(path)))
    assert path.read_text() == "mine"


def test_where_no_file_can_be_made_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "folder does not exist" in str(why_not(str(tmp_path / "nowhere" / "s")))
    assert str(LONGEST_PATH_BYTES) in str(why_not(str(tmp_path / ("s" * 108))))
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "may not write" in str(why_not(str(tmp_path / "s")))


def test_only_the_own_file_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "s"
    first = served(path)
    remove = removal(str(path))
    os.rename(path, tmp_path / "elsewhere")
    with served(path):
        remove()
        assert path.exists()
    os.rename(tmp_path / "elsewhere", path)
    remove()
    assert not path.exists()
    remove()
    first.close()
