"""The part of a request that no transport knows: counting, threads, faults of our own."""

import asyncio
import json
import logging
import threading
from typing import Any

import pytest

from contract.access import Identity
from contract.errors import Forbidden, Refused
from contract.sink import Outcome, Sink
from contract.span import Batch, Sent
from receiver import intake as intake_module
from receiver.clients import Arrival
from receiver.compiled import CHECKS, UNSURE
from receiver.counters import Counters
from receiver.intake import Intake, require_ingest
from receiver.large_bodies import LARGE_BYTES
from receiver.limits import DEFAULT_LIMITS
from receiver.otlp_decode import Content
from receiver.rejections import Rejections
from receiver.signals import SIGNALS
from tests.support.otlp import log_request, trace_request
from tests.support.otlp_json import to_json
from tests.support.receivers import totals
from tests.support.sinks import ListSink, SentSink

BODY = trace_request(2).SerializeToString()


def rejected_in_part() -> Any:
    request = trace_request(2)
    request.resource_spans[0].scope_spans[0].spans[0].trace_id = b""
    return request


def test_a_batch_says_whose_it_is_when_it_came_and_how_big_it_was() -> None:
    sink = ListSink()
    intake = Intake(sink, Counters(), "http", DEFAULT_LIMITS, clock_ns=lambda: 77)
    asyncio.run(intake.export(SIGNALS["traces"], BODY, "protobuf", Identity("shop"), Arrival()))
    (batch,) = sink.batches
    assert (batch.project, batch.received_ns, batch.transport, batch.size_bytes) == ("shop", 77, "http", len(BODY))


@pytest.mark.parametrize(
    ("signal", "content", "request_of", "kept"),
    [
        ("traces", "protobuf", trace_request(2), True),
        ("logs", "protobuf", log_request(2), True),
        ("traces", "json", trace_request(2), False),
        ("traces", "protobuf", rejected_in_part(), False),
        ("traces", "protobuf", trace_request(1, long="x" * (2 << 20)), False),
    ],
)
def test_a_request_goes_on_as_it_was_sent_where_all_of_it_can_be_decoded_and_stored(
    signal: str, content: Content, request_of: Any, kept: bool
) -> None:
    body = json.dumps(to_json(request_of)).encode() if content == "json" else request_of.SerializeToString()
    for holds in (True, False):
        sink, counters, arrival = SentSink(holds=holds), Counters(), Arrival()
        intake = Intake(sink, counters, "grpc", DEFAULT_LIMITS, clock_ns=lambda: 77)
        asyncio.run(intake.export(SIGNALS[signal], body, content, Identity("shop"), arrival))
        [request] = sink.requests
        if kept and holds and CHECKS is not UNSURE:
            [extent] = sink.extents
            assert request == Sent(signal, "shop", 77, "grpc", body, extent)
        else:
            assert isinstance(request, Batch)
        items = "log_records" if signal == "logs" else "spans"
        accepted = 1 if request_of == rejected_in_part() or "x" * 99 in str(request_of) else 2
        assert totals(counters.stats(), items)["accepted"] == accepted
        assert arrival.service_name == ("shop" if signal == "traces" else None)


def test_who_wants_to_know_is_told_of_what_was_committed_and_of_nothing_else() -> None:
    told: list[tuple[str, str, bytes, str]] = []
    intake = Intake(ListSink(), Counters(), "http", DEFAULT_LIMITS, taken=lambda *request: told.append(request))
    asyncio.run(intake.export(SIGNALS["traces"], BODY, "protobuf", Identity(), Arrival(via="1.1 proxy")))
    asyncio.run(intake.export(SIGNALS["traces"], b"", "protobuf", Identity(), Arrival()))
    with pytest.raises(Refused):
        asyncio.run(intake.export(SIGNALS["traces"], b"\xff", "protobuf", Identity(), Arrival()))
    assert told == [("traces", "protobuf", BODY, "1.1 proxy")]


