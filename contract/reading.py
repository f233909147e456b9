"""Questions that the query side may ask of the store: named queries, typed parameters, conditions from fixed lists.

A condition is a value, never text of a query: the store compiles it with bound parameters, and an unknown field or
operator is a fault of the caller. `SPAN_FIELDS` and its like say which fields can be asked for and what type they have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from contract.columns import LOG_COLUMNS, METRIC_COLUMNS, SPAN_COLUMNS, Column
from contract.entities import VALUES

Row = dict[str, Any]

Value = str | int | float | bool

ATTRIBUTE = "attr."
"""Prefix of a condition's field that names an attribute as sent: `attr.http.route`."""

TEXT_SEARCH = "q"
"""Field of a condition that searches the text fields of what is listed (spans: name, input, output)."""

TEXT_OPERATORS = ("eq", "ne", "contains", "any_of", "exists", "gt", "gte", "lt", "lte")
NUMBER_OPERATORS = ("eq", "ne", "gt", "gte", "lt", "lte", "any_of", "exists")
OPERATORS: dict[str, tuple[str, ...]] = {
    "text": TEXT_OPERATORS,
    "int": NUMBER_OPERATORS,
    "float": NUMBER_OPERATORS,
    "time": NUMBER_OPERATORS,
    "bool": ("eq", "ne", "exists"),
    "list": ("eq", "ne", "contains", "any_of", "exists"),
    "attribute": TEXT_OPERATORS,
}
"""Type of a field -> operators that can be asked of it. `eq` of a list: one of its elements is equal."""

_LISTS = {"finish_reasons", "tags", "models"}
_NOT_FILTERED = {
    "project",
    "metadata",
    "attributes",
    "own",
    "settled_from",
    "copies",
    "commit_seq",
    "digest",
    "apart",
    "preview",
}


def _fields(columns: Sequence[Column], **more: str) -> dict[str, str]:
    plain = {
        column.name: "list" if column.name in _LISTS else column.type
        for column in columns
        if column.name not in _NOT_FILTERED and not column.name.startswith("raw_")
    }
    return plain | more


SPAN_FIELDS = _fields(SPAN_COLUMNS, duration_ms="float")
LOG_FIELDS = _fields(LOG_COLUMNS)
METRIC_FIELDS = _fields(METRIC_COLUMNS)
SCORE_FIELDS = {
    "id": "text",
    "name": "text",
    "value": "float",
    "string_value": "text",
    "data_type": "text",
    "source": "text",
    "comment": "text",
    "trace_id": "text",
    "span_id": "text",
    "session_id": "text",
    "timestamp": "time",
    "environment": "text",
    "config_id": "text",
    "queue_id": "text",
    "author_user_id": "text",
    "dataset_run_id": "text",
}

TRACE_RECORD_FIELDS = {
    "name": "text",
    "start_time": "time",
    "end_time": "time",
    "duration_ms": "float",
    "status": "text",
    "error_count": "int",
    "span_count": "int",
    "generation_count": "int",
    "models": "list",
    "input_tokens": "int",
    "output_tokens": "int",
    "total_tokens": "int",
    "cache_read_tokens": "int",
    "total_cost": "float",
    "service_name": "text",
    "session_id": "text",
    "user_id": "text",
    "tags": "list",
    "environment": "text",
    "release": "text",
    "version": "text",
    "complete": "bool",
}
"""Asked of the trace's record; every other span field in a question about traces means "some span of it has this"."""

SOME_SPAN = "span."
"""Prefix of a condition's field in a question about traces: some span of the trace has it, also where the record says
something else. A trace whose spans name two sessions is found under both."""

ROLL_UP_FIELDS = {
    "last_active_time": "time",
    "start_time": "time",
    "end_time": "time",
    "duration_ms": "float",
    "trace_count": "int",
    "span_count": "int",
    "generation_count": "int",
    "error_count": "int",
    "models": "list",
    "environments": "list",
    "input_tokens": "int",
    "output_tokens": "int",
    "total_tokens": "int",
    "cache_read_tokens": "int",
    "total_cost": "float",
}
SESSION_RECORD_FIELDS = {"session_id": "text", **ROLL_UP_FIELDS, "user_ids": "list"}
USER_RECORD_FIELDS = {"user_id": "text", **ROLL_UP_FIELDS, "session_count": "int"}
"""Asked of the roll-up; every other span field means "some span of its traces has this"."""

FIELDS: dict[str, dict[str, str]] = {
    "list_traces": {**SPAN_FIELDS, **TRACE_RECORD_FIELDS},
    "list_spans": SPAN_FIELDS,
    "list_logs": LOG_FIELDS,
    "list_metric_points": METRIC_FIELDS,
    "list_scores": SCORE_FIELDS,
    "list_sessions": {**SPAN_FIELDS, **SESSION_RECORD_FIELDS},
    "list_users": {**SPAN_FIELDS, **USER_RECORD_FIELDS},
    "metrics": SPAN_FIELDS,
    "facet": SPAN_FIELDS,
}
"""Query that takes conditions -> field -> type."""

COUNTS = ("trace_count", "span_count", "generation_count", "error_count")
SUMS = (
    "input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens",
    "input_cost", "output_cost", "total_cost",
)  # fmt: skip
SPREADS = ("avg", "p50", "p90", "p95", "p99")
SPREAD_FIELDS = ("duration_ms", "time_to_first_token_ms")
MEASURES = (*COUNTS, *SUMS, *(f"{spread}({field})" for field in SPREAD_FIELDS for spread in SPREADS))
"""What the query `metrics` can measure, by the names of its parameter `measures`. Where there was nothing, counts and
sums are 0 and the others null; a sum over calls of which none says it is null."""

_NOT_GROUPED = {
    "input",
    "output",
    "trace_id",
    "span_id",
    "parent_span_id",
    "duplicate_of",
    "duplicate_of_trace",
    "response_id",
    "tool_call_id",
}
GROUPS = tuple(
    name for name, kind in SPAN_FIELDS.items() if kind in ("text", "bool", "list") and name not in _NOT_GROUPED
)
"""What `metrics` can group by and `facet` count, beside `attr.KEY`; of a list each element stands for itself."""

MEDIA = "media"
INLINE = "inline"
"""Parameter of every query that gives whole texts, and its one value: images and the like as they were sent. Without it
a long one is `contract.formats.CONTENT_PATH` and its content id, and the row has under `media` its bytes by id."""

QUERIES = (
    *FIELDS,
    *VALUES,
    "get_chosen_spans",
    "page_sessions",
    "list_documents",
    "list_documents_at",
    "get_trace",
    "get_spans",
    "get_trace_logs",
    "get_content",
    "count_rows",
    "unpriced_models",
)
"""Every question there is; the store checks at start that it can answer exactly these."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold: `field` of `FIELDS` (or `attr.KEY`, or `q`), `op` of `OPERATORS`, typed values.

    `exists` takes one bool, `any_of` one or more values, every other operator exactly one; times are integer ns.
    """

    field: str
    op: str
    values: tuple[Value, ...]


class Reader(Protocol):
    """The only way from the query side to the store."""

    async def read(self, query: str, parameters: Mapping[str, Any], conditions: Sequence[Condition] = ()) -> list[Row]:
        """Rows of a named query, committed data only, values as stored (times integer ns, JSON as text).

        Parameters that the query knows and the caller leaves out are null. Raises `Overloaded` when too many ask,
        `Unavailable` when the time limit is reached or the store is closed.
        """
        ...
