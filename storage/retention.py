"""What is too old, or too much, is deleted: by age, by number of rows, by size of the file (docs/retention.md).

Traces go whole: when no span of it, and no log record that tells of one, is younger than the limit. Other log records,
metric points and scores go one by one. By age counts when something happened, by number and size when it arrived.
"""

import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import duckdb

from contract.errors import Unavailable
from contract.settling import TraceKey
from contract.stats import Sample
from storage.asking import ask
from storage.database import CATALOG, ROW_GROUP_ROWS, Database, begin, roll_back, run
from storage.erasure import ROWS_A_STEP, Eraser, Fate, fates
from storage.leftovers import Leftovers
from storage.text_index import SOURCES, forget
from storage.text_search import Range
from storage.writer import Writer

logger = logging.getLogger(__name__)

REASONS = ("age", "rows", "size", "request")

WINDOW_ROWS = 65_536
"""Old rows looked at in one question: it scans the trace ids of the whole table (30 ms of CPU at 650,000 rows)."""
OLDEST_AT_A_TIME = 262_144
"""Rows that one round of a limit by number or size deletes before it counts again."""
ROUNDS = 64
"""Rounds of one sweep; the next one goes on."""
SIZE_TARGET = 0.95
"""A file that is too large is brought below this part of its limit, so that not every sweep finds it too large."""

AGE_SQL = (
    "CASE WHEN {0} BETWEEN TIMESTAMP '2000-01-01' AND received_time + INTERVAL 1 DAY THEN {0} ELSE received_time END"
)
"""When it happened; a time that nobody can have meant (a clock never set, a day ahead of ours) says nothing."""
HAPPENED = {
    "span": AGE_SQL.format("coalesce(end_time, start_time)"),
    "log_record": AGE_SQL.format("time"),
    "metric_point": AGE_SQL.format("time"),
    "score": AGE_SQL.format("time"),
}
ARRIVED = dict.fromkeys(HAPPENED, "received_time")
TELLING = {"span": "true", "log_record": "(coalesce(describes_span, false) AND trace_id IS NOT NULL)"}
"""Rows whose age is that of a trace."""
LONE = {"log_record": f"NOT {TELLING['log_record']}", "metric_point": "true", "score": "true"}
"""Rows that go by themselves. Scores also go with their trace; it is older than they are."""
IN_SCOPE = "($project IS NULL OR project = $project) AND NOT list_contains($others, project)"

WINDOW_SQL = """
SELECT project, trace_id, max(place) FROM (
    SELECT rowid AS place, project, trace_id FROM {table}
    WHERE rowid > $after AND {old} AND {rows} AND {scope} LIMIT {limit}
) GROUP BY ALL
"""
LONE_SQL = """
SELECT min(commit_seq), max(commit_seq) FROM (
    SELECT commit_seq FROM {table} WHERE {old} AND {rows} AND {scope} LIMIT {limit}
)
"""
DELETE_LONE_SQL = """
DELETE FROM {table} WHERE commit_seq BETWEEN $first AND $last AND {old} AND {rows} AND {scope}
"""
NTH_OLDEST_SQL = f"""
SELECT count(*), max(epoch_ns(received_time)) FROM (
    SELECT received_time FROM (
        {
    " UNION ALL ".join(
        f"(SELECT received_time FROM {table} WHERE {IN_SCOPE} AND received_time IS NOT NULL LIMIT $nth)"
        for table in HAPPENED
    )
}
    ) ORDER BY received_time LIMIT $nth
)
"""
"""Rows lie in the order of their arrival, so that the oldest are among the first of each table."""
COUNT_SQL = f"SELECT {' + '.join(f'(SELECT count(*) FROM {table} WHERE {IN_SCOPE})' for table in HAPPENED)}"
UNSTORABLE_SQL = "FROM unstorable WHERE set_aside_time < make_timestamp({us:d})"
MEDIA_SQL = """
FROM media WHERE received_time < make_timestamp_ns($before_ns) AND NOT EXISTS (
    FROM media_use JOIN span USING (project, trace_id)
    WHERE media_use.project = media.project AND media_use.media_id = media.media_id
)
"""
FILE_BYTES_SQL = f"SELECT used_blocks * block_size FROM pragma_database_size() WHERE database_name = '{CATALOG}'"

STORED_ROWS_SQL = """
SELECT coalesce(sum(estimated_size), 0)::BIGINT FROM duckdb_tables()
WHERE database_name = current_database() AND table_name IN ('span', 'log_record', 'metric_point')
"""
"""Deleted ones too, while their row group has others (DuckDB 2.0)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Null: no limit. `max_rows` counts spans, log records and metric points together."""

    max_age_s: float | None = None
    max_rows: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits of the whole file and of single projects: an age of a project's own goes before that of the file."""

    whole: Limits = Limits()
    max_size_bytes: int | None = None
    projects: Mapping[str, Limits] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.max_size_bytes is not None or any(
            limits != Limits() for limits in (self.whole, *self.projects.values())
        )


