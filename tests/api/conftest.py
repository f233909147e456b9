"""Databases that questions are asked of."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database
from tests.support.stored import insert, log, metric_point, opened, span, span_id, trace_id


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened_database = opened(str(tmp_path / "pond.duckdb"))
    yield opened_database
    opened_database.close()


@pytest.fixture
def filled(database: Database) -> Database:
    """Two traces: an agent with a generation that a second layer repeats, and a rootless one, later."""
    root = {
        "kind": "agent",
        "name": "run",
        "session_id": "s1",
        "user_id": "u1",
        "input": "question",
        "output": "answer",
    }
    call = {"kind": "generation", "parent_span_id": span_id(1), "model": "gpt-4o", "tags": ["b", "a"]}
    tokens = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15, "total_cost": 0.5}
    insert(
        database,
        "span",
        span(1, **root, service_name="shop", raw_attributes='{"http.route":"/a","n":5}'),
        span(2, at_ms=1, **call, **tokens, input='[{"role":"user"}]', metadata={"k": 1}),
        span(3, at_ms=2, **call, **tokens, duplicate_of=span_id(2)),
        span(4, trace=2, at_ms=10, parent_span_id=span_id(99), name="lost", status="error", input="x" * 301),
    )
    insert(
        database,
        "log_record",
        log(1, trace_id=trace_id(1), span_id=span_id(2), describes_span=True, raw_body='{"content":"hi"}'),
        log(2, at_ms=1, trace_id=trace_id(1), span_id=span_id(1), raw_body='"' + "y" * 400 + '"'),
    )
    insert(database, "metric_point", metric_point(1, value=2.0), metric_point(2, at_ms=1, value_int=2**60))
    return database
