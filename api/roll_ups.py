"""One session or user: what its traces add up to, and a page of them, newest first."""

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from api.errors import unknown
from api.handling import Api, identity_of, json_response, next_link
from api.lists import SESSIONS, TRACES, USERS, next_cursor, page_parameters
from api.parameters import ListRoute, parse_list
from api.records import session_record, trace_record, user_record
from contract.errors import NotFound
from contract.reading import SOME_SPAN, Condition

Record = Callable[[Mapping[str, Any], str], dict[str, Any]]

TAKEN = ("limit", "cursor", "io")


async def get_session(api: Api, request: web.Request) -> web.Response:
    """`{"session": {...}, "traces": [...], "next_cursor": ...}`: a trace that names two sessions is in both."""
    return await answer(api, request, SESSIONS, session_record)


async def get_user(api: Api, request: web.Request) -> web.Response:
    """`{"user": {...}, "traces": [...], "next_cursor": ...}`."""
    return await answer(api, request, USERS, user_record)


async def answer(api: Api, request: web.Request, roll_up: ListRoute, record: Record) -> web.Response:
    [id_column] = roll_up.id_columns
    project, asked_id = identity_of(request).project, request.match_info[id_column]
    for name in request.query:
        if name not in TAKEN:
            raise unknown("parameter", name, TAKEN)
    question = parse_list(request.query.items(), TRACES, path=request.path, project=project, now_ns=api.now_ns())
    found = await api.reader.read(roll_up.query, {"project": project, "id": asked_id, "limit": 1})
    what = id_column.removesuffix("_id")
    if not found:
        raise NotFound(f"no {what} {asked_id[:100]!r}")
    some_span = Condition(SOME_SPAN + id_column, "eq", (asked_id,))
    rows = await api.reader.read(TRACES.query, page_parameters(project, TRACES, question), (some_span,))
    page, cursor = rows[: question.limit], next_cursor(rows, question, TRACES, "sort_ns")
    traces = [trace_record(row, project, question.io) for row in page]
    body = {what: record(found[0], project), "traces": traces, "next_cursor": cursor}
    return json_response(body, headers=next_link(request, cursor))
