"""A page of traces in small statements: which traces, their rows, their content, their scores.

One statement for all of it takes half as long again to twice as long (docs/adr/0023): it rolls up in 30 columns what
Python adds up in a few milliseconds. Where the file is large, the rows are looked for where they lie
(docs/adr/0018): the ids of all rows take 4 ms a million, 8 where they are not in memory.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson

from contract.errors import Unavailable
from contract.reading import Row
from contract.trace_of_spans import CONTENT, SPEAKERS, roll_up, with_content
from storage.asking import parameters_of
from storage.previews import texts_of
from storage.trace_rows import MARK, Ask, narrowed

Read = Callable[[str, Mapping[str, Any]], list[Row]]
"""Runs a statement with these values: rows by the names of its columns."""
Parts = Callable[[str, Mapping[str, Any]], Iterable[list[Row]]]
"""The same, some rows at a time; who does not ask for all of them leaves the rest where it is."""

LARGE_ROWS = 4_000_000
"""Of 1 M rows a look-up takes as long as it spares, of 10 M it spares a third; what is between was not measured."""
RANGES = 4
"""The traces of a page lie everywhere in a part of the file. More ranges spare little of it and cost as much."""
SPARE = 1.25
"""Traces rolled up for one of the page: some turn out to have begun before the part of the file that was looked at."""
SPARE_AT_LEAST = 8
SPANS_AT_MOST = 4096
"""Of a page, of which records are made here: adding them up takes 10 ms. More are rolled up by DuckDB, uncopied."""
LONG_BYTES = 16 << 10
TEXTS_AT_MOST_BYTES = 4 << 20
"""Likewise of what is short mostly (names, ids of users, metadata), of a row and of all: 4,000 rows with 25 kB each
took 200 MB."""
SCORES_AT_MOST_BYTES, SCORE_BYTES = 32 << 20, 512
"""Texts of all scores of a page, and what each takes beside them."""
QUERY = "spans_of_traces"
"""The file of `queries/` for those rows."""
KNOWN_SQL = "\n    SELECT unnest($trace_ids::VARCHAR[]) AS trace_id"

PREVIEWS_SQL = "SELECT rowid AS row_id, preview FROM span WHERE rowid IN (SELECT unnest($row_ids::BIGINT[]))"
"""Where rows keep the beginnings of their texts (storage/previews.py): DuckDB unpacks 2,048 texts to show one."""
BEGINNINGS_SQL = """
SELECT rowid AS row_id, left(input, 301) AS input, left(output, 301) AS output, NULL AS apart
FROM span WHERE rowid IN (SELECT unnest($row_ids::BIGINT[]))
"""
TEXTS_SQL = """
SELECT rowid AS row_id, input, output, apart FROM span WHERE rowid IN (SELECT unnest($row_ids::BIGINT[]))
"""
SCORES_SQL = """
SELECT
    score_id AS id, project, name, value, string_value, data_type, source, comment, trace_id, span_id, session_id,
    epoch_ns(time) AS timestamp, environment, metadata
