"""The file: opened, migrated or refused, checkpointed, closed."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from contract.columns import LOG_COLUMNS, METRIC_COLUMNS, SCORE_COLUMNS, SPAN_COLUMNS, Column
from contract.errors import Refused, Unavailable
from storage import database as database_module
from storage.database import (
    BLOCK_BYTES,
    ROW_GROUP_ROWS,
    Database,
    begin,
    migrations,
    newest_version,
    roll_back,
    run,
)
from tests.support.stored import insert, opened, span

SQL_TYPES = {
    "text": "VARCHAR",
    "json": "VARCHAR",
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "time": "TIMESTAMP_NS",
}
HOLD = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def change(path: Path, statement: str) -> None:
    """Something done to the file while tracepond does not run."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(statement).fetchall()


def made(path: Path) -> Path:
    opened(str(path)).close()
    return path


@pytest.mark.parametrize(
    ("table", "columns"),
    [("span", SPAN_COLUMNS), ("log_record", LOG_COLUMNS), ("metric_point", METRIC_COLUMNS), ("score", SCORE_COLUMNS)],
)
def test_the_schema_has_the_columns_of_the_contract_in_their_order(table: str, columns: tuple[Column, ...]) -> None:
    """Rows are inserted by place: two columns swapped here would swap their values."""
    database = opened()
    described = run(database.cursor(), f"SELECT name, type FROM pragma_table_info('{table}')")
    assert described == [(column.name, SQL_TYPES[column.type]) for column in columns]
    database.close()


def test_a_new_file_is_at_the_newest_version_and_keeps_it_when_opened_again(tmp_path: Path) -> None:
    path = made(tmp_path / "x.duckdb")
    database = opened(str(path))
    versions = run(database.cursor(), "SELECT version FROM schema_migration ORDER BY version")
    assert versions == [(number,) for number, _ in migrations()]
    assert versions[-1] == (newest_version(),) == (database.schema_version(),)
    database.close()


def test_a_file_of_a_newer_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = made(tmp_path / "x.duckdb")
    change(path, "INSERT INTO schema_migration VALUES (99, now()::TIMESTAMP)")
    before = path.read_bytes()
    with pytest.raises(Refused, match=rf"newer tracepond \(schema 99, this program knows {newest_version()}\).*--db"):
        opened(str(path))
    assert path.read_bytes() == before


def test_a_file_with_tables_of_others_is_refused_and_gets_none_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    change(path, "CREATE TABLE mine (a INTEGER)")
    with pytest.raises(Refused, match="no tracepond database"):
        opened(str(path))
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("mine",)]


LATER = newest_version() + 1


def migrated_to(monkeypatch: pytest.MonkeyPatch, second: str) -> None:
    steps = [*migrations(), (LATER, second)]
    monkeypatch.setattr(database_module, "migrations", lambda: steps)


