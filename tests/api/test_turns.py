"""Large answers a few at a time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import ClientPayloadError, web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

from api import turns as turns_module
from api.turns import AT_A_TIME, PIECE_BYTES, Turns
from contract.errors import Overloaded

REQUEST = make_mocked_request("GET", "/")
LARGE = bytes(range(256)) * (PIECE_BYTES // 64)


def test_no_more_are_made_at_a_time_than_there_are_places_and_who_came_first_is_first() -> None:
    making: list[int] = []
    most: list[int] = []
    order: list[int] = []

    async def run() -> None:
        turns = Turns()

        async def make(number: int) -> None:
            async with turns.making(REQUEST):
                order.append(number)
                making.append(number)
                await asyncio.sleep(0)
                most.append(len(making))
                making.remove(number)

        await asyncio.gather(*(make(number) for number in range(10)))

    asyncio.run(run())
    assert max(most) == AT_A_TIME
    assert order == list(range(10))


def test_who_waits_too_long_is_told_to_come_again_and_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "WAIT_AT_MOST_S", 0.05)
    monkeypatch.setattr(turns_module, "AT_A_TIME", 1)

    async def run() -> None:
        turns = Turns()
        async with turns.making(REQUEST):
            with pytest.raises(Overloaded) as overloaded:
                async with turns.making(REQUEST):
                    pass
        assert overloaded.value.retry_after_s == 2
        async with turns.making(REQUEST):
            pass

    asyncio.run(run())


def test_a_place_is_free_again_after_an_error() -> None:
    async def run() -> None:
        turns = Turns()
        for _ in range(AT_A_TIME + 1):
            with pytest.raises(KeyError):
                async with turns.making(REQUEST):
                    raise KeyError

    asyncio.run(run())


def test_nothing_is_made_for_a_client_that_left_while_it_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "AT_A_TIME", 1)

    async def run() -> list[str]:
        turns, asked, outcomes = Turns(), asyncio.Queue[web.Request](), asyncio.Queue[str]()
        waiting: list[web.Request] = []

        async def handle(request: web.Request) -> web.Response:
            asked.put_nowait(request)
            try:
                async with turns.making(request):
                    outcomes.put_nowait("made")
            except Overloaded:
                outcomes.put_nowait("left")
            return web.Response()

        app = web.Application()
        app.router.add_get("/", handle)
        runner = web.AppRunner(app)  # as the service has it: handlers go on when clients leave
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            async with asyncio.timeout(10):
                async with turns.making(REQUEST):
                    gone, stays = [await asyncio.open_connection(*runner.addresses[0]) for _ in range(2)]
                    for _, writer in (gone, stays):
                        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                        waiting.append(await asked.get())
                    gone[1].close()
                    for _ in range(10_000):  # the server may not have seen it go yet
                        if waiting[0].transport is None:
                            break
                        await asyncio.sleep(0)
                return [await outcomes.get() for _ in waiting]
        finally:
            stays[1].close()
            await runner.cleanup()

    assert asyncio.run(run()) == ["left", "made"]


def served(turns: Turns, work: Callable[[TestClient[web.Request, web.Application]], Awaitable[None]]) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        async with turns.making(REQUEST):
            body = b"{}" if "small" in request.query else LARGE
            response = web.Response(body=body, content_type="application/json", headers={"Link": "<x>"})
        try:
            return await turns.send(request, response)
        except Overloaded:
            return web.Response(status=429)

    async def run() -> None:
        app = web.Application()
        app.router.add_get("/", handle)
        async with asyncio.timeout(20), TestClient(TestServer(app)) as client:
            await work(client)

    asyncio.run(run())


def test_what_is_sent_in_pieces_is_the_same_answer() -> None:
    async def work(client: TestClient[web.Request, web.Application]) -> None:
        for _ in range(2):  # over one connection
            answer = await client.get("/")
            assert (answer.content_length, answer.content_type, answer.headers["Link"]) == (
                len(LARGE),
                "application/json",
                "<x>",
            )
            assert await answer.read() == LARGE
        head = await client.head("/")
        assert (head.content_length, await head.read()) == (len(LARGE), b"")

    served(Turns(), work)


def unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are longer than all that sockets and buffers take where nobody reads."""
    monkeypatch.setattr(turns_module, "PIECE_BYTES", 1 << 20)
    monkeypatch.setitem(globals(), "LARGE", bytes(64 << 20))


def test_no_answer_is_made_while_too_much_waits_to_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "WAIT_AT_MOST_S", 0.2)
    unreadable(monkeypatch)
    turns = Turns(1)

    async def work(client: TestClient[web.Request, web.Application]) -> None:
        unread = await client.get("/")  # its head is there
        with pytest.raises(Overloaded):
            async with turns.making(REQUEST):
                pass
        assert len(await unread.read()) == 64 << 20
        async with turns.making(REQUEST):
            pass

    served(turns, work)


def test_who_waited_for_a_place_while_there_was_room_makes_nothing_once_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns_module, "WAIT_AT_MOST_S", 0.5)
    unreadable(monkeypatch)

    async def run() -> list[int]:
        turns, asked, all_have_asked = Turns(1), [0], asyncio.Event()

        async def handle(request: web.Request) -> web.StreamResponse:
            asked[0] += 1
            if asked[0] == AT_A_TIME + 3:
                all_have_asked.set()
            try:
                async with turns.making(REQUEST):
                    await all_have_asked.wait()
            except Overloaded:
                return web.Response(status=429)
            return await turns.send(request, web.Response(body=LARGE))

        app = web.Application()
        app.router.add_get("/", handle)
        async with asyncio.timeout(20), TestClient(TestServer(app)) as client:
            unread = await asyncio.gather(*(client.get("/") for _ in range(AT_A_TIME + 3)))
            return sorted(answer.status for answer in unread)

    assert asyncio.run(run()) == [200] * AT_A_TIME + [429] * 3


def test_where_nobody_waits_for_readers_a_large_answer_without_room_is_refused_and_a_small_one_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unreadable(monkeypatch)

    async def work(client: TestClient[web.Request, web.Application]) -> None:
        unread = await client.get("/")
        assert (await client.get("/")).status == 429
        assert await (await client.get("/?small")).read() == b"{}"
        assert len(await unread.read()) == len(LARGE)
        assert len(await (await client.get("/")).read()) == len(LARGE)

    served(Turns(1, waits=False), work)


class Watched(Turns):
    """Tells when an answer was sent or given up."""

    ended: asyncio.Event

    async def send(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        try:
            return await super().send(request, response)
        finally:
            self.ended.set()


@pytest.mark.parametrize(("limit", "untaken_at_most_bytes"), [("PIECE_WITHIN_S", 1 << 30), ("PRESSED_WITHIN_S", 1)])
def test_who_takes_an_answer_too_slowly_is_given_up_and_sooner_where_much_is_untaken(
    limit: str, untaken_at_most_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns_module, limit, 0.1)
    unreadable(monkeypatch)
    turns = Watched(untaken_at_most_bytes)

    async def work(client: TestClient[web.Request, web.Application]) -> None:
        turns.ended = asyncio.Event()
        unread = await client.get("/")
        async with asyncio.timeout(5):
            await turns.ended.wait()
        with pytest.raises(ClientPayloadError):
            await unread.read()
        async with turns.making(REQUEST):
            pass

    served(turns, work)
