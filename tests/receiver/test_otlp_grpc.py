"""OTLP/gRPC at its edges."""

import asyncio
import gc
import threading
from collections.abc import Mapping
from typing import Any

import grpc
import grpc.aio
import pytest

from contract.access import Identity
from contract.errors import Overloaded, Unauthorized
from contract.sink import Outcome
from contract.span import Batch, Sent, Span
from receiver import otlp_grpc
from receiver.admission import Admission
from receiver.counters import Counters
from receiver.limits import Limits
from receiver.otlp_grpc import MAX_CONNECTIONS, GrpcReceiver, most_connections
from receiver.signals import SIGNALS
from tests.support.http2 import greeting
from tests.support.otlp import log_request, trace_request
from tests.support.receivers import Answer, Receivers, ask, send_grpc
from tests.support.sinks import ListSink

BODY = trace_request(1).SerializeToString()


def test_malformed_bytes_are_an_invalid_argument_with_the_reason() -> None:
    answer: Answer = ask(lambda receivers: send_grpc(receivers, "traces", b"\xff\xff not protobuf"))
    assert answer.code == "INVALID_ARGUMENT"
    assert "ExportTraceServiceRequest" in answer.message
    assert answer.retry_after_s is None


def test_log_records_sent_to_the_trace_service_are_refused_with_a_hint() -> None:
    answer: Answer = ask(lambda receivers: send_grpc(receivers, "traces", log_request(2).SerializeToString()))
    assert answer.code == "INVALID_ARGUMENT"
    assert "/v1/logs" in answer.message


@pytest.mark.parametrize("compressed", [False, True])
def test_a_message_over_the_limit_is_refused_without_a_retry_hint(compressed: bool) -> None:
    body = trace_request(1, pad="A" * 50_000).SerializeToString()
    answer: Answer = ask(
        lambda receivers: send_grpc(receivers, "traces", body, compressed=compressed),
        limits=Limits(max_unpacked_bytes=20_000),
    )
    assert (answer.code, answer.retry_after_s) == ("RESOURCE_EXHAUSTED", None)


def _authenticate(headers: Mapping[str, str]) -> Identity:
    if "authorization" not in headers:
        raise Unauthorized("credentials are missing")
    return Identity("shop", frozenset(headers["authorization"].split()))


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ((), "UNAUTHENTICATED"),
        ((("authorization", "read"),), "PERMISSION_DENIED"),
        ((("authorization", "ingest"),), "OK"),
        ((("authorization", "ingest"), ("authorization", "ingest")), "UNAUTHENTICATED"),
    ],
)
def test_credentials_are_asked_for_before_anything_is_decoded(metadata: Any, code: str) -> None:
    sink = ListSink()

    async def work(receivers: Receivers) -> list[str]:
        answers = [await send_grpc(receivers, "traces", body, metadata=metadata) for body in (BODY, b"\xff")]
        return [answer.code for answer in answers]

    assert ask(work, sink, authenticate=_authenticate) == [code, "INVALID_ARGUMENT" if code == "OK" else code]
    assert [batch.project for batch in sink.batches] == (["shop"] if code == "OK" else [])


@pytest.mark.parametrize(
    ("service", "word"),
    [
        ("opentelemetry.proto.collector.profiles.v1development.ProfilesService", "profiles"),
        ("opentelemetry.proto.collector.trace.v2.TraceService", "Method not found"),
    ],
)
def test_a_service_that_is_not_offered_is_unimplemented(service: str, word: str) -> None:
    async def work(receivers: Receivers) -> tuple[str, str]:
        async with grpc.aio.insecure_channel(receivers.grpc_address) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await channel.unary_unary(f"/{service}/Export")(b"")
        return str(error.value.code().name), str(error.value.details())

    code, details = ask(work)
    assert code == "UNIMPLEMENTED"
    assert word in details


def test_a_port_in_use_is_an_error_that_names_it() -> None:
    async def work(receivers: Receivers) -> None:
        second = GrpcReceiver(ListSink(), Admission(), Counters(), Limits(), lambda headers: Identity(), list)
        host, port = receivers.grpc_address.split(":")
        with pytest.raises(OSError, match=port):
            await second.start(host, int(port))
        await second.stop(0)

    ask(work)


