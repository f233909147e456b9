"""Where the file or its folder cannot be written the start says so in one line, and nothing is changed."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fleet import PROTOBUF, call_spans
from tests.support.server import run, running


@contextlib.contextmanager
def read_only(path: Path) -> Iterator[None]:
    """Nobody can write to it, root included."""
    for arguments in (["--bind", str(path), str(path)], ["-o", "remount,ro,bind", str(path)]):
        mounted = subprocess.run(["mount", *arguments], capture_output=True, text=True)
        if mounted.returncode != 0:
            pytest.skip(f"nothing can be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(path)], check=True)


@pytest.fixture
def folder(everything: None, tmp_path: Path) -> Path:
    """With a database that was closed well."""
    if os.getuid() != 0:
        pytest.skip("only root may mount")
    place = tmp_path / "data"
    with running(place) as server:
        assert server.post("/v1/traces", call_spans("a" * 32).payload, PROTOBUF) == (200, b"")
        assert server.terminate() == 0
    return place


def refused(folder: Path, db: str) -> str:
    line = ("serve", "--db", f"{folder}/{db}", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
    result = run(*line, cwd=folder.parent)
    assert (result.returncode, result.stdout) == (1, "")
    assert "Traceback" not in result.stderr
    (told,) = [line for line in result.stderr.splitlines() if line.startswith("tracepond: ")]
    assert f"{folder}/{db}" in told
    return told


@pytest.mark.parametrize("db", ["t.duckdb", "new.duckdb"])
def test_a_folder_that_cannot_be_written_is_named(folder: Path, db: str) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with read_only(folder):
        told = refused(folder, db)
    assert "may this user write there" in told or "may not write in its folder" in told
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_file_that_cannot_be_written_is_named(folder: Path) -> None:
    before = (folder / "t.duckdb").read_bytes()
    with read_only(folder / "t.duckdb"):
        assert "may this user write there" in refused(folder, "t.duckdb")
    assert (folder / "t.duckdb").read_bytes() == before
    with running(folder) as server:
        assert len(server.get("/api/v1/traces")["data"]) == 1
        assert server.terminate() == 0
