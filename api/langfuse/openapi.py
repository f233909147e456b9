"""Langfuse's API in `/openapi.json`: what each route takes and gives, also those that `receiver` serves."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from api.langfuse.shapes import COMPONENTS, Schema, reference

__all__ = ["COMPONENTS", "DESCRIBED", "paths"]

PAGE = "page limit"
TRACES = "userId name sessionId version release environment tags fromTimestamp toTimestamp filter"
OBSERVATIONS = """
    name userId sessionId type traceId level parentObservationId isRootObservation version environment fromStartTime
    toStartTime filter
"""
SCORES = """
    userId name dataType source configId queueId datasetRunId scoreIds traceId observationId sessionId environment
    traceTags value operator fromTimestamp toTimestamp filter
"""
SCORES_V3 = """
    cursor limit id name source dataType environment configId queueId authorUserId value valueMin valueMax traceId
    sessionId observationId experimentId fromTimestamp toTimestamp
"""


class Described(NamedTuple):
    """A route: what it does, its query parameters, the shapes of its answer and body."""

    summary: str
    takes: str = ""
    gives: str = "Message"
    """A shape; `[Shape]`: a page of them; `<Shape>`: a page by cursor; `{Shape}`: a list without pages."""
    body: str = ""
    status: int = 200


DESCRIBED: Mapping[tuple[str, str], Described] = {
    ("GET", "traces"): Described("Traces by page.", f"{PAGE} {TRACES} orderBy traceFields", "[Trace]"),
    ("DELETE", "traces"): Described("Delete the traces that are named.", body="TraceIds"),
    ("GET", "traces/{trace_id}"): Described("A trace, whole.", "traceFields", "TraceWhole"),
    ("DELETE", "traces/{trace_id}"): Described("Delete a trace."),
    ("GET", "observations"): Described("Observations by page.", f"{PAGE} {OBSERVATIONS}", "[Observation]"),
    ("GET", "observations/{observation_id}"): Described("An observation.", gives="Observation"),
    ("GET", "v2/observations"): Described(
        "Observations by cursor.", f"cursor limit {OBSERVATIONS} observationFields", "<ObservationV2>"
    ),
    ("GET", "sessions"): Described("Sessions by page.", f"{PAGE} environment fromTimestamp toTimestamp", "[Session]"),
    ("GET", "sessions/{session_id}"): Described("A session with its traces.", gives="SessionWhole"),
    ("GET", "metrics"): Described("Measures by group and piece of time.", "query", "{map}"),
    ("GET", "v2/metrics"): Described("Measures by group and piece of time.", "query", "{map}"),
    ("GET", "metrics/daily"): Described(
        "Traces, tokens and costs by day.",
        f"{PAGE} traceName userId tags environment fromTimestamp toTimestamp",
        "[Daily]",
    ),
    ("GET", "scores"): Described("Scores of traces by page.", f"{PAGE} {SCORES}", "[ScoreOfTrace]"),
    ("GET", "v2/scores"): Described("Scores by page.", f"{PAGE} {SCORES} scoreFields", "[ScoreOfTrace]"),
    ("GET", "v3/scores"): Described("Scores by cursor.", f"{SCORES_V3} scoreFieldsV3", "<ScoreV3>"),
    ("GET", "scores/{score_id}"): Described("A score.", gives="ScoreOfTrace"),
    ("GET", "v2/scores/{score_id}"): Described("A score.", gives="ScoreOfTrace"),
    ("POST", "scores"): Described("Take a score, or a list of them (202).", gives="Id", body="NewScore"),
    ("DELETE", "scores/{score_id}"): Described("Delete a score."),
    ("GET", "score-configs"): Described("Configurations of scores by page.", PAGE, "[ScoreConfig]"),
    ("POST", "score-configs"): Described("Make a configuration.", gives="ScoreConfig", body="NewScoreConfig"),
    ("GET", "score-configs/{config_id}"): Described("A configuration of scores.", gives="ScoreConfig"),
    ("PATCH", "score-configs/{config_id}"): Described(
        "Change or archive a configuration.", gives="ScoreConfig", body="ChangedScoreConfig"
    ),
    ("GET", "models"): Described("Prices of models by page.", PAGE, "[Model]"),
    ("GET", "models/{model_id}"): Described("The prices of a model.", gives="Model"),
    ("GET", "comments"): Described("Comments by page.", f"{PAGE} objectType objectId authorUserId", "[Comment]"),
    ("POST", "comments"): Described("Keep a comment.", gives="Id", body="NewComment"),
    ("GET", "comments/{comment_id}"): Described("A comment.", gives="Comment"),
    ("GET", "v2/prompts"): Described(
        "Prompts by page.", f"{PAGE} name label tag fromUpdatedAt toUpdatedAt", "[PromptListed]"
    ),
    ("POST", "v2/prompts"): Described("Keep a prompt's next version.", gives="Prompt", body="NewPrompt", status=201),
    ("GET", "v2/prompts/{name}"): Described("A version of a prompt.", "promptVersion label resolve", "Prompt"),
    ("DELETE", "v2/prompts/{name}"): Described("Delete versions of a prompt.", "promptVersion label", "", status=204),
    ("PATCH", "v2/prompts/{name}/versions/{version}"): Described(
        "Give labels to a version.", gives="Prompt", body="NewLabels"
    ),
    ("GET", "datasets"): Described("Data sets by page.", PAGE, "[Dataset]"),
    ("POST", "datasets"): Described("Make or change a data set.", gives="Dataset", body="NewDataset"),
    ("GET", "datasets/{name}"): Described("A data set with its items and runs.", "version", "DatasetWhole"),
    ("GET", "v2/datasets"): Described("Data sets by page.", PAGE, "[Dataset]"),
    ("POST", "v2/datasets"): Described("Make or change a data set.", gives="Dataset", body="NewDataset"),
    ("GET", "v2/datasets/{name}"): Described("A data set.", gives="Dataset"),
    ("GET", "dataset-items"): Described(
        "Items by page.", f"{PAGE} datasetName version sourceTraceId sourceObservationId", "[DatasetItem]"
    ),
    ("POST", "dataset-items"): Described("Make or change an item.", gives="DatasetItem", body="NewDatasetItem"),
    ("GET", "dataset-items/{item_id}"): Described("An item.", gives="DatasetItem"),
    ("DELETE", "dataset-items/{item_id}"): Described("Delete an item."),
    ("GET", "dataset-run-items"): Described("Items of a run by page.", f"{PAGE} datasetId runName", "[DatasetRunItem]"),
    ("POST", "dataset-run-items"): Described(
        "Link an item to its trace in a run.", gives="DatasetRunItem", body="NewDatasetRunItem"
    ),
    ("GET", "datasets/{name}/runs"): Described("Runs by page.", PAGE, "[DatasetRun]"),
    ("GET", "datasets/{name}/runs/{run_name}"): Described("A run with its items.", gives="DatasetRunWhole"),
    ("DELETE", "datasets/{name}/runs/{run_name}"): Described("Delete a run."),
    ("POST", "ingestion"): Described("Take events.", gives="Ingested", body="Events", status=207),
    ("POST", "otel/v1/traces"): Described("Take spans over OTLP, as `/v1/traces`.", gives="map"),
    ("POST", "otel"): Described("Take spans over OTLP, as `/v1/traces`.", gives="map"),
    ("POST", "media"): Described("Announce a file.", gives="MediaAnnounced", body="NewMedia", status=201),
    ("GET", "media/{media_id}"): Described("A file's type, length and address.", gives="Media"),
    ("PATCH", "media/{media_id}"): Described("Say how an upload went.", gives="", body="MediaReport"),
    ("PUT", "media/{media_id}/upload"): Described("The bytes of a file, to a signed address.", gives=""),
    ("GET", "media/{media_id}/download"): Described("The bytes of a file, from a signed address.", gives=""),
    ("GET", "projects"): Described("The project of the key.", gives="{Project}"),
    ("GET", "health"): Described("Whether events are taken.", gives="Health"),
    ("GET", "ready"): Described("Whether events are taken.", gives="Health"),
}
"""Method and path below `/api/public` -> the route."""

WITHOUT_KEY = re.compile(r"health|ready|media/.*/(upload|download)")

RENAMED = {
    "traceFields": ("fields", "groups: core, io, scores, observations, metrics"),
    "observationFields": (
        "fields", "groups: core, basic, time, io, metadata, model, usage, prompt, metrics, trace_context",
    ),
    "scoreFields": ("fields", "groups: score, trace"),
    "scoreFieldsV3": ("fields", "groups beside the core: details, subject, annotation"),
    "promptVersion": ("version", "a number"),
}  # fmt: skip
"""Parameters of one name that mean different things by route -> the name, and what it takes."""

MEANINGS = {
    "page": "from 1",
    "limit": "rows of a page",
    "cursor": "`meta.cursor` of the page before",
    "filter": "JSON: a list of `{column, type, operator, value, key}`",
    "query": "JSON: view, dimensions, metrics, filters, timeDimension, fromTimestamp, toTimestamp, orderBy, config",
    "orderBy": "a field, a dot, and asc or desc",
    "tags": "repeated: all of them",
    "traceTags": "repeated: all of them",
    "environment": "repeated: any of them",
    "version": "as the span says, or a time (data sets)",
    "value": "with `operator`, or a list (third version)",
    "operator": "=, <, >, <=, >=",
}
NUMBERS = {"page": "integer", "limit": "integer", "valueMin": "number", "valueMax": "number"}

FAILURES = {
    "400": "what is not understood, and why",
    "401": "credentials missing or wrong",
    "403": "a key without the scope",
    "404": "no such thing",
    "429": "too much at a time; `Retry-After`",
    "503": "not now; `Retry-After`",
}


def paths() -> dict[str, dict[str, Any]]:
    """Path -> method -> operation, for the document."""
    found: dict[str, dict[str, Any]] = {}
    for (method, path), described in DESCRIBED.items():
        found.setdefault(f"/api/public/{path}", {})[method.lower()] = operation(path, described)
    return found


def operation(path: str, described: Described) -> dict[str, Any]:
    made: dict[str, Any] = {
        "summary": described.summary,
        "tags": ["Langfuse"],
        "parameters": [*map(path_parameter, re.findall(r"\{(\w+)\}", path)), *map(parameter, described.takes.split())],
        "responses": {str(described.status): success(described.gives), **failures()},
        "security": [] if WITHOUT_KEY.fullmatch(path) else [{"basic": []}, {"bearer": []}],
    }
    if described.body:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference(described.body)}}}
    return made


def path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def parameter(said: str) -> dict[str, Any]:
    name, meaning = RENAMED.get(said, (said, MEANINGS.get(said, "")))
    found = {"name": name, "in": "query", "schema": {"type": NUMBERS.get(name, "string")}}
    return {**found, "description": meaning} if meaning else found


def success(gives: str) -> dict[str, Any]:
    if not gives:
        return {"description": "done"}
    return {"description": "the answer", "content": {"application/json": {"schema": schema_of(gives)}}}


def schema_of(gives: str) -> Schema:
    """The schema of `Described.gives`."""
    form, name = (gives[0], gives[1:-1]) if gives[0] in "[<{" else ("", gives)
    one = {"type": "object"} if name == "map" else reference(name)
    if not form:
        return one
    meta = {"[": reference("PageMeta"), "<": {"type": "object", "properties": {"cursor": {"type": "string"}}}}
    properties = {"data": {"type": "array", "items": one}, **({"meta": meta[form]} if form in meta else {})}
    return {"type": "object", "properties": properties, "required": list(properties)}


def failures() -> dict[str, Any]:
    error = {"application/json": {"schema": reference("Error")}}
    return {status: {"description": why, "content": error} for status, why in FAILURES.items()}
