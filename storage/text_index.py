"""Makes the index of words, a piece at a time while the server has little else to do (docs/adr/0012).

A piece is all rows of a table whose `commit_seq` lies in a range below that of the newest group: no row can come into
it any more, since whatever is written has a higher one. Rows can leave it, by deletion or change; its words are then
more than those of its rows, which no answer shows. `forget` takes the words of deleted rows out of the file.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import duckdb

from contract.columns import Column
from storage.asking import ask
from storage.background import Steps
from storage.columns import stage
from storage.contents import TEXT_IDS_SQL, recipes_sql
from storage.database import Database
from storage.pieces import PIECE_CHARACTERS
from storage.text_search import Range, joined, meets
from storage.words import BETWEEN, FOLDED, HAS_PAIRS_SQL, PAIRS_SQL, PATTERNS, WORDS_SQL
from storage.writer import Writer

PIECE_ROWS = 8192
TILES = 4
"""Of a piece: 2,048 rows each. DuckDB unpacks texts of so many at once: knowing more spares nothing."""
PIECE_BYTES = 16 << 20
"""Of text: 0.3 s of CPU. Where rows have more, a piece has fewer of them."""
APART_BYTES = PIECE_CHARACTERS * 3 // 2
"""Taken for the size of each piece of a long text (docs/adr/0013): to measure them would be to unpack them."""
SHARE = 0.5
"""Where a piece has more bytes of words than this share of its texts (images, keys), it is left as it is."""
SMALL_BYTES = 1 << 20
"""Words of that size are kept whatever their share."""
WORDS_A_ROW = 512
"""4 kB, which DICT_FSST can pack."""
RARE_USES = 4096
"""Words that a piece has no more of are kept once a tile, with those last used at about the same time."""
TIMES = 256
"""Such times of a tile."""
CHECKED = 16
"""Pieces looked at in one step for rows that have left them."""

NOTHING = ("", -1)
"""Comes before the first piece."""

REST = 1
"""Times a step's own length until the next one."""
BUSY = 0.5
"""Of a core; when the process uses more, the index waits."""


class Source(NamedTuple):
    """A table of which the words of these columns are kept, its time, and those of the columns that may lie apart."""

    columns: tuple[str, ...]
    time: str
    long: tuple[str, ...]


SOURCES = {
    "span": Source(("name", "trace_name", "input", "output"), "start_time", ("input", "output")),
    "log_record": Source(("event_name", "raw_body"), "time", ("raw_body",)),
}

