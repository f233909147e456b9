"""One suite over every way of sending: the same request has the same outcome, and every item is accounted for."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from multidict import CIMultiDict
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from contract.errors import Overloaded, Refused, Unavailable
from contract.sink import Outcome, Sink
from contract.span import Batch, Sent
from receiver import otlp_grpc
from receiver.admission import Admission
from receiver.large_bodies import AT_A_TIME, LARGE_BYTES
from receiver.otlp_decode import decode_traces
from tests.support.otlp import START_NS, log_request, trace_request
from tests.support.receivers import TRANSPORTS, Answer, Receivers, ask, running, send, send_grpc, totals
from tests.support.sinks import ListSink


def exchange(transport: str, sink: ListSink, request: Any, signal: str = "traces") -> tuple[Answer, Receivers]:
    """One request to fresh receivers."""

    async def run() -> tuple[Answer, Receivers]:
        async with running(sink) as receivers:
            return await send(receivers, transport, signal, request), receivers

    return asyncio.run(run())


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_everything_acknowledged_is_in_the_sink(transport: str) -> None:
    sink, request = ListSink(), trace_request(3, model="gpt-4o", tokens=7)
    answer, receivers = exchange(transport, sink, request)
    assert answer.code == "OK"
    assert not answer.response.HasField("partial_success")
    (batch,) = sink.batches
    assert batch.spans == decode_traces(request.SerializeToString(), "protobuf")[0]
    assert (batch.project, batch.transport) == ("default", "grpc" if transport.startswith("grpc") else "http")
    assert totals(receivers.counters.stats(), "spans") == {
        "received": 3, "accepted": 3, "refused": 0, "unavailable": 0,
    }  # fmt: skip
    assert receivers.admission.in_flight_bytes == 0


def test_log_records_arrive(transport: str) -> None:
    sink = ListSink()
    answer, receivers = exchange(transport, sink, log_request(2), "logs")
    assert answer.code == "OK"
    assert [record.body for record in sink.batches[0].logs] == ["record 0", "record 1"]
    assert totals(receivers.counters.stats(), "log_records")["accepted"] == 2


def test_metric_points_arrive(transport: str) -> None:
    request = ExportMetricsServiceRequest()
    metrics = request.resource_metrics.add().scope_metrics.add().metrics
    for number in range(2):
        metrics.add(name="tokens").sum.data_points.add(time_unix_nano=START_NS, as_int=number)
    sink = ListSink()
    answer, receivers = exchange(transport, sink, request, "metrics")
    assert answer.code == "OK"
    assert [(point.name, point.value) for point in sink.batches[0].metric_points] == [("tokens", 0), ("tokens", 1)]
    assert totals(receivers.counters.stats(), "metric_points")["accepted"] == 2


def test_bad_spans_are_reported_and_their_neighbours_kept(transport: str) -> None:
    request = trace_request(4)
    spans = request.resource_spans[0].scope_spans[0].spans
    spans[0].trace_id = b"short"
    spans[2].span_id = bytes(8)
    sink = ListSink(lambda batch: Outcome(1, ["end time beyond what can be stored"]))
    answer, receivers = exchange(transport, sink, request)
    partial = answer.response.partial_success
    assert partial.rejected_spans == 3
    assert "trace" in partial.error_message
    assert "span id is all zeroes" in partial.error_message
    assert "end time beyond what can be stored" in partial.error_message
    assert len(sink.batches[0].spans) == 2
    assert totals(receivers.counters.stats(), "spans") == {
        "received": 4, "accepted": 1, "refused": 3, "unavailable": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "code", "retry_after_s", "fate"),
    [
        (Overloaded("queue is full", reason="queue", retry_after_s=2), "RESOURCE_EXHAUSTED", 2, "unavailable"),
        (Unavailable("disk is full", reason="disk_full", retry_after_s=5), "UNAVAILABLE", 5, "unavailable"),
        (Refused("never"), "INVALID_ARGUMENT", None, "refused"),
        (ValueError("secret detail"), "INTERNAL", None, "refused"),
    ],
)
def test_each_failure_of_the_sink_has_its_status(
    transport: str, error: Exception, code: str, retry_after_s: float | None, fate: str
) -> None:
    answer, receivers = exchange(transport, ListSink(error), trace_request(2))
    assert (answer.code, answer.retry_after_s) == (code, retry_after_s)
    assert "secret" not in answer.message
    counted = totals(receivers.counters.stats(), "spans")
    assert (counted["received"], counted[fate], counted["accepted"]) == (2, 2, 0)
    assert receivers.admission.in_flight_bytes == 0


def test_an_empty_request_succeeds_and_stores_nothing(transport: str) -> None:
    sink = ListSink()
    answer, _ = exchange(transport, sink, trace_request(0))
    assert answer.code == "OK"
    assert sink.batches == []


@pytest.mark.parametrize(
    ("prepare", "code", "retryable"),
    [
        (lambda admission: setattr(admission, "draining", True), "UNAVAILABLE", True),
        (lambda admission: admission.take(100), "RESOURCE_EXHAUSTED", True),
    ],
)
def test_a_full_or_closing_receiver_sends_requests_back(
    transport: str,
    prepare: Callable[[Admission], None],
    code: str,
    retryable: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(otlp_grpc, "TURN_TIMEOUT_S", 0.05)

    async def run() -> tuple[Answer, Receivers]:
        async with running(ListSink(), admission=Admission(100)) as receivers:
            prepare(receivers.admission)
            return await send(receivers, transport, "traces", trace_request(1)), receivers

    answer, receivers = asyncio.run(run())
    assert answer.code == code
    assert (answer.retry_after_s is not None) is retryable
    assert [sample.value for sample in receivers.counters.stats() if "undecoded" in sample.name] == [1]


def test_random_outcomes_leave_no_item_unaccounted_for() -> None:
    """Received = accepted + refused + unavailable, and what is accepted is what clients were told."""
    outcomes = [Outcome(), Outcome(1, ["odd"]), Refused("no"), Overloaded("later", reason="queue"), KeyError("bug")]

    async def run() -> tuple[int, Receivers]:
        sink, stored = ListSink(), 0
        async with running(sink) as receivers:
            for turn in range(30):
                sink.answer = outcomes[turn * 7 % 5]
                answer = await send(receivers, TRANSPORTS[turn % 6], "traces", trace_request(turn % 4))
                stored += turn % 4 - answer.response.partial_success.rejected_spans if answer.code == "OK" else 0
            return stored, receivers

    stored, receivers = asyncio.run(run())
    counted = totals(receivers.counters.stats(), "spans")
    assert counted["received"] == counted["accepted"] + counted["refused"] + counted["unavailable"] == 43
    assert counted["accepted"] == stored


def test_who_wants_to_know_is_told_which_servers_a_request_has_passed() -> None:
    told: list[tuple[str, str, bytes, str]] = []
    body = trace_request().SerializeToString()

    async def run() -> None:
        async with running(ListSink(), taken=lambda *request: told.append(request)) as receivers:
            headers = CIMultiDict(
                [("Content-Type", "application/x-protobuf"), ("Via", "1.1 a, 1.1 b"), ("Via", "1.1 c")]
            )
            async with receivers.session.post(
                f"{receivers.http_url}/v1/traces", data=body, headers=headers
            ) as response:
                assert response.status == 200
            await send_grpc(receivers, "traces", body, metadata=(("via", "1.1 d"), ("via", "1.1 e")))

    asyncio.run(run())
    assert [via for *_, via in told] == ["1.1 a, 1.1 b, 1.1 c", "1.1 d, 1.1 e"]


def test_no_more_large_bodies_than_a_few_are_objects_at_a_time_over_all_transports_and_small_ones_pass_them() -> None:
    inside, most, small_passed, full = 0, 0, asyncio.Event(), asyncio.Event()

    class Counting(Sink):
        async def accept(self, request: Batch | Sent) -> Outcome:
            nonlocal inside, most
            assert isinstance(request, Batch)
            if request.size_bytes < LARGE_BYTES:
                small_passed.set()
                return Outcome()
            inside += 1
            most = max(most, inside)
            if inside == AT_A_TIME:
                full.set()
            await asyncio.gather(small_passed.wait(), full.wait())
            inside -= 1
            return Outcome()

    async def work(receivers: Receivers) -> list[Answer]:
        large = trace_request(1, pad="x" * LARGE_BYTES)
        sent = [(transport, large) for transport in TRANSPORTS] + [("protobuf", trace_request(1))]
        async with asyncio.timeout(20):
            return await asyncio.gather(*(send(receivers, name, "traces", request) for name, request in sent))

    answers = ask(work, Counting())  # type: ignore[arg-type]
    assert {answer.code for answer in answers} == {"OK"}
    assert (most, inside) == (AT_A_TIME, 0)
