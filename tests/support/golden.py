"""The golden captures: decoded, translated, settled and presented, without a store."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.columns import LOG_COLUMNS, SPAN_COLUMNS, L, Row, S
from contract.settling import (
    CALL_KINDS,
    CONTENT_COLUMNS,
    ID_CHARACTERS,
    SAME_ID_AT_MOST,
    TWIN_KINDS,
    Told,
    TraceFacts,
    facts_of_row,
)
from contract.span import Batch
from receiver.otlp_decode import decode_logs, decode_traces
from translator.merge import merge_copies
from translator.present import present
from translator.settle import settle
from translator.translate import Translator
from translator.twins import match

GOLDEN = Path(__file__).parents[1] / "golden"
CAPTURES = sorted(path.name for path in GOLDEN.iterdir() if (path / "expected.json").exists())
RECEIVED_NS = 1_795_000_000_000_000_000

Record = dict[str, Any]
Logs = dict[tuple[str, str], list[Row]]


def expected(capture: str) -> Record:
    return json.loads((GOLDEN / capture / "expected.json").read_text())


def batches(capture: str) -> Iterator[Batch]:
    """The capture's trace and log requests, decoded, in order of arrival."""
    for path in sorted((GOLDEN / capture).iterdir()):
        if path.name.endswith(".meta.json") or path.suffix not in (".pb", ".json"):
            continue
        content = "json" if path.suffix == ".json" else "protobuf"
        batch = Batch("default", RECEIVED_NS, "http")
        if "-traces" in path.name:
            batch.spans = decode_traces(path.read_bytes(), content)[0]
        elif "-logs" in path.name:
            batch.logs = decode_logs(path.read_bytes(), content)[0]
        else:
            continue
        yield batch


def digest_of_all() -> str:
    """Of the rows of every capture as they are translated, and of what the translator counted."""
    translator, digest = Translator(), hashlib.sha256()
    for batch in (batch for capture in CAPTURES for batch in batches(capture)):
        made = translator.translate(batch)
        digest.update(repr((made.spans, made.logs, made.scores)).encode("utf-8", "backslashreplace"))
    digest.update(repr(sorted(translator.stats(), key=repr)).encode())
    return digest.hexdigest()


@dataclass
class Shown:
    """Spans as the detail route shows them, by trace id."""

    traces: dict[str, list[Record]]

    def spans(self) -> list[Record]:
        return [span for spans in self.traces.values() for span in spans]


def shown(capture: str, *, settled: bool = True) -> Shown:
    """The capture translated, settled if asked, and presented."""
    return shown_of(batches(capture), settled=settled)


def shown_of(sent: Iterable[Batch], *, settled: bool = True) -> Shown:
    """The requests translated, settled if asked, and presented."""
    translator, rows, logs = Translator(), {}, defaultdict(list)
    for batch in sent:
        out = translator.translate(batch)
        for row in out.spans:
            key = (row[S.trace_id], row[S.span_id])
            rows[key] = merge_copies([rows[key], row]) if key in rows else row
        for row in out.logs:
            if row[L.describes_span]:
                logs[row[L.trace_id], row[L.span_id]].append(row)
    assert not [sample for sample in translator.stats() if sample.name == "translator_rule_failures_total"]
    traces: dict[str, dict[str, Record]] = defaultdict(dict)
    for (trace_id, span_id), row in rows.items():
        traces[trace_id][span_id] = dict(zip((column.name for column in SPAN_COLUMNS), row, strict=True))
    for trace_id, spans in traces.items():
        if settled:
            _settle(trace_id, spans, rows, logs)
    if settled:
        _mark_twins(traces)
    return Shown({trace_id: _presented(trace_id, spans, logs) for trace_id, spans in traces.items()})


def _settle(trace_id: str, spans: dict[str, Record], rows: dict[tuple[str, str], Row], logs: Logs) -> None:
    facts = TraceFacts(
        parents={span_id: span["parent_span_id"] for span_id, span in spans.items()},
        calls={i: facts_of_row(rows[trace_id, i]) for i, span in spans.items() if span["kind"] in CALL_KINDS},
        logs={span_id: logs[trace_id, span_id] for span_id in spans if (trace_id, span_id) in logs},
    )
    for change in settle(facts):
        span = spans[change.span_id]
        span["own"] = json.dumps({name: span[name] for name in change.columns})
        span["settled_from"] = json.dumps({name: source for name, (_, source) in change.columns.items()})
        for name, (value, source) in change.columns.items():
            own = rows.get((trace_id, source.removeprefix("span:"))) if value is None else None
            span[name] = value if own is None else own[getattr(S, name)]


def _mark_twins(traces: dict[str, dict[str, Record]]) -> None:
    """As the store does it (storage/twins.py), at once."""
    calls: dict[str, list[Told]] = defaultdict(list)
    for span in (span for spans in traces.values() for span in spans.values()):
        if span["kind"] in TWIN_KINDS and not span["duplicate_of"] and len(span["response_id"] or "") >= ID_CHARACTERS:
            contents = sum(span[name] is not None for name in CONTENT_COLUMNS)
            calls[span["response_id"]].append(Told(**{n: span[n] for n in Told._fields[:-1]}, contents=contents))
    for told in calls.values():
        for (trace_id, span_id), counted in (match(told) if len(told) <= SAME_ID_AT_MOST else {}).items():
            traces[trace_id][span_id] |= zip(("duplicate_of_trace", "duplicate_of"), counted, strict=True)


def _presented(trace_id: str, spans: dict[str, Record], logs: Logs) -> list[Record]:
    names = [column.name for column in LOG_COLUMNS]
    made = []
    for span_id, span in spans.items():
        records = [dict(zip(names, row, strict=True)) for row in logs.get((trace_id, span_id), [])]
        donors = [other for other in spans.values() if other["duplicate_of"] == span_id]
        lists = {name: json.loads(span[name]) for name in ("finish_reasons", "tags", "metadata") if span[name]}
        made.append({**span, **lists, **present(span, records, donors)})
    return sorted(made, key=lambda span: (span["start_time"], span["span_id"]))
