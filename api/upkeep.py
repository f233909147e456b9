"""The routes that change something: traces deleted, a copy of the database made.

A web page of somebody else cannot call them: DELETE and JSON are asked for before they are sent, and nothing here
allows it (Fetch standard, "CORS-preflight request").
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson
from aiohttp import web

from api.cursor import After
from api.errors import METHOD_NOT_ALLOWED, SAFE_HEADERS, problem_response, unknown
from api.handling import Api, Route, guarded, identity_of, json_response, parse_no_parameters, pattern
from api.lists import TRACES
from api.one_trace import no_trace
from api.parameters import LIMIT_AT_MOST, parse_list, stored_id
from contract.errors import BadQuery, Refused
from contract.reading import FIELDS, Reader
from contract.upkeep import Erased, Upkeep

ADMIN, OPERATOR = "admin", "operator"

BODY_AT_MOST_BYTES = 64 << 10
NOT_FILTERS = frozenset({"limit", "cursor", "io"})
"""Parameters of the list that say nothing about which traces are meant."""

PIECE_BYTES = 1 << 20


class Action(NamedTuple):
    method: str
    path: str
    handler: Callable[[Upkeep, Api, web.Request], Awaitable[web.StreamResponse]]
    scope: str | None


def actions(upkeep: Upkeep) -> Callable[[Api], list[web.RouteDef]]:
    """The routes, for `api.routes.routes`."""

    def routes(api: Api) -> list[web.RouteDef]:
        found = ((method, Route(path, partial(handler, upkeep), scope)) for method, path, handler, scope in ACTIONS)
        return [web.route(method, pattern(route), guarded(api, route)) for method, route in found]

    return routes


async def delete_trace(upkeep: Upkeep, _api: Api, request: web.Request) -> web.Response:
    """The trace that the path names is gone."""
    parse_no_parameters(request)
    asked = {"project": identity_of(request).project, "trace_id": stored_id(request.match_info["trace_id"])}
    erased = await upkeep.delete_traces(asked["project"], [asked["trace_id"]])
    if not erased.rows:
        raise no_trace(asked)
    return json_response({"trace_id": asked["trace_id"], "deleted": counts(erased)})


async def delete_traces(upkeep: Upkeep, api: Api, request: web.Request) -> web.Response:
    """The traces that the list would show are gone, or with `dry_run` counted."""
    parse_no_parameters(request)
    body = await json_body(request)
    dry_run = flag(body, "dry_run")
    everything = flag(body, "all")
    pairs = filters(body)
    if not pairs and not everything:
        raise BadQuery('a filter is needed; {"all": true} means every trace of the project', parameter="all")
    erased = await delete_found(upkeep, api.reader, pairs, request, dry_run=dry_run, now_ns=api.now_ns())
    return json_response({"dry_run": dry_run, "deleted": counts(erased)})


async def delete_found(
    upkeep: Upkeep, reader: Reader, pairs: list[tuple[str, str]], request: web.Request, *, dry_run: bool, now_ns: int
) -> Erased:
    """Page by page, newest first: what arrives meanwhile at the head of the list is not looked at."""
    project = identity_of(request).project
    question = parse_list(pairs, TRACES, path=request.path, project=project, now_ns=now_ns)
    asked: dict[str, Any] = {"project": project, "limit": LIMIT_AT_MOST, "io": "none"}
    asked |= {"from_ns": question.from_ns, "to_ns": question.to_ns}
    total = Erased()
    while True:
        rows = await reader.read(TRACES.query, asked, question.conditions)
        total += await upkeep.delete_traces(project, [row["trace_id"] for row in rows], dry_run=dry_run)
        if len(rows) < LIMIT_AT_MOST:
            return total
        after = After(rows[-1]["sort_ns"], (rows[-1]["trace_id"],))
        asked |= {"after_ns": after.time_ns, "after_trace_id": after.ids[0]}


async def post_snapshot(upkeep: Upkeep, _api: Api, request: web.Request) -> web.StreamResponse:
    """A copy of the whole database file."""
    parse_no_parameters(request)
    if body := await json_body(request):
        raise unknown("member", next(iter(body)), ())
    async with upkeep.snapshot() as path:
        return await stream(request, path, upkeep.path)


async def stream(request: web.Request, path: Path, source: str) -> web.StreamResponse:
    """The file, whole; a connection that ends before `Content-Length` tells the client that something is missing.

    `Tracepond-Database` says of which file it is a copy: who asks may have taken another server for that file's.
    """
    name = f"tracepond-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.duckdb"
    attached = {"Content-Disposition": f'attachment; filename="{name}"', "Tracepond-Database": quote(source)}
    headers = {**SAFE_HEADERS, **attached}
    response = web.StreamResponse(headers=headers)
    response.content_type = "application/vnd.duckdb"
    response.content_length = await asyncio.to_thread(os.path.getsize, path)
    await response.prepare(request)
    async for piece in pieces(path):
        await response.write(piece)
    await response.write_eof()
    return response


async def pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
            yield piece


def counts(erased: Erased) -> dict[str, int]:
    return {"traces": erased.traces, "spans": erased.spans, "log_records": erased.log_records}


async def json_body(request: web.Request) -> dict[str, Any]:
    """The JSON object of the body; nothing is an empty one. Raises `Refused`."""
    if request.content_type != "application/json":
        raise Refused("the body must be application/json", kind="unsupported_type")
    text = await request.content.read(BODY_AT_MOST_BYTES + 1)
    while not request.content.at_eof() and len(text) <= BODY_AT_MOST_BYTES:
        text += await request.content.read(BODY_AT_MOST_BYTES + 1 - len(text))
    if len(text) > BODY_AT_MOST_BYTES:
        raise Refused(f"the body has more than {BODY_AT_MOST_BYTES} bytes", kind="too_large")
    try:
        body = orjson.loads(text or b"{}")
    except orjson.JSONDecodeError as error:
        raise Refused(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refused("the body must be a JSON object")
    return body


def flag(body: dict[str, Any], name: str) -> bool:
    """Take a true or false out of the body; false where it does not stand."""
    value = body.pop(name, False)
    if not isinstance(value, bool):
        raise BadQuery(f"{name} takes true or false", parameter=name)
    return value


def filters(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The members as the parameters of the list; a list of values means any of them. Raises `BadQuery`."""
    pairs = []
    for name, value in body.items():
        if name in NOT_FILTERS:
            raise unknown("member", name, ("from", "to", "q", "dry_run", "all", *FIELDS[TRACES.query]))
        values = value if isinstance(value, list) else [value]
        pairs += [(name, text(name, each)) for each in values]
    return pairs


def text(name: str, value: Any) -> str:
    """A JSON value as one writes it in a query string. Raises `BadQuery`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise BadQuery(f"{name} takes a text, number, true or false, or a list of them", parameter=name)


async def not_allowed(_upkeep: Upkeep, _api: Api, request: web.Request) -> web.Response:
    response = problem_response(request, METHOD_NOT_ALLOWED, f"{request.method} is not allowed here")
    response.headers["Allow"] = "POST"
    return response


ACTIONS = (
    Action("DELETE", "/api/v1/traces/{trace_id}", delete_trace, ADMIN),
    Action("POST", "/api/v1/traces/delete", delete_traces, ADMIN),
    Action("POST", "/api/v1/snapshot", post_snapshot, OPERATOR),
    Action("*", "/api/v1/snapshot", not_allowed, None),
)
