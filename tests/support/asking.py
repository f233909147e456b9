"""The query API over a socket, on a database of the test's own."""

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from api.routes import routes
from contract.access import Identity
from contract.present import CONTENT_FIELDS
from contract.reading import Reader
from contract.stats import Sample
from storage.database import Database
from storage.reader import DuckReader


def present(
    span: Mapping[str, Any], logs: Sequence[Mapping[str, Any]], donors: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Says what it was given, so that tests see what reaches the real one."""
    content: dict[str, Any] = dict.fromkeys(CONTENT_FIELDS)
    content["query"] = {"logs": [each["digest"] for each in logs], "donors": [each["span_id"] for each in donors]}
    return {**content, "mapping": {"model": {"convention": "genai", "key": "gen_ai.request.model"}}}


class Answer:
    """One response, read to its end."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes, data: Any) -> None:
        self.status, self.headers, self.body, self.json = status, headers, body, data


def ids(answer: Any) -> list[str]:
    """Of the rows of a list, in their order."""
    return [each.get("span_id") or each["trace_id"] for each in answer.json["data"]]


Get = Callable[..., Awaitable[Answer]]


def asking(
    database: Database,
    talk: Callable[[Get], Awaitable[None]],
    *,
    identity: Identity | None = None,
    reader: Any = None,
    ready: Callable[[], Sequence[str]] = list,
) -> None:
    """Run `talk(get)` against a server on a free port; `get(path, method=..., **parameters)` gives an `Answer`."""
    asyncio.run(_serve(database, talk, identity, reader, ready))


def application(
    reader: Reader, identity: Identity | None = None, ready: Callable[[], Sequence[str]] = list
) -> web.Application:
    """The API's routes; who asks is `identity`, where that is said."""

    @web.middleware
    async def identify(request: web.Request, handler: Any) -> web.StreamResponse:
        if identity is not None:
            with warnings.catch_warnings():  # the key is shared by stages that must not share a library's key object
                warnings.simplefilter("ignore", web.NotAppKeyWarning)
                request["identity"] = identity
        response: web.StreamResponse = await handler(request)
        return response

    served = web.Application(middlewares=[identify])
    served.add_routes(
        routes(
            reader=reader,
            present=present,
            status_source=lambda _: {
                "version": "0.1.0",
                "uptime_s": 1.5,
                "clients": [{"time_ns": 0, "requests": 1}],
                "refusals": [],
            },
            ready=ready,
            samples=lambda: [Sample("ingest_queue_bytes", {}, 7), Sample("x_total", {"reason": 'a"b\\'}, 2)],
        )
    )
    return served


async def _serve(
    database: Database,
    talk: Callable[[Get], Awaitable[None]],
    identity: Identity | None,
    given: Any,
    ready: Callable[[], Sequence[str]],
) -> None:
    reader = given or DuckReader(database)
    try:
        async with TestClient(TestServer(application(reader, identity, ready))) as client:

            async def get(path: str, *, method: str = "GET", **parameters: Any) -> Answer:
                async with client.request(method, path, params=parameters or None) as response:
                    body = await response.read()
                    data = orjson.loads(body) if "json" in response.content_type and body else None
                    return Answer(response.status, response.headers, body, data)

            await talk(get)
    finally:
        if given is None:
            reader.close()
