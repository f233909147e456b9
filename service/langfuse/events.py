"""Records of Langfuse's reading API to events of its ingestion API. Pure.

Ids stay, and the id of an event follows from what it says, so that importing again changes nothing. An event has the
time of its record, so that what this server was told first-hand (by SDKs that send here) counts before it, and its id
begins with the time of the record's last change, so that of two imports the later state counts.
Source: langfuse/langfuse `fern/apis/server/definition/{commons,ingestion}.yml`.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from service.langfuse.lists import Record

TRACE_MEMBERS = (
    "id", "timestamp", "name", "userId", "sessionId", "input", "output", "metadata", "tags", "release", "version",
    "public", "bookmarked", "externalId", "environment",
)  # fmt: skip
OBSERVATION_MEMBERS = (
    "id", "traceId", "parentObservationId", "name", "startTime", "endTime", "completionStartTime", "input", "output",
    "metadata", "level", "statusMessage", "version", "environment", "model", "modelParameters", "promptName",
    "promptVersion", "usageDetails", "costDetails",
)  # fmt: skip
SCORE_MEMBERS = (
    "id", "traceId", "observationId", "sessionId", "datasetRunId", "name", "dataType", "comment", "metadata", "source",
    "configId", "queueId", "authorUserId", "timestamp", "environment",
)  # fmt: skip
TRACE_OF_OBSERVATION = {
    "traceId": "id", "traceName": "name", "userId": "userId", "sessionId": "sessionId", "tags": "tags",
    "release": "release", "public": "public", "environment": "environment",
}  # fmt: skip
"""What an observation of the second API says of its trace -> member of the trace."""
CONTENT = ("input", "output", "metadata")
TYPES = frozenset({
    "SPAN", "GENERATION", "EVENT", "AGENT", "TOOL", "CHAIN", "RETRIEVER", "EVALUATOR", "EMBEDDING", "GUARDRAIL",
})  # fmt: skip
DEFAULTS: Mapping[str, Any] = {"environment": "default", "level": "DEFAULT", "public": False, "bookmarked": False}
"""What Langfuse answers where nobody said anything: unknown stays unknown."""
COSTS = {"calculatedInputCost": "input", "calculatedOutputCost": "output", "calculatedTotalCost": "total"}
"""Costs of servers that have no `costDetails`."""
SUBJECTS = {"trace": "traceId", "observation": "observationId", "session": "sessionId", "experiment": "datasetRunId"}
_MEDIA = re.compile(rb"@@@langfuseMedia:type=[^|@]{1,200}\|id=([A-Za-z0-9_-]{1,100})\|source=[^@]{0,100}@@@")


class Event(NamedTuple):
    """One event as JSON, and what the report calls it."""

    kind: str
    name: str
    id: str
    text: bytes

    @property
    def digest(self) -> str:
        """Equal for events that say the same."""
        return self.id.rpartition(" ")[2]


class MediaUse(NamedTuple):
    """A file that a text refers to, and where."""

    media_id: str
    trace_id: str
    observation_id: str | None
    field: str


def event(kind: str, action: str, body: Record, said: str, changed: Any) -> Event:
    """`said`: the time of what the record is about; `changed`: of its last change, where that is known."""
    text = orjson.dumps(body)
    digest = hashlib.sha256(action.encode() + text).hexdigest()[:32]
    event_id = f"import {changed if isinstance(changed, str) else ''} {digest}"
    head = orjson.dumps({"id": event_id, "type": action, "timestamp": said})
    return Event(kind, f"{kind}: {body['id']}", event_id, head[:-1] + b',"body":' + text + b"}")


def told(record: Record, members: Mapping[str, str]) -> Record:
    """The members that say something, under their new names."""
    return {name: record[member] for member, name in members.items() if member in record and says(name, record[member])}


def says(name: str, value: Any) -> bool:
    if name in ("input", "output"):
        return value is not None
    return value not in (None, "", [], {}) and value != DEFAULTS.get(name, _NOTHING)


_NOTHING = object()


def same(members: tuple[str, ...]) -> dict[str, str]:
    return {member: member for member in members}


def of_trace(record: Record) -> list[Event]:
    """A trace of the list `/traces`."""
    body = told(record, same(TRACE_MEMBERS))
    return [event("traces", "trace-create", body, record["timestamp"], record.get("updatedAt"))]


def of_observation(record: Record) -> list[Event]:
    """An observation of the list `/observations`."""
    kind = record.get("type")
    action = f"{(kind if kind in TYPES else 'SPAN').lower()}-create"
    body = told(record, same(OBSERVATION_MEMBERS)) | old_usage(record)
    return [event("observations", action, body, record["startTime"], record.get("updatedAt"))]


def old_usage(record: Record) -> Record:
    """Usage and cost as servers tell them that have no maps of details."""
    said: Record = {}
    usage = record.get("usage")
    if not record.get("usageDetails") and isinstance(usage, dict):
        counts = {name: usage[name] for name in ("input", "output", "total") if usage.get(name)}
        said |= {"usage": counts | {"unit": usage.get("unit") or "TOKENS"}} if counts else {}
    if "costDetails" not in record:
        costs = {name: record[member] for member, name in COSTS.items() if record.get(member) is not None}
        said |= {"costDetails": costs} if costs else {}
    return said


def of_observation_v2(record: Record) -> list[Event]:
    """An observation of the list `/v2/observations`, and what it says of its trace, of which there is no list."""
    whole = {**record, "model": record.get("providedModelName")}
    trace = told(record, TRACE_OF_OBSERVATION)
    found = of_observation(whole)
    if trace.get("id"):
        found.append(event("parts of traces", "trace-create", trace, record["startTime"], record.get("updatedAt")))
    return found


def of_score(record: Record, run_ids: Mapping[str, str]) -> list[Event]:
    """A score of any of the three lists; `run_ids`: run of a data set there -> here."""
    body = told({**record, **subject(record)}, same(SCORE_MEMBERS))
    if run := body.get("datasetRunId"):
        body["datasetRunId"] = run_ids.get(run, run)
    body["value"] = value_of(record)
    return [event("scores", "score-create", body, record["timestamp"], record.get("updatedAt"))]


def subject(record: Record) -> Record:
    """What a score of the third API is about, in the members of the others."""
    about = record.get("subject")
    if not isinstance(about, dict) or about.get("kind") not in SUBJECTS:
        return {}
    trace = {"traceId": about["traceId"]} if about.get("traceId") else {}
    return {**trace, SUBJECTS[about["kind"]]: about.get("id")}


def value_of(record: Record) -> Any:
    """Texts are `stringValue` in the first two APIs; a boolean has both there."""
    value = record.get("value")
    if record.get("dataType") in ("NUMERIC", "BOOLEAN"):
        return float(value) if isinstance(value, bool) else value
    text = record.get("stringValue")
    return text if isinstance(text, str) else value


def media_uses(record: Record, trace_id: str, observation_id: str | None) -> Iterator[MediaUse]:
    """Files that input, output and metadata refer to, each once a field."""
    for field in CONTENT:
        for media_id in media_ids(record.get(field)):
            yield MediaUse(media_id, trace_id, observation_id, field)


def media_ids(value: Any) -> list[str]:
    """Ids in the references that SDKs put in the place of a file."""
    if value is None:
        return []
    text = orjson.dumps(value)
    return list(dict.fromkeys(found.decode() for found in _MEDIA.findall(text))) if b"@@@langfuseMedia:" in text else []
