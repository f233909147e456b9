"""Calls that another trace tells of too, by the response id that both carry (docs/adr/0014).

After every trace of a commit is settled by itself, the calls that it counts are looked at across traces. Which of them
are one is said by `Match`; here stands how the others are found: ids that nobody has sent before (nearly all) cost a
question to `SeenKeys`, the rest are remembered or read. All calls of an id are matched anew each time one of them
comes, changes or goes, so that the marks are a function of what is stored.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, repeat
from operator import itemgetter
from typing import Any

import duckdb

from contract.columns import SPAN_COLUMNS, Row, S
from contract.settling import (
    CONTENT_COLUMNS,
    ID_CHARACTERS,
    SAME_ID_AT_MOST,
    TWIN_KINDS,
    CallKey,
    Facts,
    Match,
    SettledSpan,
    Told,
    TraceKey,
)
from storage.changed_hours import HOUR_SQL, changed
from storage.columns import select_list, stage
from storage.lookback import SpanKey
from storage.seen import SeenKeys

IdKey = tuple[str, str]
"""(project, response_id)"""
Values = tuple[Any, ...]
"""Those of a `Told`, which is made only when calls are compared: nearly all never are."""
Known = list[tuple[Values, CallKey | None]]
"""The calls of an id, and which call of another trace each is marked to repeat."""

RECENT_IDS = 20_000
"""17 MB: two layers mostly report within seconds of each other."""
ROWS_AT_A_TIME = 1 << 18
"""Whose ids are read at once when the file is opened: 20 MB where each row has one."""
SEPARATOR = "\x1f"
CROWDED: Known = []
"""Remembered of an id that too many calls carry: none of them is marked."""

TOLD_COLUMNS = Told._fields[:-1]
told_values = itemgetter(*(getattr(S, name) for name in TOLD_COLUMNS))
_COLUMN = {column.name: column for column in SPAN_COLUMNS}
ID_COLUMNS = (_COLUMN["project"], _COLUMN["response_id"])
KEY_COLUMNS = (_COLUMN["project"], _COLUMN["trace_id"])
MARK_COLUMNS = tuple(_COLUMN[n] for n in ("project", "trace_id", "span_id", "duplicate_of_trace", "duplicate_of"))

OF_TWIN_KIND = "t.kind IN ({})".format(", ".join(f"'{kind}'" for kind in sorted(TWIN_KINDS)))
IDS_SQL = f"""
SELECT project, count(*), string_agg(response_id, chr(31)) FROM span t
WHERE rowid BETWEEN {{first:d}} AND {{last:d}} AND {OF_TWIN_KIND} AND length(response_id) >= {ID_CHARACTERS}
GROUP BY project
"""
"""One text of all takes a third of the time of as many rows, which all become objects."""
EACH_ID_SQL = f"""
SELECT response_id FROM span t
WHERE rowid BETWEEN {{first:d}} AND {{last:d}} AND {OF_TWIN_KIND} AND length(response_id) >= {ID_CHARACTERS}
    AND project IS NOT DISTINCT FROM $project
"""
BETWEEN_SQL = """
SELECT epoch_ns(min(start_time)), epoch_ns(max(start_time)) FROM span
WHERE response_id IN (SELECT response_id FROM stage) AND isfinite(start_time)
"""
"""Asked first: 20 ms of CPU a million spans, and what follows reads the part of the file between the two only (it takes
110 ms a million where it reads all)."""
TOLD_SQL = f"""
SELECT t.project, t.response_id, t.duplicate_of_trace, t.duplicate_of,
    {select_list([_COLUMN[name] for name in TOLD_COLUMNS])},
    (t.input IS NOT NULL)::INT + (t.output IS NOT NULL)::INT
FROM span t JOIN stage k ON t.project = k.project AND t.response_id = k.response_id
WHERE {OF_TWIN_KIND} AND (t.duplicate_of IS NULL OR t.duplicate_of_trace IS NOT NULL)
    AND t.start_time BETWEEN make_timestamp_ns({{first_ns:d}}) AND make_timestamp_ns({{last_ns:d}})
