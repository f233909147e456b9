"""One authentication in front of every route."""

import asyncio
import json
from collections.abc import Mapping

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from contract.access import SCORE, Identity
from contract.errors import Unauthorized
from receiver.langfuse_http import HEALTH, SCORES
from service.application import PUBLIC_ROUTES, application
from service.cors import Cors


def authenticate(headers: Mapping[str, str]) -> Identity:
    if headers.get("x-api-key") == "public":
        return Identity("shop", frozenset({SCORE}))
    if headers.get("x-api-key") != "right":
        raise Unauthorized("who are you?")
    return Identity("shop")


async def show(request: web.Request) -> web.Response:
    identity = request.get("identity")
    return web.json_response({"project": identity.project if identity else None})


ROUTES = (
    web.get("/healthz", show),
    web.get("/readyz", show),
    web.get("/metrics", show),
    web.get("/api/v1/traces/{trace_id}", show),
    web.get(HEALTH, show),
    web.post(SCORES, show),
    web.post("/{prefix:.*}v1/traces", show),
)


async def ask(
    method: str,
    path: str,
    headers: list[tuple[str, str]],
    allowed_hosts: list[str] | None = None,
    cors: Cors | None = None,
) -> tuple[int, str, Mapping[str, str], bytes]:
    async with (
        TestClient(TestServer(application(authenticate, ROUTES, allowed_hosts, cors))) as client,
        client.request(method, path, headers=headers) as response,
    ):
        return response.status, response.content_type, response.headers, await response.read()


def answer(method: str, path: str, *headers: tuple[str, str]) -> tuple[int, str, Mapping[str, str], bytes]:
    return asyncio.run(ask(method, path, list(headers)))


RIGHT = ("X-Api-Key", "right")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_every_route_but_the_public_ones_needs_credentials(route: web.RouteDef) -> None:
    path = route.path.replace("{trace_id}", "1").replace("{prefix:.*}", "")
    path = {HEALTH: "/api/public/health", SCORES: "/lf//api/public/scores/"}.get(route.path, path)
    is_public = route.path in (*PUBLIC_ROUTES, HEALTH)
    assert answer(route.method, path)[0] == (200 if is_public else 401)
    assert answer(route.method, path, RIGHT)[0] == 200


@pytest.mark.parametrize("path", ["/nothing", "/healthz/", "/healthz//", "/x/..//healthz", "/HEALTHZ", "/%68ealthz/x"])
def test_no_other_spelling_of_a_public_path_is_open(path: str) -> None:
    assert answer("GET", path)[0] == 401


def test_the_identity_reaches_the_handler() -> None:
    assert answer("GET", "/metrics", RIGHT)[3] == b'{"project": "shop"}'


def test_a_public_key_alone_opens_the_posting_of_scores_and_nothing_else() -> None:
    public = ("X-Api-Key", "public")
    assert answer("POST", "/api/public/scores", public)[0] == 200
    for method, path in (("GET", "/metrics"), ("POST", "/v1/traces"), ("GET", "/api/v1/traces/1"), ("GET", "/nothing")):
        assert answer(method, path, public)[0] == 403


def test_errors_below_api_public_have_langfuses_form() -> None:
    status, content_type, headers, body = answer("POST", "/lf/api/public/scores")
    assert (status, content_type) == (401, "application/json")
    assert headers["WWW-Authenticate"].startswith("Basic ")
    assert json.loads(body) == {"message": "who are you?", "error": "UnauthorizedError"}
    status, _, _, body = answer("PATCH", "/api/public/scores", RIGHT)
    assert (status, json.loads(body)["error"]) == (405, "LangfuseNotFoundError")


def test_two_authorization_headers_are_refused() -> None:
    assert answer("GET", "/metrics", RIGHT, ("Authorization", "a"), ("Authorization", "b"))[0] == 401


def test_401_has_the_form_of_the_path_and_a_challenge() -> None:
    status, content_type, headers, _ = answer("GET", "/metrics")
    assert (status, content_type) == (401, "application/problem+json")
    assert headers["WWW-Authenticate"].startswith("Basic ")
    status, content_type, _, body = answer("POST", "/v1/traces", ("Content-Type", "application/json"))
    assert (status, content_type) == (401, "application/json")
    assert b'"code"' in body


def test_senders_whose_key_opens_nothing_are_told_of_and_askers_are_not() -> None:
    told = []

    async def run() -> None:
        refused = lambda request, error: told.append((request.path, str(error)))  # noqa: E731
        async with TestClient(TestServer(application(authenticate, ROUTES, refused=refused))) as client:
            public = {"X-Api-Key": "public"}
            for path, headers in (("/v1/traces", {}), ("/v1/traces", dict([RIGHT])), ("/api/public/scores", public)):
                await client.post(path, headers=headers)
            await client.post("/v1/traces", headers=public)
            await client.get("/api/v1/traces/1")

    asyncio.run(run())
    assert told == [
        ("/v1/traces", "who are you?"),
        ("/v1/traces", "a public key alone may post scores, nothing else"),
    ]


