"""The journal: what is on disk when `append` returns, and what is read back after any end."""

import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest

from storage import journal as journal_module
from storage.journal import (
    FIRST_RECORD_BYTES,
    FREE_CRC_BYTES,
    HEADER,
    HELD_CRC_BYTES,
    Journal,
    Record,
    checksum,
    released,
)

IDENTITY = "0b7c7f0e-0000-4000-8000-000000000001"


def opened(folder: Path, identity: str = IDENTITY) -> Journal:
    journal = Journal(str(folder / "x.duckdb"), identity)
    journal.open()
    return journal


def records(*seqs: int, size: int = 10) -> list[Record]:
    return [Record(seq, bytes([seq % 256]) * size) for seq in seqs]


def recovered(folder: Path, flushed_seq: int = 0, identity: str = IDENTITY) -> list[int]:
    found = Journal(str(folder / "x.duckdb"), identity).recover(flushed_seq)
    assert all(bytes(payload) == bytes([seq % 256]) * len(payload) for seq, payload in found)
    return [record.seq for record in found]


def test_what_was_appended_is_read_back_in_order_without_closing(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(records(1, 2), 0)
    journal.append(records(3), 0)
    assert recovered(tmp_path) == [1, 2, 3]
    assert recovered(tmp_path, flushed_seq=2) == [3]
    journal.close(remove=True)
    assert list(tmp_path.iterdir()) == []


def test_room_is_used_again_once_the_tables_hold_what_was_there(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for seq in range(1, 200):
        journal.append(records(seq), seq - 1)
    assert recovered(tmp_path, flushed_seq=198) == [199]
    assert (tmp_path / "x.duckdb.journal0").stat().st_size < 200
    journal.close(remove=False)


def test_two_files_take_turns_while_the_tables_lag_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "TURN_BYTES", 1000)
    journal = opened(tmp_path)
    flushed = 0
    for seq in range(1, 500):
        journal.append(records(seq, size=100), flushed)
        flushed = max(0, seq - 15)
        assert recovered(tmp_path, flushed) == list(range(flushed + 1, seq + 1))
    assert max(file.stat().st_size for file in tmp_path.iterdir()) < 5000
    journal.close(remove=False)


def test_a_file_that_grew_in_a_burst_is_cut_at_its_next_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "KEPT_BYTES", 1000)
    journal = opened(tmp_path)
    journal.append(records(1, size=5000), 0)
    journal.append(records(2), 1)
    assert (tmp_path / "x.duckdb.journal0").stat().st_size < 200
    assert recovered(tmp_path, 1) == [2]
    journal.close(remove=False)


def test_files_that_grew_are_cut_once_the_tables_hold_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "TURN_BYTES", 1000)
    journal = opened(tmp_path)
    journal.append(records(1), 0)
    assert not journal.has_grown()
    journal.append(records(2, size=5000), 0)
    assert journal.has_grown()
    journal.give_back(1)
    assert recovered(tmp_path) == [1, 2]
    journal.give_back(2)
    assert not journal.has_grown()
    assert max(file.stat().st_size for file in tmp_path.iterdir()) == FIRST_RECORD_BYTES
    journal.append(records(3), 2)
    assert recovered(tmp_path, 2) == [3]
    journal.close(remove=False)


@pytest.mark.parametrize("lost_bytes", range(1, HEADER.size * 2 + 20))
def test_a_record_cut_anywhere_is_left_out_and_those_before_it_are_whole(tmp_path: Path, lost_bytes: int) -> None:
    journal = opened(tmp_path)
    journal.append(records(1, 2, size=30), 0)
    journal.close(remove=False)
    file = tmp_path / "x.duckdb.journal0"
    end = file.stat().st_size
    file.write_bytes(file.read_bytes()[: end - lost_bytes])
    assert recovered(tmp_path) == ([1, 2] if lost_bytes <= HEADER.size else [1])