QUALIFY row_number() OVER (PARTITION BY t.project, t.response_id ORDER BY t.trace_id, t.span_id) <= {{at_most:d}}
"""
MARK_SQL = f"""
UPDATE span SET duplicate_of = stage.duplicate_of, duplicate_of_trace = stage.duplicate_of_trace FROM stage
WHERE span.project = stage.project AND span.trace_id = stage.trace_id AND span.span_id = stage.span_id
RETURNING {HOUR_SQL}
"""
"""`commit_seq` stays: the trace did not grow."""
MARKED_IDS_SQL = """
SELECT t.project, t.response_id FROM span t JOIN stage k ON t.project = k.project AND t.trace_id = k.trace_id
WHERE t.duplicate_of_trace IS NOT NULL
UNION
SELECT t.project, t.response_id FROM span t JOIN stage k ON t.project = k.project AND t.duplicate_of_trace = k.trace_id
"""


@dataclass(slots=True)
class Changed:
    """What a commit does to calls: rows to be inserted, settled by trace; what was known of those that they replace;
    what becomes of stored ones. Keys are (project, trace_id, span_id)."""

    rows: Mapping[SpanKey, Row]
    replaced: Mapping[SpanKey, Facts]
    updated: Mapping[SpanKey, tuple[Facts, SettledSpan]]


@dataclass(slots=True)
class Ids:
    """The ids in question: the calls that carry each after the commit, and those that carried it and were touched."""

    now: dict[IdKey, list[Values]] = field(default_factory=dict)
    before: dict[IdKey, set[CallKey]] = field(default_factory=dict)


class Twins:
    """Owns what is remembered of response ids; used by one thread."""

    def __init__(self, match: Match, recent_ids: int = RECENT_IDS) -> None:
        self._match = match
        self._recent_ids = recent_ids
        self._seen = SeenKeys()
        self._recent: dict[IdKey, Known] = {}
        self._next: dict[IdKey, Known] = {}
        self._again: Iterable[IdKey] = ()
        """Of the next ones those that may be remembered already."""

    def recall(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Start again from what the file holds."""
        self.forget()
        self._seen = SeenKeys()
        self._seen.add(stored_ids(connection))

    def forget(self) -> None:
        """Somebody else changed the file, or a commit failed."""
        self._recent.clear()
        self._next.clear()

    def mark(self, connection: duckdb.DuckDBPyConnection, changed: Changed) -> dict[SpanKey, CallKey | None]:
        """Put the marks on the new rows; returns those of stored spans that change or are written anyway."""
        ids = ids_of(changed)
        new = self._begin(ids)
        again = dict.fromkeys([*ids.before, *(id_key for id_key in ids.now if id_key not in self._next)])
        found = self._known(connection, ids, [id_key for id_key in again if id_key not in new])
        marks: dict[SpanKey, CallKey | None] = {}
        for id_key in again:
            known = found[id_key] if id_key in found else self._recent.get(id_key, [])
            if known is not CROWDED:
                self._mark_id(id_key, known, ids, changed, marks)
        self._again = again
        return marks

    def _begin(self, ids: Ids) -> set[IdKey]:
        """Remember ids that one call carries and none has before, which are nearly all; returns the other new ones."""
        self._next, others = {}, set()
        for id_key, calls in ids.now.items():
            if self._seen.is_new(id_key):
                if len(calls) == 1:
                    self._next[id_key] = [(calls[0], None)]
                else:
                    others.add(id_key)
        return others

    def remember(self) -> None:
        """What was marked last is committed."""
        for id_key in self._again:
            self._recent.pop(id_key, None)  # it goes to the end, where the newest are
        self._recent |= self._next
        self._next = {}
        for id_key in list(islice(self._recent, max(0, len(self._recent) - self._recent_ids))):
            del self._recent[id_key]

    def _known(self, connection: duckdb.DuckDBPyConnection, ids: Ids, old: Iterable[IdKey]) -> dict[IdKey, Known]:
        """Of the file, where memory has no answer; of a crowded id only when a call leaves it."""
        unsure = {
            id_key
            for id_key in old
            if (known := self._recent.get(id_key)) is None or (known is CROWDED and id_key in ids.before)
        }
        return read_known(connection, unsure, max(map(len, ids.before.values()), default=0))

    def _mark_id(
        self, id_key: IdKey, known: Known, ids: Ids, changed: Changed, marks: dict[SpanKey, CallKey | None]
    ) -> None:
        touched = ids.before.get(id_key, ())
        calls = [values for values, _ in known if values[:2] not in touched] + ids.now.get(id_key, [])
        self._next[id_key], wanted = matched(calls, self._match)
        before = {values[:2]: mark for values, mark in known}
        for trace_id, span_id, *_ in calls:
            span_key, mark = (id_key[0], trace_id, span_id), wanted.get((trace_id, span_id))
            if span_key in changed.rows:
                row = changed.rows[span_key]
                row[S.duplicate_of_trace], row[S.duplicate_of] = mark or (None, None)
            elif span_key in changed.updated or mark != before.get((trace_id, span_id)):
                marks[span_key] = mark


def matched(calls: list[Values], match: Match) -> tuple[Known, dict[CallKey, CallKey]]:
    """What is to be remembered of an id, and its marks."""
    if len(calls) > SAME_ID_AT_MOST:
        return CROWDED, {}
    wanted = match([Told._make(values) for values in calls]) if len(calls) > 1 else {}
    return [(values, wanted.get((values[0], values[1]))) for values in calls], wanted