def test_an_unknown_path_and_a_wrong_method_are_explained() -> None:
    status, content_type, _, body = answer("GET", "/nothing", RIGHT)
    assert (status, content_type) == (404, "application/problem+json")
    assert b"/api/v1/" in body
    status, _, headers, body = answer("DELETE", "/metrics", RIGHT)
    assert status == json.loads(body)["status"] == 405
    assert "GET" in headers["Allow"]


@pytest.mark.parametrize(
    ("method", "path", "host", "status"),
    [
        ("GET", "/api/v1/traces/1", "evil.example.com", 403),
        ("GET", "/nothing", "evil.example.com", 403),
        ("GET", "/api/v1/traces/1", "traces.example.com:4318", 200),
        ("GET", "/api/v1/traces/1", "127.0.0.1:4318", 200),
        ("POST", "/v1/traces", "evil.example.com", 200),
        ("POST", "/api/public/scores", "evil.example.com", 200),
        ("GET", "/metrics", "evil.example.com", 200),
        ("GET", "/healthz", "evil.example.com", 200),
    ],
)
def test_questions_for_a_host_that_is_not_ours_are_refused(method: str, path: str, host: str, status: int) -> None:
    answered, _, _, body = asyncio.run(ask(method, path, [RIGHT, ("Host", host)], ["traces.example.com"]))
    assert answered == status
    assert (b"api.allowed_hosts" in body) is (status == 403)


@pytest.mark.parametrize(
    ("host", "header", "status"),
    [
        ("evil.example.com", ("Origin", "http://evil.example.com"), 403),
        ("evil.example.com", ("Sec-Fetch-Site", "same-origin"), 403),
        ("evil.example.com", ("Sec-Fetch-Mode", "cors"), 200),  # Node's fetch sends it
        ("traces.example.com", ("Origin", "http://traces.example.com"), 200),
        ("localhost:4318", ("Origin", "http://localhost:3000"), 200),
    ],
)
def test_what_a_page_sends_to_langfuses_api_is_checked_as_a_question_is(
    host: str, header: tuple[str, str], status: int
) -> None:
    asked = ask("POST", "/api/public/scores", [RIGHT, ("Host", host), header], ["traces.example.com"])
    assert asyncio.run(asked)[0] == status


@pytest.mark.parametrize(
    ("host", "header", "status"),
    [
        ("evil.example.com", ("Origin", "http://evil.example.com"), 403),
        ("evil.example.com", ("Sec-Fetch-Site", "same-origin"), 403),
        ("evil.example.com", ("Sec-Fetch-Mode", "cors"), 200),  # Node's fetch sends it
        ("evil.example.com", ("Origin", "https://shop.example"), 200),
        ("tracepond", ("User-Agent", "OTel-OTLP-Exporter-Python/1.45.0"), 200),
        ("collector.example.com", ("User-Agent", "OTel-OTLP-Exporter-Python/1.45.0"), 200),
        ("traces.example.com", ("Origin", "http://traces.example.com"), 200),
        ("127.0.0.1:4318", ("Origin", "http://localhost:3000"), 200),
    ],
)
def test_spans_that_a_page_sends_under_a_name_of_its_own_are_refused_and_those_of_exporters_are_not(
    host: str, header: tuple[str, str], status: int
) -> None:
    """DNS rebinding makes the page's name point here: then the browser asks nobody before it posts JSON."""
    cors = Cors(("https://shop.example",))
    headers = [RIGHT, ("Host", host), ("Content-Type", "application/json"), header]
    answered, content_type, _, body = asyncio.run(ask("POST", "/v1/traces", headers, ["traces.example.com"], cors))
    assert (answered, b"api.allowed_hosts" in body) == (status, status == 403)
    if status == 403:
        assert content_type == "application/json"
        assert json.loads(body)["code"] == 7, "PERMISSION_DENIED: nobody sends it again"


def test_what_a_browser_asks_before_it_posts_a_score_needs_no_credentials() -> None:
    routes = [*ROUTES, web.options(SCORES, show)]

    async def asked() -> list[int]:
        async with TestClient(TestServer(application(authenticate, routes))) as client:
            return [(await client.request("OPTIONS", path)).status for path in ("/api/public/scores", "/metrics")]

    assert asyncio.run(asked()) == [200, 401]
