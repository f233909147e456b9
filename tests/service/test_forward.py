"""What arrives is sent on, as it came, whatever the other side does."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from service import forward
from service.forward import MOST_HOPS, Forwarder, seconds, via
from service.spool import Spool

Seen = list[tuple[str, str | None, str, bytes]]


class Upstream:
    """Answers with the given statuses, then with 200; keeps what was sent and can be waited for."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.seen: Seen = []
        self.via: list[str] = []
        self._came = asyncio.Condition()

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        async with self._came:
            self.seen.append((request.path, request.headers.get("x-api-key"), request.content_type, body))
            self.via.append(request.headers["Via"])
            self._came.notify_all()
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200, headers={"Retry-After": "0"})

    async def has_seen(self, count: int) -> None:
        async with self._came, asyncio.timeout(20):
            await self._came.wait_for(lambda: len(self.seen) >= count)


async def until(done: Callable[[], bool]) -> None:
    """Looks at every turn of the loop; nobody tells when a counter changes."""
    async with asyncio.timeout(20):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def settled(forwarder: Forwarder) -> None:
    await until(lambda: not forwarder.report()["waiting_requests"] and not forwarder.stats()[-1].value)


def forwarding(
    folder: Path, talk: Callable[[Forwarder, Upstream], Awaitable[Any]], *statuses: int, max_bytes: int = 1000
) -> Seen:
    """What the other side saw while `talk` went on, and until all was settled or `talk` says False."""

    async def serve() -> Seen:
        upstream = Upstream(*statuses)
        application = web.Application()
        application.add_routes([web.post("/{path:.*}", upstream.handle)])
        async with TestServer(application) as server:
            spool = Spool(folder / "spool", max_bytes)
            forwarder = Forwarder(spool, str(server.make_url("/base")), {"x-api-key": "k"})
            await forwarder.open()
            running = asyncio.ensure_future(forwarder.run())
            await talk(forwarder, upstream)
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            await forwarder.close()
        return upstream.seen

    return asyncio.run(serve())


def fates(forwarder: Forwarder) -> dict[str, float]:
    return {sample.labels["fate"]: sample.value for sample in forwarder.stats() if sample.labels}


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(forward, "LONGEST_PAUSE_S", 0.01)


def test_each_signal_goes_to_its_path_in_its_encoding_with_the_headers(tmp_path: Path) -> None:
    async def talk(forwarder: Forwarder, upstream: Upstream) -> None:
        forwarder.offer("traces", "protobuf", b"1")
        forwarder.offer("logs", "json", b"2")
        await settled(forwarder)
        assert fates(forwarder) == {"sent": 2, "rejected": 0, "dropped": 0, "returned": 0}

    assert sorted(forwarding(tmp_path, talk)) == [
        ("/base/v1/logs", "k", "application/json", b"2"),
        ("/base/v1/traces", "k", "application/x-protobuf", b"1"),
    ]
    assert list(tmp_path.iterdir()) == []


def test_what_may_be_sent_again_is_and_what_is_not_wanted_is_not(tmp_path: Path) -> None:
    async def talk(forwarder: Forwarder, upstream: Upstream) -> None:
        forwarder.offer("traces", "protobuf", b"busy")
        await settled(forwarder)
        upstream.statuses = [400]
        forwarder.offer("traces", "protobuf", b"odd")
        await settled(forwarder)
        assert fates(forwarder) == {"sent": 1, "rejected": 1, "dropped": 0, "returned": 0}
        assert "400" in forwarder.report()["last_error"]

    seen = forwarding(tmp_path, talk, 503, 429)
    assert [body for *_, body in seen] == [b"busy"] * 3 + [b"odd"]


def test_an_endpoint_that_answers_again_is_told_of_and_its_next_outage_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger=forward.LOGGER.name)

    async def talk(forwarder: Forwarder, upstream: Upstream) -> None:
        for status in (503, 503, 400):
            upstream.statuses = [status]
            forwarder.offer("traces", "protobuf", b"x")
            await settled(forwarder)
        assert "400" in forwarder.report()["last_error"]

    forwarding(tmp_path, talk)
    assert [line.partition(": ")[2].partition(" ")[2] for line in caplog.messages] == [
        "answered 503", "answers again", "answered 503", "answers again",
        "answered 400: what it does not want is not sent again",
    ]  # fmt: skip


