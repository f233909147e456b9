"""A file of every earlier schema version is brought to the newest one with all that it held.

Each version has a sample: rows of a file that the program of its time wrote (tests/support/schema_samples.py). A new
migration is not finished before its own sample lies beside the others.
"""

from pathlib import Path
from typing import Any

import pytest

from contract.reading import QUERIES
from storage import database as module
from storage.database import SCHEMA_FOLDER, Database, newest_version, run, stored_version
from storage.reader import ASKED_HERE, load_queries
from tests.support.living import Living, live
from tests.support.rows import span_row
from tests.support.schema_samples import TABLES, made, sample_path, schema_digest

VERSIONS = range(1, newest_version() + 1)
VIEWS = ("spans", "generations", "traces", "logs", "metric_points")


def contents(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Table -> rows in their order, by column."""
    cursor = database.cursor()
    found = {}
    for (table,) in run(cursor, TABLES):
        rows = cursor.execute(f"SELECT * FROM {table} ORDER BY rowid")
        names = [column[0] for column in rows.description]
        found[str(table)] = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    cursor.close()
    return found


def unmigrated(path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    with monkeypatch.context() as patched:
        patched.setattr(module, "migrate", lambda *_: None)
        database = Database(str(path))
        database.open()
        found = contents(database)
        database.close()
    return found


def without_samples() -> list[int]:
    return [version for version in range(1, newest_version() + 1) if not sample_path(version).exists()]


def test_every_schema_version_has_its_sample() -> None:
    assert without_samples() == []


def test_a_new_version_without_a_sample_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in SCHEMA_FOLDER.glob("*.sql"):
        (tmp_path / file.name).write_text(file.read_text())
    next_version = newest_version() + 1
    (tmp_path / f"{next_version:04}_more.sql").write_text("ALTER TABLE span ADD COLUMN more VARCHAR;")
    monkeypatch.setattr(module, "SCHEMA_FOLDER", tmp_path)
    assert without_samples() == [next_version]


@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_a_schema_that_files_were_made_with_is_never_edited(version: int) -> None:
    assert f"sha256 {schema_digest(version)}" in sample_path(version).read_text().partition("\n")[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_sample_shows_every_table_and_what_settling_leaves(
    version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(version, tmp_path / "x.duckdb")
    before = unmigrated(tmp_path / "x.duckdb", monkeypatch)
    assert {table for table, rows in before.items() if not rows} == set()
    assert [row["version"] for row in before["schema_migration"]] == list(range(1, version + 1))
    assert any(row["settled_from"] for row in before["span"])


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_of_that_version_is_migrated_with_every_value(
    version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the columns that both versions have; one that a migration means to change is to be named here."""
    path = tmp_path / "x.duckdb"
    made(version, path)
    before = unmigrated(path, monkeypatch)
    database = Database(str(path))
    database.open()
    cursor = database.cursor()
    assert stored_version(cursor) == newest_version()
    after = contents(database)
    for table, rows in before.items():
        kept = [{name: row[name] for name in rows[0]} for row in after[table]] if rows else []
        assert kept[: len(rows)] == rows, table
    for view in VIEWS:
        run(cursor, f"SELECT * FROM {view}")
    asked = load_queries()["get_spans"]
    for trace_id in {row["trace_id"] for row in before["span"]}:
        bound = asked.bind({"project": "default", "trace_id": trace_id, "io": "full", "limit": 100})
        assert cursor.execute(asked.sql, bound).fetchall()
    database.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_each_piece_of_the_index_of_words_has_one_row_that_stands_for_it(version: int, tmp_path: Path) -> None:
    """Programs of versions 5 to 7 wrote none where a piece had words."""
    made(version, tmp_path / "x.duckdb")
    database = Database(str(tmp_path / "x.duckdb"))
    database.open()
    pieces = "SELECT DISTINCT source, first_seq, last_seq, row_count, tile_last_seqs FROM text_words ORDER BY ALL"
    marked = (
        "SELECT source, first_seq, last_seq, row_count, tile_last_seqs FROM text_words WHERE tiles = 0 ORDER BY ALL"
    )
    cursor = database.cursor()
    assert cursor.execute(marked).fetchall() == cursor.execute(pieces).fetchall()
    cursor.close()
    database.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_of_that_version_is_written_to_as_any_other(version: int, tmp_path: Path) -> None:
    """A log record that waited, copies of spans that it has: the writer looks back at rows of that version."""
    made(version, tmp_path / "x.duckdb")

    async def work(store: Living) -> None:
        before = await store.rows("project, trace_id, span_id, start_time")
        project, trace_id, span_id, _ = before[0]
        await store.commit(span_row("new"), span_row(span_id, trace_id=trace_id, project=project))
        assert len(await store.rows()) == len(before) + 1
        assert await store.upkeep.delete_traces(project, [trace_id])

    live(tmp_path / "x.duckdb", work)


def test_queries_are_there_to_be_asked_of_a_migrated_file() -> None:
    assert set(load_queries()) == {*QUERIES, *ASKED_HERE}
