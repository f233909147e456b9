"""One group of requests becomes one transaction: look back, settle, insert, update, COMMIT.

Memory (`recent`, `seen`, `twins`) is changed only in step with the file: a group that fails forgets what it touched.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import chain, islice, repeat
from typing import Any

import duckdb

from contract.columns import L, M, Row, S
from contract.settling import (
    CALL_KINDS,
    CONTENT_COLUMNS,
    CallKey,
    Facts,
    MakeOutline,
    Match,
    MergeCopies,
    Settle,
    SettledSpan,
    TraceFacts,
    TraceKey,
    facts_of_row,
)
from contract.translated import Translated
from storage import position, reached, scores
from storage.changed_hours import HOUR_SQL, changed
from storage.columns import insert, stage
from storage.contents import Contents, put_back
from storage.copies import gathered, same
from storage.database import End, begin, end, roll_back
from storage.homes import bring_home
from storage.lookback import SPAN_COLUMN, SpanKey, keys_stage, look_back, stored_rows, trace_keys, uncover
from storage.recent import RecentTraces, Remembered
from storage.repeats import without_repeats
from storage.seen import SeenKeys
from storage.settled import cover, dumps, remembered, settled_of
from storage.twins import RECENT_IDS, Changed, Twins, apart, write_marks

RECENT_SPANS = 30_000
"""About 40 MB (1.3 kB each): two seconds of full load, half an hour of a busy application."""

SETTLED_COLUMNS = (
    "duplicate_of", "provider", "operation", "request_model", "response_model", "model", "response_id",
    "finish_reasons", "streaming", "time_to_first_token_ms", "error_type",
    "input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens",
    "input_cost", "output_cost", "total_cost", "cost_source", "price_version",
    "tool_name", "tool_call_id", "agent_name", "session_id", "user_id",
)  # fmt: skip
"""What settling may set, beside the content columns."""

UPDATE_COLUMNS = (*SETTLED_COLUMNS, "duplicate_of_trace", "own", "settled_from", "commit_seq")
UPDATE_SQL = f"""
UPDATE span SET {", ".join(f"{name} = stage.{name}" for name in UPDATE_COLUMNS)} FROM stage
WHERE span.project = stage.project AND span.trace_id = stage.trace_id AND span.span_id = stage.span_id
RETURNING {HOUR_SQL}
"""
UPDATE_CONTENT_SQL = """
UPDATE span SET
    {column} = stage.{column},
    preview = NULL,
    apart = nullif(json_merge_patch(coalesce(span.apart, '{{}}'), stage.apart)::VARCHAR, '{{}}')
