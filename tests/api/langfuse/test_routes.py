"""The table of routes."""

import pytest

from api.langfuse.routes import TABLE
from contract.access import Identity
from tests.support.langfuse import Talk, talking


def test_every_route_is_there_once() -> None:
    assert len({(route.method, route.path) for route in TABLE}) == len(TABLE)


@pytest.mark.parametrize("method", sorted({route.method for route in TABLE}))
def test_no_route_answers_a_key_without_its_scope(method: str) -> None:
    async def talk(ask: Talk) -> None:
        for route in TABLE:
            if route.method == method:
                path = "/" + route.path.replace("{", "x").replace("}", "")
                status, body = await ask(method, path, {})
                assert (status, body["error"]) == (403, "ForbiddenError"), route.path

    talking(talk, identity=Identity("default", frozenset()))
