"""Requests that the tables cannot hold are kept whole, or nothing happens."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from contract.translated import Translated
from storage import unstorable
from storage.database import Database
from tests.support.rows import span_row


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    database = Database(str(tmp_path / "x.duckdb"))
    database.open()
    yield database.cursor()
    database.close()


def flushed_seq(connection: duckdb.DuckDBPyConnection) -> int:
    return int(connection.execute("SELECT flushed_seq FROM store").fetchall()[0][0])


def test_a_request_comes_back_as_it_was_until_it_is_taken_out(connection: duckdb.DuckDBPyConnection) -> None:
    request = Translated([span_row("a", total_tokens=2**64 - 2)])
    unstorable.keep(connection, 7, request, "too large")
    assert flushed_seq(connection) == 7
    [(row, found)] = unstorable.kept(connection)
    assert (row[0], found.spans) == (7, request.spans)
    unstorable.take_out(connection, row)
    assert list(unstorable.kept(connection)) == []


def test_where_it_cannot_be_kept_the_tables_do_not_count_as_holding_it(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("ALTER TABLE unstorable RENAME TO elsewhere").fetchall()
    with pytest.raises(duckdb.Error):
        unstorable.keep(connection, 7, Translated([span_row("a")]), "too large")
    assert flushed_seq(connection) == 0
    connection.execute("BEGIN").fetchall()  # none is open