PIECE = "tiles = 0"
"""Holds for one row of each piece."""
COVERED_SQL = f"SELECT first_seq, last_seq FROM text_words WHERE source = $source AND {PIECE}"
NEWEST_SQL = "SELECT flushed_seq - 1 FROM store"
"""Rows of the newest request may still come: parts of one that was divided, or that is tried again."""
SEQS_SQL = "SELECT commit_seq FROM {source} WHERE commit_seq BETWEEN {first} AND {last} LIMIT {rows}"
SIZE_SQL = """
SELECT count(*), epoch_ns(min({time})), epoch_ns(max({time})), coalesce(sum({bytes}), 0)::BIGINT
FROM {source} WHERE commit_seq BETWEEN {first} AND {last}
"""
APART_SQL = """
SELECT count(DISTINCT (project, content_id)) FROM (
    SELECT project, {ids} AS content_id
    FROM {source} WHERE commit_seq BETWEEN {first} AND {last} AND apart IS NOT NULL
)
"""
DISTINCT_SQL = f"""
WITH apart AS MATERIALIZED (
    SELECT tile, content.rowid AS row_id, min(began) AS earliest, max(began) AS latest, count(*) AS uses
    FROM (
        SELECT {{tile}} AS tile, {{time}} AS began, project, {{ids}} AS content_id
        FROM {{source}} WHERE commit_seq BETWEEN {{first}} AND {{last}} AND apart IS NOT NULL
    )
    JOIN content USING (project, content_id)
    GROUP BY ALL
),
lying AS (SELECT rowid AS row_id, text FROM content WHERE rowid IN (SELECT row_id FROM apart)),
said AS (
    SELECT tile, text, min(began) AS earliest, max(began) AS latest, count(*) AS uses
    FROM (
        SELECT {{tile}} AS tile, {{time}} AS began, unnest([{{columns}}]) AS text
        FROM {{source}} WHERE commit_seq BETWEEN {{first}} AND {{last}}
    )
    GROUP BY ALL
    UNION ALL
    SELECT tile, text, earliest, latest, uses FROM apart JOIN lying USING (row_id)
),
token AS (
    SELECT tile, token, min(earliest) AS earliest, max(latest) AS latest, sum(uses) AS uses
    FROM (SELECT tile, earliest, latest, uses, unnest(string_split(text, ' ')) AS token FROM said)
    GROUP BY ALL
),
word AS (
    SELECT tile, earliest, latest, uses, unnest({WORDS_SQL.format("token")}) AS word FROM token
    UNION ALL
    SELECT tile, earliest, latest, uses, unnest({PAIRS_SQL.format("token")})
    FROM token WHERE {HAS_PAIRS_SQL.format("token")}
),
used AS (
    SELECT tile, {FOLDED.format("word")} AS word, min(earliest) AS earliest, max(latest) AS latest, sum(uses) AS uses
    FROM word GROUP BY 1, 2
),
known AS (SELECT *, sum(uses) OVER (PARTITION BY word) <= {RARE_USES} AND {{timed}} AS rare FROM used),
frequent AS (SELECT word, bit_or(1::BIGINT << tile) AS tiles FROM known WHERE NOT rare GROUP BY 1),
numbered AS (SELECT *, row_number() OVER (PARTITION BY tiles ORDER BY word) // {WORDS_A_ROW} AS place FROM frequent),
late AS (SELECT *, ntile({TIMES}) OVER (PARTITION BY tile ORDER BY latest) AS place FROM known WHERE rare)
SELECT NULL, NULL, tiles, $between || string_agg(word, $between ORDER BY word) || $between
FROM numbered GROUP BY tiles, place
UNION ALL
SELECT epoch_ns(min(earliest)), epoch_ns(max(latest)), 1::BIGINT << tile,
    $between || string_agg(word, $between ORDER BY word) || $between
FROM late GROUP BY tile, place
"""
COUNTS_SQL = "SELECT {counts} FROM {source} WHERE commit_seq BETWEEN {first:d} AND {last:d}"
EACH_SQL = "count(*) FILTER (commit_seq BETWEEN {:d} AND {:d})"
PIECES_SQL = f"""
SELECT source, first_seq, last_seq, row_count FROM text_words
WHERE {PIECE} AND (source, first_seq) > ($source, $first) ORDER BY ALL LIMIT {CHECKED}
"""
COLUMNS = (
    Column("source", "text"), Column("first_seq", "int"), Column("last_seq", "int"), Column("row_count", "int"),
    Column("first_ns", "int"), Column("last_ns", "int"),
    Column("tile_last_seqs", "text"), Column("tiles", "int"), Column("words", "text"),
)  # fmt: skip
INSERT_SQL = """
INSERT INTO text_words
SELECT source, first_seq, last_seq, row_count, make_timestamp_ns(first_ns), make_timestamp_ns(last_ns),
    tile_last_seqs::BIGINT[], tiles, words
FROM stage
"""
ALL_PIECES_SQL = f"SELECT source, first_seq, last_seq FROM text_words WHERE {PIECE}"
FORGET_SQL = """
DELETE FROM text_words USING stage
WHERE text_words.source = stage.source AND text_words.first_seq = stage.first_seq
"""


class Piece(NamedTuple):
    """Rows of a source, and the rows of `text_words` for them."""

    source: str
    rows: Range
    row_count: int
    stored: list[tuple[Any, ...]]


