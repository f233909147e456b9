"""Where in the file the rows of a trace lie, so that no read of a trace looks at the ids of all rows (docs/adr/0018).

`trace_rows` says, for each step of rows, between which `commit_seq` those of a trace lie. Whatever is written gets a
`commit_seq` above all before, a changed row too: so no row can come to a step that was made, and rows that have left it
make its ranges too wide, which no answer shows. Rows above `traced.last_seq` are looked at as if there were nothing.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

import duckdb

from storage.database import begin, roll_back, run
from storage.text_search import Range, joined

ROWS_A_STEP = 131_072
"""26 ms on the writing connection, 0.2 µs a row. Each step is sorted, so that a look-up reads one row group; rows of
one that is not whole yet are as soon looked at (1 ms)."""

NEWEST_SQL = "SELECT flushed_seq - 1 FROM store"
"""Rows of the newest request may still come."""
NEXT_SQL = """
SELECT count(*), max(commit_seq)
FROM (SELECT commit_seq FROM span WHERE commit_seq > {last:d} AND commit_seq <= {newest:d} LIMIT {rows:d})
"""
STATE_SQL = "SELECT last_seq FROM traced"
HASH_SQL = "(md5_number({}) & 9223372036854775807)::BIGINT"
"""Of a trace id. A function whose values are those of the standard: DuckDB's own `hash` may change with it."""
ADD_SQL = f"""
INSERT INTO trace_rows
SELECT {HASH_SQL.format("trace_id")} AS trace_hash, first_seq, last_seq
FROM (
    SELECT trace_id, min(commit_seq) AS first_seq, max(commit_seq) AS last_seq
    FROM span WHERE commit_seq > {{last:d}} AND commit_seq <= {{until:d}} AND trace_id IS NOT NULL GROUP BY trace_id
)
ORDER BY trace_hash
"""
SIZES_SQL = "SELECT (SELECT count(*) FROM trace_rows), (SELECT count(*) FROM span)"
RESET_SQL = ("DELETE FROM trace_rows", "UPDATE traced SET last_seq = 0")

TRACES_AT_MOST = 1024
"""Of more, everything is looked at: their rows are everywhere."""
FIND_SQL = f"""
SELECT DISTINCT first_seq, last_seq FROM trace_rows
WHERE trace_hash IN (SELECT {HASH_SQL.format("trace_id")} FROM (SELECT unnest($trace_ids) AS trace_id))
"""
"""4 ms for one trace among 1.3 M, 10 ms for 50."""
SEQS_AT_MOST = 2048
RANGES_AT_MOST = 16
"""0.2 ms of planning each and as much for the scan; single numbers cost a tenth of that."""

OF_ONE = {"list_sessions": "session_id", "list_users": "user_id"}
"""Query -> the column of the id that it may be asked for."""
OF_ONE_SQL = """
SELECT DISTINCT trace_id FROM span WHERE project = $project AND {column} = $id AND trace_id IS NOT NULL LIMIT {most:d}
"""
"""30 ms of 10 M rows; to compare all their trace ids with those found takes 200."""
OF_ONE_AT_MOST = 128
"""Rows of 70 traces are found in half of the time, those of 500, which are everywhere, in twice."""

MARK = "true /* rows of the traces */"
"""Stands in a statement for the condition that its rows are those of the traces it asks for."""

_NUMBER = re.compile(r"\b\d+\b")

Ask = Callable[[str, dict[str, Any]], list[tuple[Any, ...]]]
"""Runs a statement with these values, in the transaction of the question."""


def make(connection: duckdb.DuckDBPyConnection, step_rows: int = ROWS_A_STEP) -> bool:
    """A step more is in the table; false when there is none. Of a table with more rows than `span` nothing is left."""
    begin(connection)
    try:
        done = begun_anew(connection, step_rows) or add_new(connection, step_rows)
        run(connection, "COMMIT")
    except BaseException:
        roll_back(connection)
        raise
    return done