@pytest.mark.parametrize("sent", [b"", b"PRI * HTTP/2", b"POST /v1/traces HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_a_connection_that_never_speaks_http_2_is_given_up(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    option = "grpc.server_handshake_timeout_ms"
    monkeypatch.setitem(otlp_grpc._OPTIONS, option, otlp_grpc._OPTIONS[option] // 300)

    async def work(receivers: Receivers) -> bytes:
        reader, writer = await asyncio.open_connection(*receivers.grpc_address.split(":"))
        writer.write(sent)
        async with asyncio.timeout(10):
            await reader.read()
        writer.close()
        return (await send_grpc(receivers, "traces", BODY)).code.encode()

    assert ask(work) == b"OK"


def test_a_connection_without_calls_is_ended_and_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    option = "grpc.max_connection_idle_ms"
    monkeypatch.setitem(otlp_grpc._OPTIONS, option, otlp_grpc._OPTIONS[option] // 3000)

    async def work(receivers: Receivers) -> list[str]:
        async with grpc.aio.insecure_channel(receivers.grpc_address) as channel:
            export = channel.unary_unary(f"/{SIGNALS['traces'].service}/Export")
            await export(BODY)
            seen = [channel.get_state().name]
            async with asyncio.timeout(10):
                await channel.wait_for_state_change(grpc.ChannelConnectivity.READY)
            seen.append(channel.get_state().name)
            await export(BODY)
            return seen

    assert ask(work) == ["READY", "IDLE"]


def test_long_metadata_is_taken() -> None:
    """Tokens and baggage; with gRPC's defaults calls beyond 8 KiB fail at random."""

    async def work(receivers: Receivers) -> set[str]:
        metadata = (("authorization", "Bearer " + "t" * 30_000), ("baggage", "b" * 20_000))
        return {(await send_grpc(receivers, "traces", BODY, metadata=metadata)).code for _ in range(20)}

    assert ask(work) == {"OK"}


class Stuck(ListSink):
    """Never answers."""

    async def accept(self, request: Batch | Sent) -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError


def test_calls_that_clients_gave_up_leave_nothing_behind() -> None:
    async def give_up(channel: Any) -> None:
        with pytest.raises(grpc.aio.AioRpcError):
            await channel.unary_unary(f"/{SIGNALS['traces'].service}/Export")(BODY, timeout=0.05)

    async def work(receivers: Receivers) -> tuple[int, int]:
        threads = threading.active_count()
        async with grpc.aio.insecure_channel(receivers.grpc_address) as channel:
            for _ in range(10):
                await asyncio.gather(*(give_up(channel) for _ in range(50)))
            for _ in range(1000):  # the server may not have seen all of them go yet
                if not receivers.admission.in_flight_bytes:
                    break
                await channel.unary_unary("/grpc.health.v1.Health/Check")(b"")
        return receivers.admission.in_flight_bytes, threading.active_count() - threads

    in_flight_bytes, more_threads = ask(work, Stuck())
    assert in_flight_bytes == 0
    assert more_threads <= 1


def test_a_call_without_keys_is_answered_before_its_message_is_read() -> None:
    async def work(receivers: Receivers) -> str:
        async with grpc.aio.insecure_channel(receivers.grpc_address) as channel:
            call = channel.stream_unary(f"/{SIGNALS['traces'].service}/Export")()
            return str((await call.code()).name)

    assert ask(work, authenticate=_authenticate) == "UNAUTHENTICATED"


PINGS_S = 4
"""gRPC's client sends a ping a second at most; a server with default settings hangs up at the third."""


def test_clients_may_ping_each_second() -> None:
    async def work(receivers: Receivers) -> None:
        pinging = [
            ("grpc.keepalive_time_ms", 1000),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0),
        ]
        async with grpc.aio.insecure_channel(receivers.grpc_address, options=pinging) as channel:
            watch = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"")
            await watch.read()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(PINGS_S):
                    await watch.read()

    ask(work)


def test_a_big_message_goes_through_a_thread_and_arrives_the_same() -> None:
    sink = ListSink()
    body = trace_request(1, pad="A" * 300_000).SerializeToString()
    assert ask(lambda receivers: send_grpc(receivers, "traces", body), sink).code == "OK"
    assert len(sink.batches[0].spans[0].attributes["pad"]) == 300_000


def test_a_refused_call_keeps_nothing_of_its_request_until_the_collector_looks() -> None:
    """gRPC keeps the error of an aborted call in a cycle: 9,000 decoded spans hung there after 18 refusals."""

    class Full(ListSink):
        async def accept(self, request: Batch | Sent) -> Outcome:
            raise Overloaded("the write queue is full", reason="queue_full")

    def alive() -> int:
        return sum(isinstance(found, (Batch, Span)) for found in gc.get_objects())

    async def left(receivers: Receivers) -> int:
        before = alive()
        answer = await send_grpc(receivers, "traces", BODY)
        assert answer.code == "RESOURCE_EXHAUSTED"
        return alive() - before

    gc.collect()
    gc.disable()
    try:
        assert ask(left, Full()) == 0
    finally:
        gc.enable()


def test_connections_are_bounded_and_the_place_of_one_that_left_is_free_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_grpc, "MAX_CONNECTIONS", 2)

    async def work(receivers: Receivers) -> str:
        address = receivers.grpc_address.split(":")
        pairs = [await asyncio.open_connection(*address) for _ in range(3)]
        for _, writer in pairs:
            writer.write(greeting())
        greeted = [await first_byte(reader) for reader, _ in pairs]
        assert sorted(map(bool, greeted)) == [False, True, True]
        for _, writer in pairs:
            writer.close()
        async with grpc.aio.insecure_channel(receivers.grpc_address) as channel:
            await channel.unary_unary(f"/{SIGNALS['traces'].service}/Export")(BODY, wait_for_ready=True, timeout=20)
        return "served"

    async def first_byte(reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.read(1)
        except ConnectionError:
            return b""

    assert ask(work) == "served"


@pytest.mark.parametrize(("files", "most"), [(256, 64), (1, 1), (10**6, MAX_CONNECTIONS)])
def test_three_quarters_of_the_files_are_left_to_others(files: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_grpc.resource, "getrlimit", lambda _: (files, files))
    assert most_connections() == most
