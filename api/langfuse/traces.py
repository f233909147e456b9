"""Traces: lists by page, one with all its parts, deletes."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from aiohttp import web

from api.handling import Api
from api.langfuse import records
from api.langfuse.chosen import Asked, count, ids_of
from api.langfuse.filters import parse_filter_text
from api.langfuse.handling import Langfuse, answer, json_object, project_of, texts_in
from api.langfuse.observations import shown_observations
from api.langfuse.parameters import all_given, given, parse_groups, parse_moment, parse_order, parse_page
from api.langfuse.scores import scores_of_traces
from api.langfuse.views import TRACE_FILTERS
from api.one_trace import SPANS_AT_MOST, read_trace
from api.parameters import SpansQuestion, stored_id
from api.traces import read_logs
from contract.entities import TRACE_VALUES
from contract.errors import BadQuery
from contract.reading import INLINE, MEDIA, Condition, Row
from contract.threads import to_its_end

GROUPS = ("core", "io", "scores", "observations", "metrics")

EQUAL = {"userId": "user_id", "name": "name", "sessionId": "session_id", "version": "version", "release": "release"}
"""Parameter -> value of a trace that must be equal."""

ORDERED_BY = {
    "timestamp": "start_time", "id": "trace_id", "name": "name", "userId": "user_id", "sessionId": "session_id",
    "release": "release", "version": "version", "environment": "environment", "latency": "duration_ms",
    "totalCost": "total_cost", "totalTokens": "total_tokens",
}  # fmt: skip

DELETED_AT_MOST = 1000


async def list_traces(langfuse: Langfuse, request: web.Request) -> web.Response:
    """`{"data": [...], "meta": {...}}`, the newest first where nothing else is asked for."""
    page, project = parse_page(request.query), project_of(request)
    groups = parse_groups(given(request, "fields"), GROUPS)
    asked = asked_traces(request, project, langfuse.api.now_ns())
    found, total = await asyncio.gather(
        ids_of(langfuse.api.reader, asked, page, ("trace_id", "start_time")),
        count(langfuse.api.reader, asked),
    )
    data = await shown_traces(langfuse, project, found, groups)
    return answer({"data": data, "meta": page.meta(total)})


def asked_traces(request: web.Request, project: str, now_ns: int) -> Asked:
    """Which traces a query string means, and their order. Raises `BadQuery`."""
    order, descending = parse_order(given(request, "orderBy"), ORDERED_BY, "timestamp.desc")
    text = given(request, "filter")
    conditions = parse_filter_text(text, TRACE_VALUES, TRACE_FILTERS, now_ns) if text else []
    conditions += [Condition(value, "eq", (asked,)) for name, value in EQUAL.items() if (asked := given(request, name))]
    if tags := all_given(request, "tags"):
        conditions.append(Condition("tags", "all_of", tags))
    if environments := all_given(request, "environment"):
        conditions.append(Condition("environment", "any_of", environments))
    bounds = {
        "from_ns": parse_moment(request.query, "fromTimestamp", now_ns),
        "to_ns": parse_moment(request.query, "toTimestamp", now_ns),
    }
    return Asked("measure_traces", {"project": project, **bounds}, tuple(conditions), order, descending)


async def shown_traces(
    langfuse: Langfuse, project: str, found: Sequence[Mapping[str, Any]], groups: frozenset[str]
) -> list[dict[str, Any]]:
    """The records of these traces in their order; one that was deleted meanwhile is left out."""
    if not found:
        return []
    ids = [each["trace_id"] for each in found]
    rows, parts, scores = await asyncio.gather(
        read_records(langfuse.api, project, found, "full" if "io" in groups else "none"),
        read_parts(langfuse.api, project, ids),
        scores_of_traces(langfuse.api.reader, project, ids),
    )
    data = []
    for trace_id in ids:
        if trace_id not in rows or trace_id not in parts:
            continue
        row, (received_ns, span_ids) = rows[trace_id], parts[trace_id]
        record = records.trace(row, project, received_ns, with_io="io" in groups)
        record |= records.trace_metrics(row) if "metrics" in groups else {"latency": -1, "totalCost": -1}
        record["observations"] = span_ids if "observations" in groups else []
        record["scores"] = [score["id"] for score in scores[trace_id]] if "scores" in groups else []
        data.append(record)
    return data


async def read_records(api: Api, project: str, found: Sequence[Mapping[str, Any]], io: str) -> dict[str, Row]:
    """Trace id -> row of the query list_traces; the time range spares looking at other parts of the file."""
    times = [each["start_time"] for each in found]
    asked = {
        "project": project,
        "limit": len(found),
        "io": io,
        MEDIA: INLINE,
        "from_ns": min(times),
        "to_ns": max(times) + 1,
    }
    ids = Condition("trace_id", "any_of", tuple(each["trace_id"] for each in found))
    return {row["trace_id"]: row for row in await api.reader.read("list_traces", asked, (ids,))}


async def read_parts(api: Api, project: str, trace_ids: Sequence[str]) -> dict[str, tuple[int | None, list[str]]]:
    """Trace id -> when the newest of its spans arrived, and the ids of its spans."""
    asked = {"project": project, "groups": ("trace_id", "received_time", "span_ids"), "limit": len(trace_ids)}
    these = Condition("trace_id", "any_of", tuple(trace_ids))
    rows = await api.reader.read("measure_traces", asked, (these,))
    return {row["group_0"]: (row["group_1"], row["group_2"]) for row in rows}


async def get_trace(langfuse: Langfuse, request: web.Request) -> web.Response:
    """A trace with its observations and scores, whole."""
    project, trace_id = project_of(request), stored_id(request.match_info["trace_id"])
    groups = parse_groups(given(request, "fields"), GROUPS)
    asked = {"project": project, "trace_id": trace_id, MEDIA: INLINE}
    (row, page), scores = await asyncio.gather(
        read_trace(langfuse.api.reader, asked, SpansQuestion("full", SPANS_AT_MOST, None, "")),
        scores_of_traces(langfuse.api.reader, project, [trace_id]),
    )
    received = max((span["received_time"] for span in page.spans), default=None)
    record = records.trace(row, project, received, with_io="io" in groups) | records.trace_metrics(row)
    logs = await read_logs(langfuse.api, asked, "full")
    shown = await to_its_end(partial(shown_observations, langfuse.api, project, page.spans, logs))
    record["observations"] = shown if "observations" in groups else []
    record["scores"] = scores[trace_id] if "scores" in groups else []
    return await to_its_end(partial(answer, record))


async def delete_trace(langfuse: Langfuse, request: web.Request) -> web.Response:
    """The trace that the path names is gone; 200 where there was none, as Langfuse answers."""
    await langfuse.upkeep.delete_traces(project_of(request), [stored_id(request.match_info["trace_id"])])
    return answer({"message": "Trace deleted successfully"})


async def delete_traces(langfuse: Langfuse, request: web.Request) -> web.Response:
    """The traces that the body names are gone; those that there are not count as nothing."""
    ids = texts_in(await json_object(langfuse, request), "traceIds")
    if not ids or len(ids) > DELETED_AT_MOST:
        raise BadQuery(f"traceIds must be a list of 1 to {DELETED_AT_MOST} ids", parameter="traceIds")
    await langfuse.upkeep.delete_traces(project_of(request), [stored_id(each) for each in ids])
    return answer({"message": "Traces deleted successfully"})