FROM score
WHERE project = $project AND trace_id IN (SELECT unnest($trace_ids::VARCHAR[]))
ORDER BY trace_id, time, score_id
"""

_CHOICE = re.compile(r"(?<=WITH candidate AS MATERIALIZED \().*?(?=\n\),\n)", re.DOTALL)
"""Where `list_traces` chooses."""


def page_limit(limit: int | None) -> int | None:
    """How many traces are rolled up for a page of so many."""
    return None if limit is None else max(round(SPARE * limit), limit + SPARE_AT_LEAST)


def divisible(query: str, bound: Mapping[str, Any]) -> bool:
    """Whether it is a page of traces that are few before their records are known."""
    return query == "list_traces" and bound["page_limit"] is not None


def page_of(
    read: Read, parts: Parts, sql: str, bound: Mapping[str, Any], spans_sql: str, *, is_large: bool
) -> list[Row]:
    """The rows that this statement of `list_traces` gives, which `divisible` has found to be possible."""
    choice = _CHOICE.search(sql)
    assert choice is not None
    trace_ids = [row["trace_id"] for row in read(choice[0], used(choice[0], bound))]
    if not trace_ids:
        return []
    where, places = narrowed(tuples_by(read), MARK, trace_ids, ranges=RANGES) if is_large else (MARK, {})
    known = {**bound, **places, "trace_ids": trace_ids}

    def told(statement: str, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        statement = statement.replace(MARK, where)
        return statement, used(statement, values)

    if bound["io"] != "full":
        wanted = {**known, "limit": SPANS_AT_MOST + 1, "long_bytes": LONG_BYTES}
        spans = few(parts(*told(spans_sql, wanted)))
        if spans is not None:
            return newest(records_of(spans), bound, is_cut=len(trace_ids) >= bound["page_limit"])
    return read(*told(_CHOICE.sub(lambda _: KNOWN_SQL, sql), known))


def few(parts: Iterable[list[Row]]) -> list[Row] | None:
    """All rows; null where they are too many, or too large."""
    rows: list[Row] = []
    text_bytes = 0
    for part in parts:
        rows += part
        text_bytes += sum(row["text_bytes"] for row in part)
        is_long = any(row["text_bytes"] > LONG_BYTES for row in part)
        if is_long or len(rows) > SPANS_AT_MOST or text_bytes > TEXTS_AT_MOST_BYTES:
            return None
    return rows


def tuples_by(read: Read) -> Ask:
    return lambda sql, values: [tuple(row.values()) for row in read(sql, values)]


def used(sql: str, bound: Mapping[str, Any]) -> dict[str, Any]:
    """DuckDB takes no value that the statement has no name for."""
    names = parameters_of(sql)
    return {name: value for name, value in bound.items() if name in names}


def records_of(spans: Iterable[Row]) -> list[Row]:
    by_trace = itemgetter("trace_id")
    return [roll_up(rows) for _, rows in groupby(sorted(spans, key=by_trace), key=by_trace)]


def newest(records: Iterable[Row], bound: Mapping[str, Any], *, is_cut: bool) -> list[Row]:
    """Those that began in the range, the newest first, as many as are asked for."""
    from_ns = bound["from_ns"]
    begun = [{**record, "cut": is_cut} for record in records if from_ns is None or record["sort_ns"] >= from_ns]
    return sorted(begun, key=itemgetter("sort_ns", "trace_id"), reverse=True)[: bound["limit"]]


def with_contents(read: Read, records: Sequence[Row], io: str) -> list[Row]:
    """The records with input and output as asked for, and in `apart` what lies apart of them."""
    kept = previews(read, numbers(records, SPEAKERS[:2])) if io == "preview" else {}
    missing = [] if io == "none" else sorted({number for record in records for number in unread(record, kept)})
    texts = kept | by_row(read, TEXTS_SQL if io == "full" else BEGINNINGS_SQL, missing)
    return [with_content({**record, "apart": apart_of(record, texts)}, texts) for record in records]


def numbers(records: Iterable[Row], names: Sequence[str]) -> list[int]:
    return sorted({record[name] for record in records for name in names} - {None})


def by_row(read: Read, sql: str, row_ids: Sequence[int]) -> dict[int, Row]:
    return {row["row_id"]: row for row in read(sql, {"row_ids": row_ids})} if row_ids else {}


def previews(read: Read, row_ids: Sequence[int]) -> dict[int, Row]:
    """Of those that keep any."""
    found = by_row(read, PREVIEWS_SQL, row_ids)
    return {
        number: {**dict(zip(CONTENT, texts_of(row["preview"]), strict=True)), "apart": None}
        for number, row in found.items()
        if row["preview"] is not None
    }


def unread(record: Row, kept: Mapping[int, Row]) -> list[int]:
    """Rows whose texts the record may show: the first generation's where those before it say too little."""
    *before, generation = (record[name] for name in SPEAKERS)
    said = [kept[number] for number in before if number in kept]
    is_said = all(any(row[name] is not None for row in said) for name in CONTENT)
    asked = before if is_said else [*before, generation]
    return [number for number in asked if number is not None and number not in kept]


def apart_of(record: Row, texts: Mapping[int, Row]) -> str | None:
    """What `apart` says of input and output, each by the row that it is shown of."""
    said = [texts[record[name]] for name in SPEAKERS if record[name] in texts]
    shown = {name: next((row for row in said if row[name] is not None), None) for name in CONTENT}
    recipes = {name: orjson.loads(row["apart"]).get(name) for name, row in shown.items() if row and row["apart"]}
    return orjson.dumps(recipes).decode() if any(recipes.values()) else None


def with_scores(parts: Parts, records: Sequence[Row], project: str) -> list[Row]:
    """The records with the scores of each trace, the oldest first. Raises `Unavailable` for more than one answer has
    room for."""
    of: dict[str, list[Row]] = {record["trace_id"]: [] for record in records}
    taken_bytes = 0
    for some in parts(SCORES_SQL, {"project": project, "trace_ids": list(of)}) if of else ():
        for score in some:
            of[score["trace_id"]].append(score)
            taken_bytes += SCORE_BYTES + sum(len(value) for value in score.values() if isinstance(value, str))
        if taken_bytes > SCORES_AT_MOST_BYTES:
            raise Unavailable("these traces have too many scores for one answer; ask for fewer traces", reason="memory")
    return [{**record, "scores": of[record["trace_id"]]} for record in records]
