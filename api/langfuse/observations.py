"""Observations: spans of every kind, by page (first API), by cursor (second API), or one."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from aiohttp import web

from api.cursor import After, decode_cursor, digest_of, encode_cursor
from api.handling import Api
from api.langfuse import records
from api.langfuse.chosen import Asked, count, ids_of
from api.langfuse.filters import parse_filter_text
from api.langfuse.handling import Langfuse, answer, project_of
from api.langfuse.parameters import Page, all_given, given, parse_flag, parse_groups, parse_moment, parse_page
from api.langfuse.views import KIND_OF_TYPE, OBSERVATION_FILTERS
from api.parameters import LIMIT_AT_MOST, parse_limit, stored_id
from api.traces import grouped
from contract.entities import SPAN_VALUES
from contract.errors import BadQuery, NotFound
from contract.reading import INLINE, MEDIA, Condition, Row
from contract.threads import to_its_end

EQUAL = {
    "name": "name", "userId": "trace_user_id", "level": "level", "version": "version", "traceId": "trace_id",
    "parentObservationId": "parent_span_id", "sessionId": "trace_session_id",
}  # fmt: skip
"""Parameter -> value of a span that must be equal."""

IDS = ("traceId", "parentObservationId")

V2_LIMIT = 50


async def list_observations(langfuse: Langfuse, request: web.Request) -> web.Response:
    """`{"data": [...], "meta": {...}}`, the newest first."""
    page, project = parse_page(request.query), project_of(request)
    asked = asked_spans(request, project, langfuse.api.now_ns())
    found, total = await asyncio.gather(
        ids_of(langfuse.api.reader, asked, page, ("trace_id", "span_id")), count(langfuse.api.reader, asked)
    )
    rows = await read_spans(langfuse.api, project, found)
    data = await to_its_end(partial(shown_observations, langfuse.api, project, rows, ()))
    return answer({"data": data, "meta": page.meta(total)})


async def list_observations_v2(langfuse: Langfuse, request: web.Request) -> web.Response:
    """`{"data": [...], "meta": {"cursor": ...}}`: one query in the place of pages, the newest first."""
    project, now_ns = project_of(request), langfuse.api.now_ns()
    limit = parse_limit(given(request, "limit"), V2_LIMIT, LIMIT_AT_MOST)
    groups = parse_groups(given(request, "fields"), tuple(records.V2_GROUPS))
    if given(request, "parseIoAsJson") not in (None, "false"):
        raise BadQuery("parseIoAsJson can only be false", parameter="parseIoAsJson")
    asked = asked_spans(request, project, now_ns)
    digest = digest_of("observations", project, *asked.parameters.values(), *(list(each) for each in told(asked)))
    if text := given(request, "cursor"):
        after = decode_cursor(text, digest, 2)
        asked.parameters.update(after_ns=after.time_ns, after_trace_id=after.ids[0], after_span_id=after.ids[1])
    found = await ids_of(langfuse.api.reader, asked, Page(1, limit + 1), ("trace_id", "span_id"))
    rows = await read_spans(langfuse.api, project, found[:limit])
    data = await to_its_end(
        lambda: [records.observation_v2(row, project, langfuse.api.present(row, (), ()), groups) for row in rows]
    )
    return answer({"data": data, "meta": {"cursor": next_cursor(found, limit, digest)} if len(found) > limit else {}})


def told(asked: Asked) -> list[tuple[Any, ...]]:
    """What a cursor is sealed to."""
    return [(condition.field, condition.op, *condition.values) for condition in asked.conditions]


def next_cursor(found: Sequence[dict[str, Any]], limit: int, digest: str) -> str:
    last = found[limit - 1]
    return encode_cursor(digest, After(last["start_time"], (last["trace_id"], last["span_id"])))


def asked_spans(request: web.Request, project: str, now_ns: int) -> Asked:
    """Which observations a query string means. Raises `BadQuery`."""
    text = given(request, "filter")
    conditions = parse_filter_text(text, SPAN_VALUES, OBSERVATION_FILTERS, now_ns) if text else []
    for name, value in EQUAL.items():
        if asked := given(request, name):
            conditions.append(Condition(value, "eq", (stored_id(asked) if name in IDS else asked,)))
    if kind := given(request, "type"):
        conditions.append(Condition("kind", "eq", (KIND_OF_TYPE.get(kind.upper(), kind),)))
    if root := given(request, "isRootObservation"):
        conditions.append(Condition("is_root", "eq", (parse_flag(root, "isRootObservation"),)))
    if environments := all_given(request, "environment"):
        conditions.append(Condition("environment", "any_of", environments))
    bounds = {
        "from_ns": parse_moment(request.query, "fromStartTime", now_ns),
        "to_ns": parse_moment(request.query, "toStartTime", now_ns),
    }
    return Asked("measure_spans", {"project": project, **bounds}, tuple(conditions), "start_time", True)


async def read_spans(api: Api, project: str, found: Sequence[dict[str, Any]]) -> list[Row]:
    """These spans, whole, in their order."""
    if not found:
        return []
    keys = [(each["trace_id"], each["span_id"]) for each in found]
    trace_ids, span_ids = (list(dict.fromkeys(ids)) for ids in zip(*keys, strict=True))
    asked = {"project": project, "trace_ids": trace_ids, "span_ids": span_ids, "limit": None, MEDIA: INLINE}
    rows = {(row["trace_id"], row["span_id"]): row for row in await api.reader.read("get_chosen_spans", asked)}
    return [rows[key] for key in keys if key in rows]


async def get_observation(langfuse: Langfuse, request: web.Request) -> web.Response:
    """One observation by its id alone."""
    project, span_id = project_of(request), stored_id(request.match_info["observation_id"])
    asked = {"project": project, "trace_ids": None, "span_ids": [span_id], "limit": 1, MEDIA: INLINE}
    rows = await langfuse.api.reader.read("get_chosen_spans", asked)
    if not rows:
        raise NotFound(f"no observation {span_id[:100]!r}")
    [shown] = await to_its_end(partial(shown_observations, langfuse.api, project, rows, ()))
    return answer(shown)


def shown_observations(api: Api, project: str, spans: Sequence[Row], logs: Sequence[Row]) -> list[dict[str, Any]]:
    """Observations of the first API; a call made of log records that a span tells of too is shown once."""
    within = [span for span in spans if span["duplicate_of_trace"] is None]
    logs_of, donors_of = grouped(logs, "span_id"), grouped(within, "duplicate_of")
    return [
        records.observation(
            span, project, api.present(span, logs_of.get(span["span_id"], ()), donors_of.get(span["span_id"], ()))
        )
        for span in spans
        if not (span["synthetic"] and span["duplicate_of"] is not None)
    ]