def test_what_waits_at_the_end_is_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger=forward.LOGGER.name)

    async def talk(forwarder: Forwarder, upstream: Upstream) -> None:
        forwarder.offer("traces", "protobuf", b"x")

    forwarding(tmp_path, talk)
    assert caplog.messages[-1].endswith(": 1 requests wait on disk for the next start")


def test_what_was_not_sent_before_the_end_is_sent_by_the_next_run(tmp_path: Path) -> None:
    async def stop_at_once(forwarder: Forwarder, upstream: Upstream) -> None:
        for body in (b"a", b"b"):
            forwarder.offer("traces", "protobuf", body)

    async def wait(forwarder: Forwarder, upstream: Upstream) -> None:
        await upstream.has_seen(2)
        await settled(forwarder)

    first = forwarding(tmp_path, stop_at_once)
    again = forwarding(tmp_path, wait)
    assert first == []
    assert sorted(body for *_, body in again) == [b"a", b"b"]


def test_a_dead_endpoint_fills_the_queue_and_no_more(tmp_path: Path) -> None:
    async def talk(forwarder: Forwarder, upstream: Upstream) -> None:
        for _ in range(5):
            forwarder.offer("traces", "protobuf", b"x" * 400)
        await until(lambda: fates(forwarder)["dropped"] == 3)
        assert forwarder.stats()[-1].value == 800

    forwarding(tmp_path, talk, *[503] * 10_000)


def test_what_the_disk_does_not_keep_up_with_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward, "IN_MEMORY_BYTES", 10)

    async def talk(forwarder: Forwarder, upstream: Upstream) -> None:
        forwarder.offer("traces", "protobuf", b"x" * 8)
        forwarder.offer("traces", "protobuf", b"x" * 8)
        await settled(forwarder)
        assert fates(forwarder) == {"sent": 1, "rejected": 0, "dropped": 1, "returned": 0}

    forwarding(tmp_path, talk)


def test_a_file_that_cannot_be_removed_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = Path.unlink

    def read_only(path: Path, missing_ok: bool = False) -> None:
        if path.name.startswith("0000000000000001"):
            raise OSError(30, "Read-only file system")
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", read_only)

    async def talk(forwarder: Forwarder, upstream: Upstream) -> None:
        for body in (b"a", b"b"):
            forwarder.offer("traces", "protobuf", body)
            await settled(forwarder)
        assert fates(forwarder)["sent"] == 2
        assert "Read-only" in forwarder.report()["last_error"]

    forwarding(tmp_path, talk)


def test_what_has_been_here_before_is_not_sent_on_again(tmp_path: Path) -> None:
    async def talk(forwarder: Forwarder, upstream: Upstream) -> None:
        forwarder.offer("traces", "protobuf", b"new", "1.1 proxy")
        await settled(forwarder)
        forwarder.offer("traces", "protobuf", b"again", f"1.0 proxy, {upstream.via[0]}, 1.1 other")
        await settled(forwarder)
        assert fates(forwarder) == {"sent": 1, "rejected": 0, "dropped": 0, "returned": 1}

    assert [body for *_, body in forwarding(tmp_path, talk)] == [b"new"]


def test_a_chain_of_servers_is_named_in_order_and_has_an_end(tmp_path: Path) -> None:
    others = [f"{number:016x}" for number in range(MOST_HOPS)]

    async def talk(forwarder: Forwarder, upstream: Upstream) -> None:
        forwarder.offer("traces", "protobuf", b"last", via(others[1:]))
        forwarder.offer("traces", "protobuf", b"too far", via(others))
        await settled(forwarder)
        assert upstream.via[0].startswith(via(others[1:]) + ", 1.1 tracepond-")

    assert [body for *_, body in forwarding(tmp_path, talk)] == [b"last"]


@pytest.mark.parametrize(("header", "wanted"), [("0", 0.0), ("x", 0.0), ("", 0.0), ("3", 0.01)])
def test_a_pause_that_is_asked_for_is_bounded(header: str, wanted: float) -> None:
    assert seconds(header) == wanted
