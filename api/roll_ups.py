"""One session or user: what its traces add up to, and a page of them, newest first."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from api.errors import unknown
from api.handling import Api, identity_of, json_response, next_link
from api.lists import SESSIONS, TRACES, USERS, answer_list, next_cursor, page_parameters
from api.parameters import ListQuestion, ListRoute, parse_list
from api.records import session_record, trace_record, user_record
from contract.errors import NotFound
from contract.reading import SOME_SPAN, Condition, Row

Record = Callable[[Mapping[str, Any], str], dict[str, Any]]

TAKEN = ("limit", "cursor", "io")
ORDER = "sort_ns"


async def get_session(api: Api, request: web.Request) -> web.StreamResponse:
    """`{"session": {...}, "traces": [...], "next_cursor": ...}`: a trace that names two sessions is in both."""
    return await answer(api, request, SESSIONS, session_record)


async def get_user(api: Api, request: web.Request) -> web.StreamResponse:
    """`{"user": {...}, "traces": [...], "next_cursor": ...}`."""
    return await answer(api, request, USERS, user_record)


async def answer(api: Api, request: web.Request, roll_up: ListRoute, record: Record) -> web.StreamResponse:
    [id_column] = roll_up.id_columns
    project, asked_id = identity_of(request).project, request.match_info[id_column]
    for name in request.query:
        if name not in TAKEN:
            raise unknown("parameter", name, TAKEN)
    question = parse_list(request.query.items(), TRACES, path=request.path, project=project, now_ns=api.now_ns())
    what, some_span = id_column.removesuffix("_id"), Condition(SOME_SPAN + id_column, "eq", (asked_id,))
    asked = {"project": project, "id": asked_id, "limit": 1}
    known = asyncio.ensure_future(api.reader.read(roll_up.query, asked))

    async def read(part: ListQuestion) -> list[Row]:
        traces = api.reader.read(TRACES.query, page_parameters(project, TRACES, part), (some_span,))
        rows, found = await asyncio.gather(traces, known)
        if not found:
            raise NotFound(f"no {what} {asked_id[:100]!r}")
        return rows

    def render(question: ListQuestion, rows: list[Row]) -> web.Response:
        cursor = next_cursor(rows, question, TRACES, ORDER)
        traces = [trace_record(row, project, question.io) for row in rows[: question.limit]]
        body = {what: record(known.result()[0], project), "traces": traces, "next_cursor": cursor}
        return json_response(body, headers=next_link(request, cursor))

    try:
        return await answer_list(api, request, question, read, render, (TRACES, ORDER))
    finally:
        known.cancel()
