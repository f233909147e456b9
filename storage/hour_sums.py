"""Rows added up by hour in the background, so that plots of many rows read few (docs/adr/0016).

`hour_sum` holds what the rows of `span` up to a `commit_seq` say, by hour of their start. Whoever changes or deletes
rows that it holds names their hours in the same transaction (`storage.changed_hours`); of those the rows are read until
they are added up again. So sums and rows together are, in every state of the file, what the rows alone say.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import duckdb

from contract.reading import SPAN_FIELDS, SUMS, Condition
from storage.aggregates import SUM_OF, numbered
from storage.background import Background
from storage.changed_hours import HOUR_NS, say, state
from storage.conditions import Compiled
from storage.database import begin, roll_back, run
from storage.text_search import Range, joined
from storage.writer import Writer

QUERY = "metrics_by_hour"
"""The file of `queries/` that asks the sums."""

NEW_ROWS = 8192
"""So many rows are added up at once; fewer are as soon read (0.4 ms)."""
ROWS_AT_MOST = 131_072
"""In one step, where rows lie in the order of their coming: 10 ms on the writing connection."""
RANGES_AT_MOST = 64
"""Of changed hours in one question; with more, all its rows are asked."""
HOURS_AT_LEAST = 2
"""Whole hours in the range of a question that is asked of the sums."""

NEWEST_SQL = "SELECT flushed_seq - 1 FROM store"
"""Rows of the newest request may still come."""
NEXT_SQL = """
SELECT count(*), max(commit_seq)
FROM (SELECT commit_seq FROM span WHERE commit_seq > {last:d} AND commit_seq <= {newest:d} LIMIT {rows:d})
"""
SHOWN = "(duplicate_of IS NULL OR synthetic IS NOT TRUE)"
ADDED = {
    "shown_count": f"count(*) FILTER ({SHOWN}) AS shown_count",
    "error_count": f"count(*) FILTER (status = 'error' AND {SHOWN}) AS error_count",
    **{name: f"sum({name}) AS {name}" for name in SUMS},
}
"""Column of `hour_sum` -> what rows add to it; beside their number."""
ADD_SQL = f"""
INSERT INTO hour_sum BY NAME
SELECT
    project,
    epoch_ns(start_time) // {HOUR_NS} AS hour,
    kind = 'generation' AND duplicate_of IS NULL AS is_call,
    model,
    count(*) AS row_count,
    {", ".join(ADDED.values())}
