"""Rows to columns and back."""

from typing import Any

import duckdb
import pytest

from contract.columns import EMPTY_LOG, EMPTY_METRIC, EMPTY_SPAN, Column, Row, S
from storage.columns import STAGE, TABLES, insert, select_list, stage
from storage.database import Database

VALUES: dict[str, tuple[Any, Any]] = {
    "text": ("", "ä🙂\n'\"\0 end"),
    "json": ('{"a":[1,2.5,null]}', "[]"),
    "int": (2**63 - 1, -(2**63)),
    "float": (0.1, -1e308),
    "bool": (True, False),
    "time": (1_790_000_000_123_456_789, 0),
}
"""Two values of each type that a careless way would change."""


def filled(table: str, which: int) -> Row:
    return [VALUES[column.type][which] for column in TABLES[table]]


def stored(database: Database, table: str) -> list[Row]:
    sql = f"SELECT {select_list(TABLES[table])} FROM {table} t ORDER BY rowid"
    return [list(row) for row in database.cursor().execute(sql).fetchall()]


@pytest.mark.parametrize("table", TABLES)
def test_every_column_comes_back_as_it_went_in(database: Database, table: str) -> None:
    empty: Row = [None] * len(TABLES[table])
    rows = [filled(table, 0), empty, filled(table, 1)]
    insert(database.cursor(), table, rows)
    assert stored(database, table) == rows
    assert [type(value) for value in stored(database, table)[0]] == [type(value) for value in rows[0]]


@pytest.mark.parametrize(
    ("table", "empty"), [("span", EMPTY_SPAN), ("log_record", EMPTY_LOG), ("metric_point", EMPTY_METRIC)]
)
def test_columns_without_any_value_are_null_whatever_was_inserted_before(
    database: Database, table: str, empty: Row
) -> None:
    """Arrays of nulls are kept from one insert to the next of the same height."""
    cursor = database.cursor()
    insert(cursor, table, [filled(table, 0)] * 2)
    insert(cursor, table, [empty] * 2)
    insert(cursor, table, [filled(table, 1)] * 2)
    assert stored(database, table) == [filled(table, 0)] * 2 + [empty] * 2 + [filled(table, 1)] * 2


def test_no_rows_are_no_statement(database: Database) -> None:
    insert(database.cursor(), "span", [])
    assert stored(database, "span") == []


def test_inserted_rows_belong_to_the_open_transaction(database: Database) -> None:
    cursor = database.cursor()
    cursor.execute("BEGIN").fetchall()
    insert(cursor, "span", [filled("span", 0)])
    assert stored(database, "span") == []
    cursor.execute("ROLLBACK").fetchall()
    assert stored(database, "span") == []


def test_a_value_of_the_wrong_type_is_an_error_and_no_row(database: Database) -> None:
    row = filled("span", 0)
    row[S.input_tokens] = "many"
    with pytest.raises((TypeError, ValueError)):
        insert(database.cursor(), "span", [row])
    assert stored(database, "span") == []


def test_a_stage_is_seen_by_its_statement_only(database: Database) -> None:
    cursor = database.cursor()
    columns = [(Column("a", "int"), [1, None]), (Column("b", "text"), ["x", "y"])]
    assert stage(cursor, columns, f"SELECT b, a FROM {STAGE} ORDER BY b") == [("x", 1), ("y", None)]
    with pytest.raises(duckdb.CatalogException):
        cursor.execute(f"SELECT * FROM {STAGE}").fetchall()


def test_a_stage_goes_away_when_its_statement_fails(database: Database) -> None:
    cursor = database.cursor()
    columns = [(Column("a", "int"), [1])]
    with pytest.raises(duckdb.Error):
        stage(cursor, columns, "SELECT nothing FROM stage")
    assert stage(cursor, columns, "SELECT a FROM stage") == [(1,)]


def test_a_stage_that_fails_inside_a_transaction_says_why(database: Database) -> None:
    """DuckDB refuses everything after the failure; that refusal must not take the place of the reason."""
    cursor = database.cursor()
    cursor.execute("BEGIN").fetchall()
    columns = [(Column("a", "int"), [2**63 - 1])]
    with pytest.raises(duckdb.ConversionException):
        stage(cursor, columns, f"SELECT make_timestamp_ns(a) FROM {STAGE}")
    cursor.execute("ROLLBACK").fetchall()
    assert stage(cursor, columns, f"SELECT a FROM {STAGE}") == [(2**63 - 1,)]
