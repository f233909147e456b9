"""How long the query API's questions take: python -m bench.read [--rows 1000000] [--db FILE] [--repeat 10]

Fills a database of its own by SQL (eight spans a trace, two of them model calls; prompts of about 330 characters), then
prints best and median milliseconds of each question as the reader answers it.
"""

import argparse
import asyncio
import platform
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from contract.reading import Condition
from storage.database import Database
from storage.reader import DuckReader

START_NS = 1_790_000_000_000_000_000
TRACE_EVERY_NS = 80_000_000

FILL = f"""
INSERT INTO span BY NAME
SELECT
    'default' AS project,
    md5((i // 8)::VARCHAR) AS trace_id,
    left(md5(i::VARCHAR), 16) AS span_id,
    CASE WHEN i % 8 <> 0 THEN left(md5((i // 8 * 8)::VARCHAR), 16) END AS parent_span_id,
    'operation ' || (i % 8) AS name,
    name AS span_name,
    ['agent', 'tool', 'generation', 'retriever', 'generation', 'span', 'embedding', 'span'][i % 8 + 1] AS kind,
    'internal' AS otlp_kind,
    make_timestamp_ns({START_NS} + i // 8 * {TRACE_EVERY_NS} + i % 8 * 1000000) AS start_time,
    make_timestamp_ns({START_NS} + i // 8 * {TRACE_EVERY_NS} + i % 8 * 1000000 + 500000000) AS end_time,
    CASE WHEN i % 97 = 0 THEN 'error' ELSE 'unset' END AS status,
    'service-' || (i // 8 % 5) AS service_name,
    CASE WHEN kind = 'generation' THEN 'gpt-' || (i % 5) END AS model,
    'prompt ' || repeat(md5(i::VARCHAR) || ' word ', 8) AS input,
    'answer ' || repeat(md5((i + 7)::VARCHAR) || ' ', 4) AS output,
    CASE WHEN model IS NOT NULL THEN i % 500 END AS input_tokens,
    CASE WHEN model IS NOT NULL THEN i % 300 END AS output_tokens,
    CASE WHEN model IS NOT NULL THEN 0.001 * (i % 10) END AS total_cost,
    's' || (i // 80) AS session_id,
    '["a","b"]' AS tags,
    '{{"k":1}}' AS metadata,
    '{{"k":"v' || (i % 100) || '","http.status":' || (i % 7) || '}}' AS raw_attributes,
    '{{"flags":257}}' AS raw_rest,
    start_time AS received_time,
    i // 8192 AS commit_seq
FROM range($rows) AS numbers(i)
"""

Question = tuple[str, str, dict[str, Any], Sequence[Condition]]


def fill(database: Database, rows: int) -> None:
    cursor = database.cursor()
    cursor.execute(FILL, {"rows": rows}).fetchall()
    cursor.close()
    database.checkpoint()


def questions(rows: int, trace_id: str) -> list[Question]:
    """Label, query, parameters, conditions."""
    page = {"project": "default", "limit": 51, "io": "preview"}
    day = {**page, "from_ns": START_NS + rows // 16 * TRACE_EVERY_NS}
    one = {"project": "default", "trace_id": trace_id}
    return [
        ("newest 50 traces", "list_traces", page, ()),
        ("newest 50 traces, time range (half)", "list_traces", day, ()),
        ("trace by id: record", "list_traces", {**one, "limit": 1, "io": "full"}, ()),
        ("trace by id: spans", "get_spans", {**one, "io": "full"}, ()),
        ("trace by id: logs", "get_trace_logs", one, ()),
        ("newest 50 spans", "list_spans", page, ()),
        ("newest 50 generations of a model", "list_spans", {**page, "generations": True}, (eq("model", "gpt-2"),)),
        ("text search, found at once", "list_spans", page, (Condition("q", "contains", ("ab1",)),)),
        ("text search, not found", "list_spans", page, (Condition("q", "contains", ("zz9zz",)),)),
        ("spans by attribute", "list_spans", page, (eq("attr.k", "v7"),)),
        ("traces of a session", "list_traces", page, (eq("session_id", f"s{rows // 160}"),)),
        ("traces with a span of a model", "list_traces", page, (eq("model", "gpt-2"),)),
        ("traces by cost (rolls everything up)", "list_traces", page, (Condition("total_cost", "gt", (0.015,)),)),
        ("counted rows", "count_rows", {"project": "default"}, ()),
    ]


def eq(field: str, value: str) -> Condition:
    return Condition(field, "eq", (value,))


async def measure(reader: DuckReader, asked: list[Question], repeat: int) -> None:
    for label, query, parameters, conditions in asked:
        took = []
        for _ in range(repeat):
            start = time.perf_counter()
            rows = await reader.read(query, parameters, conditions)
            took.append((time.perf_counter() - start) * 1e3)
        print(f"{label:40} best {min(took):8.1f} ms   median {statistics.median(took):8.1f} ms   {len(rows)} rows")


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--db", help="keep the database here, and use it again when it is there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.db or str(Path(folder) / "read.duckdb")
        filled = Path(path).exists()
        database = Database(path)
        database.open()
        if not filled:
            fill(database, given.rows)
        [[rows, trace_id]] = database.cursor().execute("SELECT count(*), max(trace_id) FROM span").fetchall()
        print(f"{rows} spans, DuckDB {duckdb.__version__}, Python {platform.python_version()}, {date.today()}")  # noqa: DTZ011
        reader = DuckReader(database)
        asyncio.run(measure(reader, questions(rows, trace_id), given.repeat))
        reader.close()
        database.close()


if __name__ == "__main__":
    main()