def test_a_flipped_bit_loses_its_own_record_only_and_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal = opened(tmp_path)
    journal.append(records(1, 2, 3, size=30), 0)
    journal.close(remove=False)
    file = tmp_path / "x.duckdb.journal0"
    data = bytearray(file.read_bytes())
    data[FIRST_RECORD_BYTES + HEADER.size + 30 + HEADER.size + 5] ^= 4
    file.write_bytes(data)
    with caplog.at_level(logging.INFO):
        assert recovered(tmp_path) == [1, 3]
    assert "acknowledged requests 2 to 2 are neither in" in caplog.text


def damage(path: Path, place: int, change: bytes) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:place] + change + data[place + len(change) :])


RECORD_BYTES = HEADER.size + 30


@pytest.mark.parametrize(
    ("place", "change", "left"),
    [
        (FIRST_RECORD_BYTES, b"\xff", [2, 3, 4, 5]),  # a length says where the next record is
        (FIRST_RECORD_BYTES + RECORD_BYTES, b"\xff\xff\xff\xff", [1, 3, 4, 5]),
        (FIRST_RECORD_BYTES + RECORD_BYTES + 8, b"\xff", [1, 3, 4, 5]),
        (FIRST_RECORD_BYTES + RECORD_BYTES, bytes(2 * RECORD_BYTES), [1, 4, 5]),
        (FIRST_RECORD_BYTES + 5, b"\xff" * (3 * RECORD_BYTES), [5]),
    ],
)
def test_what_is_behind_a_damaged_place_is_found_and_the_file_is_kept(
    tmp_path: Path, place: int, change: bytes, left: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    journal = opened(tmp_path)
    journal.append(records(*range(1, 6), size=30), 0)
    journal.close(remove=False)
    file = tmp_path / "x.duckdb.journal0"
    damage(file, place, change)
    damaged = file.read_bytes()
    journal = Journal(str(tmp_path / "x.duckdb"), IDENTITY)
    assert [record.seq for record in journal.recover(0)] == left
    assert "acknowledged requests" in caplog.text
    journal.open()
    assert (tmp_path / "x.duckdb.journal0.damaged1").read_bytes() == damaged
    journal.append(records(6), 5)
    journal.close(remove=False)
    assert recovered(tmp_path, 5) == [6]


def test_tables_that_are_older_than_the_journal_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A write-ahead log that was deleted or cut: DuckDB opens the file as if nothing were missing."""
    journal = opened(tmp_path)
    journal.append(records(1, 2), 0)
    journal.append(records(3), 2)
    journal.close(remove=False)
    assert recovered(tmp_path, flushed_seq=2) == [3]
    assert caplog.text == ""
    assert recovered(tmp_path, flushed_seq=1) == [3]
    assert "acknowledged requests 2 to 2 are neither in" in caplog.text
    assert not (tmp_path / "x.duckdb.journal0.damaged1").exists()


def test_a_long_stretch_of_zeros_is_passed_over_at_once(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(records(1, 2), 0)
    journal.close(remove=False)
    with open(tmp_path / "x.duckdb.journal0", "r+b") as file:
        file.truncate(1 << 20)
    looked_at = []
    with pytest.MonkeyPatch.context() as patched:
        whole = journal_module.record_at
        patched.setattr(journal_module, "record_at", lambda *told: (looked_at.append(told), whole(*told))[1])
        assert recovered(tmp_path) == [1, 2]
    assert len(looked_at) < 10


def test_a_last_record_that_is_not_whole_is_left_out_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal = opened(tmp_path)
    journal.append(records(1, 2, size=30), 0)
    journal.close(remove=False)
    file = tmp_path / "x.duckdb.journal0"
    file.write_bytes(file.read_bytes()[: -HEADER.size - 5])
    with caplog.at_level(logging.INFO):
        assert recovered(tmp_path) == [1]
    assert "is not whole" in caplog.text
    assert "is lost" not in caplog.text


def test_the_rest_of_an_earlier_turn_is_not_taken_for_new_records(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(records(*range(1, 20)), 0)
    journal.append(records(20), 19)
    assert recovered(tmp_path) == [20]
    journal.close(remove=False)


def test_the_journal_of_another_database_is_moved_aside_and_kept(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(records(1), 0)
    journal.close(remove=False)
    assert recovered(tmp_path, identity="0b7c7f0e-0000-4000-8000-000000000002") == []
    assert (tmp_path / "x.duckdb.journal0.foreign1").exists()


def test_the_journals_of_several_other_databases_are_all_kept(tmp_path: Path) -> None:
    for seq in (1, 2, 3):
        journal = opened(tmp_path, identity=f"0b7c7f0e-0000-4000-8000-00000000000{seq}")
        journal.append(records(seq), 0)
        journal.close(remove=False)
        assert recovered(tmp_path, identity="0b7c7f0e-0000-4000-8000-000000000009") == []
    kept = [Path(f"{tmp_path}/x.duckdb.journal0.foreign{number}").read_bytes() for number in (1, 2, 3)]
    assert [data.rstrip(b"\0")[-10:] for data in kept] == [bytes([seq]) * 10 for seq in (1, 2, 3)]


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert recovered(tmp_path) == []
    (tmp_path / "x.duckdb.journal0").write_bytes(b"")
    assert recovered(tmp_path) == []


def delete(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [delete, cut])
def test_what_is_appended_after_somebody_took_the_file_away_is_found(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    journal = opened(tmp_path)
    journal.append(records(1, 2), 0)
    harm(tmp_path / "x.duckdb.journal0")
    journal.append(records(3, size=100), 0)
    journal.append(records(4), 0)
    assert recovered(tmp_path) == [3, 4]
    journal.close(remove=True)
    assert list(tmp_path.iterdir()) == []


def test_a_group_of_many_requests_is_whole_though_the_system_takes_it_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.pwritev

    def a_little(fd: int, parts: list[memoryview], offset: int, flags: int) -> int:
        return whole(fd, [parts[0][:7]], offset, flags)

    journal = opened(tmp_path)
    journal.append(records(*range(1, 1500)), 0)
    monkeypatch.setattr(journal_module.os, "pwritev", a_little)
    journal.append(records(*range(1500, 1510)), 0)
    monkeypatch.undo()
    journal.close(remove=False)
    assert recovered(tmp_path) == list(range(1, 1510))


def test_where_writing_cannot_sync_the_file_is_synced_in_another_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    write, sync = os.pwritev, os.fdatasync

    def refusing_flags(fd: int, parts: list[bytes], offset: int, flags: int) -> int:
        calls.append(f"write {flags}")
        if flags:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        return write(fd, parts, offset)

    def counted_sync(fd: int) -> None:
        calls.append("sync")
        sync(fd)

    monkeypatch.setattr(journal_module.os, "pwritev", refusing_flags)
    monkeypatch.setattr(journal_module.os, "fdatasync", counted_sync)
    journal = opened(tmp_path)
    calls.clear()
    journal.append(records(1, 2), 0)
    assert calls == ["write 0", "sync"]
    monkeypatch.undo()
    journal.close(remove=False)
    assert recovered(tmp_path) == [1, 2]


def test_one_call_writes_and_syncs_where_the_system_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    write = os.pwritev

    def counted(fd: int, parts: list[bytes], offset: int, flags: int) -> int:
        calls.append(flags)
        return write(fd, parts, offset, flags)

    journal = opened(tmp_path)
    monkeypatch.setattr(journal_module.os, "pwritev", counted)
    monkeypatch.delattr(journal_module.os, "fdatasync")
    journal.append(records(1, 2), 0)
    assert calls == [os.RWF_DSYNC]
    journal.close(remove=True)


@pytest.mark.parametrize("size", [0, 1, HELD_CRC_BYTES, HELD_CRC_BYTES + 1, 100_000, FREE_CRC_BYTES + 1])
def test_a_checksum_is_that_of_all_bytes_however_it_is_taken(size: int) -> None:
    payload = os.urandom(size)
    assert checksum(b"id", 7, payload) == crc32(b"id" + (7).to_bytes(8, "little") + payload)


def test_records_are_let_go_as_they_are_taken() -> None:
    found = records(1, 2, 3)
    assert [(record.seq, len(found)) for record in released(found)] == [(1, 2), (2, 1), (3, 0)]
