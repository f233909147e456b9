"""Statements that say the same twice say the same; what they may return is bounded."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from contract.reading import Condition
from storage.database import Database
from storage.reader import QUERIES_FOLDER, DuckReader
from tests.support.stored import MS, START_NS, insert, log, opened, span, span_id, trace_id


def statement(name: str) -> str:
    text = (QUERIES_FOLDER / f"{name}.sql").read_text("utf-8")
    return re.sub(r"^\s*--.*\n", "", text, flags=re.MULTILINE)


def test_sessions_and_users_are_rolled_up_alike() -> None:
    sessions = statement("list_sessions").splitlines()
    users = statement("list_users").replace("user_id", "session_id").splitlines()
    differing = [(a.strip(), b.strip()) for a, b in zip(sessions, users, strict=True) if a != b]
    assert differing == [
        (
            "list(DISTINCT user_id) FILTER (user_id IS NOT NULL) AS others,",
            "list(DISTINCT session_id) FILTER (session_id IS NOT NULL) AS others,",
        ),
        (
            "list_sort(list_distinct(flatten(list(others)))) AS user_ids,",
            "len(list_distinct(flatten(list(others)))) AS session_count,",
        ),
    ]


def record_of(name: str) -> str:
    found = re.search(r"record AS (?:MATERIALIZED )?\(\n(.*?)\n\)", statement(name), re.DOTALL)
    assert found is not None
    return found[1]


def test_one_trace_and_a_list_of_traces_make_the_same_record() -> None:
    assert record_of("get_trace") == record_of("list_traces")


def record(n: int) -> dict[str, Any]:
    """One of five: three of a span, then two of another."""
    return log(n, at_ms=n, trace_id=trace_id(1), span_id=span_id(1 if n < 4 else 2), describes_span=True)


def test_of_each_span_no_more_log_records_are_read_than_asked_for() -> None:
    database: Database = opened()
    for n in range(1, 6):
        insert(database, "log_record", record(n))
    asked = {"project": "default", "trace_id": trace_id(1)}
    try:
        reader = DuckReader(database)
        read = [
            asyncio.run(reader.read("get_trace_logs", asked | {"of_each": each, "limit": limit}))
            for each, limit in ((2, 9), (9, 3))
        ]
        reader.close()
    finally:
        database.close()
    assert [[row["digest"] for row in rows] for rows in read] == [["d1", "d2", "d4", "d5"], ["d1", "d2", "d3"]]


def test_a_trace_that_names_many_counts_whole_for_each_of_them() -> None:
    """Beside traces of one and of two; to copy each span for each of 20,000 took longer than a question may."""
    crowd = range(100, 200)
    spans = [
        *(span(n, trace=1, user_id=f"u{n}", session_id=f"s{n % 3}") for n in crowd),
        *(span(n, trace=2, user_id=f"u{n}") for n in (100, 101)),
        span(1, trace=3, user_id="u100", model="m"),
        span(2, trace=3, total_cost=0.25, kind="generation", model="other", environment="e"),
    ]
    database: Database = opened()
    insert(database, "span", *spans)
    try:
        reader = DuckReader(database)
        rows = asyncio.run(reader.read("list_users", {"project": "default", "limit": 999}))
        reader.close()
    finally:
        database.close()
    told = {row["user_id"]: [row[name] for name in ("trace_count", "span_count", "session_count")] for row in rows}
    assert told == {"u100": [3, 104, 3], "u101": [2, 102, 3], **{f"u{n}": [1, 100, 3] for n in crowd[2:]}}
    [whole] = [row for row in rows if row["user_id"] == "u100"]
    assert (whole["total_cost"], whole["models"], whole["environments"]) == (0.25, ["other"], ["e"])


IN_TIME = [
    ({"to_ns": START_NS + 50_000 * MS}, ("eq", "late"), []),
    ({"to_ns": START_NS + 50_000 * MS}, ("eq", "early"), ["u"]),
    ({"from_ns": START_NS + 50_000 * MS}, ("eq", "early"), []),
    ({"from_ns": START_NS + 50_000 * MS}, ("eq", "late"), ["u"]),
    ({"to_ns": START_NS + 50_000 * MS}, ("exists", False), ["v"]),
    ({}, ("eq", "late"), ["u", "v"]),
]


@pytest.mark.parametrize(("given", "asked", "found"), IN_TIME)
def test_conditions_of_users_are_met_by_spans_in_the_range_that_is_asked_for(
    given: dict[str, int], asked: tuple[str, Any], found: list[str]
) -> None:
    """u is named early and late; v only early, in a trace that calls a model late."""
    database, late = opened(), 100_000
    insert(
        database,
        "span",
        span(1, trace=1, user_id="u", model="early"),
        span(2, trace=1, user_id="u", model="late", at_ms=late),
        span(3, trace=2, user_id="v"),
        span(4, trace=2, model="late", at_ms=late),
    )
    reader = DuckReader(database)
    op, value = asked
    question = {"project": "default", "limit": 9, **given}
    rows = asyncio.run(reader.read("list_users", question, [Condition("model", op, (value,))]))
    reader.close()
    database.close()
    assert sorted(row["user_id"] for row in rows) == found


@pytest.mark.parametrize("names", [12, 100])
@pytest.mark.parametrize("query", ["list_users", "list_sessions"])
def test_who_is_named_in_traces_of_many_can_be_listed_with_little_memory(
    query: str, names: int, tmp_path: Path
) -> None:
    """Where traces name twelve, 58 MiB were needed, also of few spans: each table that is made of rows takes some."""
    database = Database(str(tmp_path / "x.duckdb"), memory_limit_bytes=48 << 20, threads=1)
    database.open()
    database.cursor().execute(MANY_SQL, {"names": names}).fetchall()
    database.checkpoint()
    reader = DuckReader(database, threads=1)
    try:
        rows = asyncio.run(reader.read(query, {"project": "default", "limit": 51}))
    finally:
        reader.close()
        database.close()
    assert len(rows) == min(51, names + 9)
    assert sum(row["span_count"] for row in rows) > 1_000


MANY_SQL = """
INSERT INTO span BY NAME
SELECT
    'default' AS project, printf('%032x', trace) AS trace_id, printf('%016x', trace * 120 + place) AS span_id,
    'op' AS name, 'op' AS span_name, 'generation' AS kind, 'internal' AS otlp_kind, 'unset' AS status, 'm' AS model,
    make_timestamp_ns(1790000000000000000 + trace) AS start_time, start_time AS end_time, start_time AS received_time,
    'u' || (trace % 10 + place % $names) AS user_id, 's' || (trace % 10 + place % $names) AS session_id,
    'prod' AS environment, 2 AS input_tokens, 0.5 AS total_cost, '{}' AS raw_attributes, 1 AS commit_seq
FROM range(100) AS traces(trace), range(120) AS places(place)
"""
"""100 traces of 120 spans, each of which names so many users and sessions."""
