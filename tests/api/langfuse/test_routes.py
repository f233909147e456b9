"""The table of routes."""

import pytest

from api.langfuse.routes import TABLE
from contract.access import Identity
from tests.support.langfuse_api import Talk, talking
from tests.support.stored import span


def test_every_route_is_there_once() -> None:
    assert len({(route.method, route.path) for route in TABLE}) == len(TABLE)


@pytest.mark.parametrize("method", sorted({route.method for route in TABLE}))
def test_no_route_answers_a_key_without_its_scope(method: str) -> None:
    async def talk(ask: Talk) -> None:
        for route in TABLE:
            if route.method == method:
                path = "/" + route.path.replace("{", "x").replace("+}", "").replace("}", "")
                status, body = await ask(method, path, {})
                assert (status, body["error"]) == (403, "ForbiddenError"), route.path

    talking(talk, identity=Identity("default", frozenset()))


PARAMETERS = (
    "page", "limit", "orderBy", "fields", "filter", "userId", "name", "tags", "environment", "fromTimestamp",
    "toStartTime", "type", "level", "traceId", "cursor", "query", "version", "label", "fromUpdatedAt", "datasetName",
    "sourceTraceId", "datasetId", "runName", "objectId", "parseIoAsJson",
)  # fmt: skip
ODD = (
    "x",
    "-1",
    "9" * 30,
    "\0",
    "٣",
    "[]",
    "{",
    "[1]",
    '[{"column":[]}]',
    "'; --",
    "timestamp.desc",
    "2026-11-21",
    "%",
)
BODIES = ([], "x", {}, {"name": {}}, {"name": "a", "prompt": [1], "type": "chat"}, {"traceIds": [1]}, {"newLabels": 1})


def test_any_parameter_of_any_route_is_understood_or_refused() -> None:
    async def talk(ask: Talk) -> None:
        for route in TABLE:
            path = "/" + route.path.replace("{", "x").replace("+}", "").replace("}", "")
            if route.method == "GET":
                for number, name in enumerate(PARAMETERS):
                    params = {name: ODD[(number + len(path)) % len(ODD)], "limit": "1"}
                    async with ask.client.get(path, params=params, allow_redirects=False) as response:
                        assert response.status in (200, 302, 400, 404), (path, params)
            else:
                for body in BODIES:
                    status, _ = await ask(route.method, path, body, {"version": "x"})
                    assert status in (200, 201, 204, 400, 404), (path, body)

    talking(talk, span(1))
