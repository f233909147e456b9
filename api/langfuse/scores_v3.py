"""The third API's list of scores: by cursor, values of the type that `dataType` says, groups of fields on demand.

Source: langfuse/langfuse `fern/apis/server/definition/scores-v3.yml`. What it refuses but what can be answered is
answered here: a page of up to 1000, an observation without its trace, several subjects at once.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from api.cursor import After, decode_cursor, digest_of, encode_cursor
from api.langfuse.chosen import Asked, ids_of
from api.langfuse.handling import Langfuse, answer, project_of
from api.langfuse.parameters import Page, given, parse_groups, parse_moment
from api.langfuse.scores import VALUES, Row, shown
from api.parameters import LIMIT_AT_MOST, parse_limit, stored_id
from contract.errors import BadQuery
from contract.reading import Condition

LIMIT = 50

ANY_OF = {
    "id": "id", "name": "name", "source": "source", "dataType": "data_type", "environment": "environment",
    "configId": "config_id", "queueId": "queue_id", "authorUserId": "author_user_id", "traceId": "trace_id",
    "sessionId": "session_id", "observationId": "span_id", "experimentId": "dataset_run_id",
    "userId": "trace_user_id", "datasetRunId": "dataset_run_id",
}  # fmt: skip
"""Parameter -> value that must be one of those given, with commas between. The last two are the second API's."""

IDS = ("id", "traceId", "sessionId", "observationId")
UPPER = ("source", "dataType")
BOUNDS = {"valueMin": "gte", "valueMax": "lte"}
BOOLEANS = {"true": 1.0, "false": 0.0}
VALUES_AT_MOST = 1000

CORE = (
    "id", "projectId", "name", "value", "dataType", "source", "timestamp", "environment", "createdAt", "updatedAt",
)  # fmt: skip
GROUPS: Mapping[str, Sequence[str]] = {
    "details": ("comment", "configId", "metadata"),
    "subject": ("subject",),
    "annotation": ("authorUserId", "queueId"),
}
"""Groups of fields -> what they add to `CORE`."""


async def list_scores_v3(langfuse: Langfuse, request: web.Request) -> web.Response:
    """`{"data": [...], "meta": {"limit", "cursor"}}`, the newest first."""
    project = project_of(request)
    limit = parse_limit(given(request, "limit"), LIMIT, LIMIT_AT_MOST)
    fields = given(request, "fields")
    groups = parse_groups(fields, tuple(GROUPS)) if fields else frozenset()
    asked = asked_scores(request, project, langfuse.api.now_ns())
    told = [[each.field, each.op, *each.values] for each in asked.conditions]
    digest = digest_of("scores", *asked.parameters.values(), told)
    if text := given(request, "cursor"):
        after = decode_cursor(text, digest, 1)
        asked.parameters.update(after_ns=after.time_ns, after_id=after.ids[0])
    found = await ids_of(langfuse.api.reader, asked, Page(1, limit + 1), VALUES)
    meta: dict[str, Any] = {"limit": limit}
    if len(found) > limit:
        last = found[limit - 1]
        meta["cursor"] = encode_cursor(digest, After(last["start_time"], (last["id"],)))
    return answer({"data": [shown_v3(each, project, groups) for each in found[:limit]], "meta": meta})


def asked_scores(request: web.Request, project: str, now_ns: int) -> Asked:
    """Which scores a query string means. Raises `BadQuery`."""
    asked = {name: listed(request, name) for name in ANY_OF}
    conditions = [Condition(ANY_OF[name], "any_of", values) for name, values in asked.items() if values]
    bounds = {
        "from_ns": parse_moment(request.query, "fromTimestamp", now_ns),
        "to_ns": parse_moment(request.query, "toTimestamp", now_ns),
    }
    conditions += conditions_on_value(request, asked["dataType"])
    return Asked("measure_scores", {"project": project, **bounds}, tuple(conditions), "start_time", True)


def listed(request: web.Request, name: str) -> tuple[str, ...]:
    """The values of a parameter, also where it is repeated. Raises `BadQuery`."""
    texts = ",".join(request.query.getall(name, ())).split(",")
    values = tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(values) > VALUES_AT_MOST:
        raise BadQuery(f"{name} takes at most {VALUES_AT_MOST} values", parameter=name)
    if name in UPPER:
        return tuple(value.upper() for value in values)
    return tuple(map(stored_id, values)) if name in IDS else values


def conditions_on_value(request: web.Request, data_types: Sequence[str]) -> list[Condition]:
    """`value`, `valueMin` and `valueMax` mean something of one type only. Raises `BadQuery`."""
    conditions = []
    for name, op in BOUNDS.items():
        if text := given(request, name):
            conditions.append(Condition("value", op, (number(name, text, data_types),)))
    values = listed(request, "value")
    if values and list(data_types) == ["CATEGORICAL"]:
        conditions.append(Condition("string_value", "any_of", values))
    elif values and list(data_types) == ["BOOLEAN"]:
        if not set(values) <= BOOLEANS.keys():
            raise BadQuery("value of BOOLEAN scores is true or false", parameter="value")
        conditions.append(Condition("value", "any_of", tuple(BOOLEANS[value] for value in values)))
    elif values:
        numbers = tuple(number("value", value, data_types) for value in values)
        conditions.append(Condition("value", "any_of", numbers))
    return conditions


def number(name: str, text: str, data_types: Sequence[str]) -> float:
    if list(data_types) != ["NUMERIC"]:
        one = "NUMERIC, BOOLEAN or CATEGORICAL" if name == "value" else "NUMERIC"
        raise BadQuery(f"{name} needs a single dataType: {one}", parameter=name)
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise BadQuery(f"{name} must be a number, not {text[:60]!r}", parameter=name)
    return found


def shown_v3(score: Row, project: str, groups: frozenset[str]) -> dict[str, Any]:
    """The value has the type that `dataType` says."""
    typed = {"NUMERIC": score["value"], "BOOLEAN": score["value"] == 1}
    value = typed[score["data_type"]] if score["data_type"] in typed else score["string_value"]
    known = {**shown(score), "value": value, "projectId": project, "subject": subject(score)}
    asked = (*CORE, *(name for group, names in GROUPS.items() if group in groups for name in names))
    return {name: known[name] for name in asked}


def subject(score: Row) -> dict[str, Any] | None:
    """What the score is about, as the third API says it."""
    if score["span_id"] is not None:
        return {"kind": "observation", "id": score["span_id"], "traceId": score["trace_id"]}
    for kind, value in (("trace", "trace_id"), ("session", "session_id"), ("experiment", "dataset_run_id")):
        if score[value] is not None:
            return {"kind": kind, "id": score[value]}
    return None