def test_a_new_file_is_there_at_once_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB makes one in three pieces; it was once in the way for ever where a process died in between."""
    seen = []
    whole = os.link

    def link(part: str, path: str) -> None:
        seen.append((os.path.exists(path), os.path.getsize(part)))
        whole(part, path)

    monkeypatch.setattr(os, "link", link)
    made(tmp_path / "x.duckdb")
    assert seen == [(False, 3 * 4096)]
    assert [path.name for path in tmp_path.iterdir()] == ["x.duckdb"]


def test_where_files_cannot_have_two_names_duckdb_makes_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    path = made(tmp_path / "x.duckdb")
    assert [path.name for path in tmp_path.iterdir()] == ["x.duckdb"]
    database = opened(str(path))
    assert database.schema_version() == newest_version()
    database.close()


def test_a_later_migration_is_applied_once_to_a_file_that_holds_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.duckdb"
    database = opened(str(path))
    insert(database, "span", span(1))
    database.close()
    migrated_to(monkeypatch, "ALTER TABLE span ADD COLUMN note VARCHAR; UPDATE span SET note = 'new';")
    for _ in range(2):
        database = opened(str(path))
        assert run(database.cursor(), "SELECT note FROM span") == [("new",)]
        assert run(database.cursor(), "SELECT max(version), count(*) FROM schema_migration") == [(LATER, LATER)]
        database.close()


def test_a_migration_that_fails_half_way_leaves_the_file_at_the_version_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(tmp_path / "x.duckdb")
    with monkeypatch.context() as patch:
        migrated_to(patch, "CREATE TABLE half (a INTEGER); SELECT * FROM nowhere;")
        with pytest.raises(Refused, match="nowhere does not exist"):
            opened(str(path))
    database = opened(str(path))
    assert run(database.cursor(), "SELECT max(version) FROM schema_migration") == [(newest_version(),)]
    assert run(database.cursor(), "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'half'") == [(0,)]
    database.close()


def test_a_file_that_another_process_holds_is_refused_naming_the_process(tmp_path: Path) -> None:
    path = made(tmp_path / "x.duckdb")
    spilled = tmp_path / "x.duckdb.tmp/duckdb_temp_block-7.block"
    spilled.parent.mkdir()
    spilled.touch()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Refused, match=f"in use by process {holder.pid}.*--db"):
            opened(str(path))
        assert spilled.exists()
        holder.communicate()
    opened(str(path)).close()


def write_text(path: Path) -> None:
    path.write_text("These are my notes.\n" * 1000)


def make_a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (write_text, "is not a DuckDB file"),
        (make_a_folder, "is a folder. Name a file with --db"),
        (Path.touch, "is empty, and no database: delete it"),
    ],
)
def test_what_is_no_database_is_refused_with_a_cure_and_not_touched(
    tmp_path: Path, prepare: Callable[[Path], None], message: str
) -> None:
    path = tmp_path / "x.duckdb"
    prepare(path)
    with pytest.raises(Refused, match=message) as raised:
        opened(str(path))
    assert str(path) in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
    assert path.is_dir() or path.read_text() in ("", "These are my notes.\n" * 1000)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"nowhere/x\.duckdb cannot be opened: .*Does its folder exist"):
        opened(str(tmp_path / "nowhere/x.duckdb"))


def test_a_checkpoint_empties_the_log_into_the_file(tmp_path: Path) -> None:
    database = opened(str(tmp_path / "x.duckdb"))
    database.checkpoint()
    insert(database, "span", *(span(number, input="x" * 50_000) for number in range(20)))
    before = database.size_bytes()
    assert database.wal_bytes() > 0
    database.checkpoint()
    assert database.wal_bytes() == 0
    assert database.size_bytes() > before
    database.close()


def test_the_log_stays_until_it_is_asked_for(tmp_path: Path) -> None:
    """DuckDB would checkpoint at 16 MB by itself, inside a COMMIT and with no look at the free space."""
    database = opened(str(tmp_path / "x.duckdb"))
    run(database.cursor(), "CREATE TABLE t (a VARCHAR)")
    for _ in range(20):
        run(database.cursor(), "INSERT INTO t SELECT repeat(hash(range)::VARCHAR, 20) FROM range(2500)")
    assert database.wal_bytes() > 17 << 20
    database.close()


def test_the_file_is_made_of_small_blocks_and_row_groups(tmp_path: Path) -> None:
    database = opened(str(tmp_path / "x.duckdb"))
    insert(database, "span", span(1))
    database.checkpoint()
    cursor = database.cursor()
    assert run(cursor, "SELECT block_size FROM pragma_database_size() WHERE database_name = 'pond'") == [(BLOCK_BYTES,)]
    run(cursor, f"CREATE TABLE t AS SELECT range AS a FROM range({2 * ROW_GROUP_ROWS})")
    groups = run(cursor, "SELECT count(DISTINCT row_group_id) FROM pragma_storage_info('t')")
    assert groups == [(2,)]
    database.close()


def test_a_closed_database_gives_no_connection_and_can_be_opened_again(tmp_path: Path) -> None:
    database = opened(str(tmp_path / "x.duckdb"))
    insert(database, "span", span(1))
    database.close()
    database.close()
    with pytest.raises(Unavailable, match="closed"):
        database.cursor()
    database.open()
    assert run(database.cursor(), "SELECT count(*) FROM span") == [(1,)]
    database.close()


ENDLESS_SQL = "SELECT count(*) FROM range(1000000000000) AS numbers(number) WHERE number % 7 = 3"


def wait_until_busy(thread: threading.Thread) -> None:
    """It has worked for longer than anything takes but the question that never ends."""
    assert thread.ident is not None
    clock = time.pthread_getcpuclockid(thread.ident)
    while time.clock_gettime(clock) < 0.2:
        thread.join(0.01)
        assert thread.is_alive()


def test_a_file_that_is_being_asked_is_closed_and_can_be_opened_again(tmp_path: Path) -> None:
    database = opened(str(tmp_path / "x.duckdb"))
    insert(database, "span", span(1))
    cursor, ended = database.cursor(), []

    def ask() -> None:
        try:
            run(cursor, ENDLESS_SQL)
        except duckdb.Error as error:
            ended.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    wait_until_busy(asking)
    database.close()
    asking.join(10)
    assert [type(error) for error in ended] == [duckdb.InterruptException]
    database.open()
    assert run(database.cursor(), "SELECT count(*) FROM span") == [(1,)]
    database.close()


def test_a_file_is_not_opened_again_before_the_last_question_to_it_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    database, is_busy = opened(str(tmp_path / "x.duckdb")), True
    root = database._root
    assert root is not None

    class Busy:
        def close(self) -> None:
            if is_busy:
                raise duckdb.ResourceInUseException("connection is busy with another call")
            root.close()

    monkeypatch.setattr(database_module, "CLOSING_S", 0.05)
    monkeypatch.setattr(database, "_root", Busy())
    database.close()
    assert "cannot be closed" in caplog.text
    for give in (database.open, database.cursor):
        with pytest.raises(Unavailable):
            give()
    is_busy = False
    database.open()
    assert run(database.cursor(), "SELECT count(*) FROM span") == [(0,)]
    database.close()


def test_in_memory_nothing_lies_on_disk_and_space_is_no_worry() -> None:
    database = opened()
    assert database.in_memory
    assert database.size_bytes() == database.wal_bytes() == 0
    assert database.free_bytes() > 1 << 50
    database.close()


def test_sql_cannot_reach_other_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\n1,2\n")
    database = opened(str(tmp_path / "x.duckdb"))
    with pytest.raises(duckdb.PermissionException):
        run(database.cursor(), f"SELECT * FROM '{secret}'")
    database.close()


def test_memory_and_threads_are_as_asked() -> None:
    database = Database(":memory:", memory_limit_bytes=100 << 20, threads=3)
    database.open()
    asked = "SELECT current_setting('threads'), current_setting('memory_limit')"
    assert run(database.cursor(), asked) == [(3, "76.0 MiB")], "the rest is for the end of transactions"
    database.close()


def test_what_a_killed_process_had_spilled_is_gone_and_files_of_others_stay(tmp_path: Path) -> None:
    path, spilled = tmp_path / "x.duckdb", tmp_path / "x.duckdb.tmp"
    spilled.mkdir()
    (spilled / "duckdb_temp_storage_S64K-0.tmp").write_bytes(b"x" * 100)
    (spilled / "duckdb_temp_block-7.block").touch()
    (spilled / "notes.txt").touch()
    made(path)
    assert [file.name for file in spilled.iterdir()] == ["notes.txt"]
    (spilled / "notes.txt").unlink()
    made(path)
    assert not spilled.exists()


def test_a_transaction_begins_where_the_one_before_was_not_ended(tmp_path: Path) -> None:
    """A ROLLBACK needs memory too: where it failed, every later statement did, until the server was started again."""
    database = Database(str(tmp_path / "x.duckdb"))
    database.open()
    connection = database.cursor()
    begin(connection)
    run(connection, "CREATE TABLE numbers (number INTEGER PRIMARY KEY)")
    run(connection, "INSERT INTO numbers VALUES (1)")
    with pytest.raises(duckdb.ConstraintException):
        run(connection, "INSERT INTO numbers VALUES (1)")
    with pytest.raises(duckdb.TransactionException, match="aborted"):
        run(connection, "SELECT 1")
    begin(connection, "BEGIN TRANSACTION READ ONLY")
    assert run(connection, "SELECT 1") == [(1,)]
    with pytest.raises(duckdb.CatalogException):
        run(connection, "SELECT * FROM numbers")
    roll_back(connection)
    begin(connection)
    run(connection, "CREATE TABLE numbers (number INTEGER)")
    begin(connection)
    with pytest.raises(duckdb.CatalogException):
        run(connection, "SELECT * FROM numbers")
    roll_back(connection)
    database.close()
