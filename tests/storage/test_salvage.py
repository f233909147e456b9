"""Of a damaged file everything that can be read is in the new one, and the old one is as it was."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from contract.errors import Refused
from storage import salvage as module
from storage.database import BLOCK_BYTES, ROW_GROUP_ROWS, Database, run
from storage.exclusive import exclusively
from storage.journal import Journal, Record
from storage.salvage import HEADER_BYTES, Salvaged, salvage
from tests.support.living import Living, live
from tests.support.rows import span_row
from tests.support.stored import opened

SPANS = 10_000


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A closed file with a whole row group and a part of one."""
    path = tmp_path_factory.mktemp("salvage") / "x.duckdb"

    async def work(store: Living) -> None:
        for first in range(0, SPANS, 1000):
            numbers = range(first, first + 1000)
            await store.commit(*(span_row(f"{n}", trace_id=f"t{n // 4}", input=os.urandom(200).hex()) for n in numbers))

    live(path, work)
    return path.read_bytes()


@pytest.fixture
def path(original: bytes, tmp_path: Path) -> Path:
    (tmp_path / "x.duckdb").write_bytes(original)
    return tmp_path / "x.duckdb"


def flip(path: Path, place: int) -> None:
    with open(path, "rb+") as file:
        file.seek(place)
        (found,) = file.read(1)
        file.seek(place)
        file.write(bytes([found ^ 4]))


def span_ids(path: Path) -> list[str]:
    database = opened(str(path))
    cursor = database.cursor()
    found = [str(row[0]) for row in run(cursor, "SELECT span_id FROM span ORDER BY span_id::INT")]
    cursor.close()
    database.close()
    return found


def check_kept(path: Path, damaged: bytes, made: Salvaged) -> None:
    """The old file is there under the name that was told, and nothing else is left."""
    assert made.kept[-1] == f"{path}.damaged1"
    assert Path(made.kept[-1]).read_bytes() == damaged
    assert {file.name for file in path.parent.iterdir()} == {path.name, *(Path(name).name for name in made.kept)}


def test_of_a_file_that_can_be_read_nothing_is_changed(path: Path, original: bytes) -> None:
    made = salvage(str(path))
    assert not made.damaged
    assert made.kept == []
    assert made.rows["span"] == SPANS
    assert path.read_bytes() == original
    assert os.listdir(path.parent) == ["x.duckdb"]


def header_in_use(path: Path, used: bool) -> int:
    """The one of two headers that the last checkpoint wrote (behind its checksum stands its number), or the other."""
    data = path.read_bytes()
    numbers = {
        place: int.from_bytes(data[place + 8 : place + 16], "little") for place in (HEADER_BYTES, 2 * HEADER_BYTES)
    }
    return max(numbers, key=lambda place: numbers[place] if used else -numbers[place])


@pytest.mark.parametrize("place", [0, 9, 20, None])
def test_a_damaged_header_that_is_not_the_newest_costs_no_row(path: Path, place: int | None) -> None:
    """A checkpoint during which the machine stopped leaves such a one."""
    flip(path, place if place is not None else header_in_use(path, False) + 20)
    damaged = path.read_bytes()
    with pytest.raises(Refused, match=r"x\.duckdb (is damaged|is not a DuckDB file)"):
        Database(str(path)).open()
    (path.parent / "x.duckdb.journal0").write_bytes(journal_of(path, b"{}"))
    made = salvage(str(path))
    assert made.headers >= 1
    assert made.lost == {}
    (path.parent / "x.duckdb.journal0").unlink()
    check_kept(path, damaged, made)
    assert span_ids(path) == [str(number) for number in range(SPANS)]


def test_where_the_newest_header_is_damaged_the_one_before_is_used(path: Path) -> None:
    flip(path, header_in_use(path, True) + 20)
    damaged = path.read_bytes()
    (path.parent / "x.duckdb.journal0").write_bytes(journal_of(path, b"{}"))
    made = salvage(str(path))
    (path.parent / "x.duckdb.journal0").unlink()
    assert made.headers == 1
    check_kept(path, damaged, made)
    database = opened(str(path))
    assert run(database.cursor(), "SELECT id FROM store WHERE flushed_seq = 0") in ([], [("an-id",)])
    database.close()
    assert set(span_ids(path)) <= {str(number) for number in range(SPANS)}


def journal_of(path: Path, payload: bytes) -> bytes:
    """The first file of a journal with one record, of a database that is called `an-id`."""
    beside = path.parent / "journal"
    beside.mkdir()
    journal = Journal(str(beside / "y"), "an-id")
    journal.open()
    journal.append([Record(1, payload)], 0)
    journal.close(remove=False)
    data = (beside / "y.journal0").read_bytes()
    for file in beside.iterdir():
        file.unlink()
    beside.rmdir()
    return data


