"""The newest rows first: a list is asked of the newest part of the file, then of more, until the page is full.

Most pages are full after the first part, and then nothing else of the file was read, whatever the list costs a row (the
search in texts costs 2 µs, rolling up all traces of 1 M spans 30 ms). Parts are bounded by the start time, from a
sample of it, so that rows may lie in any order; each answer is exact.
"""

import time
from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Any

from contract.reading import Row

Ask = Callable[[Mapping[str, Any]], list[Row]]
"""Runs the statement of a question with these values."""

Run = Callable[[str], list[tuple[Any, ...]]]
"""Runs a statement of this module."""

SAMPLES = 256
SAMPLE_SQL = """
SELECT epoch_ns(start_time) FROM span
WHERE rowid IN (SELECT (number * {last} / {parts})::BIGINT FROM range({count}) AS numbers(number))
"""
"""4 ms; quantiles of the whole column take 18 ms for 1 M rows."""

PARTS = (2, 24)
"""Samples in the first part and in the second: 8,000 and 94,000 of 1 M rows; the third is everything."""

SAMPLE_LASTS_S = 10.0
FEWEST_ROWS = 50_000
"""Below it everything is asked at once: a part costs 10 ms of planning."""

OLDEST_NS = -(1 << 63)


class Windows:
    """Which parts of the file to ask; shared by the threads of a reader."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: list[int] = []
        self._until = -1.0

    def floors(self, run: Run, below_ns: int | None) -> list[int]:
        """Start times that begin the parts, the newest part first; the last part, which has no beginning, is not named.

        `below_ns`: nothing from there on is asked for.
        """
        times = self._sampled(run)
        end = len(times) if below_ns is None else bisect_left(times, below_ns)
        return [times[end - part] for part in PARTS if part < end]

    def _sampled(self, run: Run) -> list[int]:
        if self._clock() >= self._until:
            self._times = sample(run)
            self._until = self._clock() + SAMPLE_LASTS_S
        return self._times


def sample(run: Run) -> list[int]:
    """Start times of rows that lie evenly in the file, in order; empty for a small file."""
    [(rows,)] = run("SELECT count(*) FROM span")
    if rows < FEWEST_ROWS:
        return []
    return sorted(at for (at,) in run(SAMPLE_SQL.format(last=rows - 1, parts=SAMPLES - 1, count=SAMPLES)))


def ask_spans(ask: Ask, bound: Mapping[str, Any], floors: list[int]) -> list[Row]:
    """The newest rows of `list_spans`: parts do not overlap, what they give is put together."""
    rows: list[Row] = []
    to_ns = bound["to_ns"]
    for from_ns in parts_from(bound, floors):
        rows += ask({**bound, "from_ns": from_ns, "to_ns": to_ns, "limit": bound["limit"] - len(rows)})
        if len(rows) >= bound["limit"]:
            break
        to_ns = from_ns
    return rows


def ask_traces(ask: Ask, bound: Mapping[str, Any], floors: list[int]) -> list[Row]:
    """The newest rows of `list_traces`: of the traces that begin in a part, whole; each part holds those before it.

    A trace is found by what the part shows of it; that it began earlier is seen when it is rolled up, and it is left
    out. Where that leaves too few of those that were rolled up, all are.
    """
    for from_ns in parts_from(bound, floors):
        rows = ask({**bound, "from_ns": from_ns})
        if len(rows) >= bound["limit"]:
            return rows
    is_cut = bound["page_limit"] is not None and (not rows or rows[0]["cut"])
    return ask({**bound, "page_limit": None}) if is_cut and bound["from_ns"] is not None else rows


def ask_roll_ups(ask: Ask, bound: Mapping[str, Any], floors: list[int]) -> list[Row]:
    """The latest active rows of `list_sessions` or `list_users`: who was active in a part, with all their spans."""
    for floor in (*floors, None):
        rows = ask({**bound, "floor_ns": floor})
        if len(rows) >= bound["limit"]:
            break
    return rows


def parts_from(bound: Mapping[str, Any], floors: list[int]) -> list[int | None]:
    """Where each part begins; the last one where the question itself does."""
    asked = bound["from_ns"]
    return [*(floor for floor in floors if asked is None or floor > asked), asked]


WINDOWED: dict[str, Callable[[Ask, Mapping[str, Any], list[int]], list[Row]]] = {
    "list_spans": ask_spans,
    "list_traces": ask_traces,
    "list_sessions": ask_roll_ups,
    "list_users": ask_roll_ups,
}


def upper_bound(bound: Mapping[str, Any]) -> int | None:
    """From where on nothing is asked for: the end of the range, or the page before (its own time may come again)."""
    ends = [bound["to_ns"], None if bound["after_ns"] is None else bound["after_ns"] + 1]
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