def test_a_malformed_request_is_counted_apart_from_items() -> None:
    counters = Counters()
    intake = Intake(ListSink(), counters, "http", DEFAULT_LIMITS)
    with pytest.raises(Refused):
        asyncio.run(intake.export(SIGNALS["traces"], b"\xff", "protobuf", Identity(), Arrival()))
    assert sum(totals(counters.stats(), "spans").values()) == 0
    assert [sample.labels["reason"] for sample in counters.stats() if "undecoded" in sample.name] == ["malformed"]


def test_a_client_that_goes_away_leaves_its_spans_counted_as_unavailable() -> None:
    counters, reached = Counters(), asyncio.Event()

    class Never(Sink):
        async def accept(self, request: Batch | Sent) -> Outcome:
            reached.set()
            await asyncio.Event().wait()
            return Outcome()

    async def run() -> None:
        intake = Intake(Never(), counters, "grpc", DEFAULT_LIMITS)
        task = asyncio.ensure_future(intake.export(SIGNALS["traces"], BODY, "protobuf", Identity(), Arrival()))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert totals(counters.stats(), "spans")["unavailable"] == totals(counters.stats(), "spans")["received"] == 2


@pytest.mark.parametrize("failing", [False, True])
def test_who_goes_away_while_a_thread_decodes_keeps_the_turn_until_that_has_ended(failing: bool) -> None:
    """Otherwise each client that gives up lets one more large body be decoded beside the others."""
    inside, most, begun, go_on = 0, 0, threading.Event(), threading.Event()

    def decode(body: bytes, *_: object) -> tuple[list[Any], Rejections]:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        begun.set()
        go_on.wait(10)
        inside -= 1
        if failing:
            raise Refused("malformed")
        return [], Rejections()

    async def run() -> None:
        signal = SIGNALS["traces"]._replace(decode=decode)
        intake = Intake(ListSink(), Counters(), "grpc", DEFAULT_LIMITS)
        calls = [
            asyncio.ensure_future(intake.export(signal, bytes(LARGE_BYTES + 1), "protobuf", Identity(), Arrival()))
            for _ in range(3)
        ]
        await asyncio.to_thread(begun.wait, 10)
        calls[0].cancel()
        done, _ = await asyncio.wait(calls, timeout=0.05)
        assert not done, "the thread goes on"
        go_on.set()
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(each) for each in ended] == [asyncio.CancelledError, *[Refused if failing else Rejections] * 2]

    asyncio.run(run())
    assert (most, inside) == (1, 0)


def test_big_bodies_leave_the_event_loop_free(monkeypatch: pytest.MonkeyPatch) -> None:
    threaded: list[Any] = []

    async def in_thread(work: Any) -> Any:
        threaded.append(work)
        return work()

    monkeypatch.setattr(intake_module, "to_its_end", in_thread)
    big = trace_request(1, pad="x" * LARGE_BYTES).SerializeToString()
    for body in (BODY, big):
        asyncio.run(
            Intake(ListSink(), Counters(), "http", DEFAULT_LIMITS).export(
                SIGNALS["traces"], body, "protobuf", Identity(), Arrival()
            )
        )
    looked_at_and_decoded = 2
    assert len(threaded) == looked_at_and_decoded


def test_a_fault_is_logged_once_for_each_kind_without_its_message(caplog: pytest.LogCaptureFixture) -> None:
    intake = Intake(ListSink(), Counters(), "http", DEFAULT_LIMITS)
    with caplog.at_level(logging.ERROR):
        for error in (KeyError("content"), KeyError("content"), ValueError("content"), Refused("content")):
            intake.failure(error)
    assert [record.getMessage().split()[0] for record in caplog.records] == ["KeyError", "ValueError"]
    assert "content" not in caplog.text


def test_a_key_that_may_only_read_may_not_send() -> None:
    require_ingest(Identity())
    with pytest.raises(Forbidden):
        require_ingest(Identity("shop", frozenset({"read"})))
