"""A database with rows put in by SQL, for tests of reading that must not depend on how rows are written."""

import json
from typing import Any

from contract.columns import LOG_COLUMNS, METRIC_COLUMNS, SPAN_COLUMNS, Column
from storage.database import Database

START_NS = 1_790_000_000_000_000_000
MS = 1_000_000

TABLES = {"span": SPAN_COLUMNS, "log_record": LOG_COLUMNS, "metric_point": METRIC_COLUMNS}

SPAN_DEFAULTS = {
    "project": "default",
    "name": "op",
    "span_name": "op",
    "kind": "span",
    "otlp_kind": "internal",
    "status": "unset",
    "raw_attributes": "{}",
    "received_time": START_NS,
    "commit_seq": 1,
}


def trace_id(number: int) -> str:
    return f"{number:032x}"


def span_id(number: int) -> str:
    return f"{number:016x}"


def span(number: int, *, trace: int = 1, at_ms: float = 0, **columns: Any) -> dict[str, Any]:
    """A stored span: the second of `at_ms` later is its end unless the columns say otherwise."""
    start = START_NS + int(at_ms * MS)
    ids = {"trace_id": trace_id(trace), "span_id": span_id(number)}
    return {**SPAN_DEFAULTS, **ids, "start_time": start, "end_time": start + 1000 * MS, **columns}


def log(number: int, *, at_ms: float = 0, **columns: Any) -> dict[str, Any]:
    at = START_NS + int(at_ms * MS)
    fixed = {"project": "default", "digest": f"d{number}", "received_time": START_NS, "describes_span": False}
    return {**fixed, "time": at, "observed_time": at, "raw_attributes": "{}", **columns}


def metric_point(number: int, *, at_ms: float = 0, **columns: Any) -> dict[str, Any]:
    fixed = {"project": "default", "digest": f"d{number}", "name": "m", "type": "gauge", "received_time": START_NS}
    return {**fixed, "time": START_NS + int(at_ms * MS), "raw_attributes": "{}", **columns}


PLACEHOLDERS = {"time": "make_timestamp_ns(?)"}


def insert(database: Database, table: str, *rows: dict[str, Any]) -> None:
    """The rows are committed."""
    columns = TABLES[table]
    values = ", ".join(PLACEHOLDERS.get(column.type, "?") for column in columns)
    cursor = database.cursor()
    for row in rows:
        unknown = row.keys() - {column.name for column in columns}
        assert not unknown, unknown
        cursor.execute(f"INSERT INTO {table} VALUES ({values})", [bound(row, column) for column in columns]).fetchall()
    cursor.close()


def bound(row: dict[str, Any], column: Column) -> Any:
    value = row.get(column.name)
    return (
        json.dumps(value, separators=(",", ":")) if column.type == "json" and isinstance(value, (dict, list)) else value
    )


def opened(path: str = ":memory:") -> Database:
    database = Database(path)
    database.open()
    return database


ROUTES_OF_STORED_DATA = [
    "/api/v1/traces",
    f"/api/v1/traces/{trace_id(1)}",
    f"/api/v1/traces/{trace_id(1)}/otlp",
    "/api/v1/spans",
    f"/api/v1/spans/{trace_id(1)}/{span_id(1)}",
    "/api/v1/generations",
    "/api/v1/sessions",
    "/api/v1/sessions/s1",
    "/api/v1/users",
    "/api/v1/users/u1",
    "/api/v1/logs",
    "/api/v1/metric_points",
    "/api/v1/metrics/query",
    "/api/v1/facets",
    "/api/v1/status",
]
"""One path for each route that answers with stored data."""
