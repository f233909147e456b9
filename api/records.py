"""Stored rows to the records of product.md section 4: its names, every field there, null where nothing is known."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from api.infrastructure import is_infrastructure
from api.times import rfc3339
from contract import raw
from contract.present import CONTENT_FIELDS, Present
from contract.reading import SESSION_RECORD_FIELDS, USER_RECORD_FIELDS
from contract.trace_of_spans import duration_ms

Stored = Mapping[str, Any]

PREVIEW_CHARACTERS = 300


def names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SPAN_FIELDS = names("""
    project trace_id span_id parent_span_id name span_name kind otlp_kind duplicate_of duplicate_of_trace synthetic
    infrastructure
    start_time end_time duration_ms time_to_first_token_ms
    status status_message error_type level
    service_name scope_name scope_version environment release version
    operation provider request_model response_model model response_id finish_reasons streaming
    prompt_name prompt_version
    input_tokens output_tokens total_tokens cache_read_tokens cache_write_tokens reasoning_tokens
    input_cost output_cost total_cost cost_source price_version
    tool_name tool_call_id agent_name agent_id
    session_id user_id tags metadata trace_name
""")
"""Fields of a span in every list and detail; content and raw fields come with `io`."""

TRACE_FIELDS = names("""
    trace_id project name start_time end_time duration_ms status error_count span_count generation_count
    models input_tokens output_tokens total_tokens cache_read_tokens total_cost
    service_name session_id user_id tags metadata environment release version scores complete
""")

SESSION_FIELDS = ("project", *SESSION_RECORD_FIELDS)
USER_FIELDS = ("project", *USER_RECORD_FIELDS)

LOG_FIELDS = names("""
    project trace_id span_id time observed_time severity_number severity_text event_name
    service_name scope_name session_id user_id body attributes flags
""")

SCORE_FIELDS = names("""
    id project name value string_value data_type source comment trace_id span_id session_id timestamp
    environment metadata
""")

METRIC_FIELDS = names("""
    project name description unit type temporality monotonic start_time time
    value count sum min max service_name scope_name attributes data resource scope
""")


def parsed(text: str | None) -> Any:
    """JSON text as its value; null where there is none or it is no JSON."""
    if text is None:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def content_value(text: str | None) -> Any:
    """Content as the JSON object or list that it is, else as the text that was sent."""
    if text is None or text.lstrip()[:1] not in ("{", "["):
        return text
    value = parsed(text)
    return text if value is None else value


def own_values(row: Stored) -> dict[str, Any]:
    """The row as the span itself said it, before anything was settled from others."""
    return {**row, **(parsed(row.get("own")) or {})}


def content(row: Stored, io: str, *, is_call: bool) -> dict[str, Any]:
    """`input` and `output` as asked for; a preview says which of them it cut.

    Of a call that did not fail, and of a trace with one, an output that nobody said is the last message of the input
    where that is the model's: Open WebUI's filter tells the answer there alone. `output_derived` says so.
    """
    if io == "none":
        return {}
    cut = [] if io == "full" else [name for name in ("input", "output") if len(row[name] or "") > PREVIEW_CHARACTERS]
    shown = {
        name: row[name][:PREVIEW_CHARACTERS] if name in cut else content_value(row[name])
        for name in ("input", "output")
    }
    may_derive = is_call and row["status"] != "error" and row["output"] is None and "input" not in cut
    answer = last_answer(row["input"]) if may_derive else None
    derived = {"output": answer, "output_derived": True} if answer else {"output_derived": False}
    return shown | ({} if io == "full" else {"truncated": cut}) | derived


def last_answer(text: str | None) -> Any:
    """The content of the last of these messages if it is the model's; null where it is not."""
    if text is None or '"assistant"' not in text:
        return None
    sent = content_value(text)
    messages = sent.get("messages") if isinstance(sent, dict) else sent
    last = messages[-1] if isinstance(messages, list) and messages else None
    return last.get("content") if isinstance(last, dict) and last.get("role") == "assistant" else None


