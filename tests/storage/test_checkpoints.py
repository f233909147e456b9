"""The log goes into the file where there is room for it, and only there."""

import logging
import os
import subprocess
from base64 import b85encode
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from contract.translated import Translated
from storage.checkpoints import SPARE_BYTES, VACUUM_BYTES, Checkpoints
from storage.commit import Committer
from storage.database import Database, run
from tests.support.rows import span_row
from translator.merge import merge_copies
from translator.settle import settle

MIB = 1 << 20


class Short(Database):
    """A file on a disk with so much free space."""

    free = 0
    vacuumed: bool | None = None

    def free_bytes(self) -> int:
        return self.free

    def checkpoint(self, *, vacuum: bool = True) -> None:
        self.vacuumed = vacuum
        super().checkpoint(vacuum=vacuum)


def write(database: Database, requests: int, first: int = 0) -> None:
    """Spans with texts that nothing compresses, in groups that go to the log."""
    connection, committer = database.cursor(), Committer(settle, merge_copies)
    for seq in range(first + 1, first + requests + 1):
        rows = [span_row(f"{seq}-{place}", input=b85encode(os.urandom(2400)).decode()) for place in range(200)]
        committer.commit(connection, [Translated(rows)], seq)
    connection.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Short]:
    made = Short(str(tmp_path / "x.duckdb"))
    made.open()
    yield made
    made.close()


def test_a_log_is_due_from_its_size_on_unless_the_file_is_held(database: Short) -> None:
    write(database, 1)
    checkpoints = Checkpoints(database)
    assert checkpoints.due(1000)
    assert not checkpoints.due(1 << 30)
    checkpoints.held = True
    assert not checkpoints.due(1000)


@pytest.mark.parametrize(("spare_bytes", "vacuumed"), [(SPARE_BYTES, False), (300 * MIB, True)])
def test_less_than_twice_the_log_is_enough_and_then_row_groups_are_not_merged(
    database: Short, spare_bytes: int, vacuumed: bool
) -> None:
    write(database, 5)
    wal = database.wal_bytes()
    database.free = wal + spare_bytes
    assert (spare_bytes >= wal + VACUUM_BYTES) == vacuumed
    assert Checkpoints(database).run()
    assert (database.vacuumed, database.wal_bytes()) == (vacuumed, 0)


def test_without_room_it_waits_says_why_once_and_goes_on_when_there_is_room_again(
    database: Short, caplog: pytest.LogCaptureFixture
) -> None:
    write(database, 2)
    checkpoints = Checkpoints(database)
    database.free = MIB
    with caplog.at_level(logging.WARNING):
        assert [checkpoints.run(), checkpoints.run()] == [False, False]
    assert len(caplog.records) == 1
    assert database.vacuumed is None
    assert str(checkpoints.waits).endswith("it needs 9 MiB of free space, there are 1")
    database.free = 100 * MIB
    assert checkpoints.run()
    assert checkpoints.waits is None
    assert database.wal_bytes() == 0


def test_free_blocks_of_the_file_count_as_room(database: Short) -> None:
    database.free = 1 << 40
    write(database, 45)
    run(database.cursor(), "CHECKPOINT pond")
    run(database.cursor(), "DELETE FROM span")
    run(database.cursor(), "CHECKPOINT pond")
    assert database.reusable_bytes() > 15 * MIB
    write(database, 2, first=45)
    database.free = 0
    size = database.size_bytes()
    assert Checkpoints(database).run()
    assert database.size_bytes() <= size


def test_what_speaks_against_it_for_a_moment_is_no_reason_to_wait_for(
    database: Short, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise duckdb.TransactionException("Cannot CHECKPOINT: there are other write transactions active")

    database.free = 1 << 40
    checkpoints = Checkpoints(database)
    monkeypatch.setattr(Database, "checkpoint", busy)
    assert not checkpoints.run()
    assert checkpoints.waits is None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.getuid() != 0:
        pytest.skip("only root may mount a file system of 48 MB")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(place)], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_on_a_disk_that_is_nearly_full_the_log_goes_into_the_file_or_waits_and_the_engine_lives(
    small_disk: Path,
) -> None:
    database = Database(str(small_disk / "x.duckdb"))
    database.open()
    checkpoints = Checkpoints(database)
    write(database, 20)
    wal, ballast = database.wal_bytes(), small_disk / "ballast"
    ballast.write_bytes(bytes(database.free_bytes() - wal - SPARE_BYTES - MIB))
    assert checkpoints.run()  # with less free space than twice the log
    ballast.write_bytes(b"")
    write(database, 10, first=20)
    ballast.write_bytes(bytes(database.free_bytes() - 2 * MIB))
    assert not checkpoints.run()
    assert checkpoints.waits
    assert run(database.cursor(), "SELECT count(*) FROM span") == [(6000,)]
    ballast.unlink()
    assert checkpoints.run()
    database.close()


def test_a_checkpoint_that_a_reader_puts_off_is_told_of_only_when_the_log_has_doubled(
    database: Short, caplog: pytest.LogCaptureFixture
) -> None:
    database.free = 1 << 40
    write(database, 2)
    checkpoints, reader = Checkpoints(database), database.cursor()
    run(reader, "BEGIN TRANSACTION READ ONLY")
    run(reader, "SELECT count(*) FROM span")
    writer = database.cursor()
    run(writer, "UPDATE span SET kind = 'tool' WHERE span_id = '1-0'")
    assert [checkpoints.run(), checkpoints.run()] == [False, False]
    assert caplog.messages == []
    write(database, 3, first=2)
    run(writer, "UPDATE span SET kind = 'tool' WHERE span_id = '3-0'")
    assert [checkpoints.run(), checkpoints.run()] == [False, False]
    assert len(caplog.messages) == 1
    run(reader, "ROLLBACK")
    assert checkpoints.run()
    assert database.wal_bytes() == 0
    reader.close()
    writer.close()
