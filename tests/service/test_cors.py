"""Pages of other origins: what a browser asks before it sends, and what it is told."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from contract.access import Identity
from contract.errors import Overloaded, Unauthorized
from receiver.otlp_http import error_response
from service.application import application
from service.config import ConfigError, load
from service.cors import Cors

SHOP = "https://shop.example"
PATH = "/v1/traces"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,x-tenant, bad header",
}


def test_an_origin_is_allowed_as_written_or_by_a_pattern_of_its_host() -> None:
    cors = Cors((SHOP, "https://*.shop.example", "http://localhost:*"))
    assert cors.allows("https://SHOP.example")
    assert cors.allows("https://eu.shop.example")
    assert cors.allows("http://localhost:5173")


@pytest.mark.parametrize(
    "origin",
    [
        "http://shop.example", "https://shop.example:8443", "https://shop.example.evil.example", "https://shopXexample",
        "https://evil.example/.shop.example", "https://.shop.example:1", "null", "", "https://shop.example\n",
    ],
)  # fmt: skip
def test_no_other_origin_passes_for_an_allowed_one(origin: str) -> None:
    assert not Cors((SHOP, "https://*.shop.example")).allows(origin)


def authenticate(headers: Mapping[str, str]) -> Identity:
    if headers.get("x-api-key") != "right":
        raise Unauthorized("who are you?")
    return Identity()


async def full(request: web.Request) -> web.Response:
    return error_response(request, Overloaded("come again", reason="queue", retry_after_s=3))


async def shown(request: web.Request) -> web.Response:
    return web.json_response({})


def ask(
    method: str, path: str, cors: Cors | None, *, origin: str = SHOP, **headers: str
) -> tuple[int, Mapping[str, str]]:
    """Status and headers of the answer to one request from a page of `origin`."""
    routes = (web.post("/v1/traces", full), web.get("/api/v1/traces", shown), web.route("OPTIONS", "/v1/logs", full))

    async def run() -> tuple[int, Mapping[str, str]]:
        async with (
            TestClient(TestServer(application(authenticate, routes, None, cors))) as client,
            client.request(method, path, headers={"Origin": origin, **headers}) as response,
        ):
            return response.status, response.headers

    return asyncio.run(run())


def test_a_preflight_of_an_allowed_page_needs_no_key() -> None:
    status, headers = ask("OPTIONS", PATH, Cors((SHOP,), ("x-tenant",), 7200), **PREFLIGHT)
    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == SHOP
    assert headers["Access-Control-Allow-Methods"] == "POST"
    assert {"content-type", "authorization", "x-api-key", "x-tenant"} <= set(
        headers["Access-Control-Allow-Headers"].split(", ")
    )
    assert headers["Access-Control-Max-Age"] == "7200"
    assert headers["Vary"] == "Origin"


def test_any_header_is_allowed_where_the_configuration_says_so() -> None:
    _, headers = ask("OPTIONS", PATH, Cors((SHOP,), ("*",)), **PREFLIGHT)
    assert headers["Access-Control-Allow-Headers"] == "content-type, x-tenant"


def test_a_preflight_of_another_page_is_refused_by_name_and_not_shared() -> None:
    status, headers = ask("OPTIONS", PATH, Cors((SHOP,)), origin="https://evil.example", **PREFLIGHT)
    assert status == 403
    assert "Access-Control-Allow-Origin" not in headers
    assert headers["Vary"] == "Origin"


@pytest.mark.parametrize(("key", "status"), [("right", 429), ("wrong", 401)])
def test_a_page_can_read_errors_too(key: str, status: int) -> None:
    answered, headers = ask("POST", PATH, Cors((SHOP,)), **{"X-API-Key": key})
    assert answered == status
    assert headers["Access-Control-Allow-Origin"] == SHOP
    assert "Retry-After" in headers["Access-Control-Expose-Headers"]


def test_who_allows_everybody_allows_nobodys_credentials() -> None:
    _, everybody = ask("POST", PATH, Cors(("*",)))
    _, named = ask("POST", PATH, Cors((SHOP,)))
    assert everybody["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in everybody
    assert named["Access-Control-Allow-Credentials"] == "true"


@pytest.mark.parametrize(
    ("method", "path", "cors", "extra"),
    [
        ("OPTIONS", PATH, None, PREFLIGHT),
        ("POST", PATH, None, {}),
        ("OPTIONS", "/api/v1/traces", Cors(("*",)), PREFLIGHT),
        ("GET", "/api/v1/traces", Cors(("*",)), {}),
        ("OPTIONS", "/metrics", Cors(("*",)), PREFLIGHT),
    ],
)
def test_nothing_is_shared_while_closed_nor_outside_of_otlp(
    method: str, path: str, cors: Cors | None, extra: dict[str, str]
) -> None:
    status, headers = ask(method, path, cors, **{"X-API-Key": "right", **extra})
    assert status != 204
    assert not [name for name in headers if name.startswith("Access-Control")]


def test_a_request_of_no_page_is_answered_as_ever() -> None:
    def without_origin(cors: Cors | None) -> Any:
        async def run() -> Any:
            routes = [web.post("/v1/traces", full)]
            async with (
                TestClient(TestServer(application(authenticate, routes, None, cors))) as client,
                client.post(PATH, headers={"X-API-Key": "right"}) as response,
            ):
                return response.status, sorted(response.headers)

        return asyncio.run(run())

    assert without_origin(Cors(("*",))) == without_origin(None)


def configured(cors: str) -> Cors | None:
    return load(f"receivers: {{otlp: {{protocols: {{http: {{cors: {cors}}}}}}}}}", "c.yaml", {}, {}).receivers.http_cors


def test_pages_are_named_in_the_configuration_and_none_is_by_default() -> None:
    assert configured("{max_age: 60}") is None
    named = configured("{allowed_origins: ['https://Shop.example', '*'], allowed_headers: [X-Tenant], max_age: 10m}")
    assert named == Cors((SHOP, "*"), ("x-tenant",), 600)


@pytest.mark.parametrize(
    "cors",
    ["{allowed_origins: [shop.example]}", "{allowed_origins: ['https://shop.example/']}", "{allowed_headers: ['a b']}"],
)
def test_what_no_browser_sends_is_a_mistake(cors: str) -> None:
    with pytest.raises(ConfigError, match=r"protocols\.http\.cors\.allowed_"):
        configured(cors)