FROM stage
WHERE span.project = stage.project AND span.trace_id = stage.trace_id AND span.span_id = stage.span_id
"""
TEXTS_SQL = """
SELECT t.project, t.trace_id, t.span_id, t.input, t.output, t.apart
FROM span t JOIN stage k ON t.project = k.project AND t.trace_id = k.trace_id AND t.span_id = k.span_id
"""
TEXTS_KEYS = {"project": 0, "input": 3, "output": 4, "apart": 5}
DELETE_SQL = f"""
DELETE FROM span USING stage
WHERE span.project = stage.project AND span.trace_id = stage.trace_id AND span.span_id = stage.span_id
RETURNING {HOUR_SQL}
"""
NUMBERED_ROWS = 2048
"""Rows that share a `commit_seq` where a group has more of them. DuckDB unpacks texts of so many at once: those that
the index of words can tell apart by number need not be unpacked (docs/adr/0012)."""
FREE_SQL = "SELECT flushed_seq + 1 FROM store"
"""No row in the file has this `commit_seq` or a higher one, but for the first rows of a request that is divided."""


@dataclass(slots=True)
class Group:
    """What one transaction does, worked out before the first row is written."""

    rows: dict[SpanKey, Row] = field(default_factory=dict)
    logs: list[Row] = field(default_factory=list)
    traces: dict[TraceKey, Remembered] = field(default_factory=dict)
    replaced: list[SpanKey] = field(default_factory=list)
    former: dict[SpanKey, Facts] = field(default_factory=dict)
    """Of calls among the replaced."""
    touched: dict[TraceKey, dict[str, str | None]] = field(default_factory=lambda: defaultdict(dict))
    """See `storage/reached.py`."""
    covered: list[SpanKey] = field(default_factory=list)
    """Among the rows."""
    updates: list[tuple[SpanKey, SettledSpan]] = field(default_factory=list)
    marks: dict[SpanKey, CallKey | None] = field(default_factory=dict)
    """Stored calls -> the call of another trace that each repeats."""


class Committer:
    """Owns what is remembered between commits; used by one thread."""

    def __init__(
        self,
        settle: Settle,
        merge: MergeCopies,
        match: Match = apart,
        merge_scores: MergeCopies = scores.last,
        recent_spans: int = RECENT_SPANS,
        recent_ids: int = RECENT_IDS,
        outline: MakeOutline = reached.Whole,
    ) -> None:
        self._settle = settle
        self._outline = outline
        self._merge = merge
        self._merge_scores = merge_scores
        self._recent = RecentTraces(recent_spans)
        self._seen = SeenKeys()
        self._twins = Twins(match, recent_ids)

    def recall(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Start again from what the file holds."""
        self._recent.clear()
        self._seen = SeenKeys()
        self._seen.add(trace_keys(connection))
        self._twins.recall(connection)

    def forget_recent(self, keys: Collection[TraceKey] | None) -> None:
        """Ask the file again: somebody else changed these traces; null: any."""
        if keys is None:
            self._recent.clear()
        if keys is None or keys:
            self._twins.forget()
        for key in keys or ():
            self._recent.forget(key)

    def commit(
        self,
        connection: duckdb.DuckDBPyConnection,
        requests: list[Translated],
        seq: int,
        end: End = end,
        held_seq: int | None = None,
    ) -> None:
        """All rows of the requests are committed, settled and visible; or nothing is, and duckdb.Error is raised.

        `seq` is that of the newest request. From here on the journal's records up to it are not needed, or up to
        `held_seq` where that request has more rows than these.
        """
        group = Group()
        begin(connection)
        try:
            self._fill(connection, group, requests)
            write(connection, group, requests, seq)
            told = [row for request in requests for row in request.scores]
            scores.store(connection, told, self._merge_scores, seq)
            position.put(connection, seq if held_seq is None else held_seq)
            end(connection)
        except BaseException:
            for key in group.traces:
                self._recent.forget(key)
            for row in group.rows.values():
                uncover(row)
            self._twins.forget()
            roll_back(connection)
            raise
        self._remember(group)

    def _remember(self, group: Group) -> None:
        self._seen.add(key for key in group.traces if self._recent.get(key) is None)
        for key, trace in group.traces.items():
            trace.described = trace.described or bool(trace.facts.logs)
            trace.facts.logs = {}
            self._recent.put(key, trace)
        self._twins.remember()

    def _fill(self, connection: duckdb.DuckDBPyConnection, group: Group, requests: list[Translated]) -> None:
        self._gather(connection, group, requests)
        group.logs = without_repeats(connection, "log_record", group.logs, L)
        self._recall_traces(connection, group)
        self._fold_repeats(connection, group)
        self._learn(connection, group)
        self._apply(connection, group)
        updated = {key: (group.traces[key[:2]].facts.calls[key[2]], change) for key, change in group.updates}
        group.marks = self._twins.mark(connection, Changed(group.rows, group.former, updated))

    def _gather(self, connection: duckdb.DuckDBPyConnection, group: Group, requests: list[Translated]) -> None:
        group.rows, copies, in_parts = gathered((request.spans for request in requests), self._merge)
        group.logs = [row for request in requests for row in request.logs]
        if in_parts:
            copies = {key: copies.get(key) or [row] for key, row in group.rows.items()}
            group.replaced = bring_home(connection, copies, lambda key: key in self._seen or self._recent.knows(key))
            group.rows.clear()
        group.rows.update((key, rows[0] if len(rows) == 1 else self._merge(rows)) for key, rows in copies.items())

    def _recall_traces(self, connection: duckdb.DuckDBPyConnection, group: Group) -> None:
        """What is known of every trace that the group touches: remembered, never seen, or asked of the file."""
        touched = {key[:2] for key in (*group.rows, *group.replaced)}
        touched.update((row[L.project], row[L.trace_id]) for row in group.logs if row[L.describes_span])
        unsure = []
        for key in touched:
            trace = self._recent.get(key)
            if trace is None and key in self._seen:
                unsure.append(key)
            else:
                group.traces[key] = trace or Remembered()
        if unsure:
            group.traces.update(look_back(connection, unsure))
        reached.outline(group.traces, self._outline)

    def _fold_repeats(self, connection: duckdb.DuckDBPyConnection, group: Group) -> None:
        """Spans that the file has already: an equal copy is dropped, a different one completes the row."""
        known = {key: trace.facts.parents for key, trace in group.traces.items() if trace.facts.parents}
        repeated = [key for key in group.rows if key[2] in known.get(key[:2], ())] if known else []
        for key, stored in stored_rows(connection, repeated).items():
            row = group.rows[key]
            merged = stored if same(stored, row) and not row[S.copies] else self._merge([stored, row])
            if same(stored, merged) and stored[S.copies] == merged[S.copies]:
                del group.rows[key]
            else:
                group.rows[key] = merged
                group.replaced.append(key)

    def _learn(self, connection: duckdb.DuckDBPyConnection, group: Group) -> None:
        """Add the new facts to the known ones; spans that have moved are not there any more."""
        for project, trace_id, span_id in group.replaced:
            if (project, trace_id, span_id) not in group.rows:
                facts = group.traces[project, trace_id].facts
                group.touched[project, trace_id][span_id] = facts.parents.pop(span_id, None)
                facts.calls.pop(span_id, None)
        of_trace, trace = None, Remembered()
        for key, row in group.rows.items():
            project, trace_id, span_id = key
            if (trace_id, project) != of_trace:  # spans of a trace mostly come together
                of_trace, trace = (trace_id, project), group.traces[project, trace_id]
            facts = trace.facts
            if trace.outline is not None:
                group.touched[project, trace_id][span_id] = facts.parents.get(span_id)
            facts.parents[span_id] = row[S.parent_span_id]
            if (former := facts.calls.pop(span_id, None)) is not None:
                group.former[key] = former
            if row[S.kind] in CALL_KINDS:
                facts.calls[span_id] = facts_of_row(row)
        describing = [row for row in group.logs if row[L.describes_span]]
        for row in describing:
            parents = group.traces[row[L.project], row[L.trace_id]].facts.parents
            group.touched[row[L.project], row[L.trace_id]].setdefault(row[L.span_id], parents.get(row[L.span_id]))
        reached.add_logs(connection, group.traces, group.touched, describing)

    def _apply(self, connection: duckdb.DuckDBPyConnection, group: Group) -> None:
        """Settle each trace; new rows are changed in place, known ones become updates."""
        changes: list[tuple[SpanKey, SettledSpan]] = []
        for key, facts in reached.reached(connection, group.traces, group.touched).items():
            if to_settle(facts):
                changes += [((*key, change.span_id), change) for change in self._settle(facts)]
        fetch_content(connection, group, changes)
        for span_key, change in changes:
            row = group.rows.get(span_key)
            if row is None:
                group.updates.append((span_key, change))
            else:
                cover(row, change)
                group.covered.append(span_key)


