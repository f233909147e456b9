"""The newest rows first: a list is asked of the newest part of the file, then of more, until the page is full.

Most pages are full after the first part, and then nothing else of the file was read, whatever the list costs a row (the
search in texts costs 2 µs, rolling up all traces of 1 M spans 30 ms). Parts are bounded by the start time, from a
sample of it, so that rows may lie in any order; each answer is exact.
"""

import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from contract.reading import Row
from storage.parts import GROWTH, SAMPLES, Parts, Sampled, first_look
from storage.text_search import Search

Ask = Callable[[Mapping[str, Any]], list[Row]]
"""Runs the statement of a question with these values."""

Run = Callable[[str], list[tuple[Any, ...]]]
"""Runs a statement of this module."""

SAMPLE_SQL = """
SELECT epoch_ns(start_time) AS start_ns, commit_seq FROM span
WHERE rowid IN (SELECT {first:d} + (number * {length:d} / {parts:d})::BIGINT FROM range({count:d}) AS numbers(number))
"""
"""4 ms; quantiles of the whole column take 18 ms for 1 M rows."""

ENDS_SQL = "SELECT min(rowid), max(rowid) FROM span"
"""Rows keep their place when those before them are deleted. 7 ms for 10 M rows."""

NEWEST = 8
SCATTERED = 2
"""Where rows came in the order of their time, none of the newest samples lies so many times as far from the end of the
file. Where one does, each part of time is everywhere in the file, and a part of 8,000 rows is as dear as all of it."""

NTH_SQL = """
SELECT epoch_ns(min(start_time)) FROM (
    SELECT start_time FROM span WHERE {below} ORDER BY start_time DESC LIMIT {rows:d}
)
"""

LATEST_NS = (1 << 63) - 2
"""The last time that can be stored; DuckDB takes none behind it."""

FILE_SQL = "SELECT (SELECT count(*) FROM span), (SELECT flushed_seq FROM store)"
LOOK_AGAIN_S = 10.0
"""So long the file is taken to be as it was, whatever is written: that only makes parts larger or smaller."""
GONE = 0.02
NEW = 0.004
"""Parts of the rows, after which a sample no longer stands for the file: it takes 40 ms of 1 M rows. New ones all lie
in the first part, which has twice as many."""
PLACES_AT_MOST = 64
FEWEST_ROWS = 50_000
"""Below it everything is asked at once: a part costs 10 ms of planning."""


