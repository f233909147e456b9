"""A score in Langfuse's JSON to what it says, by the columns of a score. Pure.

Source: langfuse/langfuse `packages/shared/src/server/ingestion/types.ts` and `features/scores`.
"""

from collections.abc import Mapping
from typing import Any

from contract.span import Revision, Score
from receiver.langfuse_values import BadEvent, identifier, json_text, time_ns

DATA_TYPES = ("NUMERIC", "CATEGORICAL", "BOOLEAN", "CORRECTION", "TEXT")
TEXTS = {
    "comment": "comment",
    "environment": "environment",
    "configId": "config_id",
    "queueId": "queue_id",
    "datasetRunId": "dataset_run_id",
    "authorUserId": "author_user_id",
}
IDS = {"traceId": "trace_id", "observationId": "span_id", "sessionId": "session_id"}
"""Field of a body -> column."""
_KNOWN = {"id", "name", "value", "dataType", "source", "timestamp", "metadata", *TEXTS, *IDS}


def score_of(body: Mapping[str, Any], revision: Revision) -> Score:
    """What one event says of a score. Raises `BadEvent`."""
    name = body.get("name")
    if not isinstance(name, str) or not name:
        raise BadEvent("name of a score must be a text")
    said: dict[str, Any] = {"name": name, **_value(body)}
    said |= {column: identifier(body.get(key), key) for key, column in IDS.items()}
    if not any(said.get(column) for column in ("trace_id", "session_id")) and not body.get("datasetRunId"):
        raise BadEvent("a score needs a traceId or a sessionId (or Langfuse's datasetRunId)")
    said |= {column: _text(body.get(key), key) for key, column in TEXTS.items()}
    said["source"] = _text(body.get("source"), "source") or "API"
    said["time"] = time_ns(body.get("timestamp"), "timestamp") or revision.time_ns
    said["metadata"] = _json(body.get("metadata"))
    said["rest"] = _json({key: value for key, value in body.items() if key not in _KNOWN and value is not None})
    score_id = identifier(body.get("id"), "id") or revision.event_id
    return Score(score_id, {column: value for column, value in said.items() if value is not None}, revision)


def _value(body: Mapping[str, Any]) -> dict[str, Any]:
    """Number and text of a value and its type, which follows from the value where it is not said."""
    value, said = body.get("value"), body.get("dataType")
    if said is not None and said not in DATA_TYPES:
        raise BadEvent(f"dataType must be one of {', '.join(DATA_TYPES)}")
    if isinstance(value, bool):
        value, said = float(value), said or "BOOLEAN"
    if isinstance(value, (int, float)) and said in (None, "NUMERIC", "BOOLEAN"):
        if said == "BOOLEAN":
            return _boolean(value)
        return {"value": float(value), "data_type": "NUMERIC"}
    if isinstance(value, str) and said not in ("NUMERIC", "BOOLEAN"):
        return {"string_value": value, "data_type": said or "CATEGORICAL"}
    raise BadEvent("value must be a number, or a text for a categorical score")


def _boolean(value: float) -> dict[str, Any]:
    if value not in (0, 1):
        raise BadEvent("value of a BOOLEAN score must be 0 or 1")
    return {"value": float(value), "string_value": "True" if value else "False", "data_type": "BOOLEAN"}


def _text(value: Any, field: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise BadEvent(f"{field} must be a text")


def _json(value: Any) -> str | None:
    return json_text(value) if value not in (None, {}) else None