def span_record(row: Stored, io: str) -> dict[str, Any]:
    """A span of a list, or of a detail before its content and raw fields are added."""
    start = None if row["start_unknown"] else row["start_time"]
    made = {
        "start_time": rfc3339(start),
        "end_time": rfc3339(row["end_time"]),
        "duration_ms": duration_ms(start, row["end_time"]),
        "infrastructure": is_infrastructure(row["kind"], row["scope_name"]),
        "finish_reasons": parsed(row["finish_reasons"]),
        "tags": parsed(row["tags"]),
        "metadata": parsed(row["metadata"]),
    }
    return {name: made[name] if name in made else row[name] for name in SPAN_FIELDS} | content(
        row, io, is_call=row["kind"] == "generation"
    )


def span_detail(row: Stored, logs: Sequence[Stored], donors: Sequence[Stored], present: Present) -> dict[str, Any]:
    """Everything known of a span: `CONTENT_FIELDS`, `mapping` and the readable raw fields too."""
    shown = present(row, logs, donors)
    derived = {name: shown.get(name) for name in CONTENT_FIELDS}
    return (
        span_record(row, "full")
        | derived
        | {name: shown.get(name) or empty for name, empty in (("mapping", {}), ("unmapped", []))}
        | readable_raw(row)
    )


def readable_raw(row: Stored) -> dict[str, Any]:
    """Attributes, resource, scope, events, links and the rest as ordinary JSON (exact types: the `/otlp` route)."""
    columns = {name: own_values(row)[name] for name in ("input", "output")}
    rest = parsed(row["raw_rest"]) or {}
    return {
        "attributes": readable(row["raw_attributes"], columns) or {},
        "resource": carrier(row["raw_resource"], columns),
        "scope": carrier(row["raw_scope"], columns),
        "events": [event(each, columns) for each in parsed(row["raw_events"]) or []],
        "links": [link(each, columns) for each in parsed(row["raw_links"]) or []],
        "trace_state": rest.get("trace_state"),
        "flags": rest.get("flags", 0),
        "dropped_attributes_count": rest.get("dropped_attributes_count", 0),
        "dropped_events_count": rest.get("dropped_events_count", 0),
        "dropped_links_count": rest.get("dropped_links_count", 0),
    }


def readable(text: str | None, columns: dict[str, str | None]) -> Any:
    return raw.plain(raw.restore(parsed(text), columns))


def carrier(text: str | None, columns: dict[str, str | None]) -> dict[str, Any]:
    """A resource or scope: its attributes first, then what else it says."""
    stored = parsed(text) or {}
    attributes = raw.plain(raw.restore(stored.get("attributes") or {}, columns))
    return {"attributes": attributes} | {key: value for key, value in stored.items() if key != "attributes"}


def event(stored: list[Any], columns: dict[str, str | None]) -> dict[str, Any]:
    time_ns, name, attributes, dropped = padded(stored, (0, "", {}, 0))
    return {
        "time": rfc3339(time_ns) if time_ns else None,
        "name": name,
        "attributes": raw.plain(raw.restore(attributes or {}, columns)),
        "dropped_attributes_count": dropped,
    }


def link(stored: list[Any], columns: dict[str, str | None]) -> dict[str, Any]:
    trace_id, span_id, trace_state, attributes, dropped, flags = padded(stored, ("", "", "", {}, 0, 0))
    return {
        "trace_id": trace_id,
        "span_id": span_id,
        "trace_state": trace_state,
        "attributes": raw.plain(raw.restore(attributes or {}, columns)),
        "dropped_attributes_count": dropped,
        "flags": flags,
    }


def padded(stored: Sequence[Any], defaults: tuple[Any, ...]) -> tuple[Any, ...]:
    """A stored tuple with the defaults of what was left out at its end."""
    return (*stored, *defaults[len(stored) :])


