"""Which rows a search need not look at: those of whose texts the index knows that they have not the words.

Rows that are not indexed (new ones, and those that changed: their `commit_seq` is new) are searched as if there were no
index, so that answers are the same with it and without.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from storage.words import BETWEEN, FOLDED, parts

Ask = Callable[[str, dict[str, Any]], list[tuple[Any, ...]]]
"""Runs a statement with these values, in the transaction of the question."""

RANGES_AT_MOST = 256
"""Ranges of rows that one statement leaves out, the longest; each costs it 10 us of planning. A power of two."""
NO_SEQ = 2**63 - 1
"""No row has it: between it and itself lies none."""

RARE = 0.75
"""Where a larger part of the tiles has not the term, texts of the others are soon unpacked."""

ASK_SQL = """
SELECT first_seq, any_value(tile_last_seqs), {found}
FROM (
    SELECT first_seq, tile_last_seqs, tiles, epoch_ns(last_time) // 1000 * {step} + tiles AS used, {tests}
    FROM text_words
    WHERE source = $source AND ($from_ns IS NULL OR last_time >= make_timestamp_ns($from_ns))
        AND ($told_ns IS NULL OR last_time < make_timestamp_ns($told_ns))
        AND ($to_ns IS NULL OR first_time < make_timestamp_ns($to_ns))
)
GROUP BY first_seq
"""
TEST_SQL = "CASE WHEN contains(words, ${1}) THEN contains(words, ${0}) ELSE false END AS {0}"
"""A part, where its end is: `rare_end`."""
FOUND_SQL = "bit_or(CASE WHEN {0} THEN tiles ELSE 0 END), max(used, {1:d}) FILTER ({0})"
"""The tiles that have a part, and when they have it last, of the newest."""
FREQUENT = "zqxjkv98765430w21ybgfphdmcuslrnotiae" + BETWEEN
"""What words are made of, from the rarest on; whatever else is rarer."""
RARE_END = 3
"""Characters that an end has at least: fewer are in most words."""
TILE_BITS = 8
"""Of what tells when a part was used, in microseconds before them, and by which tiles."""
TOGETHER, MOST_TOGETHER = 8, 2.0
"""Rows of one trace, which come together, so that a tile with a term has it in several of them where it is frequent;
and as many as it is taken to have at most: not all rows have texts (2.1 and 2.6 of the load generator's). Too few
tiles cost another statement, 20 to 35 ms, and each too many 2."""
JUDGED_BY = 16
"""Tiles, at least: by three one cannot tell how many rows each gives."""
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


class Found(NamedTuple):
    """What the index says of one piece."""

    tiles: list[Range]
    has: dict[str, int]
    """Part -> the tiles that have it, as bits."""
    used: dict[str, Sequence[int]]
    """Part -> when it was used last, and by which tiles, of the newest rows of the index."""

    def with_older(self, older: "Found") -> "Found":
        """This, and what the same piece has in rows of the index whose words were used last before any of these."""
        has = {part: tiles | older.has[part] for part, tiles in self.has.items()}
        used: dict[str, Sequence[int]] = {
            part: [*times, *older.used[part]][:NEWEST] for part, times in self.used.items()
        }
        return Found(self.tiles, has, used)

    def since(self, us: int) -> dict[str, int]:
        """As `has`, of the tiles that used the part then or later; those of older times too where not all are told."""
        return {part: self._tiles_since(part, us) for part in self.has}

    def _tiles_since(self, part: str, us: int) -> int:
        told = self.used[part]
        if len(told) >= NEWEST:
            return self.has[part]
        return reduce(or_, (used for used in told if used >> TILE_BITS >= us), 0) & (1 << TILE_BITS) - 1


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
        self._folded: list[str] = []
        self._absent: list[list[Range]] = [[] for _ in terms]
        self._is_asked = False
        self._asked_from: int | None = None
        self._known_from: int | None = None
        """What is left out was told of rows that begin then or later."""
        self._found: dict[int, Found] = {}
        """By the first row of the piece."""
        self._tiles = 0
        self._without = [0 for _ in terms]

    def statement(self, from_ns: int | None) -> tuple[str, dict[str, Any]]:
        """The statement that leaves out what is known to be without the terms, where it asks for rows that begin then
        or later, and the values it binds for that: a tile may have had the terms before what the index was asked about.
        """
        known = self._is_asked and reaches(self._known_from, from_ns)
        conditions = [outside(absent if known else [], f"w{number}_") for number, absent in enumerate(self._absent)]
        sql = _MARK.sub(lambda mark: conditions[int(mark[1])][0], self._marked)
        return sql, {name: value for _, values in conditions for name, value in values.items()}

    def look_up(self, from_ns: int | None) -> None:
        """Ask the index about rows that begin then or later (null: all), unless it has told of them."""
        if self._is_asked and reaches(self._known_from, from_ns):
            return
        if not self._is_asked or not reaches(self._asked_from, from_ns):
            self._ask_further(from_ns)
        self._known_from = self._asked_from
        self._take([piece.has for piece in self._found.values()])

    def narrow(self, from_ns: int) -> None:
        """What was told is taken for rows that begin then or later only, which leaves out more."""
        self._known_from = from_ns
        self._take([piece.since(from_ns // 1000) for piece in self._found.values()])

    def _ask_further(self, from_ns: int | None) -> None:
        """Of all that the index has since then what it has not told yet."""
        wanted = list(dict.fromkeys(part for forms in self._terms for form in forms for part in form))
        for first_seq, *row in self._asked(wanted, from_ns) if wanted else ():
            piece, known = found_of(wanted, first_seq, *row), self._found.get(first_seq)
            self._found[first_seq] = known.with_older(piece) if known else piece
        self._is_asked, self._asked_from = True, from_ns

    def _asked(self, wanted: list[str], from_ns: int | None) -> list[tuple[Any, ...]]:
        """Of each piece its first row, the ends of its tiles, and two values a part."""
        if not self._folded:
            self._folded = [part for (part,) in self._ask(FOLD_SQL, {"parts": wanted})]
        values = {f"w{number}": part for number, part in enumerate(self._folded)}
        ends = {f"{name}_end": rare_end(part) for name, part in values.items()}
        tests = ", ".join(map(TEST_SQL.format, values, ends))
        found = ", ".join(FOUND_SQL.format(name, NEWEST) for name in values)
        times = {"from_ns": from_ns, "told_ns": self._asked_from, "to_ns": self._to_ns}
        sql = ASK_SQL.format(step=1 << TILE_BITS, tests=tests, found=found)
        return self._ask(sql, {"source": self._source, **times, **values, **ends})

    def _take(self, has: Sequence[Mapping[str, int]]) -> None:
        """`has`: of each piece, which tiles may have a part."""
        self._absent, self._tiles = [[] for _ in self._terms], 0
        for piece, tiles in zip(self._found.values(), has, strict=True):
            self._tiles += len(piece.tiles)
            for absent, forms in zip(self._absent, self._terms, strict=True):
                absent += without(forms, tiles, piece.tiles)
        self._without = list(map(len, self._absent))
        self._absent = [longest(joined(ranges)) for ranges in self._absent]

    def nth_ns(self, tiles: int, below_ns: int | None = None) -> int | None:
        """Since when so many tiles may have the terms before `below_ns`; null where the index has fewer, or does not
        know when: of a tile that has them then or later too it does not say when before."""
        told = [[us for form in forms for us in self._times_us(form)] for forms in self._terms if all(forms)]
        times = min(told, key=len, default=[])
        known = sorted((us for us in times if below_ns is None or us * 1000 < below_ns), reverse=True)
        return known[tiles - 1] * 1000 if len(times) >= self.possible and len(known) >= tiles else None

    def enough_tiles(self, tiles: int, rows: int, from_ns: int | None, below_ns: int | None) -> int:
        """How many of the newest tiles that have the terms should give as many rows as `tiles` with one row each; see
        `rows_a_tile`."""
        return max(1, math.ceil(tiles / self.rows_a_tile(max(tiles, JUDGED_BY), rows, from_ns, below_ns)))

    def rows_a_tile(self, tiles: int, rows: int, from_ns: int | None, below_ns: int | None = None) -> float:
        """How many rows with the terms the newest tiles that have them should have each, by how many rows of any kind
        there are for each of so many. `rows` begin at `from_ns` or later, as many in each part of that time."""
        newest_ns, told_ns = self.newest_ns, self.nth_ns(tiles, below_ns)
        if newest_ns is None or told_ns is None or from_ns is None:
            return 1.0
        end_ns = newest_ns if below_ns is None else min(newest_ns, below_ns)
        return with_term(rows / tiles * (end_ns - told_ns) / (end_ns - from_ns)) if from_ns < end_ns else 1.0

    @property
    def newest_ns(self) -> int | None:
        """When one of the terms was used last, as far as the index was asked and knows."""
        times = [max(us) for forms in self._terms for form in forms if form and (us := self._times_us(form))]
        return max(times) * 1000 if times else None

    def _times_us(self, form: Sequence[str]) -> list[int]:
        """Of the rarest part. A frequent word has one time for all tiles of its piece."""
        rarest = min(([used for piece in self._found.values() for used in piece.used[part]] for part in form), key=len)
        return [used >> TILE_BITS for used in rarest]

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


def reaches(known_from: int | None, from_ns: int | None) -> bool:
    """Whether what is known since the one time (null: of all) is of all rows since the other."""
    return known_from is None or (from_ns is not None and from_ns >= known_from)


def with_term(rows: float) -> float:
    """How many of so many rows have a term that one trace of them has: traces of which each row has it with the same
    chance, and others between."""
    if rows <= TOGETHER:
        return min(max(rows, 1.0), MOST_TOGETHER)
    chance: float = 1 - (1 - TOGETHER / rows) ** (1 / TOGETHER)
    return min(rows * chance, MOST_TOGETHER)


def rare_end(part: str) -> str:
    """The part from its rarest character on, as far as that leaves enough of it.

    DuckDB looks for the first byte and there for the rest: 83 MB of words take 22 ms where it is a `z`, 38 where it is
    an `e`, 43 where it is what stands between words.
    """
    starts = range(max(1, len(part) - RARE_END + 1))
    return part[min(starts, key=lambda at: FREQUENT.find(part[at])) :]


def found_of(wanted: Sequence[str], first_seq: int, ends: Sequence[int], *values: Any) -> Found:
    """Of a row of `ASK_SQL`."""
    tiles = list(map(Range, [first_seq, *(end + 1 for end in ends)], ends))
    has = dict(zip(wanted, values[::2], strict=True))
    return Found(tiles, has, {part: used or () for part, used in zip(wanted, values[1::2], strict=True)})


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


def outside(ranges: Sequence[Range], prefix: str) -> tuple[str, dict[str, int]]:
    """SQL that holds for rows whose `commit_seq` lies in none of the ranges, or is null, and the values it binds.

    A tree of CASE on one column is asked by DuckDB's scan before it unpacks the texts, and costs 10 ns a row and level.
    It has a power of two of ranges, so that statements come again and need not be parsed (7 ms for 64 ranges).
    """
    if not ranges:
        return "true", {}
    edges = [edge for first, last in ranges for edge in (first, last + 1)]
    edges += [NO_SEQ] * ((2 << (len(ranges) - 1).bit_length()) - len(edges))
    return tree(prefix, 0, len(edges)), {f"{prefix}{number}": edge for number, edge in enumerate(edges)}


def tree(prefix: str, low: int, high: int) -> str:
    """Which of the edges from `low` to `high` a row lies behind: an odd number of them is within a range."""
    if low == high:
        return "false" if low % 2 else "true"
    middle = (low + high) // 2
    left, right = tree(prefix, low, middle), tree(prefix, middle + 1, high)
    return f"CASE WHEN commit_seq < ${prefix}{middle} THEN {left} ELSE {right} END"
