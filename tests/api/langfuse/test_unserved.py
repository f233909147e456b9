"""Langfuse's published routes: each is served, or answered with the reason why it is not."""

import re
from pathlib import Path

import pytest

from api.langfuse.openapi import DESCRIBED, parameter
from api.langfuse.unserved import TABLE, UNSERVED
from tests.support.langfuse_api import Talk, talking

PARAMETERS = {
    (method, path.removeprefix("api/public/")): parameters
    for method, path, *parameters in map(
        str.split, (Path(__file__).parent / "published_routes.txt").read_text("utf-8").splitlines()
    )
}
"""Method and path of every route of Langfuse's definition (langfuse/langfuse 62751446, 22 August 2026) and of its
Python SDKs 2.60.10 to 5.0.4 -> query parameters, as far as the definition tells them."""

PUBLISHED = tuple(PARAMETERS)

LEFT_ALONE = {"expandMetadata", "parseIoAsJson"}
"""Metadata is never cut here; input and output are texts, as `false` says."""

DOCUMENTED = (Path(__file__).parents[3] / "docs" / "langfuse-read.md").read_text("utf-8")


def fits(pattern: str, path: str) -> bool:
    """Whether a path with parameters is one of the routes of a pattern with parameters."""
    expression = re.sub(r"\\{\w+\\\+\\}", ".+", re.escape(pattern))
    return re.fullmatch(re.sub(r"\\{\w+\\}", r"\\{\\w+\\}", expression), path) is not None


SERVED = {(method, path) for method, path in PUBLISHED if any(m == method and fits(p, path) for m, p in DESCRIBED)}


def test_the_definition_is_whole() -> None:
    assert len(PUBLISHED) == 133


def test_every_published_route_is_served_or_in_the_table_of_those_that_are_not() -> None:
    refused = {(m, p) for m, p in PUBLISHED if any(m in ms.split() and fits(u, p) for u, (ms, _) in UNSERVED.items())}
    assert SERVED | refused == set(PUBLISHED)
    assert SERVED & refused == set()
    assert len(SERVED) == 49


@pytest.mark.parametrize("served", sorted(SERVED))
def test_a_route_that_is_served_takes_the_published_parameters(served: tuple[str, str]) -> None:
    method, path = served
    [described] = [each for (m, p), each in DESCRIBED.items() if m == method and fits(p, path)]
    taken = {each["name"] for each in map(parameter, described.takes.split())}
    assert set(PARAMETERS[served]) - taken <= LEFT_ALONE


def test_each_refusal_says_why_in_langfuses_form() -> None:
    async def talk(ask: Talk) -> None:
        for route in TABLE:
            path = "/" + re.sub(r"\{\w+\+?\}", "x", route.path)
            status, body = await ask(route.method, path, {})
            assert status in (403, 404), path
            assert body.keys() == {"message", "error"}
            assert "not served here" in body["message"] or "Organization-scoped" in body["message"]

    talking(talk)


@pytest.mark.parametrize("path", UNSERVED)
def test_what_is_not_served_stands_in_the_documentation(path: str) -> None:
    methods = UNSERVED[path][0].split()
    row = re.search(rf"^\| `{re.escape('/' + path.replace('+', ''))}` \| ([A-Z, ]+) \|", DOCUMENTED, re.MULTILINE)
    assert row is not None
    assert row[1].split(", ") == methods