def to_settle(facts: TraceFacts) -> bool:
    """Calls that may be one, log records, or a call whose other half has become something else."""
    return len(facts.calls) > 1 or bool(facts.logs) or any(call.settled for call in facts.calls.values())


def write(connection: duckdb.DuckDBPyConnection, group: Group, requests: list[Translated], seq: int) -> None:
    """Every statement of the transaction."""
    if group.replaced:
        changed(connection, keys_stage(connection, group.replaced, DELETE_SQL))
    rows, contents = list(group.rows.values()), Contents()
    for row, row_seq in zip(rows, row_seqs(connection, len(rows), seq), strict=True):
        row[S.commit_seq] = row_seq
    for row in group.logs:
        row[L.commit_seq] = seq
    insert(connection, "span", contents.spans(rows))
    insert(connection, "log_record", contents.logs(group.logs))
    update(connection, group, seq, contents)
    contents.store(connection)
    updated = {key for key, _ in group.updates}
    write_marks(connection, {key: mark for key, mark in group.marks.items() if key not in updated})
    for key, change in group.updates:
        group.traces[key[:2]].facts.calls[key[2]].settled = remembered(change)
    for key in group.covered:
        group.traces[key[:2]].facts.calls[key[2]].settled = settled_of(group.rows[key])
    points = [row for request in requests for row in request.metric_points]
    points = without_repeats(connection, "metric_point", points, M)
    for row in points:
        row[M.commit_seq] = seq
    insert(connection, "metric_point", points)