def ids_of(changed: Changed) -> Ids:
    """Every id that a call carries after the commit or has carried before it."""
    ids = Ids()
    for (project, *_), row in changed.rows.items():
        response_id = row[S.response_id]
        if response_id is None or row[S.kind] not in TWIN_KINDS or row[S.duplicate_of] is not None:
            continue
        if is_id(response_id) and is_time(row[S.start_time]):
            contents = (row[S.input] is not None) + (row[S.output] is not None)
            ids.now.setdefault((project, response_id), []).append((*told_values(row), contents))
    for (project, trace_id, span_id), (facts, change) in changed.updated.items():
        carried(ids, (project, trace_id, span_id), facts)
        response_id = settled_value(facts, change.columns, "response_id")
        known = is_id(response_id) and is_time(facts.values["start_time"])
        if known and facts.values["kind"] in TWIN_KINDS and "duplicate_of" not in change.columns:
            ids.now.setdefault((project, response_id), []).append(told_of(trace_id, facts, change))
    for span_key, facts in changed.replaced.items():
        carried(ids, span_key, facts)
    return ids


def is_id(response_id: str | None) -> bool:
    return response_id is not None and len(response_id) >= ID_CHARACTERS


def is_time(start_ns: int | None) -> bool:
    """The last int64 is DuckDB's infinity, and comes back as null."""
    return start_ns is not None and start_ns < (1 << 63) - 1


def carried(ids: Ids, span_key: SpanKey, facts: Facts) -> None:
    response_id = settled_value(facts, facts.settled, "response_id")
    if facts.values["kind"] in TWIN_KINDS and is_id(response_id):
        ids.before.setdefault((span_key[0], response_id), set()).add(span_key[1:])


def settled_value(facts: Facts, columns: Mapping[str, tuple[Any, str]], name: str) -> Any:
    return columns[name][0] if name in columns else facts.values[name]


def told_of(trace_id: str, facts: Facts, change: SettledSpan) -> Values:
    own = {"input": facts.input_length, "output": facts.output_length}
    contents = sum(own[name] is not None or name in change.columns for name in CONTENT_COLUMNS)
    return trace_id, *(settled_value(facts, change.columns, name) for name in TOLD_COLUMNS[1:]), contents


def read_known(connection: duckdb.DuckDBPyConnection, ids: Collection[IdKey], leaving: int) -> dict[IdKey, Known]:
    """The calls of each id as stored: enough to tell whether too many are left when some leave."""
    found: dict[IdKey, Known] = {id_key: [] for id_key in ids}
    if not ids:
        return found
    columns = list(zip(ID_COLUMNS, zip(*ids, strict=True), strict=True))
    [(first_ns, last_ns)] = stage(connection, columns, BETWEEN_SQL)
    if first_ns is None:
        return found
    sql = TOLD_SQL.format(at_most=SAME_ID_AT_MOST + 1 + leaving, first_ns=first_ns, last_ns=last_ns)
    for project, response_id, trace_id, span_id, *values in stage(connection, columns, sql):
        mark = None if trace_id is None else (trace_id, span_id)
        found[project, response_id].append((tuple(values), mark))
    return found


def stored_ids(connection: duckdb.DuckDBPyConnection) -> Iterator[IdKey]:
    """The id of every call that has one."""
    [(last,)] = connection.execute("SELECT coalesce(max(rowid), -1) FROM span").fetchall()
    for first in range(0, last + 1, ROWS_AT_A_TIME):
        rows = {"first": first, "last": first + ROWS_AT_A_TIME - 1}
        for project, count, text in connection.execute(IDS_SQL.format(**rows)).fetchall():
            ids = text.split(SEPARATOR)
            if len(ids) != count:  # one has the separator in it
                found = connection.execute(EACH_ID_SQL.format(**rows), {"project": project}).fetchall()
                ids = [response_id for (response_id,) in found]
            yield from zip(repeat(project), ids, strict=False)


def write_marks(connection: duckdb.DuckDBPyConnection, marks: Mapping[SpanKey, CallKey | None]) -> None:
    """Marks of stored spans, and nothing else of them."""
    rows = [(*key, *(mark or (None, None))) for key, mark in marks.items()]
    if rows:
        columns = list(zip(MARK_COLUMNS, zip(*rows, strict=True), strict=True))
        changed(connection, stage(connection, columns, MARK_SQL))


def marked_ids(connection: duckdb.DuckDBPyConnection, keys: Iterable[TraceKey]) -> list[IdKey]:
    """Ids of calls of these traces that repeat another trace's, and of those elsewhere that repeat one of these."""
    columns = list(zip(KEY_COLUMNS, zip(*keys, strict=True), strict=True))
    return stage(connection, columns, MARKED_IDS_SQL)


def match_again(connection: duckdb.DuckDBPyConnection, ids: Sequence[IdKey], match: Match) -> None:
    """The marks of these ids are those of what the file holds now."""
    marks: dict[SpanKey, CallKey | None] = {}
    for (project, _), known in read_known(connection, ids, 0).items():
        _, wanted = matched([values for values, _ in known], match)
        for (trace_id, span_id, *_), mark in known:
            if wanted.get((trace_id, span_id)) != mark:
                marks[project, trace_id, span_id] = wanted.get((trace_id, span_id))
    write_marks(connection, marks)


def apart(calls: Sequence[Told]) -> dict[CallKey, CallKey]:
    """The `Match` of who wants none: each trace stays by itself."""
    return {}
