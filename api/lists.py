"""The list routes: a page of rows, newest first, and the cursor of the next."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from api.cursor import After, encode_cursor
from api.handling import Api, Handler, identity_of, json_response, next_link
from api.parameters import ListQuestion, ListRoute, parse_list
from api.turns import is_large
from contract.reading import Row

TRACES = ListRoute("list_traces", ("trace_id",))
SPANS = ListRoute("list_spans", ("trace_id", "span_id"))
LOGS = ListRoute("list_logs", ("digest",))
METRIC_POINTS = ListRoute("list_metric_points", ("name", "digest"), takes_io=False)
SCORES = ListRoute("list_scores", ("id",), takes_io=False)
SESSIONS = ListRoute("list_sessions", ("session_id",), takes_io=False)
USERS = ListRoute("list_users", ("user_id",), takes_io=False)


def page_parameters(project: str, route: ListRoute, question: ListQuestion, **fixed: Any) -> dict[str, Any]:
    """What the reader is told of a page: one row more than the limit, which is there where there is a next page."""
    parameters: dict[str, Any] = {"project": project, "limit": question.limit + 1, **fixed}
    if route.takes_io:
        parameters["io"] = question.io
    parameters |= {"from_ns": question.from_ns, "to_ns": question.to_ns}
    if question.after is not None:
        ids = zip(route.id_columns, question.after.ids, strict=True)
        parameters |= {"after_ns": question.after.time_ns, **{f"after_{name}": value for name, value in ids}}
    return parameters


def next_cursor(rows: Sequence[Row], question: ListQuestion, route: ListRoute, sort_column: str) -> str | None:
    """Of the page that ends with the last row within the limit; null when it is the last page."""
    if len(rows) <= question.limit:
        return None
    last = rows[question.limit - 1]
    return encode_cursor(question.digest, After(last[sort_column], tuple(last[name] for name in route.id_columns)))


def list_handler(
    route: ListRoute, sort_column: str, record: Callable[[Row, str, str], dict[str, Any]], **fixed: Any
) -> Handler:
    """A handler for `{"data": [...], "next_cursor": ...}`, ordered by `sort_column` and the route's ids."""

    async def handle(api: Api, request: web.Request) -> web.StreamResponse:
        project = identity_of(request).project
        question = parse_list(request.query.items(), route, path=request.path, project=project, now_ns=api.now_ns())
        if not is_large(question.io, question.limit):
            return page(request, *await read_page(api, project, question))
        async with api.large_lists.making():
            found = await read_page(api, project, question)
            response = await asyncio.to_thread(page, request, *found)
            del found
        return await api.large_lists.send(request, response)

    async def read_page(api: Api, project: str, question: ListQuestion) -> tuple[str, ListQuestion, list[Row]]:
        parameters = page_parameters(project, route, question, **fixed)
        return project, question, await api.reader.read(route.query, parameters, question.conditions)

    def page(request: web.Request, project: str, question: ListQuestion, rows: list[Row]) -> web.Response:
        cursor = next_cursor(rows, question, route, sort_column)
        data = [record(row, project, question.io) for row in rows[: question.limit]]
        return json_response({"data": data, "next_cursor": cursor}, headers=next_link(request, cursor))

    return handle
