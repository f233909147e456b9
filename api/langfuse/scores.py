"""Scores as Langfuse's SDKs read them, and where every answer takes them from.

Source of the fields: the published packages `langfuse` 2.60.10, 3.15.0, 4.18.0 and 5.0.4.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from api.langfuse.records import ENVIRONMENT, iso
from api.records import parsed
from contract.reading import Condition, Reader, Row

Scores = Mapping[str, Sequence[dict[str, Any]]]

SCORES_AT_MOST = 10_000
"""Of one answer about traces: a hundred of each of the traces of a page."""

SOURCES = ("API", "EVAL", "ANNOTATION")
"""What SDKs take for a source; another one is shown as the first, `/api/v1/scores` has it as sent."""


async def scores_of_traces(reader: Reader, project: str, trace_ids: Collection[str]) -> Scores:
    """Trace id -> its scores as Langfuse writes them, the newest first."""
    these = Condition("trace_id", "any_of", tuple(trace_ids))
    rows = await reader.read("list_scores", {"project": project, "limit": SCORES_AT_MOST}, (these,))
    found: dict[str, list[dict[str, Any]]] = {trace_id: [] for trace_id in trace_ids}
    for row in rows:
        found[row["trace_id"]].append(score(row))
    return found


async def measured_scores(_reader: Reader, _parameters: Mapping[str, Any]) -> list[Row]:
    """Rows as the queries of `contract.entities.VALUES` give them; measures of scores are not offered: none."""
    return []


def score(row: Row) -> dict[str, Any]:
    """A score of the first and second API; `row` is one of the query list_scores. A text has the number 0, as there."""
    return {
        "id": row["id"],
        "projectId": row["project"],
        "traceId": row["trace_id"],
        "sessionId": row["session_id"],
        "observationId": row["span_id"],
        "datasetRunId": row["dataset_run_id"],
        "name": row["name"],
        "value": row["value"] if row["value"] is not None else 0,
        "stringValue": row["string_value"],
        **common(row),
        **annotation(row),
        **details(row),
    }


def common(row: Row) -> dict[str, Any]:
    return {
        "dataType": row["data_type"],
        "source": row["source"] if row["source"] in SOURCES else SOURCES[0],
        "timestamp": iso(row["timestamp"]),
        "environment": row["environment"] or ENVIRONMENT,
        "createdAt": iso(row["received_time"]),
        "updatedAt": iso(row["received_time"]),
    }


def details(row: Row) -> dict[str, Any]:
    return {"comment": row["comment"], "configId": row["config_id"], "metadata": parsed(row["metadata"]) or {}}


def annotation(row: Row) -> dict[str, Any]:
    return {"authorUserId": row["author_user_id"], "queueId": row["queue_id"]}


def subject(row: Row) -> dict[str, Any]:
    """What the score is about."""
    if row["span_id"] is not None:
        return {"kind": "observation", "id": row["span_id"], "traceId": row["trace_id"]}
    for kind, column in (("trace", "trace_id"), ("session", "session_id"), ("experiment", "dataset_run_id")):
        if row[column] is not None:
            return {"kind": kind, "id": row[column]}
    return {}


def typed_value(row: Row) -> float | bool | str | None:
    """The value of the third API, of the type that `dataType` says."""
    if row["data_type"] == "BOOLEAN":
        return bool(row["value"])
    value: float | str | None = row["value"] if row["data_type"] == "NUMERIC" else row["string_value"]
    return value


V3_GROUPS = ("details", "subject", "annotation")


def score_v3(row: Row, groups: frozenset[str]) -> dict[str, Any]:
    """A score of the third API, with these groups of fields beside the core."""
    shown = {"id": row["id"], "projectId": row["project"], "name": row["name"], "value": typed_value(row)}
    shown |= common(row)
    shown |= details(row) if "details" in groups else {}
    shown |= annotation(row) if "annotation" in groups else {}
    return shown | ({"subject": subject(row)} if "subject" in groups else {})
