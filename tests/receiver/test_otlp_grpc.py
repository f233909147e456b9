"""OTLP/gRPC at its edges."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc.aio
import pytest

from contract.access import Identity
from contract.errors import Overloaded, Unauthorized
from contract.sink import Outcome
from contract.span import Batch, Span
from receiver.admission import Admission
from receiver.counters import Counters
from receiver.limits import Limits
from receiver.otlp_grpc import GrpcReceiver
from tests.support.otlp import log_request, trace_request
from tests.support.receivers import Answer, Receivers, running, send_grpc
from tests.support.sinks import ListSink

BODY = trace_request(1).SerializeToString()


def ask(work: Callable[[Receivers], Awaitable[Any]], sink: ListSink | None = None, **options: Any) -> Any:
    """Run `work` against fresh receivers."""

    async def run() -> Any:
        async with running(sink or ListSink(), **options) as receivers:
            return await work(receivers)

    return asyncio.run(run())


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


def test_a_service_that_is_not_offered_is_unimplemented() -> None:
    async def work(receivers: Receivers) -> str:
        method = "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export"
        async with grpc.aio.insecure_channel(receivers.grpc_address) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await channel.unary_unary(method)(b"")
        return str(error.value.code().name)

    assert ask(work) == "UNIMPLEMENTED"


def test_health_is_serving_until_the_server_drains() -> None:
    async def work(receivers: Receivers) -> list[bytes]:
        async with grpc.aio.insecure_channel(receivers.grpc_address) as channel:
            check = channel.unary_unary("/grpc.health.v1.Health/Check")
            before = await check(b"")
            receivers.admission.draining = True
            return [before, await check(b"")]

    assert ask(work) == [b"\x08\x01", b"\x08\x02"]


def test_a_port_in_use_is_an_error_that_names_it() -> None:
    async def work(receivers: Receivers) -> None:
        second = GrpcReceiver(ListSink(), Admission(), Counters(), Limits(), lambda headers: Identity())
        host, port = receivers.grpc_address.split(":")
        with pytest.raises(OSError, match=port):
            await second.start(host, int(port))
        await second.stop(0)

    ask(work)


def test_a_big_message_goes_through_a_thread_and_arrives_the_same() -> None:
    sink = ListSink()
    body = trace_request(1, pad="A" * 300_000).SerializeToString()
    assert ask(lambda receivers: send_grpc(receivers, "traces", body), sink).code == "OK"
    assert len(sink.batches[0].spans[0].attributes["pad"]) == 300_000


def test_a_refused_call_keeps_nothing_of_its_request_until_the_collector_looks() -> None:
    """gRPC keeps the error of an aborted call in a cycle: 9,000 decoded spans hung there after 18 refusals."""

    class Full(ListSink):
        async def accept(self, batch: Batch) -> Outcome:
            raise Overloaded("the write queue is full", reason="queue_full")

    async def left(receivers: Receivers) -> list[str]:
        answer = await send_grpc(receivers, "traces", BODY)
        assert answer.code == "RESOURCE_EXHAUSTED"
        return [type(found).__name__ for found in gc.get_objects() if isinstance(found, (Batch, Span))]

    gc.collect()
    gc.disable()
    try:
        assert ask(left, Full()) == []
    finally:
        gc.enable()
