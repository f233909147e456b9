"""Rows as the translator would make them, for tests of what comes after it."""

from typing import Any

from contract.columns import EMPTY_LOG, EMPTY_SPAN, L, Row, S

START_NS = 1_790_000_000_000_000_000


def span_row(
    span_id: str, parent: str | None = None, *, trace_id: str = "t1", start: int = 0, end: int = 1000, **columns: Any
) -> Row:
    """A span row; times are microseconds after `START_NS`."""
    row = list(EMPTY_SPAN)
    defaults = {
        "project": "default",
        "trace_id": trace_id,
        "span_id": span_id,
        "parent_span_id": parent,
        "name": f"span {span_id}",
        "span_name": f"span {span_id}",
        "kind": "span",
        "status": "unset",
        "level": "DEFAULT",
        "start_time": START_NS + start * 1000,
        "end_time": START_NS + end * 1000,
        "received_time": START_NS,
        "raw_attributes": "{}",
    }
    for name, value in (defaults | columns).items():
        row[getattr(S, name)] = value
    return row


def generation_row(span_id: str, parent: str | None = None, **columns: Any) -> Row:
    return span_row(span_id, parent, **({"kind": "generation", "scope_name": "sdk"} | columns))


def log_row(span_id: str, digest: str, body: str = "{}", *, trace_id: str = "t1", **columns: Any) -> Row:
    """A log record that describes a span, told from others by its digest."""
    row = list(EMPTY_LOG)
    defaults = {
        "project": "default",
        "trace_id": trace_id,
        "span_id": span_id,
        "time": START_NS,
        "event_name": "gen_ai.user.message",
        "describes_span": True,
        "raw_body": body,
        "raw_attributes": "{}",
        "digest": digest,
        "received_time": START_NS,
    }
    for name, value in (defaults | columns).items():
        row[getattr(L, name)] = value
    return row
