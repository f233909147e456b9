"""What the clients of the kill tests take an answer for: else a kill that loses nothing could look like a loss."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from contract.errors import Overloaded, Refused
from tests.support.fleet import Gone, call_spans, over_grpc
from tests.support.receivers import running
from tests.support.sinks import ListSink


def sent(answer: Exception | None, *, ends: bool = False) -> bool:
    """What a client makes of this answer of a server that runs, or `ends`."""

    def send(address: str) -> bool:
        server: Any = SimpleNamespace(grpc=address, process=SimpleNamespace(poll=lambda: 0 if ends else None))
        with over_grpc(server) as send_one:
            return send_one(call_spans("5" * 32).payload)

    async def run() -> bool:
        async with running(ListSink(answer)) as receivers:
            return await asyncio.to_thread(send, "127.0.0.1:1" if ends else receivers.grpc_address)

    return asyncio.run(run())


def test_who_is_told_to_come_again_over_grpc_does_so_on_the_same_connection() -> None:
    assert sent(None)
    assert not sent(Overloaded("full", reason="queue_full"))


def test_a_connection_that_ends_leaves_open_what_became_of_the_request() -> None:
    with pytest.raises(Gone):
        sent(None, ends=True)


def test_a_refusal_for_good_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.fleet.ENDED_WITHIN_S", 0.0)
    with pytest.raises(Exception, match="INVALID_ARGUMENT"):
        sent(Refused("never"))