def begun_anew(connection: duckdb.DuckDBPyConnection, step_rows: int) -> bool:
    """Deleted traces stay in the table until most of it is of them."""
    [(known, rows)] = connection.execute(SIZES_SQL).fetchall()
    if known <= rows + step_rows:
        return False
    for statement in RESET_SQL:
        run(connection, statement)
    return True


def add_new(connection: duckdb.DuckDBPyConnection, step_rows: int) -> bool:
    [(last,)] = connection.execute(STATE_SQL).fetchall()
    [(newest,)] = connection.execute(NEWEST_SQL).fetchall()
    [(count, until)] = connection.execute(NEXT_SQL.format(last=last, newest=newest, rows=step_rows)).fetchall()
    if count < step_rows:
        return False
    run(connection, ADD_SQL.format(last=last, until=until))
    run(connection, f"UPDATE traced SET last_seq = {until:d}")
    return True


def asked_for(ask: Ask, query: str, bound: Mapping[str, Any]) -> list[str] | None:
    """The traces that a question is about: the one that it names, or those of its session or user; null where it is
    about any, or about more than it pays to look up."""
    if bound.get("trace_id") is not None:
        return [bound["trace_id"]]
    if query not in OF_ONE or bound["id"] is None:
        return None
    sql = OF_ONE_SQL.format(column=OF_ONE[query], most=OF_ONE_AT_MOST + 1)
    found = [trace_id for (trace_id,) in ask(sql, {name: bound[name] for name in ("project", "id")})]
    return found if len(found) <= OF_ONE_AT_MOST else None


def narrowed(
    ask: Ask, sql: str, trace_ids: Collection[str], *, ranges: int | None = None
) -> tuple[str, dict[str, int]]:
    """The statement, which asks for nothing but these traces, with the mark made a condition where that spares rows,
    and the values that it binds for that: so it is one of a few that come again, and need not be parsed."""
    if MARK not in sql:
        return sql, {}
    values: dict[str, int] = {}

    def name(number: re.Match[str]) -> str:
        values[f"row{len(values)}"] = int(number[0])
        return f"$row{len(values) - 1}"

    condition = _NUMBER.sub(name, within(ask, trace_ids, ranges=ranges))
    return sql.replace(MARK, condition), values


def within(ask: Ask, trace_ids: Collection[str], *, ranges: int | None = None) -> str:
    """SQL that holds for every row of `span` that is of one of these traces, and for few others: those in so many
    ranges, or as few as a statement can tell."""
    [(last,)] = ask(STATE_SQL, {})
    if not last or len(trace_ids) > TRACES_AT_MOST:
        return "true"
    found = joined(Range(*row) for row in ask(FIND_SQL, {"trace_ids": list(trace_ids)}))
    told = among(found) if ranges is None else between(fewer(found, ranges))
    return f"({told} OR commit_seq > {last:d} OR commit_seq IS NULL)"


def among(ranges: Sequence[Range]) -> str:
    """SQL that holds for rows whose `commit_seq` is in one of the ranges, which are apart and in order. As many numbers
    as a power of two, so that statements are one of few."""
    if ranges and sum(each.last - each.first + 1 for each in ranges) <= SEQS_AT_MOST:
        seqs = [seq for each in ranges for seq in range(each.first, each.last + 1)]
        seqs += seqs[-1:] * ((1 << (len(seqs) - 1).bit_length()) - len(seqs))
        return f"commit_seq IN ({', '.join(map(str, seqs))})"
    return between(fewer(ranges, RANGES_AT_MOST))


def between(ranges: Sequence[Range]) -> str:
    return " OR ".join(f"commit_seq BETWEEN {first:d} AND {last:d}" for first, last in ranges) or "false"


def fewer(ranges: Sequence[Range], at_most: int) -> list[Range]:
    """These ranges with what is between them, but for the widest gaps."""
    if not ranges:
        return []
    gaps = sorted(range(1, len(ranges)), key=lambda place: ranges[place - 1].last - ranges[place].first)[: at_most - 1]
    edges = [0, *sorted(gaps), len(ranges)]
    return [Range(ranges[first].first, ranges[end - 1].last) for first, end in pairwise(edges)]
