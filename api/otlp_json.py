"""Stored spans back to the OTLP/JSON that was received: every field and value type (promise 5).

Form: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding (ids hex, 64-bit integers as strings, enums as
numbers, default values may be left out). Spans are grouped by resource and scope in the order of their start.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from api.records import Stored, own_values, padded, parsed
from contract import raw
from contract.span import TRACE_SPAN_ID

SPAN_KINDS = {"unspecified": 0, "internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
STATUS_CODES = {"unset": 0, "ok": 1, "error": 2}

Columns = dict[str, str | None]


def otlp_json(rows: Iterable[Stored]) -> dict[str, Any]:
    """An ExportTraceServiceRequest of the spans; those that were derived and never received are left out."""
    resources: dict[str | None, dict[str | None, list[dict[str, Any]]]] = {}
    for row in rows:
        if is_synthetic(row):
            continue
        scopes = resources.setdefault(row["raw_resource"], {})
        scopes.setdefault(row["raw_scope"], []).append(otlp_span(own_values(row)))
    return {"resourceSpans": [resource_spans(text, scopes) for text, scopes in resources.items()]}


def is_synthetic(row: Stored) -> bool:
    """Made here: of a log record, or of what spans say of their trace; what events say of one has their scope."""
    if row["span_id"] == TRACE_SPAN_ID:
        return row["raw_scope"] is None
    return bool((parsed(row["raw_rest"]) or {}).get("synthetic"))


def resource_spans(text: str | None, scopes: Mapping[str | None, list[dict[str, Any]]]) -> dict[str, Any]:
    stored = parsed(text) or {}
    resource = {"attributes": attributes(stored.get("attributes"), {}), **dropped(stored)}
    if stored.get("entity_refs"):
        resource["entityRefs"] = stored["entity_refs"]
    return {
        "resource": resource,
        "scopeSpans": [scope_spans(scope, spans) for scope, spans in scopes.items()],
        **schema_url(stored),
    }


def scope_spans(text: str | None, spans: list[dict[str, Any]]) -> dict[str, Any]:
    stored = parsed(text) or {}
    names = {key: stored[key] for key in ("name", "version") if stored.get(key)}
    scope = {**names, "attributes": attributes(stored.get("attributes"), {}), **dropped(stored)}
    return {"scope": scope, "spans": spans, **schema_url(stored)}


def otlp_span(row: Stored) -> dict[str, Any]:
    """One span; `row` holds own values."""
    rest = parsed(row["raw_rest"]) or {}
    columns = {"input": row["input"], "output": row["output"]}
    span = {
        "traceId": row["trace_id"],
        "spanId": row["span_id"],
        "parentSpanId": row["parent_span_id"] or "",
        "traceState": rest.get("trace_state"),
        "flags": rest.get("flags"),
        "name": row["span_name"] or "",
        "kind": rest.get("kind", SPAN_KINDS.get(row["otlp_kind"] or "", 0)),
        "startTimeUnixNano": str(rest.get("start_ns", row["start_time"] or 0)),
        "endTimeUnixNano": str(rest.get("end_ns", row["end_time"] or 0)),
        "attributes": attributes(parsed(row["raw_attributes"]), columns),
        "events": [otlp_event(each, columns) for each in parsed(row["raw_events"]) or []],
        "links": [otlp_link(each, columns) for each in parsed(row["raw_links"]) or []],
        "status": otlp_status(row, rest),
        **counts(rest),
    }
    return {name: value for name, value in span.items() if value is not None}


def otlp_status(row: Stored, rest: Mapping[str, Any]) -> dict[str, Any]:
    code = rest.get("status_code", STATUS_CODES.get(row["status"] or "", 0))
    message = rest.get("status_message", row["status_message"])
    return ({"message": message} if message else {}) | ({"code": code} if code else {})


def counts(rest: Mapping[str, Any]) -> dict[str, int]:
    names = {"attributes": "Attributes", "events": "Events", "links": "Links"}
    return {
        f"dropped{shown}Count": rest[f"dropped_{name}_count"]
        for name, shown in names.items()
        if rest.get(f"dropped_{name}_count")
    }


def otlp_event(stored: list[Any], columns: Columns) -> dict[str, Any]:
    time_ns, name, values, dropped_count = padded(stored, (0, "", {}, 0))
    event = {"timeUnixNano": str(time_ns), "name": name, "attributes": attributes(values, columns)}
    return event | dropped({"dropped_attributes_count": dropped_count})


def otlp_link(stored: list[Any], columns: Columns) -> dict[str, Any]:
    trace_id, span_id, trace_state, values, dropped_count, flags = padded(stored, ("", "", "", {}, 0, 0))
    link = {"traceId": trace_id, "spanId": span_id, "attributes": attributes(values, columns)}
    optional = {"traceState": trace_state, "flags": flags}
    return (
        link
        | {key: value for key, value in optional.items() if value}
        | dropped({"dropped_attributes_count": dropped_count})
    )


def attributes(stored: Any, columns: Columns) -> list[dict[str, Any]]:
    return raw.key_values(raw.restore(stored or {}, columns))


def dropped(stored: Mapping[str, Any]) -> dict[str, int]:
    count = stored.get("dropped_attributes_count")
    return {"droppedAttributesCount": count} if count else {}


def schema_url(stored: Mapping[str, Any]) -> dict[str, str]:
    return {"schemaUrl": stored["schema_url"]} if stored.get("schema_url") else {}
