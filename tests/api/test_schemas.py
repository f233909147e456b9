"""Answers have the shapes that `/openapi.json` gives them."""

from typing import Any

import pytest

from api.routes import TABLE
from api.schemas import COMPONENTS, GIVES, Schema
from storage.database import Database
from tests.support.asking import Get, asking
from tests.support.stored import ROUTES_OF_STORED_DATA

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,),
    "object": (dict,), "null": (type(None),),
}  # fmt: skip


def faults(schema: Schema, value: Any, where: str = "") -> list[str]:
    """What of a value is not as the schema has it; the few words of JSON Schema that the document uses."""
    if "$ref" in schema:
        return faults(COMPONENTS[schema["$ref"].rpartition("/")[2]], value, where)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, TYPES[kind]) for kind in kinds):
        return [f"{where}: {value!r} is none of {kinds}"]
    found = [] if value in schema.get("enum", [value]) else [f"{where}: {value!r} is no word of {schema['enum']}"]
    if isinstance(value, list):
        return found + [each for item in value for each in faults(schema.get("items", {}), item, f"{where}[]")]
    if not isinstance(value, dict):
        return found
    members = schema.get("properties", {})
    found += [f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value]
    for name, item in value.items():
        if name not in members and schema.get("additionalProperties") is False:
            found.append(f"{where}.{name} is not in the schema")
        found += faults(members.get(name, {}), item, f"{where}.{name}")
    return found


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
