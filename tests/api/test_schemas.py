"""Answers have the shapes that `/openapi.json` gives them."""

import pytest

from api.routes import TABLE
from api.schemas import COMPONENTS, GIVES, Schema
from storage.database import Database
from tests.support.asking import Get, asking
from tests.support.json_schema import faults
from tests.support.stored import ROUTES_OF_STORED_DATA


def gives(path: str) -> Schema:
    """Of the route that the path belongs to."""
    parts = path.split("/")
    for route in TABLE:
        own = route.path.split("/")
        if len(own) == len(parts) and all(a == b or a.startswith("{") for a, b in zip(own, parts, strict=True)):
            return GIVES[route.gives]
    raise AssertionError(path)


@pytest.mark.parametrize("path", ROUTES_OF_STORED_DATA)
@pytest.mark.parametrize("io", ["none", "preview", "full"])
def test_an_answer_has_the_shape_that_is_described(filled: Database, path: str, io: str) -> None:
    async def talk(get: Get) -> None:
        answer = await get(path, io=io)
        if answer.status == 400:
            answer = await get(path)
        assert answer.status == 200
        assert faults(gives(path), answer.json) == []

    asking(filled, talk)


def test_a_problem_has_the_shape_that_is_described(filled: Database) -> None:
    async def talk(get: Get) -> None:
        for answer in (await get("/api/v1/traces", modle="x"), await get("/api/v1/traces/nobody")):
            assert faults(COMPONENTS["Problem"], answer.json) == []

    asking(filled, talk)


def test_faults_are_found() -> None:
    schema = GIVES["facets"]
    right = {"data": [{"field": "kind", "values": [{"value": "tool", "count": 1}], "more": False}]}
    assert faults(schema, right) == []
    assert faults(schema, {"data": None}) == [".data: None is none of ['array']"]
    assert faults(schema, {}) == [".data is missing"]
    assert faults(schema, right | {"extra": 1}) == [".extra is not in the schema"]
    assert faults(COMPONENTS["Span"]["properties"]["kind"], "tol", "kind")
