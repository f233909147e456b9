"""The file for commands that work on it while no server does."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from contract.errors import Refused, Unavailable
from contract.translated import Translated
from service.config import Config, load
from service.offline import opened
from storage.database import Database, run
from storage.writer import Writer
from tests.support.rows import span_row
from translator.merge import merge_copies
from translator.settle import settle


def configured(path: Path, more: str = "") -> Config:
    return load(f"storage: {{path: {path}{more}}}", "c.yaml", {}, {})


def test_what_a_killed_server_had_acknowledged_is_there_and_the_file_is_closed_well(tmp_path: Path) -> None:
    left = tmp_path / "left"

    async def acknowledge() -> None:
        database = Database(str(tmp_path / "x.duckdb"))
        database.open()
        writer = Writer(database, settle, merge_copies)
        writer.start()
        await writer.commit(Translated([span_row("a")]))
        shutil.copytree(tmp_path, left)  # what a kill would leave on the disk
        await writer.stop()
        database.close()

    asyncio.run(acknowledge())
    assert (left / "x.duckdb.journal0").exists()
    with opened(configured(left / "x.duckdb")) as database:
        assert run(database.cursor(), "SELECT span_id FROM span") == [("a",)]
    assert os.listdir(left) == ["x.duckdb"]


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is no file; name the database with --db"), opened(configured(tmp_path / "x")):
        pass
    assert os.listdir(tmp_path) == []


def test_a_journal_that_cannot_be_opened_is_told_with_the_name_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    database = Database(str(path))
    database.open()
    database.close()
    (tmp_path / "x.duckdb.journal0").mkdir()
    with pytest.raises(Unavailable, match=f"^{path}: its journal cannot be opened"), opened(configured(path)):
        pass
