"""Events of Langfuse's ingestion API to parts of spans, parts of what is said of a trace, and scores.

One event says a part: the attributes are those that the SDKs write over OTLP, and whatever no attribute has a name for
is kept under `langfuse.body.`. Source: langfuse/langfuse `packages/shared/src/server/ingestion/types.ts`.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.errors import Refused
from contract.span import TRACE_SPAN_ID, Attributes, Resource, Revision, Scope, Score, Span
from receiver.langfuse_scores import score_of
from receiver.langfuse_values import BadEvent, attribute, identifier, in_order, texts, time_ns
from receiver.limits import DEFAULT_LIMITS, Limits
from receiver.otlp_json_values import load

SCOPE = "langfuse-ingestion"
Object = Mapping[str, Any]

OBSERVATION_TYPES = (
    "span", "generation", "event", "agent", "tool", "chain", "retriever", "evaluator", "embedding", "guardrail",
)  # fmt: skip
OF_OBSERVATION = {
    "input": "langfuse.observation.input",
    "output": "langfuse.observation.output",
    "model": "langfuse.observation.model.name",
    "modelParameters": "langfuse.observation.model.parameters",
    "usage": "langfuse.observation.usage",
    "usageDetails": "langfuse.observation.usage_details",
    "costDetails": "langfuse.observation.cost_details",
    "completionStartTime": "langfuse.observation.completion_start_time",
    "promptName": "langfuse.observation.prompt.name",
    "promptVersion": "langfuse.observation.prompt.version",
    "level": "langfuse.observation.level",
    "statusMessage": "langfuse.observation.status_message",
    "version": "langfuse.version",
    "environment": "langfuse.environment",
}
OF_TRACE = {
    "name": "langfuse.trace.name",
    "userId": "langfuse.user.id",
    "sessionId": "langfuse.session.id",
    "input": "langfuse.trace.input",
    "output": "langfuse.trace.output",
    "public": "langfuse.trace.public",
    "externalId": "langfuse.trace.external_id",
    "release": "langfuse.release",
    "version": "langfuse.version",
    "environment": "langfuse.environment",
}
"""Field of a body -> attribute."""

_ELSEWHERE = {"id", "metadata", "timestamp", "tags"}
_OF_SPAN = {"id", "metadata", "traceId", "parentObservationId", "name", "startTime", "endTime", "type"}
"""Fields that have another place than an attribute of their own."""


@dataclass(slots=True)
class Fault:
    """An event that cannot be kept."""

    event_id: str
    message: str


@dataclass(slots=True)
class Events:
    """What one request says, and the ids of its events."""

    spans: list[Span] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    is_list: bool = True


def decode_batch(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Events:
    """The events of a request body. Raises `Refused` when it holds no list of events."""
    request = load(body, limits.max_objects)
    batch = request.get("batch") if isinstance(request, dict) else None
    if not isinstance(batch, list):
        raise Refused("the body must be a JSON object with a list `batch`")
    _check_count(batch, limits)
    told, scope = Events(), _scope(request.get("metadata"))
    for event in batch:
        _add(told, event, scope)
    return told


def decode_scores(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Events:
    """One score, or a list of them; one without id or time is given one. Raises `Refused`."""
    request = load(body, limits.max_objects)
    scores = request if isinstance(request, list) else [request]
    _check_count(scores, limits)
    told, now_ns = Events(is_list=isinstance(request, list)), time.time_ns()
    for each in scores:
        _add_posted(told, each, now_ns)
    return told


def _check_count(items: list[Any], limits: Limits) -> None:
    if len(items) > limits.max_items:
        raise Refused(f"more than {limits.max_items:,} in one request", reason="too_many_items", kind="too_large")


def _add_posted(told: Events, score: Any, now_ns: int) -> None:
    given = score.get("id") if isinstance(score, dict) else None
    event_id = given if isinstance(given, str) and given else str(uuid.uuid4())
    try:
        if not isinstance(score, dict):
            raise BadEvent("a score must be an object")
        said_ns = time_ns(score.get("timestamp"), "timestamp") or now_ns
        told.scores.append(score_of(score, Revision(said_ns, False, event_id)))
    except BadEvent as error:
        told.faults.append(Fault(event_id, str(error)))
    else:
        told.accepted.append(event_id)


def _scope(metadata: Any) -> Scope:
    """Who sent the batch, as far as it says so."""
    said = metadata if isinstance(metadata, dict) else {}
    names = {"sdk_name": "langfuse.sdk.name", "sdk_integration": "langfuse.sdk.integration"}
    attributes = {name: said[key] for key, name in names.items() if isinstance(said.get(key), str)}
    version = said.get("sdk_version")
    return Scope(SCOPE, version if isinstance(version, str) else "", attributes)


def _add(told: Events, event: Any, scope: Scope) -> None:
    event_id = event.get("id") if isinstance(event, dict) else None
    try:
        if not isinstance(event_id, str) or not event_id:
            raise BadEvent("id of the event must be a text")
        _decode(told, event, event_id, scope)
    except BadEvent as error:
        told.faults.append(Fault(event_id if isinstance(event_id, str) else "", str(error)))
    else:
        told.accepted.append(event_id)


def _decode(told: Events, event: Object, event_id: str, scope: Scope) -> None:
    kind, body = event.get("type"), event.get("body")
    if kind == "sdk-log":
        return
    name, _, action = kind.rpartition("-") if isinstance(kind, str) else ("", "", "")
    decode = DECODERS.get(name)
    if decode is None or action not in ("create", "update"):
        raise BadEvent("type of the event is none that is known")
    if not isinstance(body, dict):
        raise BadEvent("body of the event must be an object")
    said_ns = time_ns(event.get("timestamp"), "timestamp")
    if said_ns is None:
        raise BadEvent("timestamp of the event is missing")
    decode(told, name, body, Revision(said_ns, action == "update", event_id), scope)


def _add_trace(told: Events, _name: str, body: Object, revision: Revision, scope: Scope) -> None:
    trace_id = identifier(body.get("id"), "body.id") or revision.event_id
    attributes = _named(body, OF_TRACE, _ELSEWHERE) | _metadata(body, "langfuse.trace.metadata.")
    if (tags := texts(body.get("tags"))) is not None:
        attributes["langfuse.trace.tags"] = tags
    start_ns = _time_or_keep(body, "timestamp", attributes)
    told.spans.append(_part(trace_id, TRACE_SPAN_ID, revision, scope, attributes, start_ns=start_ns))


def _add_observation(told: Events, name: str, body: Object, revision: Revision, scope: Scope) -> None:
    span_id = identifier(body.get("id"), "body.id") or revision.event_id
    attributes = _named(body, OF_OBSERVATION, _OF_SPAN) | _metadata(body, "langfuse.observation.metadata.")
    attributes["langfuse.observation.type"] = _type(name, body)
    times = [_time_or_keep(body, name, attributes) for name in ("startTime", "endTime")]
    title = body.get("name")
    part = _part(
        identifier(body.get("traceId"), "body.traceId") or span_id, span_id, revision, scope, attributes,
        parent=identifier(body.get("parentObservationId"), "body.parentObservationId") or "",
        name=title if isinstance(title, str) else "", start_ns=times[0], end_ns=times[1],
    )  # fmt: skip
    told.spans.append(part)


def _add_score(told: Events, _name: str, body: Object, revision: Revision, _scope: Scope) -> None:
    told.scores.append(score_of(body, revision))


DECODERS: dict[str, Callable[[Events, str, Object, Revision, Scope], None]] = {
    "trace": _add_trace,
    "score": _add_score,
    **dict.fromkeys(("observation", *OBSERVATION_TYPES), _add_observation),
}
"""What stands before `-create` or `-update`."""


def _type(name: str, body: Object) -> str:
    """The older events `observation-create` and `-update` say their type in the body."""
    if name != "observation":
        return name
    said = body.get("type")
    kind = said.lower() if isinstance(said, str) else ""
    return kind if kind in OBSERVATION_TYPES else "span"


def _named(body: Object, names: Mapping[str, str], elsewhere: set[str]) -> Attributes:
    """The fields that say something, by their attributes; fields that are not known too."""
    return {
        names.get(key, f"langfuse.body.{key}"): attribute(value)
        for key, value in body.items()
        if value is not None and key not in elsewhere
    }


def _metadata(body: Object, prefix: str) -> Attributes:
    """One attribute a key; what is no map is one under the key `metadata`."""
    said = body.get("metadata")
    if said is None:
        return {}
    pairs = said if isinstance(said, dict) else {"metadata": said}
    return {prefix + key: attribute(in_order(value)) for key, value in pairs.items()}


def _time_or_keep(body: Object, name: str, attributes: Attributes) -> int:
    """A time of the body, 0 where there is none; what is no time is kept as it was sent."""
    try:
        return time_ns(body.get(name), name) or 0
    except BadEvent:
        attributes[f"langfuse.body.{name}"] = attribute(body[name])
        return 0


def _part(
    trace_id: str, span_id: str, revision: Revision, scope: Scope, attributes: Attributes,
    *, parent: str = "", name: str = "", start_ns: int = 0, end_ns: int = 0,
) -> Span:  # fmt: skip
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_span_id=parent,
        name=name,
        kind=0,
        start_ns=start_ns,
        end_ns=end_ns,
        attributes=dict(sorted(attributes.items())),
        events=[],
        links=[],
        status_code=0,
        status_message="",
        resource=_NO_RESOURCE,
        scope=scope,
        revision=revision,
    )


_NO_RESOURCE = Resource()
