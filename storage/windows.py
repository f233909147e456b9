"""The newest rows first: a list is asked of the newest part of the file, then of more, until the page is full.

Most pages are full after the first part, and then nothing else of the file was read, whatever the list costs a row (the
search in texts costs 2 µs, rolling up all traces of 1 M spans 30 ms). Parts are bounded by the start time, from a
sample of it, so that rows may lie in any order; each answer is exact.
"""

import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from contract.reading import Row
from storage.text_search import Search

Ask = Callable[[Mapping[str, Any]], list[Row]]
"""Runs the statement of a question with these values."""

Run = Callable[[str], list[tuple[Any, ...]]]
"""Runs a statement of this module."""

SAMPLES = 256
SAMPLE_SQL = """
SELECT epoch_ns(start_time) AS start_ns, commit_seq FROM span
WHERE rowid IN (SELECT {first:d} + (number * {length:d} / {parts:d})::BIGINT FROM range({count:d}) AS numbers(number))
"""
"""4 ms; quantiles of the whole column take 18 ms for 1 M rows."""

ENDS_SQL = "SELECT min(rowid), max(rowid) FROM span"
"""Rows keep their place when those before them are deleted. 7 ms for 10 M rows."""

FIRST_PART = 2
"""Samples in the first part: 8,000 of 1 M rows."""

GROWTH = 8
"""How many times the part before a part has at most, where texts are searched; where nothing was found, it has that.

Other conditions cost so little a row that all the rest is asked at once.
"""

RARE = 4
"""Rows found a sample looked at. Of a term that is not rarer each tile has one, unless rows are scattered."""

SPARE = 1.2
"""More rows than the page should need by what was found so far."""

NEWEST = 8
SCATTERED = 2
"""Where rows came in the order of their time, none of the newest samples lies so many times as far from the end of the
file. Where one does, each part of time is everywhere in the file, and a part of 8,000 rows is as dear as all of it."""

NEAR_ROWS = 16
"""Rows a row of the page in the first part there: more than most traces have."""
NEAR_TEXTS = 2
"""Likewise where texts are searched, and the index does not know the terms to be rare."""
NTH_SQL = """
SELECT epoch_ns(min(start_time)) FROM (
    SELECT start_time FROM span WHERE {below} ORDER BY start_time DESC LIMIT {rows:d}
)
"""

FIRST_LOOK, FIRST_LOOK_ROWS = 8, 80_000
"""Samples about which the index is asked first there, and rows, where samples stand for more (of 10 M in ten days
eight are a third of one): 13 ms; about all of 1 M rows it takes 23."""
LOOK_SPARE = 1.5
"""Times what the page should need, that it is asked about next: one more look takes 5 ms, twice the time 3 to 8."""
TOLD, TOLD_MORE = 1.08, 8
"""Tiles that have a rare term last in the first part there, by the index, a row of the page: each takes 2 ms. And as
many as the next part has more, at least: another statement takes as long."""

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


class Sampled(NamedTuple):
    """A row that stands for those around it."""

    start_ns: int
    seq: int | None


