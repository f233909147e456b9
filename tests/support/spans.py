"""Spans and batches built by hand, for tests that need one attribute and not a capture."""

from typing import Any

from contract.columns import SPAN_COLUMNS
from contract.present import CONTENT_FIELDS
from contract.span import Batch, Event, LogRecord, Resource, Scope, Span
from translator.present import present
from translator.translate import Translator

START_NS = 1_790_000_000_000_000_000
SECOND = 1_000_000_000


def span(attributes: dict[str, Any] | None = None, **fields: Any) -> Span:
    """A span of one second; `scope`, `resource`, `events` and the rest as given."""
    given: dict[str, Any] = {
        "trace_id": "a" * 32,
        "span_id": "b" * 16,
        "parent_span_id": "",
        "name": "step",
        "kind": 1,
        "start_ns": START_NS,
        "end_ns": START_NS + SECOND,
        "attributes": attributes or {},
        "events": [],
        "links": [],
        "status_code": 0,
        "status_message": "",
        "resource": Resource(),
        "scope": Scope(),
    }
    return Span(**(given | fields))


def scoped(name: str, version: str = "") -> Scope:
    return Scope(name, version)


def event(name: str, attributes: dict[str, Any], at_ns: int = START_NS) -> Event:
    return Event(at_ns, name, attributes)


def record(name: str, body: Any = None, attributes: dict[str, Any] | None = None, at: int = 0) -> LogRecord:
    """A log record of the span that `span` builds."""
    return LogRecord(
        "a" * 32, "b" * 16, START_NS + at, 0, 9, "", body, attributes or {}, name, Resource(), Scope()
    )  # fmt: skip


def translated(sent: Span, translator: Translator | None = None) -> dict[str, Any]:
    """The row of one span by column name."""
    out = (translator or Translator()).translate(Batch("default", START_NS + 5 * SECOND, "http", [sent]))
    return dict(zip((column.name for column in SPAN_COLUMNS), out.spans[0], strict=True))


def seen(attributes: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """The row of a span with these attributes, and what a reader sees beside it."""
    row = translated(span(attributes, **fields))
    shown = present(row, [], [])
    assert set(shown) == {*CONTENT_FIELDS, "mapping", "unmapped"}
    return {**row, **shown}