def row_seqs(connection: duckdb.DuckDBPyConnection, rows: int, seq: int) -> list[int]:
    """The `commit_seq` of each new row: that of the group, and lower ones for those before its last part."""
    parts = (rows - 1) // NUMBERED_ROWS
    [(free,)] = connection.execute(FREE_SQL).fetchall() if parts else [(seq,)]
    seqs = (repeat(max(min(free, seq), seq - parts + part), NUMBERED_ROWS) for part in range(parts + 1))
    return list(islice(chain.from_iterable(seqs), rows))


def update(connection: duckdb.DuckDBPyConnection, group: Group, seq: int, contents: Contents) -> None:
    """Settled columns of spans that the file has: one statement, and one a content column, for any number of spans."""
    if not group.updates:
        return
    fact_rows: list[Any] = []
    content_rows: dict[str, list[Any]] = {column: [] for column in CONTENT_COLUMNS}
    for key, change in group.updates:
        facts = group.traces[key[:2]].facts.calls[key[2]]
        values = {
            name: change.columns[name][0] if name in change.columns else facts.values.get(name)
            for name in (*SETTLED_COLUMNS, "duplicate_of_trace")
        }
        if mark := group.marks.get(key):
            values["duplicate_of_trace"], values["duplicate_of"] = mark
        own = {name: facts.values.get(name) for name in change.columns if facts.values.get(name) is not None}
        values |= {
            "own": dumps(own),
            "settled_from": dumps({n: s for n, (_, s) in change.columns.items()}),
            "commit_seq": seq,
        }
        fact_rows.append((*key, *(values[name] for name in UPDATE_COLUMNS)))
        for column in CONTENT_COLUMNS:
            if column in change.columns or column in facts.settled:
                text = change.columns.get(column, (None, ""))[0]
                content_rows[column].append((*key, *contents.text(key[0], column, text)))
    changed(connection, stage_rows(connection, fact_rows, UPDATE_COLUMNS, UPDATE_SQL))
    for column, rows in content_rows.items():
        stage_rows(connection, rows, (column, "apart"), UPDATE_CONTENT_SQL.format(column=column))


def stage_rows(connection: duckdb.DuckDBPyConnection, rows: list[Any], names: Iterable[str], sql: str) -> list[Any]:
    if not rows:
        return []
    columns = [SPAN_COLUMN[name] for name in ("project", "trace_id", "span_id", *names)]
    return stage(connection, list(zip(columns, zip(*rows, strict=True), strict=True)), sql)


def fetch_content(
    connection: duckdb.DuckDBPyConnection, group: Group, changes: list[tuple[SpanKey, SettledSpan]]
) -> None:
    """Put the text in the place of each content column that is filled from another span."""
    wanted: dict[SpanKey, list[tuple[SettledSpan, str]]] = {}
    for key, change in changes:
        for column in CONTENT_COLUMNS:
            value, source = change.columns.get(column, (None, ""))
            if value is None and source.startswith("span:"):
                wanted.setdefault((*key[:2], source[5:]), []).append((change, column))
    texts = {key: {"input": row[S.input], "output": row[S.output]} for key in wanted if (row := group.rows.get(key))}
    missing = [key for key in wanted if key not in texts]
    if missing:
        found = [list(row) for row in keys_stage(connection, missing, TEXTS_SQL)]
        put_back(connection, found, TEXTS_KEYS)
        texts |= {tuple(row[:3]): {"input": row[3], "output": row[4]} for row in found}
    for key, places in wanted.items():
        for change, column in places:
            change.columns[column] = (texts[key][column], change.columns[column][1])
