"""Scores as the first two versions of Langfuse's lists have them, and those of traces.

Source of the fields: the published packages `langfuse` 2.60.10 (v1), 3.15.0 and 4.18.0 (v2). The third API:
`api/langfuse/scores_v3.py`.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from aiohttp import web

from api.langfuse.chosen import Asked, count, ids_of
from api.langfuse.filters import parse_filter_text
from api.langfuse.handling import Langfuse, answer, project_of
from api.langfuse.parameters import Page, all_given, given, parse_groups, parse_moment, parse_page
from api.langfuse.records import iso
from api.langfuse.views import SCORE_FILTERS
from api.parameters import stored_id
from contract.entities import SCORE_VALUES, Order
from contract.errors import BadQuery, NotFound
from contract.reading import Condition, Reader

VALUES = (
    "id", "name", "value", "string_value", "data_type", "source", "comment", "trace_id", "span_id", "session_id",
    "start_time", "received_time", "environment", "metadata", "config_id", "queue_id", "dataset_run_id",
    "author_user_id",
)  # fmt: skip
GROUPS = ("score", "trace")
"""Groups of fields of the second API; the first is always there."""

OF_TRACE = ("trace_user_id", "trace_tags", "trace_session_id")

EQUAL = {
    "name": "name", "userId": "trace_user_id", "dataType": "data_type", "source": "source", "configId": "config_id",
    "queueId": "queue_id", "datasetRunId": "dataset_run_id",
}  # fmt: skip
ANY_OF = {"scoreIds": "id", "traceId": "trace_id", "observationId": "span_id", "sessionId": "session_id"}
"""Parameter -> value that must be one of those given, with commas between."""

OPERATORS = {"=": "eq", "<": "lt", ">": "gt", "<=": "lte", ">=": "gte"}
SOURCES = ("API", "EVAL", "ANNOTATION")
"""What SDKs take for a source; another one is shown as the first here, as it was sent at `/api/v1/scores`."""

OF_TRACES_AT_MOST = 10_000

Row = Mapping[str, Any]
Scores = Mapping[str, Sequence[dict[str, Any]]]


async def scores_of_traces(reader: Reader, project: str, trace_ids: Collection[str]) -> Scores:
    """Trace id -> its scores in the form of the first API, the newest first."""
    order = (Order("group", 0, True),)
    asked = {"project": project, "groups": ("start_time", *VALUES), "order": order, "limit": OF_TRACES_AT_MOST}
    these = Condition("trace_id", "any_of", tuple(trace_ids))
    found: dict[str, list[dict[str, Any]]] = {trace_id: [] for trace_id in trace_ids}
    for row in await reader.read("measure_scores", asked, (these,)):
        score = {name: row[f"group_{place}"] for place, name in enumerate(("start_time", *VALUES))}
        found[score["trace_id"]].append(shown(score))
    return found


def shown(score: Row) -> dict[str, Any]:
    """A score of the first two APIs: texts have `stringValue`, those of a category the value 0 beside it."""
    data_type = score["data_type"]
    value = {"value": score["value"] if score["value"] is not None else 0}
    text = {} if score["string_value"] is None else {"stringValue": score["string_value"]}
    return {
        "id": score["id"],
        "traceId": score["trace_id"],
        "sessionId": score["session_id"],
        "observationId": score["span_id"],
        "datasetRunId": score["dataset_run_id"],
        "name": score["name"],
        "dataType": data_type,
        **value,
        **text,
        "source": score["source"] if score["source"] in SOURCES else SOURCES[0],
        "comment": score["comment"],
        "metadata": {} if score["metadata"] is None else orjson.loads(score["metadata"]),
        "authorUserId": score["author_user_id"],
        "configId": score["config_id"],
        "queueId": score["queue_id"],
        "environment": score["environment"],
        "timestamp": iso(score["start_time"]),
        "createdAt": iso(score["start_time"]),
        "updatedAt": iso(score["received_time"]),
    }


def shown_v2(score: Row) -> dict[str, Any]:
    """With what the trace says of itself; null where the score is of a session or run."""
    of_trace = {
        "userId": score["trace_user_id"],
        "tags": score["trace_tags"] or [],
        "environment": score["environment"],
        "sessionId": score["trace_session_id"],
    }
    return {**shown(score), "trace": of_trace if score["trace_id"] is not None else None}


def asked_scores(request: web.Request, project: str, now_ns: int) -> Asked:
    """Which scores a query string means, the newest first. Raises `BadQuery`."""
    text = given(request, "filter")
    conditions = parse_filter_text(text, SCORE_VALUES, SCORE_FILTERS, now_ns) if text else []
    conditions += [Condition(value, "eq", (text,)) for name, value in EQUAL.items() if (text := given(request, name))]
    for name, value in ANY_OF.items():
        if text := given(request, name):
            conditions.append(Condition(value, "any_of", tuple(stored_id(each) for each in text.split(","))))
    if environments := all_given(request, "environment"):
        conditions.append(Condition("environment", "any_of", environments))
    if tags := all_given(request, "traceTags"):
        conditions.append(Condition("trace_tags", "all_of", tags))
    conditions += compared(request)
    bounds = {
        "from_ns": parse_moment(request.query, "fromTimestamp", now_ns),
        "to_ns": parse_moment(request.query, "toTimestamp", now_ns),
    }
    return Asked("measure_scores", {"project": project, **bounds}, tuple(conditions), "start_time", True)


def compared(request: web.Request) -> list[Condition]:
    """`value` with `operator`, of scores that are numbers."""
    value, operator = given(request, "value"), given(request, "operator") or "="
    if value is None:
        return []
    if operator not in OPERATORS:
        raise BadQuery(f"operator must be one of {', '.join(OPERATORS)}", parameter="operator")
    try:
        return [Condition("value", OPERATORS[operator], (float(value),))]
    except ValueError:
        raise BadQuery(f"value must be a number, not {value[:60]!r}", parameter="value") from None


async def list_scores(langfuse: Langfuse, request: web.Request) -> web.Response:
    """The first API: scores of traces alone, since SDK 2 refuses one without."""
    return await paged(langfuse, request, with_sessions=False)


async def list_scores_v2(langfuse: Langfuse, request: web.Request) -> web.Response:
    """The second API: scores of sessions too, each with what its trace says."""
    return await paged(langfuse, request, with_sessions=True)


async def paged(langfuse: Langfuse, request: web.Request, *, with_sessions: bool) -> web.Response:
    page, project = parse_page(request.query), project_of(request)
    with_trace = "trace" in parse_groups(given(request, "fields"), GROUPS)
    asked = asked_scores(request, project, langfuse.api.now_ns())
    if not with_sessions:
        of_traces = Condition("trace_id", "exists", (True,))
        asked = asked._replace(conditions=(*asked.conditions, of_traces))
    reader = langfuse.api.reader
    values = (*VALUES, *OF_TRACE) if with_trace else VALUES
    found, total = await asyncio.gather(ids_of(reader, asked, page, values), count(reader, asked))
    form = shown_v2 if with_trace else shown
    return answer({"data": [form(each) for each in found], "meta": page.meta(total)})


async def known_score(langfuse: Langfuse, request: web.Request) -> Row:
    """Raises `NotFound`."""
    score_id = stored_id(request.match_info["score_id"])
    one = Condition("id", "eq", (score_id,))
    asked = Asked("measure_scores", {"project": project_of(request)}, (one,), "start_time", True)
    found = await ids_of(langfuse.api.reader, asked, Page(1, 1), (*VALUES, *OF_TRACE))
    if not found:
        raise NotFound(f"no score {score_id[:100]!r}")
    return found[0]


async def get_score(langfuse: Langfuse, request: web.Request) -> web.Response:
    """A score by its id."""
    return answer(shown_v2(await known_score(langfuse, request)))
