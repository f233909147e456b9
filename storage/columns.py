"""Rows (lists of Python values) to columns that DuckDB reads without a copy per value, and the INSERT for them.

Arrow through arro3-core: 3 µs a row where the appender takes 8, and nothing is written twice (docs/adr/0003); half of
that where `storage/_arrow.pyx` makes the columns. Without it the arrays of columns that are null in every row are kept
from commit to commit: most commits fill half of the columns.
"""

import contextlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import arro3.core as arrow
import duckdb

from contract.columns import LOG_COLUMNS, METRIC_COLUMNS, SCORE_COLUMNS, SPAN_COLUMNS, Column, Row
from storage.compiled import COLUMNAR

ARROW_TYPES = {
    "text": arrow.DataType.utf8(),
    "json": arrow.DataType.utf8(),
    "int": arrow.DataType.int64(),
    "time": arrow.DataType.int64(),
    "float": arrow.DataType.float64(),
    "bool": arrow.DataType.bool(),
}
NANOSECONDS = arrow.DataType.timestamp("ns")
FROM_STORED = {"time": "epoch_ns({})"}

TABLES: dict[str, tuple[Column, ...]] = {
    "span": SPAN_COLUMNS,
    "log_record": LOG_COLUMNS,
    "metric_point": METRIC_COLUMNS,
    "score": SCORE_COLUMNS,
}
NAMES = {table: tuple(column.name.encode() for column in columns) for table, columns in TABLES.items()}
KINDS = {
    table: bytes(ord({"int": "l", "float": "g", "bool": "b", "time": "t"}.get(column.type, "u")) for column in columns)
    for table, columns in TABLES.items()
}
"""The types of the columns as `storage/_arrow.pyx` takes them: Arrow's letters."""
STAGE = "stage"
"""Name under which columns are registered for the length of one statement."""


def stage(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[tuple[Column, Sequence[Any]]], statement: str
) -> list[tuple[Any, ...]]:
    """Run `statement` with the columns visible as the relation `stage`."""
    table = arrow.Table.from_pydict({c.name: arrow.Array(values, type=ARROW_TYPES[c.type]) for c, values in columns})
    connection.register(STAGE, table)
    try:
        return connection.execute(statement).fetchall()
    finally:
        with contextlib.suppress(duckdb.Error):  # in a transaction that failed; it must not hide why that one did
            connection.unregister(STAGE)


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Row]) -> None:
    """Append the rows; part of the transaction that is open.

    By the relation's own `insert_into`: an INSERT statement over a registered view takes a third longer (it is parsed
    and bound for 66 columns each time).
    """
    if not rows:
        return
    connection.from_arrow(table_of(table, rows)).insert_into(table)


def table_of(table: str, rows: Sequence[Row]) -> arrow.Table:
    """The rows as columns."""
    batch = COLUMNAR.batch(rows, NAMES[table], KINDS[table])
    if batch is not None:
        return arrow.Table.from_batches([arrow.RecordBatch.from_arrow(batch)])
    height = len(rows)
    columns: dict[str, Any] = {
        column.name: nulls(column.type, height) if values.count(None) == height else array(column.type, values)
        for column, values in zip(TABLES[table], zip(*rows, strict=True), strict=True)
    }
    return arrow.Table.from_pydict(columns)


def array(kind: str, values: Sequence[Any]) -> arrow.Array:
    plain = arrow.Array(values, type=ARROW_TYPES[kind])
    return plain.cast(NANOSECONDS) if kind == "time" else plain


@lru_cache(maxsize=256)
def nulls(kind: str, height: int) -> arrow.Array:
    return array(kind, [None] * height)


def select_list(columns: Sequence[Column], alias: str = "t") -> str:
    """SQL that reads columns back in the form that rows have."""
    return ", ".join(FROM_STORED.get(column.type, "{}").format(f"{alias}.{column.name}") for column in columns)
