"""The position moves with the rows, and readers in the middle of something do not keep the log out of the file."""

from pathlib import Path

from contract.translated import Translated
from storage import position
from storage.commit import Committer
from storage.database import Database, run
from tests.support.rows import span_row
from translator.merge import merge_copies
from translator.settle import settle


def test_there_is_one_position_and_the_identity_stays(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "x.duckdb"))
    database.open()
    connection = database.cursor()
    [(identity, _)] = run(connection, "SELECT id, flushed_seq FROM store")
    for seq in (7, 7, 9):
        position.put(connection, seq)
        assert run(connection, "SELECT id, flushed_seq FROM store") == [(identity, seq)]
    connection.close()
    database.close()


def test_the_file_can_be_checkpointed_while_a_reader_looks_at_what_was_before(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "x.duckdb"))
    database.open()
    connection, reader = database.cursor(), database.cursor()
    run(reader, "BEGIN TRANSACTION READ ONLY")
    assert run(reader, "SELECT count(*) FROM span") == [(0,)]
    Committer(settle, merge_copies).commit(connection, [Translated([span_row("a")])], 1)
    database.checkpoint()
    assert database.wal_bytes() == 0
    assert run(reader, "SELECT count(*) FROM span") == [(0,)]
    run(reader, "ROLLBACK")
    assert run(reader, "SELECT count(*) FROM span") == [(1,)]
    for each in (connection, reader, database):
        each.close()
