"""The list routes: a page of rows, newest first, and the cursor of the next."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from aiohttp import web

from api.cursor import After, encode_cursor
from api.handling import Api, Handler, identity_of, json_response, next_link
from api.parameters import ListQuestion, ListRoute, parse_list
from contract.reading import Row
from contract.threads import to_its_end

TRACES = ListRoute("list_traces", ("trace_id",))
SPANS = ListRoute("list_spans", ("trace_id", "span_id"))
LOGS = ListRoute("list_logs", ("digest",))
METRIC_POINTS = ListRoute("list_metric_points", ("name", "digest"), takes_io=False)
SCORES = ListRoute("list_scores", ("id",), takes_io=False)
SESSIONS = ListRoute("list_sessions", ("session_id",), takes_io=False)
USERS = ListRoute("list_users", ("user_id",), takes_io=False)

LARGE_ROWS = 50
"""A list of more rows with their whole content is large; a page of a client that shows them has so many."""
PAGE_BYTES = 8 << 20
"""Characters of text after which a page of whole rows ends, whatever its limit: rows of 100 kB each are not rare, and a
thousand of them took a gigabyte while they were made an answer."""


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


async def read_whole(
    read: Callable[[ListQuestion], Awaitable[list[Row]]], question: ListQuestion, route: ListRoute, sort_column: str
) -> tuple[ListQuestion, list[Row]]:
    """The whole rows of a page, read in parts until their texts have `PAGE_BYTES`, and the question that this page
    answers: for as many rows, with one row more where there are others."""
    rows: list[Row] = []
    part = replace(question, limit=min(LARGE_ROWS, question.limit))
    while True:
        found = await read(part)
        rows += found[: part.limit]
        room, text_bytes = question.limit - len(rows), sum(map(text_length, rows))
        if len(found) <= part.limit or room <= 0 or text_bytes >= PAGE_BYTES:
            return replace(question, limit=len(rows)), rows + found[part.limit :]
        fitting = (PAGE_BYTES - text_bytes) * len(rows) // max(1, text_bytes)
        after = After(rows[-1][sort_column], tuple(rows[-1][name] for name in route.id_columns))
        part = replace(question, limit=max(1, min(room, fitting)), after=after)


def text_length(value: Any) -> int:
    """Characters of all texts in a row, those of its scores too."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(text_length, value.values()))
    return sum(map(text_length, value)) if isinstance(value, list) else 0


async def answer_list(
    api: Api,
    request: web.Request,
    question: ListQuestion,
    read: Callable[[ListQuestion], Awaitable[list[Row]]],
    render: Callable[[ListQuestion, list[Row]], web.Response],
    order: tuple[ListRoute, str],
) -> web.StreamResponse:
    """The rendered rows of a page; whole ones in turn with other large answers, bounded, rendered in a thread.

    `read` gives the rows of a question; `render` is called once, with the question that the rows answer. `order`: the
    route and what it sorts by.
    """
    if question.io != "full":
        return render(question, await read(question))
    turns = api.large_lists if question.limit > LARGE_ROWS else api.shown
    async with turns.making(request):
        found = await read_whole(read, question, *order)
        response = await to_its_end(partial(render, *found))
        del found
    return await turns.send(request, response)


def list_handler(
    route: ListRoute, sort_column: str, record: Callable[[Row, str, str], dict[str, Any]], **fixed: Any
) -> Handler:
    """A handler for `{"data": [...], "next_cursor": ...}`, ordered by `sort_column` and the route's ids."""

    async def handle(api: Api, request: web.Request) -> web.StreamResponse:
        project = identity_of(request).project
        question = parse_list(request.query.items(), route, path=request.path, project=project, now_ns=api.now_ns())
        return await answer_list(
            api,
            request,
            question,
            partial(read_rows, api, project),
            partial(page, request, project),
            (route, sort_column),
        )

    async def read_rows(api: Api, project: str, question: ListQuestion) -> list[Row]:
        parameters = page_parameters(project, route, question, **fixed)
        return await api.reader.read(route.query, parameters, question.conditions)

    def page(request: web.Request, project: str, question: ListQuestion, rows: list[Row]) -> web.Response:
        cursor = next_cursor(rows, question, route, sort_column)
        data = [record(row, project, question.io) for row in rows[: question.limit]]
        return json_response({"data": data, "next_cursor": cursor}, headers=next_link(request, cursor))

    return handle