def trace_record(row: Stored, project: str, io: str, scores: Sequence[Stored] | None = None) -> dict[str, Any]:
    """The trace record; `row` is a row of the query list_traces, or of a trace read alone with its scores beside it."""
    made = {
        "project": project,
        "start_time": rfc3339(row["start_ns"]),
        "end_time": rfc3339(row["end_ns"]),
        "models": row["models"] or [],
        "tags": row["tags"] or None,
        "metadata": merged(row["metadata"]),
        "scores": [score_record(score) for score in (row["scores"] if scores is None else scores)],
    }
    return {name: made[name] if name in made else row[name] for name in TRACE_FIELDS} | content(
        row, io, is_call=bool(row["generation_count"])
    )


def session_record(row: Stored, project: str) -> dict[str, Any]:
    """A session; `row` is a row of the query list_sessions."""
    return roll_up(SESSION_FIELDS, row, project, ("models", "environments", "user_ids"))


def user_record(row: Stored, project: str) -> dict[str, Any]:
    """A user; `row` is a row of the query list_users."""
    return roll_up(USER_FIELDS, row, project, ("models", "environments"))


def roll_up(fields: Sequence[str], row: Stored, project: str, lists: Sequence[str]) -> dict[str, Any]:
    made = {name: rfc3339(row[name]) for name in ("last_active_time", "start_time", "end_time")}
    given = {**row, **made, **{name: row[name] or [] for name in lists}, "project": project}
    return {name: given[name] for name in fields}


def merged(maps: Sequence[str] | None) -> dict[str, Any] | None:
    """Metadata of a trace's spans in one map, null where none has any.

    Of a key said twice the root's value stands, else the earliest span's.
    """
    result: dict[str, Any] = {}
    for text in maps or ():
        value = parsed(text)
        if isinstance(value, dict):
            result = value | result
    return result or None


def log_record(row: Stored, io: str) -> dict[str, Any]:
    """A log record; a long body is cut in a preview, long attributes are left out of it."""
    rest = parsed(row["raw_rest"]) or {}
    made = {
        "time": rfc3339(row["time"]) if rest.get("time_ns") != 0 else None,
        "observed_time": rfc3339(row["observed_time"]) if rest.get("observed_ns") != 0 else None,
        "body": row["body_preview"] if row["body_preview"] is not None else readable(row["raw_body"], {}),
        "attributes": readable(row["raw_attributes"], {}),
        "flags": rest.get("flags", 0),
    }
    record = {name: made[name] if name in made else row[name] for name in LOG_FIELDS}
    if io == "full":
        return record | {"resource": carrier(row["raw_resource"], {}), "scope": carrier(row["raw_scope"], {})}
    if io == "none":
        return {name: value for name, value in record.items() if name not in ("body", "attributes")}
    cut = {"body": row["body_preview"] is not None, "attributes": row["attributes_cut"]}
    return record | {"truncated": [name for name, is_cut in cut.items() if is_cut]}


def score_record(row: Stored) -> dict[str, Any]:
    """A score; `row` is a row of the query list_scores, or one of a trace's."""
    metadata = row["metadata"]
    made = {
        "timestamp": rfc3339(row["timestamp"]),
        "metadata": parsed(metadata) if isinstance(metadata, str) else metadata,
    }
    return {name: made[name] if name in made else row[name] for name in SCORE_FIELDS}


def metric_record(row: Stored, _io: str) -> dict[str, Any]:
    """A metric point, whole; an integer value keeps every digit."""
    made = {
        "start_time": rfc3339(row["start_time"]),
        "time": rfc3339(row["time"]),
        "value": row["value"] if row["value_int"] is None else raw.plain(row["value_int"]),
        "attributes": readable(row["raw_attributes"], {}) or {},
        "data": raw.plain(raw.restore(parsed(row["raw_data"]), {})),
        "resource": carrier(row["raw_resource"], {}),
        "scope": carrier(row["raw_scope"], {}),
    }
    return {name: made[name] if name in made else row[name] for name in METRIC_FIELDS}
