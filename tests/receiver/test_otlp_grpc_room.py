"""OTLP/gRPC when there is no room: calls wait for their turn, and those that send nothing keep nobody out."""

import asyncio
from collections.abc import Mapping
from typing import Any

import grpc.aio
import pytest

from contract.access import Identity
from contract.sink import Outcome
from contract.span import Batch, Sent
from receiver import otlp_grpc
from receiver.admission import Admission
from receiver.limits import Limits
from receiver.otlp_grpc import LEAST_AT_A_TIME, MAX_MESSAGES
from receiver.signals import SIGNALS
from tests.support.otlp import trace_request
from tests.support.receivers import Answer, Receivers, ask, send_grpc
from tests.support.sinks import ListSink

BODY = trace_request(1).SerializeToString()
LARGE = trace_request(1, pad="A" * 100_000).SerializeToString()


class Gate(ListSink):
    """Answers when it is opened; `full` when all places are taken."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.full, self.waiting = asyncio.Event(), asyncio.Event(), 0

    async def accept(self, request: Batch | Sent) -> Outcome:
        self.waiting += 1
        if self.waiting == MAX_MESSAGES:
            self.full.set()
        await self.open.wait()
        return await super().accept(request)


async def sent_until_full(receivers: Receivers, sink: Gate, calls: int = MAX_MESSAGES) -> Any:
    """So many calls at a time, which take all places; what they will be answered."""
    sending = asyncio.gather(*(send_grpc(receivers, "traces", BODY) for _ in range(calls)))
    async with asyncio.timeout(10):
        await sink.full.wait()
    return sending


def test_more_calls_than_there_are_places_for_wait_for_their_turn() -> None:
    async def work(receivers: Receivers) -> set[str]:
        sending = await sent_until_full(receivers, sink, MAX_MESSAGES + 40)
        sink.open.set()
        return {answer.code for answer in await sending}

    sink = Gate()
    assert ask(work, sink) == {"OK"}
    assert len(sink.batches) == MAX_MESSAGES + 40


def test_who_has_waited_too_long_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_grpc, "TURN_TIMEOUT_S", 0.2)

    async def work(receivers: Receivers) -> list[Answer]:
        sending = await sent_until_full(receivers, sink)
        late = await send_grpc(receivers, "traces", BODY)
        sink.open.set()
        return [late, *await sending]

    sink = Gate()
    late, *others = ask(work, sink)
    assert late.code == "RESOURCE_EXHAUSTED"
    assert late.retry_after_s
    assert {answer.code for answer in others} == {"OK"}


def test_calls_beyond_all_that_may_wait_are_told_to_come_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_grpc, "MAX_CALLS", MAX_MESSAGES)
    monkeypatch.setattr(otlp_grpc, "TURN_TIMEOUT_S", 1000)

    async def work(receivers: Receivers) -> list[Answer]:
        sending = await sent_until_full(receivers, sink)
        async with asyncio.timeout(10):
            late = await send_grpc(receivers, "traces", BODY)
        sink.open.set()
        return [late, *await sending, await send_grpc(receivers, "traces", BODY)]

    sink = Gate()
    late, *others = ask(work, sink)
    assert (late.code, late.message) == ("RESOURCE_EXHAUSTED", f"{MAX_MESSAGES} calls wait already")
    assert late.retry_after_s
    assert {answer.code for answer in others} == {"OK"}


def test_a_call_waits_for_room_instead_of_being_refused_at_once() -> None:
    asked = asyncio.Event()

    class Full(Admission):
        async def room(self, size_bytes: int = 1) -> None:
            asked.set()
            await super().room(size_bytes)

    async def work(receivers: Receivers) -> str:
        with receivers.admission.hold(2 * receivers.admission.capacity_bytes):
            call = asyncio.ensure_future(send_grpc(receivers, "traces", BODY))
            async with asyncio.timeout(5):
                await asked.wait()
        return (await call).code

    assert ask(work, admission=Full()) == "OK"


def test_half_of_the_room_is_held_for_messages_as_large_as_the_last_ones_and_half_is_left_to_what_has_come() -> None:
    """gRPC holds a message whole before its size is known: read all at once, most would be refused afterwards. Calls
    that send nothing must not keep the others out."""
    admission, begun = Admission(LEAST_AT_A_TIME * len(LARGE)), asyncio.Semaphore(0)

    def authenticate(_: Mapping[str, str]) -> Identity:
        begun.release()  # what follows, up to reading the message, is done without a pause
        return Identity()

    async def work(receivers: Receivers) -> tuple[int, str]:
        await send_grpc(receivers, "traces", LARGE)
        await begun.acquire()
        async with grpc.aio.insecure_channel(receivers.grpc_address) as channel:
            calls = [channel.stream_unary(f"/{SIGNALS['traces'].service}/Export")() for _ in range(MAX_MESSAGES - 1)]
            for _ in calls:
                await begun.acquire()
            held_bytes = admission.in_flight_bytes
            assert (await send_grpc(receivers, "traces", LARGE)).code == "OK"
            for call in calls[1:]:
                call.cancel()
            await calls[0].write(LARGE)
            await calls[0].done_writing()
            return held_bytes, (await calls[0].code()).name

    assert ask(work, admission=admission, authenticate=authenticate) == (LEAST_AT_A_TIME * len(LARGE) // 2, "OK")
    assert admission.in_flight_bytes == 0


def test_one_giant_does_not_let_the_next_calls_wait_for_as_much_room_each() -> None:
    admission = Admission(LEAST_AT_A_TIME * len(BODY))

    async def work(receivers: Receivers) -> set[str]:
        await send_grpc(receivers, "traces", LARGE)
        with receivers.admission.hold(len(BODY)):
            async with asyncio.timeout(5):
                return {(await send_grpc(receivers, "traces", BODY)).code}

    assert ask(work, admission=admission) == {"OK"}


@pytest.mark.parametrize("ends", [True, False])
def test_a_call_without_its_message_is_given_up(ends: bool) -> None:
    async def work(receivers: Receivers) -> str:
        async with grpc.aio.insecure_channel(receivers.grpc_address) as channel:
            call = channel.stream_unary(f"/{SIGNALS['traces'].service}/Export")()
            if ends:
                await call.done_writing()
            return str((await call.code()).name)

    code = ask(work, limits=Limits(read_timeout_s=0.2))
    assert code == ("INVALID_ARGUMENT" if ends else "UNAVAILABLE")


def test_calls_that_stall_give_way_to_those_that_have_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_grpc, "MAX_MESSAGES", 1)
    monkeypatch.setattr("receiver.admission.PATIENCE_S", 0.0)
    begun = asyncio.Event()

    def authenticate(_: Mapping[str, str]) -> Identity:
        begun.set()  # what follows, up to reading the message, is done without a pause
        return Identity()

    async def work(receivers: Receivers) -> tuple[str, Answer]:
        async with grpc.aio.insecure_channel(receivers.grpc_address) as channel:
            stalled = channel.stream_unary(f"/{SIGNALS['traces'].service}/Export")()
            await begun.wait()
            answer = await send_grpc(receivers, "traces", BODY)
            return str((await stalled.code()).name), answer

    code, answer = ask(work, authenticate=authenticate)
    assert (code, answer.code) == ("UNAVAILABLE", "OK")