FROM span
WHERE kind <> 'trace' AND isfinite(start_time) AND {{rows}}
GROUP BY ALL
"""
FORGET_SQL = "DELETE FROM hour_sum WHERE hour = {hour:d}"

COUNT_SQL = {
    "span_count": "sum(shown_count)::BIGINT",
    "generation_count": "coalesce(sum(row_count) FILTER (is_call), 0)::BIGINT",
    "error_count": "sum(error_count)::BIGINT",
}
SUM_SQL = "CASE WHEN count(*) FILTER (is_call) = 0 THEN 0 ELSE {} END"
MEASURE_SQL = {
    **COUNT_SQL,
    **{name: SUM_SQL.format(SUM_OF[SPAN_FIELDS[name]].format(name).replace("counted", "is_call")) for name in SUMS},
}
COLUMN = {"span_count": "shown_count"}
"""Measure -> the column it is made of, where that has another name."""
GROUPS = ("model",)
"""What the sums are kept by, beside project and hour."""


def make(connection: duckdb.DuckDBPyConnection, new_rows: int = NEW_ROWS) -> bool:
    """Rows that came since are added up, or an hour that has changed is again; false when there is nothing to do."""
    begin(connection)
    try:
        done = add_new(connection, new_rows) or add_again(connection)
        run(connection, "COMMIT")
    except BaseException:
        roll_back(connection)
        raise
    return done


def add_new(connection: duckdb.DuckDBPyConnection, new_rows: int) -> bool:
    last, _ = state(connection)
    [(newest,)] = connection.execute(NEWEST_SQL).fetchall()
    sql = NEXT_SQL.format(last=last, newest=newest, rows=max(new_rows, ROWS_AT_MOST))
    [(count, until)] = connection.execute(sql).fetchall()
    if count < new_rows:
        return False
    run(connection, ADD_SQL.format(rows=f"commit_seq > {last:d} AND commit_seq <= {until:d}"))
    run(connection, f"UPDATE summed SET last_seq = {until:d}")
    return True


def add_again(connection: duckdb.DuckDBPyConnection) -> bool:
    """The first of the changed hours."""
    last, hours = state(connection)
    if not hours:
        return False
    run(connection, FORGET_SQL.format(hour=hours[0]))
    run(connection, ADD_SQL.format(rows=f"commit_seq <= {last:d} AND {began_in([in_ns(Range(hours[0], hours[0]))])}"))
    say(connection, hours[1:])
    return True


def in_ns(hours: Range) -> tuple[int, int]:
    """Where these hours begin, and where the one behind them does."""
    return hours.first * HOUR_NS, (hours.last + 1) * HOUR_NS


def began_in(ranges: Iterable[tuple[int, int]]) -> str:
    """SQL that holds for rows that began in one of the ranges, from their beginning to before their end."""
    tests = [
        f"(start_time >= make_timestamp_ns({first:d}) AND start_time < make_timestamp_ns({end:d}))"
        for first, end in ranges
    ]
    return f"({' OR '.join(tests)})" if tests else "false"


def question_of(
    query: str, conditions: Sequence[Condition], shape: Mapping[str, Any], bound: Mapping[str, Any]
) -> Compiled | None:
    """The columns of `QUERY` for a question that the sums can answer; null for others."""
    if query != "metrics" or conditions or bound["embeddings"] or not in_hours(bound):
        return None
    measures, groups = shape["measures"], shape.get("groups", ())
    if not MEASURE_SQL.keys() >= set(measures) or not set(GROUPS) >= set(groups):
        return None
    compiled = Compiled()
    columns = [COLUMN.get(name, name) for name in measures if name != "generation_count"] or SUMS[:1]
    compiled.set_list("columns", columns)
    compiled.set_list("added", [ADDED[name] for name in columns])
    compiled.set_list("measures", numbered("measure", [MEASURE_SQL[name] for name in measures]))
    if groups:
        compiled.set_list("groups", numbered("group", groups))
        compiled.set_list("names", [f"group_{place}" for place in range(len(groups))])
    return compiled


def in_hours(bound: Mapping[str, Any]) -> bool:
    """Whether the range has whole hours, and pieces of time are made of them."""
    from_ns, to_ns, width_ns = bound["from_ns"], bound["to_ns"], bound["width_ns"]
    if from_ns is None or to_ns is None or from_ns < 0 or len(whole_hours(from_ns, to_ns)) < HOURS_AT_LEAST:
        return False
    return width_ns is None or (width_ns % HOUR_NS == 0 and bound["offset_ns"] % HOUR_NS == 0)


def whole_hours(from_ns: int, to_ns: int) -> range:
    return range(-(-from_ns // HOUR_NS), to_ns // HOUR_NS)


def divide(connection: duckdb.DuckDBPyConnection, question: Compiled, bound: Mapping[str, Any]) -> bool:
    """Say in the question what comes from sums and what from rows; false where all rows have to be asked."""
    last, known = state(connection)
    hours = whole_hours(bound["from_ns"], bound["to_ns"])
    again = joined(Range(hour, hour) for hour in known if hour in hours)
    if not last or len(again) > RANGES_AT_MOST:
        return False
    ends = [(bound["from_ns"], hours[0] * HOUR_NS), ((hours[-1] + 1) * HOUR_NS, bound["to_ns"])]
    rest = [(first, end) for first, end in ends if first < end] + list(map(in_ns, again))
    left_out = "".join(f" AND hour NOT BETWEEN {each.first:d} AND {each.last:d}" for each in again)
    question.add("whole", f"hour BETWEEN {hours[0]:d} AND {hours[-1]:d}{left_out}")
    question.add("new", f"commit_seq > {last:d} OR commit_seq IS NULL")
    question.add("rest", f"commit_seq <= {last:d} AND {began_in(rest)}")
    return True


class HourSums(Background):
    """Of one open database; `run` keeps them up: 0.1 µs a row, so that it need not wait for idle moments."""

    def __init__(self, writer: Writer, *, new_rows: int = NEW_ROWS) -> None:
        super().__init__(writer, partial(make, new_rows=new_rows), "hours were not added up")