class Scope(NamedTuple):
    """Whose rows: of one project, or of all but `others`; the parameters of `IN_SCOPE`."""

    project: str | None = None
    others: tuple[str, ...] = ()

    def bound(self, **more: Any) -> dict[str, Any]:
        return {"project": self.project, "others": list(self.others), **more}


def old(times: Mapping[str, str], cutoff_ns: int) -> dict[str, str]:
    """Table -> SQL that holds for rows from before the cutoff. A row without any time is young."""
    return {table: f"coalesce({sql} < make_timestamp_ns({cutoff_ns:d}), false)" for table, sql in times.items()}


class Retention:
    """Keeps the file within its limits: `sweep` now and then."""

    def __init__(
        self,
        database: Database,
        writer: Writer,
        eraser: Eraser,
        leftovers: Leftovers,
        policy: Policy,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._database = database
        self._writer = writer
        self._eraser = eraser
        self._leftovers = leftovers
        self._policy = policy
        self._now_ns = now_ns
        self.deleted = dict.fromkeys(REASONS, 0)

    def stats(self) -> list[Sample]:
        return [Sample("retention_deleted_total", {"reason": reason}, count) for reason, count in self.deleted.items()]

    async def sweep(self) -> int:
        """How many rows were deleted; afterwards their space is free. Raises `Unavailable` when the store is down."""
        before = sum(self.deleted.values())
        own_age = tuple(name for name, limits in self._policy.projects.items() if limits.max_age_s is not None)
        await self._keep(Scope(None, own_age), self._policy.whole)
        await self._keep_rows(Scope(), self._policy.whole.max_rows)
        for name, limits in self._policy.projects.items():
            await self._keep(Scope(name), limits)
            await self._keep_rows(Scope(name), limits.max_rows)
        if self._policy.max_size_bytes is not None:
            await self._keep_size(self._policy.max_size_bytes)
        deleted = sum(self.deleted.values()) - before
        if deleted:
            self._leftovers.due = True
            await self._writer.checkpoint()
        return deleted

    async def _keep(self, scope: Scope, limits: Limits) -> None:
        if limits.max_age_s is None:
            return
        cutoff_ns = self._now_ns() - int(limits.max_age_s * 1e9)
        await self._delete_older(scope, old(HAPPENED, cutoff_ns), "age")
        if scope.project is None:
            await self._delete_unstorable(cutoff_ns // 1000)
            await self._delete_media(cutoff_ns)

    async def _keep_rows(self, scope: Scope, max_rows: int | None) -> None:
        for _ in range(ROUNDS if max_rows is not None else 0):
            too_many = await self._count(scope) - (max_rows or 0)
            if too_many <= 0 or not await self._delete_oldest(scope, too_many, "rows"):
                return

    async def _keep_size(self, max_bytes: int) -> None:
        if await self._bytes() <= max_bytes:
            return
        for _ in range(ROUNDS):
            await self._leftovers.sweep()  # long texts are most of the size
            await self._writer.checkpoint()
            size, rows = await self._bytes(), await self._count(Scope())
            size -= await self._held_by_deleted(size, rows)
            if size <= max_bytes:
                return
            too_many = math.ceil(rows * (1 - max_bytes * SIZE_TARGET / size))
            if not await self._delete_oldest(Scope(), too_many, "size"):
                return

    async def _delete_oldest(self, scope: Scope, count: int, reason: str) -> int:
        """About as many rows as asked for, at most `OLDEST_AT_A_TIME`, more where a trace is larger than that.

        Looks further where the oldest rows belong to traces that still grow.
        """
        count = wanted = min(count, OLDEST_AT_A_TIME)
        while True:
            [(found, newest_ns)] = await self._ask(NTH_OLDEST_SQL, scope.bound(nth=wanted))
            if not found:
                return 0
            deleted = await self._delete_older(scope, old(ARRIVED, newest_ns + 1), reason, count)
            if deleted or found < wanted:
                return deleted
            wanted *= 2

    async def _delete_older(self, scope: Scope, is_old: dict[str, str], reason: str, at_most: float = math.inf) -> int:
        """How many rows were deleted: a trace or a request more than `at_most`."""
        before = self.deleted[reason]
        for delete, tables in ((self._delete_lone, LONE), (self._delete_traces, TELLING)):
            for table in tables:
                self.deleted[reason] += await delete(table, scope, is_old, at_most - self.deleted[reason] + before)
        return self.deleted[reason] - before

    async def _delete_traces(self, table: str, scope: Scope, is_old: dict[str, str], at_most: float) -> int:
        deleted, after = 0, -1
        while deleted < at_most:
            look = partial(window, table=table, scope=scope, is_old=is_old, after=after)
            after, found, seen = await ask(self._database, look)
            dead = first_of((fate for fate in found if not fate.young), at_most - deleted)
            deleted += (await self._eraser.erase(dead, seen, spare_grown=True)).rows
            if not found:
                break
        return deleted

    async def _delete_lone(self, table: str, scope: Scope, is_old: dict[str, str], at_most: float) -> int:
        parts = {"table": table, "old": is_old[table], "rows": LONE[table], "scope": IN_SCOPE}
        deleted = 0
        while deleted < at_most:
            limit = min(at_most - deleted, ROWS_A_STEP)
            [(first, last)] = await self._ask(LONE_SQL.format(**parts, limit=limit), scope.bound())
            bound = scope.bound(first=first, last=last)
            delete = partial(delete_lone, table=table, sql=DELETE_LONE_SQL.format(**parts), bound=bound)
            step = 0 if first is None else await self._writer.call(delete, (), after_all=False)
            deleted += step
            if not step:
                break
        return deleted

    async def _delete_unstorable(self, before_us: int) -> None:
        """Requests that no table could take hold prompts like all others."""
        which = UNSTORABLE_SQL.format(us=before_us)
        [(found,)] = await self._ask(f"SELECT count(*) {which}", {})
        if found:
            self.deleted["age"] += await self._write(f"DELETE {which}", {})

    async def _delete_media(self, before_ns: int) -> None:
        """Files whose traces never came, or went: those of a trace go with it."""
        await self._writer.visible()
        [(found,)] = await self._ask(f"SELECT count(*) {MEDIA_SQL}", {"before_ns": before_ns})
        if found:
            self.deleted["age"] += await self._write(f"DELETE {MEDIA_SQL}", {"before_ns": before_ns})

    async def _count(self, scope: Scope) -> int:
        [(count,)] = await self._ask(COUNT_SQL, scope.bound())
        return int(count)

    async def _bytes(self) -> int:
        """What the rows take: blocks of the file that are in use (free ones are used again), and the log."""
        [(size,)] = await self._ask(FILE_BYTES_SQL, {})
        return int(size) + self._database.wal_bytes()

    async def _held_by_deleted(self, size: int, rows: int) -> int:
        """The share of deleted rows that lie in a row group with others, whose space is not free before those are gone:
        of one row group, since a limit that is smaller would else delete everything."""
        [(stored,)] = await self._ask(STORED_ROWS_SQL, {})
        return size * min(max(int(stored) - rows, 0), ROW_GROUP_ROWS) // max(int(stored), 1)

    async def _ask(self, sql: str, bound: dict[str, Any]) -> list[tuple[Any, ...]]:
        return await ask(self._database, lambda cursor: cursor.execute(sql, bound).fetchall())

    async def _write(self, sql: str, bound: dict[str, Any]) -> int:
        return await self._writer.call(partial(deletion, sql=sql, bound=bound), (), after_all=False)


def window(
    cursor: duckdb.DuckDBPyConnection, table: str, scope: Scope, is_old: dict[str, str], after: int
) -> tuple[int, list[Fate], int]:
    """The next old rows behind row `after`: the last of them, what the file holds of their traces (nothing when there
    are no more), and up to which request."""
    sql = WINDOW_SQL.format(table=table, old=is_old[table], rows=TELLING[table], scope=IN_SCOPE, limit=WINDOW_ROWS)
    rows = cursor.execute(sql, scope.bound(after=after)).fetchall()
    keys: list[TraceKey] = [(project, trace_id) for project, trace_id, _ in rows]
    found, seen = fates(cursor, keys, is_old)
    return max((place for *_, place in rows), default=after), found, seen


def first_of(dead: Iterable[Fate], rows: float) -> list[Fate]:
    """Those that came first, as many as have that many rows together."""
    taken: list[Fate] = []
    for fate in sorted(dead, key=lambda each: each.first_seq):
        if rows <= 0:
            break
        taken.append(fate)
        rows -= fate.rows
    return taken


def deletion(connection: duckdb.DuckDBPyConnection, sql: str, bound: dict[str, Any]) -> int:
    """How many rows one statement deleted."""
    try:
        [(count,)] = connection.execute(sql, bound).fetchall()
    except duckdb.Error:
        roll_back(connection)
        raise
    return int(count)


def delete_lone(connection: duckdb.DuckDBPyConnection, table: str, sql: str, bound: dict[str, Any]) -> int:
    """How many rows between two numbers are gone, and in one transaction the words of what had them."""
    begin(connection)
    try:
        [(count,)] = connection.execute(sql, bound).fetchall()
        if count and table in SOURCES:
            forget(connection, [Range(bound["first"], bound["last"])], table)
        run(connection, "COMMIT")
    except BaseException:
        roll_back(connection)
        raise
    return int(count)


async def sweep_and_tell(retention: Retention) -> None:
    """One sweep; what went wrong is logged, and tried again the next time."""
    started = time.monotonic()
    try:
        deleted = await retention.sweep()
    except Unavailable as error:
        logger.warning("retention: %s", error)
        return
    except Exception:  # a fault of ours must not end the timer
        logger.exception("retention failed")
        return
    if deleted:
        logger.info("retention: %d rows deleted in %.1f s", deleted, time.monotonic() - started)
