"""What of each trace a commit settles: all of it, or of a long one what the commit reaches."""

from collections.abc import Collection, Iterable, Mapping

import duckdb

from contract.columns import L, Row
from contract.settling import MakeOutline, TraceFacts, TraceKey
from storage.lookback import describing_logs
from storage.recent import Remembered

LONG = 500
"""Calls; a trace of so many takes 10 ms to settle."""

Traces = Mapping[TraceKey, Remembered]
Touched = Mapping[TraceKey, Mapping[str, str | None]]
"""The spans of each long trace that are new, changed or gone, or that new log records describe -> the parent they had.
Of other traces, which are settled whole, some or none."""


class Whole:
    """The outline of who has none: everything is reached."""

    def __init__(self, trace: TraceFacts) -> None:
        """Nothing of the trace is kept."""

    def learn(self, trace: TraceFacts, touched: Mapping[str, str | None]) -> Collection[str]:
        """See contract/settling.py `Outline`."""
        return trace.calls.keys()


def outline(traces: Traces, make: MakeOutline) -> None:
    """Long ones have their outline, made of what the file has; to be called before anything is added."""
    for trace in traces.values():
        if trace.outline is None and len(trace.facts.calls) > LONG:
            trace.outline = make(trace.facts)


def add_logs(connection: duckdb.DuckDBPyConnection, traces: Traces, touched: Touched, new: Iterable[Row]) -> None:
    """The log records that settling needs: new and stored ones, of a long trace those of touched spans."""
    described = [key for key, trace in traces.items() if trace.described]
    whole = [key for key in described if traces[key].outline is None]
    spans = [(*key, i) for key in described if traces[key].outline is not None for i in touched.get(key, ())]
    put(traces, [*describing_logs(connection, whole, spans), *new])


def put(traces: Traces, rows: Iterable[Row]) -> None:
    for row in rows:
        logs = traces[row[L.project], row[L.trace_id]].facts.logs
        logs.setdefault(row[L.span_id], []).append(row)


def reached(connection: duckdb.DuckDBPyConnection, traces: Traces, touched: Touched) -> dict[TraceKey, TraceFacts]:
    """What is to be settled of each trace."""
    parts, beside = {}, []
    for key, trace in traces.items():
        parts[key] = facts = trace.facts
        if trace.outline is not None:
            of_trace = touched.get(key, {})
            ids = trace.outline.learn(facts, of_trace)
            parts[key] = TraceFacts(facts.parents, {i: facts.calls[i] for i in ids}, facts.logs)
            if trace.described:
                beside += [(*key, i) for i in ids if i not in of_trace]
    put(traces, describing_logs(connection, (), beside))
    return parts
