"""`grpc.health.v1` as clients and load balancers use it."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any

import grpc
import grpc.aio
import pytest

from receiver import grpc_health
from receiver.grpc_health import MAX_UNREAD, MAX_WATCHES, NOT_SERVING, SERVICE, SERVICE_UNKNOWN, SERVING
from receiver.signals import SIGNALS
from tests.support.otlp import trace_request
from tests.support.receivers import Receivers, running, send_grpc
from tests.support.sinks import ListSink

TRACES = SIGNALS["traces"].service.encode()
NAMED = b"\x0a" + bytes([len(TRACES)]) + TRACES
UNKNOWN = b"\x0a\x05other"

LIMIT_S = 10


def with_channel(work: Callable[[Receivers, Any], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with (
            running(ListSink()) as receivers,
            grpc.aio.insecure_channel(receivers.grpc_address) as channel,
            asyncio.timeout(LIMIT_S),
        ):
            return await work(receivers, channel)

    return asyncio.run(run())


async def check(channel: Any, request: bytes = b"") -> bytes:
    status: bytes = await channel.unary_unary(f"/{SERVICE}/Check")(request)
    return status


def watch(channel: Any, request: bytes = b"") -> Any:
    return channel.unary_stream(f"/{SERVICE}/Watch")(request)


@pytest.mark.parametrize("request_bytes", [b"", b"\x0a\x00", NAMED])
def test_the_server_and_each_service_are_serving_until_they_drain(request_bytes: bytes) -> None:
    async def work(receivers: Receivers, channel: Any) -> list[bytes]:
        before = await check(channel, request_bytes)
        receivers.admission.draining = True
        return [before, await check(channel, request_bytes)]

    assert with_channel(work) == [SERVING, NOT_SERVING]


def test_a_service_that_is_not_served_is_not_found_and_watched_as_unknown() -> None:
    async def work(receivers: Receivers, channel: Any) -> tuple[str, bytes]:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await check(channel, UNKNOWN)
        return error.value.code().name, await watch(channel, UNKNOWN).read()

    assert with_channel(work) == ("NOT_FOUND", SERVICE_UNKNOWN)


def test_who_watches_is_told_each_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grpc_health, "LOOK_EVERY_S", 0.01)

    async def work(receivers: Receivers, channel: Any) -> list[bytes]:
        call = watch(channel, NAMED)
        told = [await call.read()]
        for draining in (True, False):
            receivers.admission.draining = draining
            told.append(await call.read())
        return told

    assert with_channel(work) == [SERVING, NOT_SERVING, SERVING]


def test_a_watch_does_not_keep_the_server_from_stopping() -> None:
    async def run() -> list[Any]:
        parts = running(ListSink())
        receivers = await parts.__aenter__()
        async with grpc.aio.insecure_channel(receivers.grpc_address) as channel:
            call = watch(channel)
            told = [await call.read()]
            async with asyncio.timeout(LIMIT_S):
                await receivers.grpc_receiver.stop(100 * LIMIT_S)
                told += [await call.read(), await call.read()]
        await parts.__aexit__(None, None, None)
        return told

    assert asyncio.run(run()) == [SERVING, NOT_SERVING, grpc.aio.EOF]


def test_watches_are_bounded_so_that_exporters_get_their_turn() -> None:
    async def work(receivers: Receivers, channel: Any) -> tuple[str, str]:
        calls = [watch(channel) for _ in range(MAX_WATCHES)]
        for call in calls:
            await call.read()
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await watch(channel).read()
        answer = await send_grpc(receivers, "traces", trace_request(1).SerializeToString())
        return error.value.code().name, answer.code

    assert with_channel(work) == ("RESOURCE_EXHAUSTED", "OK")


def test_a_watch_that_the_client_ends_makes_room_for_another() -> None:
    async def work(receivers: Receivers, channel: Any) -> bytes:
        for _ in range(MAX_WATCHES):
            call = watch(channel)
            await call.read()
            call.cancel()
        for _ in range(500):
            try:
                told: bytes = await watch(channel).read()
                return told
            except grpc.aio.AioRpcError:  # the server has not seen all of them go yet
                await check(channel)
        raise AssertionError("no room")

    assert with_channel(work) == SERVING


async def stalled(channel: Any, method: str) -> str:
    """A call that never sends its request; returns the code that ends it."""
    kind = channel.stream_unary if method == "Check" else channel.stream_stream
    return (await kind(f"/{SERVICE}/{method}")().code()).name


@pytest.mark.parametrize("method", ["Check", "Watch"])
def test_a_call_without_its_request_is_given_up(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grpc_health, "REQUEST_TIMEOUT_S", 0.01)

    assert with_channel(lambda _, channel: stalled(channel, method)) == "DEADLINE_EXCEEDED"


def test_a_call_that_ends_without_a_request_is_refused() -> None:
    async def work(_: Receivers, channel: Any) -> str:
        call = channel.stream_unary(f"/{SERVICE}/Check")()
        await call.done_writing()
        return (await call.code()).name

    assert with_channel(work) == "INVALID_ARGUMENT"


def test_calls_that_send_nothing_give_way_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grpc_health, "REQUEST_TIMEOUT_S", 100 * LIMIT_S)

    async def work(_: Receivers, channel: Any) -> tuple[list[str], bytes]:
        calls = [asyncio.ensure_future(stalled(channel, "Check")) for _ in range(MAX_UNREAD + 10)]
        codes = [await code for code in islice(asyncio.as_completed(calls), 10)]
        status = await check(channel)
        for call in calls:
            call.cancel()
        return codes, status

    assert with_channel(work) == (["DEADLINE_EXCEEDED"] * 10, SERVING)