class Parts:
    """Where the parts of one question begin, the newest part first."""

    def __init__(
        self,
        rows: Sequence[Sampled],
        limit: int,
        from_ns: int | None,
        *,
        costly: bool = True,
        search: Search | None = None,
        nth: Callable[[int], int | None] | None = None,
        below_ns: int | None = None,
        first_look: int = FIRST_LOOK,
        sample_rows: float = 1.0,
    ) -> None:
        """`rows`: sampled in the order of time, of what may be asked for, each of `sample_rows`; `from_ns`, `below_ns`:
        where the question begins and ends. `first_look`: samples about which the index is asked first.

        `costly`: rows are, so that parts should grow slowly. `search`: tells which rows need not be looked at.
        `nth`: the start of the nth newest row, where rows are scattered: then parts begin with few rows.
        """
        self._costly = costly
        self._search = search
        self._rows = rows
        self._limit = limit
        self._from_ns = from_ns
        self._below_ns = below_ns
        self._samples = FIRST_PART
        self._near_rows = (NEAR_ROWS if search is None else NEAR_TEXTS) * limit
        self._near_ns: int | None = None
        self._told_tiles = round(TOLD * limit)
        self._told_ns: int | None = None
        """Since when the index has the term in so many tiles."""
        self._nth = nth
        self._first_look = first_look
        self._sample_rows = sample_rows
        if nth is not None:
            self._begin(nth, search)

    def _begin(self, nth: Callable[[int], int | None], search: Search | None) -> None:
        """The first part where rows are scattered: as the index of words tells where the term is, or few rows."""
        if search is None:
            self._near_ns = nth(self._near_rows)
            return
        self._samples = self._first_look
        search.look_up(self.floor)
        while search.is_rare and search.possible < self._limit and not self.is_last:
            self._samples = self._further(search)
            search.look_up(self.floor)
        rows = round(self._samples * self._sample_rows)
        self._told_tiles = search.enough_tiles(self._told_tiles, rows, self.floor, self._below_ns)
        self._tell(search)
        if self._told_ns is None and not search.is_rare:
            self._samples = FIRST_PART
            self._near_ns = nth(self._near_rows)

    def _further(self, search: Search) -> int:
        """As many samples as the page should need, by how many tiles have the terms, and in what time."""
        begins, newest_ns, found = self.floor, search.newest_ns, search.possible
        most = self._samples * GROWTH
        if self._since(self._from_ns or 0) <= 2 * most:
            most = len(self._rows)
        if not found or begins is None or newest_ns is None:
            return most
        wanted_ns = newest_ns - round(LOOK_SPARE * (newest_ns - begins) * self._told_tiles / found)
        if wanted_ns >= begins:  # the newest rows lie within a microsecond
            return most
        return min(most, max(self._since(wanted_ns), self._samples) + 1)

    def _since(self, ns: int) -> int:
        """Samples that begin then or later."""
        return len(self._rows) - bisect_left(self._rows, ns, key=lambda row: row.start_ns)

    def _tell(self, search: Search) -> None:
        """The part begins as late as the index has enough tiles with the term."""
        begins, told_ns = self.floor, search.nth_ns(self._told_tiles, self._below_ns)
        if told_ns is not None and (begins is None or told_ns > begins):
            self._told_ns = told_ns
            search.narrow(told_ns)

    @property
    def floor(self) -> int | None:
        """The beginning of this part, `from_ns` or null of the last one."""
        begins = self._rows[-self._samples].start_ns if self._samples < len(self._rows) else None
        return max((ns for ns in (begins, self._near_ns, self._told_ns, self._from_ns) if ns is not None), default=None)

    @property
    def is_last(self) -> bool:
        return self.floor == self._from_ns

    def widen(self, found: int) -> None:
        """Go on to the next part: as much as the page should need, by how many rows this and all before it gave.

        A term that the newest part does not have is rare: then the index of words is asked about all parts, and those
        that cannot have it are no reason to stop.
        """
        if self._near_ns is not None and self._nth is not None:
            self._widen_near(self._near_ns, self._nth, found)
            return
        if self._told_ns is not None and self._search is not None:
            self._widen_told(self._told_ns, self._search, found)
            if found:
                return
        if self._search is not None and not found:
            self._search.look_up(self._from_ns)
            older, newer = self._rows[: -self._samples], self._rows[-self._samples :]
            self._rows = [*(row for row in older if self._search.may_match(row.seq)), *newer]
            if self._nth is not None:  # what is left is as dear as one more part of it
                self._samples = len(self._rows)
                return
        is_rare = found < RARE * self._samples
        self._samples = grown(self._samples, found, self._limit) if self._costly else self._samples * SAMPLES
        if self._search is not None and (is_rare or self._nth is not None):
            self._search.look_up(self.floor)

    def _widen_told(self, former_ns: int, search: Search, found: int) -> None:
        """As many tiles more as the page should need, where the index has them; else all that it was asked about."""
        self._told_ns = None
        search.look_up(self.floor)
        if found:
            self._told_tiles = max(grown(self._told_tiles, found, self._limit), self._told_tiles + TOLD_MORE)
            self._tell(search)
        if self._told_ns is not None and self._told_ns >= former_ns:
            self._told_ns = None
            search.look_up(self.floor)

    def _widen_near(self, former_ns: int, nth: Callable[[int], int | None], found: int) -> None:
        """A few rows more, while they are fewer than a sample stands for and each is costly; a large part where none of
        them was one: it reads as much of the file as several smaller ones would, each."""
        self._near_ns = None
        if self._search is not None and not found:
            self._samples *= GROWTH
            self._search.look_up(self.floor)
        elif self._costly:
            begins = self.floor
            self._near_rows = grown(self._near_rows, found, self._limit)
            near_ns = nth(self._near_rows)
            if near_ns is not None and (begins is None or begins < near_ns) and near_ns < former_ns:
                self._near_ns = near_ns


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


def first_look(rows: int) -> int:
    """Samples of a file with so many rows about which the index is asked first."""
    return min(FIRST_LOOK, max(FIRST_PART, FIRST_LOOK_ROWS * SAMPLES // max(rows, 1)))


def grown(size: int, found: int, limit: int) -> int:
    """How large a part should be where one of this size, and all before it, gave so many rows of the page."""
    most = size * GROWTH
    return max(size + 1, min(most, round(size * (1 + SPARE * (limit - found) / found)) if found else most))


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