class TextIndex(Steps):
    """Of one open database; `run` keeps it up while the process has little else to do."""

    def __init__(self, database: Database, writer: Writer, *, piece_rows: int = PIECE_ROWS) -> None:
        super().__init__("the index of words was not made", rest=REST, busy=BUSY)
        self._database = database
        self._writer = writer
        self._rows_at_most = piece_rows
        self._piece_rows = piece_rows
        """Fewer than at most where texts are large."""
        self._left_out: dict[str, list[Range]] = {source: [] for source in SOURCES}
        """Ranges without rows, and those whose texts are not worth it. No row can come into them."""
        self._checked = NOTHING
        self._round_began = self._all_there = -1
        """The newest group when this round of checks began, and when the last one did that went through all pieces."""

    async def step(self) -> bool:
        """A piece more is indexed, or forgotten since rows have left it; false when there is nothing to do.

        Raises `Unavailable` where the file cannot answer or be written now.
        """
        for source in SOURCES:
            found = await ask(self._database, partial(self._next, source=source))
            if isinstance(found, Piece):
                await self._writer.call(partial(store, piece=found), (), after_all=False)
            if found:
                return True
        try:
            left = await ask(self._database, self._left)
            if left:
                await self._writer.call(partial(forget, ranges=left), (), after_all=False)
        except BaseException:
            self._checked, self._all_there = NOTHING, -1
            raise
        return bool(left)

    def _next(self, cursor: duckdb.DuckDBPyConnection, source: str) -> Piece | bool:
        """The next piece; true when it turned out to be too large or to be left out, false when there is none."""
        [(newest,)] = cursor.execute(NEWEST_SQL).fetchall()
        covered = [Range(*row) for row in cursor.execute(COVERED_SQL, {"source": source}).fetchall()]
        for gap in gaps(covered + self._left_out[source], newest):
            sql = SEQS_SQL.format(source=source, first=gap.first, last=gap.last, rows=2 * self._rows_at_most)
            seqs = sorted(seq for (seq,) in cursor.execute(sql).fetchall())
            if gap.last == newest and len(seqs) < self._piece_rows:
                break
            if seqs:
                return self._piece(cursor, source, gap, seqs)
            self._leave_out(source, gap)
        return False

    def _piece(self, cursor: duckdb.DuckDBPyConnection, source: str, gap: Range, seqs: list[int]) -> Piece | bool:
        """`seqs`: of the first rows of the gap, in order."""
        last = gap.last if len(seqs) <= self._piece_rows else seqs[self._piece_rows - 1]
        rows = Range(gap.first, last)
        try:
            found, text_bytes = made(cursor, source, rows, tile_ends(rows, seqs, self._rows_at_most // TILES))
        except duckdb.OutOfMemoryException:
            found, text_bytes = None, 2 * PIECE_BYTES
        if found is not None:
            self._piece_rows = min(self._rows_at_most, 2 * self._piece_rows)
            return found
        if text_bytes > PIECE_BYTES and seqs[0] < last:
            self._piece_rows = max(1, min(self._piece_rows - 1, self._piece_rows * PIECE_BYTES // text_bytes))
        else:
            self._leave_out(source, rows)
        return True

    def _leave_out(self, source: str, rows: Range) -> None:
        self._left_out[source] = joined([*self._left_out[source], rows])

    def _left(self, cursor: duckdb.DuckDBPyConnection) -> list[Range]:
        """Of the pieces next in turn those that rows have left. They do where a newer group has changed them."""
        [(newest,)] = cursor.execute(NEWEST_SQL).fetchall()
        if newest == self._all_there:
            return []
        source, first = self._checked
        if self._checked == NOTHING:
            self._round_began = newest
        pieces = cursor.execute(PIECES_SQL, {"source": source, "first": first}).fetchall()
        if not pieces:
            self._all_there = self._round_began
        self._checked = pieces[-1][:2] if pieces else NOTHING
        left: list[Range] = []
        for source, told in groupby(pieces, itemgetter(0)):
            known = {Range(first, last): row_count for _, first, last, row_count in told}
            found = counts(cursor, source, list(known))
            left += [rows for rows, row_count in zip(known, found, strict=True) if row_count != known[rows]]
        return left


def gaps(covered: Iterable[Range], newest: int) -> list[Range]:
    """What is not covered up to the newest, the oldest first."""
    found, first = [], 0
    for each in joined(covered):
        if first < each.first:
            found.append(Range(first, each.first - 1))
        first = each.last + 1
    return [*found, Range(first, newest)] if first <= newest else found


def tile_ends(rows: Range, seqs: Sequence[int], tile_rows: int) -> list[int]:
    """The last `commit_seq` of each tile; `seqs`: of the rows, in order. Rows of one number are in one tile."""
    ends = {seq for seq in seqs[tile_rows - 1 :: tile_rows] if seq < rows.last}
    return [*sorted(ends)[: TILES - 1], rows.last]


def made(cursor: duckdb.DuckDBPyConnection, source: str, rows: Range, ends: Sequence[int]) -> tuple[Piece | None, int]:
    """The piece of these rows and the bytes of their texts; null where it would be too large for its texts."""
    columns = SOURCES[source].columns
    parts = {
        "source": source, "first": rows.first, "last": rows.last, "time": SOURCES[source].time,
        "ids": TEXT_IDS_SQL.format(recipes_sql(SOURCES[source].long)),
        "columns": ", ".join(columns), "bytes": " + ".join(f"coalesce(strlen({name}), 0)" for name in columns),
        "tile": " + ".join(["0", *(f"(commit_seq > {end:d})::INT" for end in ends[:-1])]),
    }  # fmt: skip
    [(row_count, first_ns, last_ns, text_bytes)] = cursor.execute(SIZE_SQL.format(**parts)).fetchall()
    [(apart,)] = cursor.execute(APART_SQL.format(**parts)).fetchall()
    text_bytes += apart * APART_BYTES
    if text_bytes > PIECE_BYTES:
        return None, text_bytes
    parts["timed"] = "false" if first_ns is None or last_ns is None else "latest IS NOT NULL"
    found = cursor.execute(DISTINCT_SQL.format(**parts), {"between": BETWEEN, **PATTERNS}).fetchall()
    if sum(len(words) for *_, words in found) > max(SMALL_BYTES, SHARE * text_bytes):
        return None, text_bytes
    whole, ends_text = (first_ns, last_ns), str(list(ends))
    found.append((None, None, 0, BETWEEN))  # `PIECE`
    times = [whole if last is None else (first, last) for first, last, *_ in found]
    stored = [(source, *rows, row_count, *time, ends_text, *each[2:]) for time, each in zip(times, found, strict=True)]
    return Piece(source, rows, row_count, stored), text_bytes


def counts(cursor: duckdb.DuckDBPyConnection, source: str, ranges: Sequence[Range]) -> tuple[int, ...]:
    """How many rows each of the ranges has, which are apart and in order. One statement, since it looks at every row
    group of the file: 12 ms for 10 M rows."""
    each = ", ".join(EACH_SQL.format(*rows) for rows in ranges)
    sql = COUNTS_SQL.format(source=source, counts=each, first=ranges[0].first, last=ranges[-1].last)
    [found] = cursor.execute(sql).fetchall()
    return found


def store(connection: duckdb.DuckDBPyConnection, piece: Piece) -> None:
    """The words of the piece are in the file, unless rows have left it since they were read."""
    if counts(connection, piece.source, [piece.rows]) == (piece.row_count,):
        stage(connection, list(zip(COLUMNS, zip(*piece.stored, strict=True), strict=True)), INSERT_SQL)


def forget(connection: duckdb.DuckDBPyConnection, ranges: Iterable[Range], source: str | None = None) -> None:
    """No words are in the file of pieces (of that table, or of each) that have rows in one of the ranges. Part of a
    transaction that is open."""
    lost = joined(ranges)
    pieces = connection.execute(ALL_PIECES_SQL).fetchall()
    found = [(of, first) for of, first, last in pieces if of == (source or of) and meets(lost, Range(first, last))]
    if found:
        stage(connection, list(zip(COLUMNS[:2], zip(*found, strict=True), strict=True)), FORGET_SQL)
