"""Where the parts of one question begin: the newest is asked first, the next is as large as the page should need."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

from storage.text_search import Search

SAMPLES = 256

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

NEAR_ROWS = 16
"""Rows a row of the page in the first part of scattered rows: more than most traces have."""
NEAR_TEXTS = 2
"""Likewise where texts are searched, and the index does not know the terms to be rare."""

FIRST_LOOK, FIRST_LOOK_ROWS = 8, 80_000
"""Samples about which the index is asked first where rows are scattered, and rows, where samples stand for more (of
10 M in ten days eight are a third of one): 15 ms; about all of 1 M rows it takes 35."""
SPREAD = 16
"""Of so many of the newest samples it is taken how far apart they are: one alone may lie anywhere."""
LOOK_SPARE = 1.5
"""Times what the page should need, that it is asked about next: one more look takes 5 ms, twice the time 3 to 8."""
TOLD, TOLD_MORE = 1.08, 8
"""Tiles that have a rare term last in the first part there, by the index, a row of the page: each takes 2 ms. And as
many as the next part has more, at least: another statement takes as long."""


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
        self._samples = self._spread_over(self._first_look)
        search.look_up(self.floor)
        while search.is_rare and search.possible < self._limit and not self.is_last:
            self._samples = self._further(search)
            search.look_up(self.floor)
        self._told_tiles = search.enough_tiles(
            self._told_tiles, self._rows_since(self.floor), self.floor, self._below_ns
        )
        self._tell(search)
        if self._told_ns is None and not search.is_rare:
            self._samples = FIRST_PART
            self._near_ns = nth(self._near_rows)

    def _apart_ns(self) -> float:
        """Between two of the newest samples, on the whole."""
        newest = self._rows[-SPREAD:]
        return (newest[-1].start_ns - newest[0].start_ns) / max(1, len(newest) - 1) if newest else 0.0

    def _spread_over(self, samples: int) -> int:
        """The number of the newest sample since which as many rows begin as so many stand for."""
        if not self._rows:
            return samples
        wanted_ns = self._rows[-1].start_ns - round((samples - 1) * self._apart_ns())
        return self._since(wanted_ns + 1) + 1

    def _rows_since(self, ns: int | None) -> int:
        """About how many rows begin then or later; null: all."""
        samples = float(len(self._rows) if ns is None else self._since(ns))
        if ns is not None and 0 < samples < SPREAD and (apart_ns := self._apart_ns()):
            samples = 1 + (self._rows[-1].start_ns - ns) / apart_ns
        return round(samples * self._sample_rows)

    def _further(self, search: Search) -> int:
        """As many samples as the page should need, by how many tiles have the terms, and in what time."""
        begins, newest_ns, found = self.floor, search.newest_ns, search.possible
        most = self._or_all(self._samples * GROWTH, 2)
        if not found or begins is None or newest_ns is None:
            return most
        wanted_ns = newest_ns - round(LOOK_SPARE * (newest_ns - begins) * self._told_tiles / found)
        if wanted_ns >= begins:  # the newest rows lie within a microsecond
            return most
        return min(most, self._or_all(max(self._since(wanted_ns), self._samples) + 1, LOOK_SPARE))

    def _or_all(self, samples: int, spare: float) -> int:
        """So many, or all where that is no more than so many times as much."""
        return len(self._rows) if self._since(self._from_ns or 0) <= spare * samples else samples

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


def grown(size: int, found: int, limit: int) -> int:
    """How large a part should be where one of this size, and all before it, gave so many rows of the page."""
    most = size * GROWTH
    return max(size + 1, min(most, round(size * (1 + SPARE * (limit - found) / found)) if found else most))


def first_look(rows: int) -> int:
    """Samples of a file with so many rows about which the index is asked first."""
    return min(FIRST_LOOK, max(FIRST_PART, FIRST_LOOK_ROWS * SAMPLES // max(rows, 1)))