def block_with(path: Path, column: str) -> int:
    """Where in the file the first block of the column lies."""
    with duckdb.connect(str(path), read_only=True) as connection:
        sql = f"SELECT min(block_id) FROM pragma_storage_info('span') WHERE column_name = '{column}' AND block_id >= 0"
        [(block,)] = connection.execute(sql).fetchall()
    return 3 * HEADER_BYTES + int(block) * BLOCK_BYTES


def test_a_damaged_block_costs_the_rows_that_lie_in_it(path: Path) -> None:
    flip(path, block_with(path, "input") + 5000)
    damaged = path.read_bytes()
    made = salvage(str(path))
    assert 0 < made.lost["span"] <= ROW_GROUP_ROWS
    assert made.rows["span"] == SPANS - made.lost["span"]
    check_kept(path, damaged, made)
    left = span_ids(path)
    assert len(left) == made.rows["span"]
    assert set(left) <= {str(number) for number in range(SPANS)}
    database = opened(str(path))
    assert run(database.cursor(), "SELECT sum(length(input)) FROM span") == [(400 * len(left),)]
    database.close()


def with_log(path: Path) -> None:
    """Three commits that only the write-ahead log has."""
    code = (
        "import os, sys; from storage.database import Database, run; from tests.support.stored import opened\n"
        f"database = opened({str(path)!r}); cursor = database.cursor()\n"
        "for number in range(3): run(cursor, f'UPDATE store SET flushed_seq = flushed_seq + 1')\n"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(Path(__file__).parents[2])})


def cut_to_half_an_entry(log: Path) -> None:
    flip(log, log.stat().st_size - 5)


def spoil_its_head(log: Path) -> None:
    """The first entry's kind: a flipped byte of the random id behind it does not show in every file."""
    flip(log, 2)


@pytest.mark.parametrize(("harm", "left"), [(cut_to_half_an_entry, 2), (spoil_its_head, 0)])
def test_a_damaged_log_ends_before_what_cannot_be_read(path: Path, harm: Callable[[Path], None], left: int) -> None:
    before = position(path)
    with_log(path)
    log = path.parent / "x.duckdb.wal"
    harm(log)
    damaged, damaged_log = path.read_bytes(), log.read_bytes()
    with pytest.raises(Refused, match=r"x\.duckdb\.wal is damaged .*tracepond recover"):
        Database(str(path)).open()
    made = salvage(str(path))
    assert made.cut_bytes > 0
    check_kept(path, damaged, made)
    assert Path(made.kept[0]).read_bytes() == damaged_log
    assert position(path) == before + left


def position(path: Path) -> int:
    database = opened(str(path))
    [(seq,)] = run(database.cursor(), "SELECT flushed_seq FROM store")
    database.close()
    return int(str(seq))


def test_a_file_of_which_nothing_is_left_takes_what_the_journal_holds(path: Path) -> None:
    path.write_bytes(b"x" * 100_000)
    (path.parent / "x.duckdb.journal0").write_bytes(journal_of(path, b"{}"))
    made = salvage(str(path))
    assert made.damaged
    database = opened(str(path))
    assert run(database.cursor(), "SELECT id, flushed_seq FROM store") == [("an-id", 0)]
    database.close()
    assert Path(made.kept[-1]).read_bytes() == b"x" * 100_000


def test_what_is_no_database_and_has_no_journal_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("These are my notes.")
    with pytest.raises(Refused, match="nothing can be read"):
        salvage(str(tmp_path / "notes.txt"))
    assert (tmp_path / "notes.txt").read_text() == "These are my notes."
    assert os.listdir(tmp_path) == ["notes.txt"]


def test_a_file_that_another_process_has_is_refused(path: Path, original: bytes) -> None:
    hold = f"import fcntl; file = open({str(path)!r}, 'rb+'); fcntl.lockf(file, fcntl.LOCK_EX)"
    held = f"{hold}; print('held', flush=True); input()"
    process = subprocess.Popen([sys.executable, "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(Refused, match="in use by another process"):
        salvage(str(path))
    process.communicate("\n")
    assert path.read_bytes() == original


def test_without_room_for_copies_the_file_stays_as_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    flip(path, HEADER_BYTES + 20)
    damaged = path.read_bytes()
    monkeypatch.setattr(module, "copy", full)
    with pytest.raises(Refused, match="is as it was"):
        salvage(str(path))
    assert path.read_bytes() == damaged
    assert os.listdir(path.parent) == ["x.duckdb"]


def test_one_that_is_refused_leaves_the_files_of_the_one_that_works(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    opened(str(path)).close()
    working = tmp_path / f"x.duckdb{module.COPY_SUFFIX}"
    with exclusively(str(path)):
        working.write_text("of the other one")
        with pytest.raises(Refused, match="is in use"):
            salvage(str(path))
    assert working.read_text() == "of the other one"
