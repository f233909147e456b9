"""Calls whose method is no text end nothing but themselves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc.aio
import pytest

from contract.sink import Outcome
from contract.span import Batch, Sent
from receiver.grpc_server import address
from receiver.signals import SIGNALS
from tests.support.http2 import END_HEADERS, HEADERS, call, frame, greeting
from tests.support.otlp import trace_request
from tests.support.receivers import Receivers, running
from tests.support.sinks import ListSink

LIMIT_S = 10
BODY = trace_request(1).SerializeToString()
EXPORT = f"/{SIGNALS['traces'].service}/Export"
NO_TEXT = greeting() + frame(HEADERS, END_HEADERS, 1, call(b"/\xff\xfe"))


def port_of(receivers: Receivers) -> int:
    return int(receivers.grpc_address.rpartition(":")[2])


async def call_no_text(receivers: Receivers) -> None:
    """One call whose method is no UTF-8, on a connection of its own; returns when it is CANCELLED."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(receivers))
    writer.write(NO_TEXT)
    async with asyncio.timeout(LIMIT_S):
        await reader.readuntil(b"CANCELLED")
    writer.close()


@asynccontextmanager
async def connected(receivers: Receivers) -> AsyncIterator[Any]:
    """Exports over one connection; none is sent again, and one that is lost is not made anew."""
    options = [("grpc.enable_retries", 0), ("grpc.initial_reconnect_backoff_ms", 60_000)]
    async with grpc.aio.insecure_channel(receivers.grpc_address, options) as channel:
        yield lambda: channel.unary_unary(EXPORT)(BODY, timeout=LIMIT_S)


def test_calls_whose_method_is_no_text_end_nothing() -> None:
    sink = ListSink()

    async def run() -> None:
        async with running(sink) as receivers, connected(receivers) as export:
            for _ in range(3):
                assert await export() == b""
                await call_no_text(receivers)
            assert await export() == b""

    asyncio.run(run())
    assert len(sink.batches) == 4


def test_fifty_such_calls_at_once_cost_no_neighbour() -> None:
    sink = ListSink()

    async def run() -> list[bytes | None]:
        async with running(sink) as receivers, connected(receivers) as export:
            await export()
            return await asyncio.gather(*(call_no_text(receivers) for _ in range(50)), *(export() for _ in range(20)))

    assert asyncio.run(run()) == [None] * 50 + [b""] * 20
    assert len(sink.batches) == 21


class Held(ListSink):
    """Takes a batch when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived, self.released = asyncio.Event(), asyncio.Event()

    async def accept(self, request: Batch | Sent) -> Outcome:
        self.arrived.set()
        await self.released.wait()
        return await super().accept(request)


def answered(*, stops: bool) -> bytes:
    """The answer of a call in flight when such a call has come, and the server is told to stop."""

    async def run() -> bytes:
        sink = Held()
        async with running(sink) as receivers, connected(receivers) as export:
            waiting = export()
            await sink.arrived.wait()
            await call_no_text(receivers)
            stopping = asyncio.ensure_future(receivers.grpc_receiver.stop(LIMIT_S)) if stops else None
            await asyncio.sleep(0)
            sink.released.set()
            answer: bytes = await waiting
            if stopping is not None:
                await stopping
            return answer

    return asyncio.run(run())


def test_a_call_in_flight_is_answered_after_such_a_call() -> None:
    assert answered(stops=False) == b""


def test_a_call_in_flight_is_answered_by_a_server_that_stops_after_such_a_call() -> None:
    assert answered(stops=True) == b""


@pytest.mark.parametrize("turns", range(0, 30, 3))
def test_stopping_while_such_calls_come_leaves_nothing(turns: int) -> None:
    """`turns` of the loop after they were sent."""

    async def run() -> list[str]:
        async with running(ListSink()) as receivers:
            async with AsyncExitStack() as connections:
                for _ in range(3):
                    _, writer = await asyncio.open_connection("127.0.0.1", port_of(receivers))
                    connections.callback(writer.close)
                    writer.write(NO_TEXT)
                for _ in range(turns):
                    await asyncio.sleep(0)
                async with asyncio.timeout(LIMIT_S):
                    await receivers.grpc_receiver.stop(0)
            return [repr(task) for task in asyncio.all_tasks() if "Server" in repr(task)]

    assert asyncio.run(run()) == []


@pytest.mark.parametrize(
    ("host", "written"),
    [("127.0.0.1", "127.0.0.1:5"), ("::1", "[::1]:5"), ("[::]", "[::]:5"), ("unix:/run/x", "unix:/run/x")],
)
def test_an_address_is_written_as_grpc_reads_it(host: str, written: Any) -> None:
    assert address(host, 5) == written
