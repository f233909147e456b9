"""The document is about the routes that there are, and what it says of them is so."""

import re
from pathlib import Path
from typing import Any

import pytest

from api.langfuse.shapes import COMPONENTS as LANGFUSE
from api.openapi import LISTS, openapi
from api.openapi_actions import ACTIONS
from api.routes import TABLE
from api.schemas import COMPONENTS, GIVES
from contract.reading import FIELDS
from storage.database import Database
from tests.support.asking import Get, asking
from tests.support.stored import ROUTES_OF_STORED_DATA

DOCUMENT = openapi(TABLE)
OURS = {path: methods for path, methods in DOCUMENT["paths"].items() if not path.startswith("/api/public/")}
"""Langfuse's paths: tests/api/langfuse/test_openapi.py."""

VALUES = {"integer": "1", "number": "1.5", "boolean": "true"}
SPECIAL = {
    "from": "-1h", "to": "now", "fields": "kind", "measures": "span_count", "group_by": "model", "interval": "auto",
    "io": "none", "limit": "1", "attr.{KEY}": "x",
}  # fmt: skip


def operation(path: str) -> dict[str, Any]:
    """Of the route that a path belongs to."""
    for pattern, methods in DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
            return dict(methods["get"])
    raise AssertionError(path)


def test_every_route_is_described_with_a_summary_and_what_it_gives() -> None:
    assert OURS.keys() == {*(route.path for route in TABLE), *(path for _, path in ACTIONS)}
    for path, methods in OURS.items():
        for described in methods.values():
            assert described["summary"] not in ("", path)
            assert described["responses"]["200"]["content"]


def test_routes_that_need_a_scope_need_credentials() -> None:
    for route in TABLE:
        assert bool(DOCUMENT["paths"][route.path]["get"]["security"]) is (route.scope is not None)


def value_of(parameter: dict[str, Any]) -> str | None:
    name, schema = parameter["name"], parameter["schema"]
    if name == "cursor":
        return None
    if name in SPECIAL:
        return SPECIAL[name]
    if name == "time" or name.endswith("_time"):
        return "-1h"
    return (schema.get("examples") or [VALUES.get(schema["type"], "x")])[0]


@pytest.mark.parametrize("path", ROUTES_OF_STORED_DATA)
def test_every_parameter_that_is_described_is_taken(filled: Database, path: str) -> None:
    described = [each for each in operation(path)["parameters"] if each["in"] == "query"]

    async def talk(get: Get) -> None:
        for parameter in described:
            value = value_of(parameter)
            if value is not None:
                name = parameter["name"].replace("{KEY}", "http.route")
                answer = await get(path, **{name: value})
                assert answer.status == 200, (name, value, answer.body)

    asking(filled, talk)


@pytest.mark.parametrize("path", ROUTES_OF_STORED_DATA)
def test_every_parameter_that_is_taken_is_described(filled: Database, path: str) -> None:
    names = {name for query, controls in LISTS.items() for name in (*controls, *FIELDS[query])}
    described = {each["name"] for each in operation(path)["parameters"]}

    async def talk(get: Get) -> None:
        for name in sorted(names - described)[::3]:
            answer = await get(path, **{name: "1"})
            assert answer.status == 400, name
            assert answer.json["errors"][0]["parameter"] == name

    asking(filled, talk)


def test_every_reference_leads_somewhere_and_everything_is_referred_to() -> None:
    text = repr(DOCUMENT)
    named = set(re.findall(r"#/components/schemas/(\w+)", text))
    assert named == {*COMPONENTS, *LANGFUSE}
    assert {route.gives for route in TABLE} <= {*GIVES, "text", "content"}


def test_the_document_is_served_without_a_scope(database: Database) -> None:
    async def talk(get: Get) -> None:
        answer = await get("/openapi.json")
        assert answer.json["openapi"] == "3.1.0"
        assert answer.json["paths"].keys() == DOCUMENT["paths"].keys()

    asking(database, talk)


def test_it_stands_beside_the_document_for_readers() -> None:
    text = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text("utf-8")
    assert [path for path in OURS if path not in text and not path.startswith("/v1/")] == []
