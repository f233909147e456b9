"""A server that a call has ended is there again, and what was in flight is answered."""

import asyncio
from typing import Any

import grpc.aio
import pytest

from contract.sink import Outcome
from contract.span import Batch
from receiver.grpc_server import address, end
from receiver.signals import SIGNALS
from tests.support.http2 import END_HEADERS, HEADERS, call, frame, greeting
from tests.support.otlp import trace_request
from tests.support.receivers import Receivers, running
from tests.support.sinks import ListSink

LIMIT_S = 10
BODY = trace_request(1).SerializeToString()
EXPORT = f"/{SIGNALS['traces'].service}/Export"
NO_TEXT = greeting() + frame(HEADERS, END_HEADERS, 1, call(b"/\xff\xfe"))


async def end_server(receivers: Receivers) -> None:
    """One call whose method is no UTF-8; returns when the server that it ended says so."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(receivers.grpc_address.rpartition(":")[2]))
    writer.write(NO_TEXT)
    async with asyncio.timeout(LIMIT_S):
        await reader.readuntil(b"Server shutdown")
    writer.close()


async def export(receivers: Receivers) -> bytes:
    """A client that waits until it is connected."""
    async with grpc.aio.insecure_channel(
        receivers.grpc_address, [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.use_local_subchannel_pool", 1)]
    ) as channel:
        answer: bytes = await channel.unary_unary(EXPORT)(BODY, timeout=20, wait_for_ready=True)
        return answer


def test_calls_whose_method_is_no_text_end_nothing() -> None:
    sink = ListSink()

    async def run() -> None:
        async with running(sink) as receivers:
            for _ in range(3):
                await end_server(receivers)
                assert await export(receivers) == b""

    asyncio.run(run())
    assert len(sink.batches) == 3


class Held(ListSink):
    """Takes a batch when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived, self.released = asyncio.Event(), asyncio.Event()

    async def accept(self, batch: Batch) -> Outcome:
        self.arrived.set()
        await self.released.wait()
        return await super().accept(batch)


def test_a_call_in_flight_is_answered_by_the_server_that_has_ended() -> None:
    async def run() -> bytes:
        sink = Held()
        async with running(sink) as receivers, asyncio.TaskGroup() as calls:
            waiting = calls.create_task(export(receivers))
            await sink.arrived.wait()
            await end_server(receivers)
            sink.released.set()
            return await waiting

    assert asyncio.run(run()) == b""


def test_stopping_while_a_server_stands_up_ends_it() -> None:
    async def run() -> list[str]:
        async with running(ListSink()) as receivers:
            await end_server(receivers)
            await receivers.grpc_receiver.stop(0)
            return [repr(task) for task in asyncio.all_tasks() if "stand_up" in repr(task)]

    assert asyncio.run(run()) == []


async def answer_nothing(_: bytes, __: Any) -> bytes:
    return b""


async def started() -> tuple[grpc.aio.Server, int]:
    server = grpc.aio.server()
    handlers = {"Export": grpc.unary_unary_rpc_method_handler(answer_nothing)}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SIGNALS["traces"].service, handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, port


def test_several_may_end_a_server_at_once() -> None:
    """`grpc.aio.Server.stop` may not be awaited so: within a hundred rounds the process dies."""

    async def run() -> None:
        for _ in range(100):
            server, port = await started()
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                await channel.unary_unary(EXPORT)(b"", wait_for_ready=True)
            await asyncio.gather(end(server, 0), end(server, LIMIT_S), end(server, 0))

    asyncio.run(run())


def test_a_server_may_be_ended_while_a_call_ends_it() -> None:
    async def run() -> None:
        before = asyncio.all_tasks()
        server, port = await started()
        come: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        for task in asyncio.all_tasks() - before:  # the first that is done has taken the call
            task.add_done_callback(lambda _: come.done() or come.set_result(asyncio.ensure_future(end(server, 0))))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(NO_TEXT)
        async with asyncio.timeout(LIMIT_S):
            await (await come)
            assert b"Server shutdown" in await reader.read()
        writer.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("host", "written"),
    [("127.0.0.1", "127.0.0.1:5"), ("::1", "[::1]:5"), ("[::]", "[::]:5"), ("unix:/run/x", "unix:/run/x")],
)
def test_an_address_is_written_as_grpc_reads_it(host: str, written: Any) -> None:
    assert address(host, 5) == written
