"""Errors, prefixes and bodies of Langfuse's API."""

import asyncio
from io import BytesIO

import pytest
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

from api import turns
from api.langfuse.handling import (
    BODIES_AT_MOST_BYTES,
    BODY_AT_MOST_BYTES,
    ERRORS,
    MEMBERS_AT_MOST,
    Bodies,
    error_response,
    optional_text,
    text_in,
    texts_in,
)
from contract.access import Identity
from contract.errors import BadQuery, Overloaded, Refused, Unauthorized, Unavailable
from service.application import application
from tests.support.langfuse_api import Talk, talking
from tests.support.stored import span, trace_id


def test_every_error_has_its_status_message_and_name() -> None:
    for kind, (status, name) in ERRORS.items():
        error = kind("why", reason="r") if issubclass(kind, (Overloaded, Unavailable)) else kind("why")
        response = error_response(error)
        assert response.status == status
        assert response.body == b'{"message":"why","error":"%s"}' % name.encode()
    assert error_response(Refused("big", kind="too_large")).status == 413
    assert b"secret" not in bytes(str(error_response(ValueError("secret")).body), "utf-8")


def test_what_can_be_tried_again_says_when() -> None:
    assert error_response(Overloaded("full", reason="r", retry_after_s=3)).headers["Retry-After"] == "3"


def test_a_host_with_a_path_and_doubled_slashes_is_understood() -> None:
    async def talk(ask: Talk) -> None:
        for prefix in ("", "/lf", "/lf/", "//", "/a/b"):
            status, body = await ask("GET", f"{prefix}/api/public/traces")
            assert (status, len(body["data"])) == (200, 1), prefix

    talking(talk, span(1))


def test_paths_that_there_are_not_are_answered_in_its_form() -> None:
    async def talk(ask: Talk) -> None:
        status, body = await ask("GET", "/api/public/nothing")
        assert (status, body["error"]) == (404, "LangfuseNotFoundError")
        status, body = await ask("PUT", "/api/public/traces")
        assert (status, body.keys()) == (405, {"message", "error"})

    talking(talk)


def test_answers_with_the_content_of_many_spans_wait_for_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "AT_A_TIME", 0)
    monkeypatch.setattr(turns, "WAIT_AT_MOST_S", 0.01)

    async def talk(ask: Talk) -> None:
        for path in ("traces", f"traces/{trace_id(1)}", "observations", "v2/observations", "sessions/s1"):
            status, body = await ask("GET", f"/api/public/{path}")
            assert (status, body["error"]) == (429, "TooManyRequestsError"), path
        assert len((await ask.get("sessions"))["data"]) == 1

    talking(talk, span(1, session_id="s1"))


def test_who_has_no_key_is_told_so_in_its_form() -> None:
    def refuse(_: object) -> Identity:
        raise Unauthorized("no key")

    async def talk() -> None:
        server = TestServer(application(refuse, []))
        async with TestClient(server) as client, client.get("/lf/api/public/traces") as response:
            assert response.status == 401
            assert await response.json() == {"message": "no key", "error": "UnauthorizedError"}

    asyncio.run(talk())


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"\xff"])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    async def talk(ask: Talk) -> None:
        async with ask.client.delete("/api/public/traces", data=body) as response:
            assert response.status == 400

    talking(talk)


def test_members_of_a_body_have_their_types() -> None:
    body = {"a": "x", "b": ["x", "y", "x"], "c": 1, "d": "", "e": None}
    assert (text_in(body, "a"), optional_text(body, "e"), texts_in(body, "b")) == ("x", None, ["x", "y"])
    for wrong in ("c", "d", "e"):
        with pytest.raises(BadQuery, match=wrong):
            text_in(body, wrong)
    with pytest.raises(BadQuery, match="list of texts"):
        texts_in(body, "a")


def test_bodies_of_all_requests_together_are_bounded() -> None:
    bodies, first, second = Bodies(10), make_mocked_request("POST", "/"), make_mocked_request("POST", "/")
    bodies.grow(first, 6)
    with pytest.raises(Overloaded):
        bodies.grow(second, 5)
    bodies.release(first)
    bodies.release(second)
    bodies.grow(second, 10)


def test_a_body_that_is_too_large_is_413_and_gives_its_bytes_back() -> None:
    async def talk(ask: Talk) -> None:
        for _ in range(BODIES_AT_MOST_BYTES // BODY_AT_MOST_BYTES + 2):
            async with ask.client.delete(
                "/api/public/traces", data=BytesIO(b"x" * (BODY_AT_MOST_BYTES + 1))
            ) as response:
                assert response.status == 413

    talking(talk)


def test_a_small_body_of_too_many_members_is_413() -> None:
    async def talk(ask: Talk) -> None:
        body = b'{"traceIds": [' + b"[]," * MEMBERS_AT_MOST + b"[]]}"
        async with ask.client.delete("/api/public/traces", data=body) as response:
            assert response.status == 413

    talking(talk)
