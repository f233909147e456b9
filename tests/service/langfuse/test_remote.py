"""What a busy or broken server answers is asked again, with the pause that it asks for."""

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from service.langfuse import remote
from service.langfuse.remote import Refusal, Site, seconds


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(remote, "LONGEST_PAUSE_S", 0.01)


def asked(*answers: web.Response, times: int = 1, **request: Any) -> tuple[list[Any], list[web.Request]]:
    """What so many requests were given by a server that gives these answers, the last one for ever."""
    waiting, seen = list(answers), []

    async def handle(request: web.Request) -> web.Response:
        seen.append(request)
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    async def ask() -> list[Any]:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", handle)
        async with TestServer(application) as server, aiohttp.ClientSession() as session:
            site = Site(session, str(server.make_url("/base/")), ("pk", "sk"), told.append)
            return [await site.json("GET", "api/public/traces", page=1, **request) for _ in range(times)]

    told: list[str] = []
    return asyncio.run(ask()), seen


def said(status: int, body: bytes = b"{}", **headers: str) -> web.Response:
    return web.Response(status=status, body=body, headers=headers)


def test_keys_parameters_and_a_path_before_the_api_are_sent() -> None:
    _, [request] = asked(said(200), limit=None, name="a b&c")
    assert (request.path, dict(request.query)) == ("/base/api/public/traces", {"page": "1", "name": "a b&c"})
    assert request.headers["Authorization"] == "Basic cGs6c2s="


def test_what_may_be_asked_again_is() -> None:
    answers = [said(429, **{"Retry-After": "0"}), said(503), said(200, b'{"data": ['), said(200, b'{"data": [1]}')]
    found, seen = asked(*answers)
    assert found == [{"data": [1]}]
    assert len(seen) == 4


def test_a_server_that_is_only_busy_is_given_more_time_than_a_broken_one() -> None:
    found, seen = asked(*[said(429)] * 12, said(200, b"1"))
    assert (found, len(seen)) == ([1], 13)
    with pytest.raises(Refusal, match="answered 500") as failed:
        asked(said(500))
    assert failed.value.status == 500


@pytest.mark.parametrize(("status", "body"), [(401, b"no such key"), (404, b""), (302, b""), (422, b"")])
def test_what_will_not_change_is_not_asked_again(status: int, body: bytes) -> None:
    with pytest.raises(Refusal, match=f"answered {status}: {body.decode()}") as failed:
        asked(said(status, body))
    assert failed.value.status == status


def test_an_answer_that_is_no_json_is_unreadable() -> None:
    with pytest.raises(Refusal, match="did not answer JSON") as failed:
        asked(said(200, b"<html>"))
    assert failed.value.status == remote.UNREADABLE


def test_an_answer_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def content() -> bytes:
        application = web.Application()
        application.router.add_get("/{path:.*}", _large)
        async with TestServer(application) as server, aiohttp.ClientSession() as session:
            return await Site(session, "http://unused", ("pk", "sk"), print).content(
                str(server.make_url("/file")), 1000
            )

    async def _large(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 1001)

    with pytest.raises(Refusal, match="more than 1000 bytes"):
        asyncio.run(content())


def test_nobody_there_is_told() -> None:
    async def ask() -> None:
        async with aiohttp.ClientSession() as session:
            await Site(session, "http://127.0.0.1:1", None, print).json("GET", "api")

    with pytest.raises(Refusal, match="is not answered") as failed:
        asyncio.run(ask())
    assert failed.value.status == remote.NO_ANSWER


@pytest.mark.parametrize(("header", "pause_s"), [("0.5", 0), ("", 0), ("x", 0), ("3600", 0.01)])
def test_a_pause_is_bounded(header: str, pause_s: float) -> None:
    assert seconds(header) == pause_s
