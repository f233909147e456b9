"""Rows (lists of Python values) to columns that DuckDB reads without a copy per value, and the INSERT for them.

Arrow through arro3-core: 3 µs a row where the appender takes 8, and nothing is written twice (docs/adr/0003). Columns that are null in every row are left out: most commits use half of them.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import arro3.core as arrow
import duckdb

from contract.columns import LOG_COLUMNS, METRIC_COLUMNS, SPAN_COLUMNS, Column, Row

ARROW_TYPES = {
    "text": arrow.DataType.utf8(),
    "json": arrow.DataType.utf8(),
    "int": arrow.DataType.int64(),
    "time": arrow.DataType.int64(),
    "float": arrow.DataType.float64(),
    "bool": arrow.DataType.bool(),
}
TO_STORED = {"time": "make_timestamp_ns({})"}
FROM_STORED = {"time": "epoch_ns({})"}

TABLES: dict[str, tuple[Column, ...]] = {
    "span": SPAN_COLUMNS,
    "log_record": LOG_COLUMNS,
    "metric_point": METRIC_COLUMNS,
}
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
        connection.unregister(STAGE)


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Row]) -> None:
    """Append the rows; part of the transaction that is open."""
    if not rows:
        return
    height = len(rows)
    filled = [
        (column, values)
        for column, values in zip(TABLES[table], zip(*rows, strict=True), strict=True)
        if values.count(None) != height
    ]
    stage(connection, filled, insert_sql(table, tuple(column for column, _ in filled)))


@lru_cache(maxsize=512)
def insert_sql(table: str, columns: tuple[Column, ...]) -> str:
    names = ", ".join(column.name for column in columns)
    values = ", ".join(TO_STORED.get(column.type, "{}").format(column.name) for column in columns)
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM {STAGE}"


def select_list(columns: Sequence[Column], alias: str = "t") -> str:
    """SQL that reads columns back in the form that rows have."""
    return ", ".join(FROM_STORED.get(column.type, "{}").format(f"{alias}.{column.name}") for column in columns)
