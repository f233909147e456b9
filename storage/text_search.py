"""Which rows a search need not look at: those of whose texts the index knows that they have not the words.

Rows that are not indexed (new ones, and those that changed: their `commit_seq` is new) are searched as if there were no
index, so that answers are the same with it and without.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from storage.words import FOLDED, parts

Ask = Callable[[str, dict[str, Any]], list[tuple[Any, ...]]]
"""Runs a statement with these values, in the transaction of the question."""

RANGES_AT_MOST = 256
"""Ranges of rows that one statement leaves out, the longest; each costs it 10 us of planning."""

RARE = 0.75
"""Where a larger part of the tiles has not the term, texts of the others are soon unpacked."""

ASK_SQL = """
SELECT first_seq, any_value(tile_last_seqs), {found}
FROM (
    SELECT first_seq, tile_last_seqs, tiles, epoch_ns(last_time) AS used, {tests}
    FROM text_words
    WHERE source = $source AND ($from_ns IS NULL OR last_time >= make_timestamp_ns($from_ns))
        AND ($to_ns IS NULL OR first_time < make_timestamp_ns($to_ns))
)
GROUP BY first_seq
"""
TEST_SQL = "contains(words, ${0}) AS {0}"
FOUND_SQL = "bit_or(CASE WHEN {0} THEN tiles ELSE 0 END), max(used, {1:d}) FILTER ({0})"
"""The tiles that have a part, and when they have it last, of the newest."""
NEWEST = 256
"""More than a page has, mostly; half or twice as many take as long (23 ms for all of 1 M rows)."""
FOLD_SQL = f"SELECT {FOLDED.format('part')} FROM (SELECT unnest($parts) AS part)"

_MARK = re.compile(r"true /\* words: (\d+) \*/")


def mark(number: int) -> str:
    """Stands in a statement for the condition that leaves out rows without the words of the term of that number."""
    return f"true /* words: {number} */"


class Range(NamedTuple):
    """Rows by their `commit_seq`, both ends included."""

    first: int
    last: int


class Search:
    """The terms of one question and what the index says of them."""

    def __init__(
        self, ask: Ask, source: str, terms: Sequence[Sequence[str]], sql: str, *, every: bool, to_ns: int | None
    ) -> None:
        """`terms`: the forms of each, of which one must be in a text. `sql`: a statement with the marks of the terms.

        `every`: one row must have all terms, not some row each. `to_ns`: no row that begins then or later is asked for.
        """
        self._ask = ask
        self._source = source
        self._terms = [[parts(form) for form in forms] for forms in terms]
        self._marked = sql
        self._every = every
        self._to_ns = to_ns
        self._absent: list[list[Range]] = [[] for _ in terms]
        self._known_from: int | None = None
        self._is_asked = False
        self._tiles = 0
        self._without = [0 for _ in terms]
        self._used: dict[str, list[int]] = {}

    def sql(self, from_ns: int | None) -> str:
        """The statement that leaves out what is known to be without the terms, where it asks for rows that begin then
        or later: a tile may have had the terms before what the index was asked about."""
        known = self._knows(from_ns)
        return _MARK.sub(lambda mark: outside(self._absent[int(mark[1])] if known else []), self._marked)

    def _knows(self, from_ns: int | None) -> bool:
        return self._is_asked and (self._known_from is None or (from_ns is not None and from_ns >= self._known_from))

    def look_up(self, from_ns: int | None, *, anew: bool = False) -> None:
        """Ask the index about rows that begin then or later (null: all), or `anew` if it knows of more."""
        if self._knows(from_ns) and not anew:
            return
        self._is_asked, self._known_from = True, from_ns
        wanted = list(dict.fromkeys(part for forms in self._terms for form in forms for part in form))
        if wanted:
            self._take(wanted, self._asked(wanted, from_ns))

    def _asked(self, wanted: list[str], from_ns: int | None) -> list[tuple[Any, ...]]:
        """Of each piece its first row, the ends of its tiles, and two values a part."""
        folded = self._ask(FOLD_SQL, {"parts": wanted})
        values = {f"w{number}": part for number, (part,) in enumerate(folded)}
        tests = ", ".join(map(TEST_SQL.format, values))
        found = ", ".join(FOUND_SQL.format(name, NEWEST) for name in values)
        bound = {"source": self._source, "from_ns": from_ns, "to_ns": self._to_ns, **values}
        return self._ask(ASK_SQL.format(tests=tests, found=found), bound)

    def _take(self, wanted: list[str], pieces: Iterable[tuple[Any, ...]]) -> None:
        self._absent, self._tiles = [[] for _ in self._terms], 0
        self._used = {part: [] for part in wanted}
        for first_seq, ends, *found in pieces:
            tiles = list(map(Range, [first_seq, *(end + 1 for end in ends)], ends))
            self._tiles += len(tiles)
            has = dict(zip(wanted, found[::2], strict=True))
            for part, used in zip(wanted, found[1::2], strict=True):
                self._used[part] += used or ()
            for absent, forms in zip(self._absent, self._terms, strict=True):
                absent += without(forms, has, tiles)
        self._without = list(map(len, self._absent))
        self._absent = [longest(joined(ranges)) for ranges in self._absent]

    def nth_ns(self, tiles: int) -> int | None:
        """Since when so many tiles may have the terms; null where the index has fewer, or does not know when."""
        told = [[ns for form in forms for ns in self._times(form)] for forms in self._terms if all(forms)]
        times = min(told, key=len, default=[])
        return sorted(times, reverse=True)[tiles - 1] if len(times) >= max(tiles, self.possible) else None

    def _times(self, form: Sequence[str]) -> list[int]:
        """Of the rarest part. A frequent word has one time for all tiles of its piece."""
        return min((self._used.get(part, []) for part in form), key=len)

    @property
    def is_rare(self) -> bool:
        """Whether the index was asked, and most of what it knows has not one of the terms."""
        return self._tiles > 0 and max(self._without) > RARE * self._tiles

    @property
    def possible(self) -> int:
        """Tiles that may have all terms, of those that the index was asked about."""
        return self._tiles - max(self._without)

    def may_match(self, seq: int | None) -> bool:
        """Whether a row of this `commit_seq` may be one of those that are looked for."""
        if seq is None:
            return True
        kept = (not meets(ranges, Range(seq, seq)) for ranges in self._absent)
        return all(kept) if self._every else any(kept)


def without(forms: Iterable[Sequence[str]], has: Mapping[str, int], tiles: Sequence[Range]) -> Iterator[Range]:
    """The tiles of a piece that have not all parts of any form; `has`: part -> the tiles that have it, as bits."""
    possible = 0
    for form in forms:
        in_all = -1
        for part in form:
            in_all &= has[part]
        possible |= in_all
    return (tile for number, tile in enumerate(tiles) if not possible >> number & 1)


def meets(ranges: Sequence[Range], other: Range) -> bool:
    """Whether one of the ranges, which are apart and in order, has a number of the other."""
    at = bisect_right(ranges, other.last, key=lambda each: each.first)
    return at > 0 and other.first <= ranges[at - 1].last


def joined(ranges: Iterable[Range]) -> list[Range]:
    """Neighbours made one; in order."""
    found: list[Range] = []
    for each in sorted(ranges):
        if found and each.first <= found[-1].last + 1:
            found[-1] = Range(found[-1].first, max(each.last, found[-1].last))
        else:
            found.append(each)
    return found


def longest(ranges: list[Range]) -> list[Range]:
    """As many as a statement should have, in order."""
    return sorted(sorted(ranges, key=lambda each: each.first - each.last)[:RANGES_AT_MOST])


def outside(ranges: Sequence[Range]) -> str:
    """SQL that holds for rows whose `commit_seq` lies in none of the ranges, or is null.

    A tree of CASE on one column is asked by DuckDB's scan before it unpacks the texts, and costs 10 ns a row and level.
    """
    edges = [(edge, inside) for first, last in ranges for edge, inside in ((first, True), (last + 1, False))]
    return tree(edges, 0, len(edges)) if edges else "true"


def tree(edges: Sequence[tuple[int, bool]], low: int, high: int) -> str:
    if low == high:
        return "true" if low == 0 or not edges[low - 1][1] else "false"
    middle = (low + high) // 2
    left, right = tree(edges, low, middle), tree(edges, middle + 1, high)
    return f"CASE WHEN commit_seq < {edges[middle][0]:d} THEN {left} ELSE {right} END"