class Windows:
    """Which parts of the file to ask; shared by the threads of a reader."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.row_count = 0
        """Of `span`, a while ago."""
        self._rows: list[Sampled] = []
        self._sampled_of = (0, 0)
        """How many rows there were, and the newest `commit_seq`."""
        self._until = -1.0
        self._places: dict[tuple[str, int], int | None] = {}
        """Starts of nth newest rows, as found since the last look."""

    def parts(self, run: Run, bound: Mapping[str, Any], *, costly: bool = True, search: Search | None = None) -> Parts:
        """The parts of a question with these values."""
        rows, below_ns = self._sampled(run), upper_bound(bound)
        known = rows if below_ns is None else rows[: bisect_left(rows, below_ns, key=lambda row: row.start_ns)]
        from_ns = bound["from_ns"] if "floor_ns" not in bound else None
        below = "true" if below_ns is None else f"start_time < make_timestamp_ns({below_ns:d})"
        nth = partial(self._nth_newest, run, below) if are_scattered(known) else None
        return Parts(
            known,
            bound["limit"],
            from_ns,
            costly=costly,
            search=search,
            nth=nth,
            below_ns=below_ns,
            first_look=first_look(self.row_count),
            sample_rows=self.row_count / SAMPLES,
        )

    def _sampled(self, run: Run) -> list[Sampled]:
        if self._clock() >= self._until:
            [(self.row_count, newest)] = run(FILE_SQL)
            self._places = {}
            if self._is_other(newest):
                self._rows, self._sampled_of = sample(run, self.row_count), (self.row_count, newest)
            self._until = self._clock() + LOOK_AGAIN_S
        return self._rows

    def _is_other(self, newest: int) -> bool:
        """Whether many rows have come, or gone, since the sample was taken."""
        rows, seq = self._sampled_of
        first = min((row.seq or 0 for row in self._rows), default=0)
        return (
            self.row_count > (1 + NEW) * rows
            or self.row_count < (1 - GONE) * rows
            or newest - seq > NEW * (seq - first)
        )

    def _nth_newest(self, run: Run, below: str, rows: int) -> int | None:
        places = self._places
        known = places.get((below, rows))
        if known is None:
            known = nth_newest(run, below, rows)
            if len(places) >= PLACES_AT_MOST:
                places.clear()
            places[below, rows] = known
        return known


def sample(run: Run, rows: int) -> list[Sampled]:
    """Of so many rows those that lie evenly in the file, in the order of their start; none for a small file."""
    if rows < FEWEST_ROWS:
        return []
    [(first, last)] = run(ENDS_SQL)
    sql = SAMPLE_SQL.format(first=first, length=last - first, parts=SAMPLES - 1, count=SAMPLES)
    found = (Sampled(*row) for row in run(sql))
    return sorted(found, key=lambda row: row.start_ns)


def are_scattered(rows: Sequence[Sampled]) -> bool:
    """Whether the newest of the rows, which are in the order of time, came with older ones."""
    if len(rows) < SCATTERED * NEWEST:
        return False
    late = sorted(row.seq or 0 for row in rows)[-SCATTERED * NEWEST]
    return any((row.seq or 0) < late for row in rows[-NEWEST:])


def nth_newest(run: Run, below: str, rows: int) -> int | None:
    [(start_ns,)] = run(NTH_SQL.format(below=below, rows=rows))
    return None if start_ns is None else int(start_ns)


def ask_spans(ask: Ask, bound: Mapping[str, Any], parts: Parts) -> list[Row]:
    """The newest rows of `list_spans`: parts do not overlap, what they give is put together."""
    rows: list[Row] = []
    to_ns = bound["to_ns"]
    while True:
        floor = parts.floor
        rows += ask({**bound, "from_ns": floor, "to_ns": to_ns, "limit": bound["limit"] - len(rows)})
        if len(rows) >= bound["limit"] or parts.is_last:
            return rows
        parts.widen(len(rows))
        to_ns = floor


def ask_traces(ask: Ask, bound: Mapping[str, Any], parts: Parts) -> list[Row]:
    """The newest rows of `list_traces`: of the traces that begin in a part, whole; each part holds those before it.

    A trace is found by what the part shows of it; that it began earlier is seen when it is rolled up, and it is left
    out. Where that leaves too few of those that were rolled up, more are in the next part, and all in the last.
    """
    page_limit: int | None = bound["page_limit"]
    while True:
        rows = ask({**bound, "from_ns": parts.floor, "page_limit": page_limit})
        is_cut = page_limit is not None and (not rows or rows[0]["cut"])
        if len(rows) >= bound["limit"]:
            return rows
        if parts.is_last:
            return ask({**bound, "page_limit": None}) if is_cut and bound["from_ns"] is not None else rows
        if page_limit is not None and is_cut:
            page_limit *= GROWTH
        parts.widen(len(rows))


def ask_roll_ups(ask: Ask, bound: Mapping[str, Any], parts: Parts) -> list[Row]:
    """The latest active rows of `list_sessions` or `list_users`: who was active in a part, with all their spans."""
    while True:
        rows = ask({**bound, "floor_ns": parts.floor})
        if len(rows) >= bound["limit"] or parts.is_last:
            return rows
        parts.widen(len(rows))


WINDOWED: dict[str, Callable[[Ask, Mapping[str, Any], Parts], list[Row]]] = {
    "list_spans": ask_spans,
    "list_traces": ask_traces,
    "list_sessions": ask_roll_ups,
    "list_users": ask_roll_ups,
}


def upper_bound(bound: Mapping[str, Any]) -> int | None:
    """From where on nothing is asked for: the end of the range, or the page before (its own time may come again)."""
    after_ns = bound.get("after_ns")
    ends = [bound["to_ns"], None if after_ns is None or after_ns >= LATEST_NS else after_ns + 1]
    return min((end for end in ends if end is not None), default=None)


def worth_it(query: str, bound: Mapping[str, Any], places: frozenset[str]) -> bool:
    """Whether parts can spare anything; `places`: where the question has conditions.

    One session or user is found by its id. Without conditions DuckDB finds the newest spans itself. Conditions on a
    session's traces, or on the roll-up, have to be asked of everything.
    """
    if query == "list_spans":
        return bool(places)
    if query == "list_traces":
        return True
    return query in WINDOWED and bound["id"] is None and not places
