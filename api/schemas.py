"""The shapes of answers as JSON Schema, from the tables that make the answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from api import records
from api.enumerations import enumeration
from api.records import PREVIEW_CHARACTERS
from contract.present import CONTENT_FIELDS
from contract.reading import FIELDS

Schema = dict[str, Any]

OF_TYPE: dict[str, Schema] = {
    "text": {"type": ["string", "null"]},
    "int": {"type": ["integer", "null"]},
    "float": {"type": ["number", "null"]},
    "bool": {"type": ["boolean", "null"]},
    "time": {"type": ["string", "null"], "format": "date-time"},
    "list": {"type": ["array", "null"], "items": {"type": "string"}},
    "map": {"type": ["object", "null"]},
    "objects": {"type": "array", "items": {"type": "object"}},
    "names": {"type": "array", "items": {"type": "string"}},
    "any": {},
}
"""Type of a field -> its schema. Unknown is null (product.md promise 7)."""

NOT_FILTERS = {
    "project": "text", "metadata": "map", "scores": "objects", "truncated": "names", "body": "any", "attributes": "map",
    "flags": "int", "resource": "map", "scope": "map", "data": "any", "value": "any", "events": "objects",
    "links": "objects", "trace_state": "text", "dropped_attributes_count": "int", "dropped_events_count": "int",
    "dropped_links_count": "int", "mapping": "map", "unmapped": "any", "input": "any", "output": "any",
    "output_derived": "bool", "infrastructure": "bool",
    **dict.fromkeys(CONTENT_FIELDS, "any"),
}  # fmt: skip
"""Type of the fields that cannot be filtered by, or show another form than they are filtered in."""

RAW_FIELDS = (
    "attributes", "resource", "scope", "events", "links", "trace_state", "flags", "dropped_attributes_count",
    "dropped_events_count", "dropped_links_count",
)  # fmt: skip

CONTENT = ("input", "output", "truncated", "output_derived")


def record(query: str, always: Sequence[str], sometimes: Sequence[str] = ()) -> Schema:
    """An object with these fields, `sometimes` depending on `io`; their types are those of the filters of `query`."""
    return {
        "type": "object",
        "properties": {name: field(query, name) for name in (*always, *sometimes)},
        "required": list(always),
        "additionalProperties": False,
    }


def field(query: str, name: str) -> Schema:
    kind = NOT_FILTERS.get(name) or FIELDS[query][name]
    words = enumeration(query, name)
    return OF_TYPE[kind] | ({"enum": [*words, None]} if words else {})


def listed(name: str) -> Schema:
    """A page of records, or a record with a page of its parts."""
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


def answer(**members: Schema) -> Schema:
    return {"type": "object", "properties": members, "required": list(members), "additionalProperties": False}


def page_of(name: str) -> Schema:
    return answer(data=listed(name), next_cursor=OF_TYPE["text"])


def reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_SPAN_DETAIL = (*CONTENT, *CONTENT_FIELDS, "mapping", "unmapped", *RAW_FIELDS)
_COUNTED: Schema = answer(value={}, count={"type": "integer"})

COMPONENTS: Mapping[str, Schema] = {
    "Trace": record("list_traces", records.TRACE_FIELDS, CONTENT),
    "Span": record("list_spans", records.SPAN_FIELDS, _SPAN_DETAIL),
    "Session": record("list_sessions", records.SESSION_FIELDS),
    "User": record("list_users", records.USER_FIELDS),
    "LogRecord": record(
        "list_logs",
        [name for name in records.LOG_FIELDS if name not in ("body", "attributes")],
        ("body", "attributes", "resource", "scope", "truncated"),
    ),
    "Score": record("list_scores", records.SCORE_FIELDS),
    "MetricPoint": record("list_metric_points", records.METRIC_FIELDS),
    "Problem": {
        "type": "object",
        "description": "RFC 9457",
        "properties": {
            **{name: {"type": "string"} for name in ("type", "title", "detail", "instance")},
            "status": {"type": "integer"},
            "errors": {"type": "array", "items": answer(parameter={}, message={}, hint={})},
        },
        "required": ["type", "title", "status", "detail", "instance"],
    },
}

GIVES: Mapping[str, Schema] = {
    "traces": page_of("Trace"),
    "spans": page_of("Span"),
    "sessions": page_of("Session"),
    "users": page_of("User"),
    "logs": page_of("LogRecord"),
    "metric_points": page_of("MetricPoint"),
    "scores": page_of("Score"),
    "trace": answer(trace=reference("Trace"), spans=listed("Span"), next_cursor=OF_TYPE["text"]),
    "span": reference("Span"),
    "session": answer(session=reference("Session"), traces=listed("Trace"), next_cursor=OF_TYPE["text"]),
    "user": answer(user=reference("User"), traces=listed("Trace"), next_cursor=OF_TYPE["text"]),
    "metrics": answer(
        data={"type": "array", "items": {"type": "object", "description": "`time`, groups and measures by name"}},
        **{"from": OF_TYPE["time"], "to": OF_TYPE["time"]},
        interval=OF_TYPE["text"],
        measures=OF_TYPE["names"],
        group_by=OF_TYPE["names"],
        more_groups={"type": "boolean"},
    ),
    "facets": answer(
        data={
            "type": "array",
            "items": answer(
                field={"type": "string"}, values={"type": "array", "items": _COUNTED}, more={"type": "boolean"}
            ),
        }
    ),
    "otlp": answer(resourceSpans=OF_TYPE["objects"]),
    "object": {"type": "object"},
}
"""What a route says it gives -> the schema of its JSON."""

PREVIEW = f"the first {PREVIEW_CHARACTERS} characters of input and output"
