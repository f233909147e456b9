"""What the file already knows of the traces that a commit touches, read inside its transaction."""

import json
from collections.abc import Collection, Iterator
from typing import Any

import duckdb

from contract.columns import LOG_COLUMNS, SPAN_COLUMNS, Column, Row, S
from contract.settling import CALL_KINDS, CONTENT_COLUMNS, FACT_COLUMNS, Facts, OwnValues, TraceKey
from storage.columns import select_list, stage
from storage.contents import LOG_PLACES, SPAN_PLACES, put_back
from storage.recent import Remembered
from storage.trace_rows import within

SPAN_COLUMN = {column.name: column for column in SPAN_COLUMNS}
SpanKey = tuple[str, str, str]
KEY_COLUMNS = (Column("project", "text"), Column("trace_id", "text"), Column("span_id", "text"))
PARENTS_SQL = """
SELECT t.project, t.trace_id, t.span_id, t.parent_span_id
FROM span t JOIN stage k ON t.project = k.project AND t.trace_id = k.trace_id
WHERE {within}
"""
CALLS_SQL = f"""
SELECT t.project, t.trace_id, length(t.input), length(t.output), {select_list([SPAN_COLUMN[n] for n in FACT_COLUMNS])}
FROM span t JOIN stage k ON t.project = k.project AND t.trace_id = k.trace_id
WHERE t.kind IN ({", ".join(f"'{kind}'" for kind in sorted(CALL_KINDS))}) AND {{within}}
"""
DESCRIBING_LOGS_SQL = f"""
SELECT {select_list(LOG_COLUMNS)}
FROM log_record t JOIN stage k ON t.project = k.project AND t.trace_id = k.trace_id
WHERE t.describes_span
"""
DESCRIBED_SQL = """
SELECT DISTINCT t.project, t.trace_id
FROM log_record t JOIN stage k ON t.project = k.project AND t.trace_id = k.trace_id
WHERE t.describes_span
"""
KEYS_OF_ROWS = 1 << 20
"""Whose traces are asked for at a time when a file is opened: those of 10 M spans take 125 MB of the engine's memory
and twice that as a list."""
ROWS_SQL = f"""
SELECT {select_list(SPAN_COLUMNS)}
FROM span t JOIN stage k ON t.project = k.project AND t.trace_id = k.trace_id AND t.span_id = k.span_id
WHERE {{within}}
"""


def keys_stage(connection: duckdb.DuckDBPyConnection, keys: Collection[tuple[str, ...]], sql: str) -> list[Any]:
    columns = list(zip(KEY_COLUMNS, zip(*keys, strict=True), strict=False))
    return stage(connection, columns, sql)


def of_traces(connection: duckdb.DuckDBPyConnection, keys: Collection[tuple[str, ...]]) -> str:
    """SQL that spares a question about these traces the rest of `span`; the second of a key is the trace's id."""

    def ask(sql: str, bound: dict[str, Any]) -> list[Any]:
        return connection.execute(sql, bound).fetchall()

    return within(ask, {key[1] for key in keys})


def look_back(connection: duckdb.DuckDBPyConnection, keys: Collection[TraceKey]) -> dict[TraceKey, Remembered]:
    """Everything settling needs of these traces, as committed so far; an entry for each key."""
    known: dict[TraceKey, Remembered] = {key: Remembered() for key in keys}
    if not known:
        return known
    rows = of_traces(connection, keys)
    texts: dict[Any, Any] = {}  # each value once: names and models are the same in most rows, ids are a parent's too
    for project, trace_id, span_id, parent in keys_stage(connection, keys, PARENTS_SQL.format(within=rows)):
        known[project, trace_id].facts.parents[texts.setdefault(span_id, span_id)] = texts.setdefault(parent, parent)
    calls = keys_stage(connection, keys, CALLS_SQL.format(within=rows))
    for project, trace_id, input_length, output_length, *values in calls:
        values = [texts.setdefault(value, value) if type(value) is str else value for value in values]
        facts = stored_facts(dict(zip(FACT_COLUMNS, values, strict=True)), input_length, output_length)
        known[project, trace_id].facts.calls[facts.values["span_id"]] = facts
    for project, trace_id in keys_stage(connection, keys, DESCRIBED_SQL):
        known[project, trace_id].described = True
    return known


def describing_logs(
    connection: duckdb.DuckDBPyConnection, traces: Collection[TraceKey], spans: Collection[SpanKey] = ()
) -> list[Row]:
    """The log records that describe spans of these traces, and these spans of others."""
    found = keys_stage(connection, traces, DESCRIBING_LOGS_SQL) if traces else []
    if spans:
        found += keys_stage(connection, spans, f"{DESCRIBING_LOGS_SQL} AND t.span_id = k.span_id")
    rows = [list(row) for row in found]
    put_back(connection, rows, LOG_PLACES)
    return rows


def stored_facts(values: dict[str, Any], input_length: int | None, output_length: int | None) -> Facts:
    """Own values and settled ones, told apart by the `own` column (what settling has covered)."""
    own = json.loads(values["own"] or "{}")
    sources = json.loads(values["settled_from"] or "{}")
    settled: dict[str, tuple[Any, str]] = {}
    for column, source in sources.items():
        settled[column] = (None if column in CONTENT_COLUMNS else values.get(column), source)
        if column not in CONTENT_COLUMNS:
            values[column] = own.get(column)
    values["own"] = values["settled_from"] = None
    if values["duplicate_of_trace"] is not None:  # said across traces (storage/twins.py), not by its own
        values["duplicate_of"] = values["duplicate_of_trace"] = None
    return Facts(
        OwnValues(tuple(values[name] for name in FACT_COLUMNS)),
        None if "input" in sources else input_length,
        None if "output" in sources else output_length,
        settled,
    )


def stored_rows(connection: duckdb.DuckDBPyConnection, keys: Collection[SpanKey]) -> dict[SpanKey, Row]:
    """(project, trace_id, span_id) -> the row with its own values, as translated."""
    if not keys:
        return {}
    found = keys_stage(connection, keys, ROWS_SQL.format(within=of_traces(connection, keys)))
    rows = [list(stored) for stored in found]
    put_back(connection, rows, SPAN_PLACES)
    for row in rows:
        uncover(row)
        row[S.preview] = None
    return {(row[S.project], row[S.trace_id], row[S.span_id]): row for row in rows}


def uncover(row: Row) -> None:
    """Put a row's own values back where settling had covered them."""
    own = json.loads(row[S.own] or "{}")
    for column in json.loads(row[S.settled_from] or "{}"):
        row[getattr(S, column)] = own.get(column)
    row[S.own] = row[S.settled_from] = None
    if row[S.duplicate_of_trace] is not None:
        row[S.duplicate_of] = row[S.duplicate_of_trace] = None


def trace_keys(connection: duckdb.DuckDBPyConnection, rows_at_a_time: int = KEYS_OF_ROWS) -> Iterator[TraceKey]:
    """Every trace that the file holds anything of, some more than once."""
    for table, those in (("span", "true"), ("log_record", "trace_id IS NOT NULL AND describes_span")):
        [(last,)] = connection.execute(f"SELECT coalesce(max(rowid), -1) FROM {table}").fetchall()
        for first in range(0, last + 1, rows_at_a_time):
            rows = f"rowid BETWEEN {first} AND {first + rows_at_a_time - 1}"
            found = connection.execute(f"SELECT DISTINCT project, trace_id FROM {table} WHERE {rows} AND {those}")
            yield from found.fetchall()
