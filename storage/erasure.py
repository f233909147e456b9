"""Traces deleted whole, spans, log records and scores, in steps that keep the writing connection for a moment each.

What a step deletes is looked up on another connection first. What is committed in between has a higher `commit_seq`
than anything before, which tells a trace that grew without a scan of the table; ranges of it keep a step to the row
groups in question.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import duckdb

from contract.settling import Match, TraceKey
from contract.upkeep import Erased
from storage import media
from storage.asking import ask
from storage.changed_hours import HOUR_SQL, changed
from storage.database import Database, begin, roll_back, run
from storage.lookback import keys_stage
from storage.text_index import forget
from storage.text_search import Range
from storage.twins import marked_ids, match_again
from storage.writer import Writer

ROWS_A_STEP = 16_384
"""Two row groups: 15 to 35 ms of CPU. A larger trace is one step all the same."""

EVERYTHING = {"span": "true", "log_record": "true"}
"""Table -> SQL that holds for its old rows; here: delete whatever the age."""

FATES_SQL = """
SELECT project, trace_id, sum(spans)::BIGINT, sum(logs)::BIGINT, min(first), max(last), bool_or(young)
FROM (
    SELECT t.project, t.trace_id, count(*) AS spans, 0 AS logs, min(t.commit_seq) AS first, max(t.commit_seq) AS last,
        bool_or(NOT {span}) AS young
    FROM span t JOIN stage k ON t.project = k.project AND t.trace_id = k.trace_id
    GROUP BY ALL
    UNION ALL
    SELECT t.project, t.trace_id, 0, count(*), min(t.commit_seq), max(t.commit_seq),
        bool_or(t.describes_span AND NOT {log_record})
    FROM log_record t JOIN stage k ON t.project = k.project AND t.trace_id = k.trace_id
    GROUP BY ALL
)
GROUP BY ALL
"""
GROWN_SQL = """
SELECT DISTINCT t.project, t.trace_id FROM {table} t JOIN stage k ON t.project = k.project AND t.trace_id = k.trace_id
WHERE t.commit_seq > {seq:d}
"""
DELETE_SQL = """
DELETE FROM {table} AS t USING stage
WHERE t.project = stage.project AND t.trace_id = stage.trace_id AND t.commit_seq BETWEEN {first:d} AND {last:d}
RETURNING {hour}
"""
SCORES_SQL = "DELETE FROM score AS t USING stage WHERE t.project = stage.project AND t.trace_id = stage.trace_id"
NEWEST = (1 << 63) - 1


class Fate(NamedTuple):
    """What the file holds of a trace. `young`: a span of it, or a log record that tells of one, is not old."""

    project: str
    trace_id: str
    spans: int
    log_records: int
    first_seq: int
    last_seq: int
    young: bool

    @property
    def key(self) -> TraceKey:
        return self.project, self.trace_id

    @property
    def rows(self) -> int:
        return self.spans + self.log_records


def flushed_seq(cursor: duckdb.DuckDBPyConnection) -> int:
    """The newest request that this state of the file holds."""
    return int(str(run(cursor, "SELECT flushed_seq FROM store")[0][0]))


def fates(
    cursor: duckdb.DuckDBPyConnection, keys: Collection[TraceKey], old: dict[str, str] = EVERYTHING
) -> tuple[list[Fate], int]:
    """What the file holds of these traces, and the newest request it holds; `old` is SQL from tables of the code."""
    seen = flushed_seq(cursor)
    return ([Fate(*row) for row in keys_stage(cursor, keys, FATES_SQL.format(**old))] if keys else []), seen


def steps(found: Sequence[Fate], rows_at_most: int = ROWS_A_STEP) -> Iterator[list[Fate]]:
    """Neighbours in the file together, as many as a step may delete; one larger than that is alone."""
    step: list[Fate] = []
    rows = 0
    for fate in sorted(found, key=lambda each: each.first_seq):
        if step and rows + fate.rows > rows_at_most:
            yield step
            step, rows = [], 0
        step.append(fate)
        rows += fate.rows
    if step:
        yield step


def erase_step(
    connection: duckdb.DuckDBPyConnection, step: Sequence[Fate], seen_seq: int, match: Match, *, spare_grown: bool
) -> Erased:
    """These traces are gone, in one transaction; those that grew since `seen_seq` are spared, or go with the rest.

    A call of another trace that was marked to repeat one of them counts again.
    """
    keys = {fate.key for fate in step}
    ranges = [Range(min(fate.first_seq for fate in step), max(fate.last_seq for fate in step))]
    if not spare_grown:
        ranges.append(Range(seen_seq + 1, NEWEST))
    begin(connection)
    try:
        if spare_grown:
            keys -= grown(connection, keys, seen_seq)
        ids = marked_ids(connection, keys) if keys else []
        spans, logs = (erase(connection, table, keys, ranges) for table in EVERYTHING)
        match_again(connection, ids, match)
        if keys:
            keys_stage(connection, keys, SCORES_SQL)
            media.erase_of(connection, keys)
        forget(connection, [*(Range(fate.first_seq, fate.last_seq) for fate in step if fate.key in keys), *ranges[1:]])
        run(connection, "COMMIT")
    except BaseException:
        roll_back(connection)
        raise
    return Erased(len(keys), spans, logs)


def grown(connection: duckdb.DuckDBPyConnection, keys: Collection[TraceKey], seq: int) -> set[TraceKey]:
    return {
        (project, trace_id)
        for table in EVERYTHING
        for project, trace_id in keys_stage(connection, keys, GROWN_SQL.format(table=table, seq=seq))
    }


def erase(connection: duckdb.DuckDBPyConnection, table: str, keys: Collection[TraceKey], ranges: list[Range]) -> int:
    """How many rows were deleted."""
    if not keys:
        return 0
    gone = 0
    for first, last in ranges:
        sql = DELETE_SQL.format(table=table, first=first, last=last, hour=HOUR_SQL if table == "span" else "NULL")
        hours = keys_stage(connection, keys, sql)
        changed(connection, hours)
        gone += len(hours)
    return gone


class Eraser:
    """Deletes traces while others read and write."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def delete(self, project: str, trace_ids: Collection[str], *, dry_run: bool) -> Erased:
        """See `contract.upkeep.Upkeep.delete_traces`."""
        await self._writer.visible()
        keys = {(project, trace_id) for trace_id in trace_ids}
        found, seen = await ask(self._database, lambda cursor: fates(cursor, keys))
        if dry_run:
            each = (Erased(1, fate.spans, fate.log_records) for fate in found)
            return sum(each, Erased())
        return await self.erase(found, seen, spare_grown=False)

    async def erase(self, found: Sequence[Fate], seen_seq: int, *, spare_grown: bool) -> Erased:
        """See `erase_step`; between two steps others write."""
        total = Erased()
        for step in steps(found):
            work = partial(erase_step, step=step, seen_seq=seen_seq, match=self._writer.match, spare_grown=spare_grown)
            total += await self._writer.call(work, [fate.key for fate in step], after_all=False)
        return total
