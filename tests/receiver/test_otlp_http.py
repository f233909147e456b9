"""OTLP/HTTP at its edges: paths, methods, types, encodings, sizes, and errors in the encoding of the request."""

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest
from aiohttp import web
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from contract.access import Identity
from contract.errors import Unauthorized
from receiver.limits import Limits
from receiver.otlp_http import error_response, is_otlp_path
from tests.support.otlp import log_request, trace_request
from tests.support.receivers import Receivers, running
from tests.support.sinks import ListSink

PROTOBUF, JSON = "application/x-protobuf", "application/json"
BODY = trace_request(1).SerializeToString()
BIG = trace_request(1, pad="A" * 300_000).SerializeToString()


def post(
    path: str = "/v1/traces",
    body: bytes | None = BODY,
    method: str = "POST",
    *,
    sink: ListSink | None = None,
    limits: Limits | None = None,
    **headers: str,
) -> tuple[int, Any, bytes]:
    """One request to a fresh receiver."""

    async def run() -> tuple[int, Any, bytes]:
        async with running(sink or ListSink(), limits=limits) as receivers:
            answer: tuple[int, Any, bytes] = await receivers.post(path, body, method, **headers)
            return answer

    return asyncio.run(run())


@pytest.mark.parametrize(
    "path",
    [
        "/v1/traces",
        "/v1/traces/",
        "//v1/traces",
        "/api/public/otel/v1/traces",
        "/api/public/otel",
        "/lf//api/public/otel/",
        "/collector/eu/v1/traces",
        "/v1/v1/traces",
    ],
)
def test_paths_that_clients_are_configured_with_are_received(path: str) -> None:
    sink = ListSink()
    assert post(path, sink=sink, Content_Type=PROTOBUF)[0] == 200
    assert len(sink.batches) == 1


@pytest.mark.parametrize("path", ["/", "/v1/trace", "/v1development/profiles", "/v1/profiles", "/api/public/otel/v1/x"])
def test_a_wrong_path_is_answered_with_the_right_one(path: str) -> None:
    status, headers, body = post(path, Content_Type=PROTOBUF)
    assert (status, headers["Content-Type"]) == (404, PROTOBUF)
    assert "/v1/traces" in Status.FromString(body).message


@pytest.mark.parametrize("path", ["/api/v1/traces", "//api/v1/logs/"])
def test_the_query_api_keeps_its_paths_and_an_exporter_is_told(path: str) -> None:
    """`OTEL_EXPORTER_OTLP_ENDPOINT=http://HOST:4318/api`."""
    status, headers, body = post(path, Content_Type=PROTOBUF)
    assert (status, headers["Allow"], headers["Content-Type"]) == (405, "GET, HEAD", PROTOBUF)
    assert "leave /api out of the endpoint" in Status.FromString(body).message
    assert post("/api/v1/scores", Content_Type=PROTOBUF)[0] == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_told_to_post(method: str) -> None:
    status, headers, _ = post(body=None, method=method)
    assert (status, headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("content_type", ["application/x-protobuf; v=1", "Application/X-Protobuf", PROTOBUF])
def test_parameters_and_case_of_the_content_type_do_not_matter(content_type: str) -> None:
    assert post(Content_Type=content_type)[0] == 200


@pytest.mark.parametrize("headers", [{}, {"Content_Type": "text/plain"}, {"Content_Type": "application/grpc"}])
def test_other_content_types_are_unsupported(headers: dict[str, str]) -> None:
    status, answered, body = post(**headers)
    assert (status, answered["Content-Type"].split(";")[0]) == (415, JSON)
    assert PROTOBUF in orjson.loads(body)["message"]


def test_success_is_an_empty_response_in_the_encoding_of_the_request() -> None:
    assert post(Content_Type=PROTOBUF)[2] == b""
    assert post(body=b"{}", Content_Type=JSON)[2] == b"{}"


@pytest.mark.parametrize(
    ("body", "headers", "wanted"),
    [
        (b"", {"Content_Type": PROTOBUF}, 200),
        (b"", {"Content_Type": JSON}, 400),
        (b"\xff\xff\xffnot protobuf", {"Content_Type": PROTOBUF}, 400),
        (BODY[:-5], {"Content_Type": PROTOBUF}, 400),
        (b"[]", {"Content_Type": JSON}, 400),
        (b'{"resourceSpans": [', {"Content_Type": JSON}, 400),
        (b'{"resourceLogs": []}', {"Content_Type": JSON}, 400),
        (gzip.compress(BODY), {"Content_Type": PROTOBUF, "Content_Encoding": "gzip"}, 200),
        (zlib.compress(BODY), {"Content_Type": PROTOBUF, "Content_Encoding": "deflate"}, 200),
        (gzip.compress(BODY)[:-9], {"Content_Type": PROTOBUF, "Content_Encoding": "gzip"}, 400),
        (BODY, {"Content_Type": PROTOBUF, "Content_Encoding": "gzip"}, 400),
        (BODY, {"Content_Type": PROTOBUF, "Content_Encoding": "br"}, 415),
        (gzip.compress(bytes(80 << 20), 9), {"Content_Type": PROTOBUF, "Content_Encoding": "gzip"}, 413),
    ],
)
def test_each_odd_body_has_its_status_and_a_message_in_its_encoding(
    body: bytes, headers: dict[str, str], wanted: int
) -> None:
    status, answered, answer = post(body=body, **headers)
    assert (status, answered["Content-Type"].split(";")[0]) == (wanted, headers["Content_Type"])
    if status != 200:
        message = (
            orjson.loads(answer)["message"] if headers["Content_Type"] == JSON else Status.FromString(answer).message
        )
        assert message


def test_the_size_limit_is_exact() -> None:
    assert post(limits=Limits(max_body_bytes=len(BODY)), Content_Type=PROTOBUF)[0] == 200
    assert post(limits=Limits(max_body_bytes=len(BODY) - 1), Content_Type=PROTOBUF)[0] == 413


def without_trace_context(records: int) -> bytes:
    """Log records that happen to decode as spans: nothing in them contradicts the fields of a span."""
    request = log_request(records)
    for record in request.resource_logs[0].scope_logs[0].log_records:
        record.ClearField("trace_id")
        record.ClearField("span_id")
    return request.SerializeToString()


def test_log_records_that_decode_as_spans_are_rejected_with_a_hint() -> None:
    sink = ListSink()
    status, _, body = post(body=without_trace_context(2), sink=sink, Content_Type=PROTOBUF)
    partial = ExportTraceServiceResponse.FromString(body).partial_success
    assert (status, partial.rejected_spans, sink.batches) == (200, 2, [])
    assert "/v1/logs" in partial.error_message


def test_log_records_that_do_not_decode_as_spans_are_refused_with_a_hint() -> None:
    status, _, body = post(body=log_request(2).SerializeToString(), Content_Type=PROTOBUF)
    assert status == 400
    assert "/v1/logs" in Status.FromString(body).message


@pytest.mark.parametrize("headers", [{}, {"Content_Encoding": "gzip"}])
def test_a_big_body_goes_through_a_thread_and_arrives_the_same(headers: dict[str, str]) -> None:
    sink = ListSink()
    packed = gzip.compress(BIG, 0) if headers else BIG
    assert post(body=packed, sink=sink, Content_Type=PROTOBUF, **headers)[0] == 200
    assert (len(sink.batches[0].spans), sink.batches[0].size_bytes) == (1, len(BIG))


@web.middleware
async def refuse(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
    """Stands for the service's middleware."""
    if "Authorization" not in request.headers:
        return error_response(request, Unauthorized("credentials are missing"))
    request["identity"] = Identity("shop", frozenset(request.headers["Authorization"].split()))
    return await handler(request)


def with_middleware(work: Callable[[Receivers], Awaitable[Any]], sink: ListSink) -> Any:
    """Run `work` against receivers behind `refuse`."""

    async def run() -> Any:
        async with running(sink, middlewares=[refuse]) as receivers:
            return await work(receivers)

    return asyncio.run(run())


def test_an_error_of_the_middleware_is_in_the_form_of_otlp() -> None:
    status, headers, body = with_middleware(
        lambda receivers: receivers.post("/v1/traces", BODY, Content_Type=PROTOBUF), ListSink()
    )
    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Basic")
    assert Status.FromString(body).message == "credentials are missing"


@pytest.mark.filterwarnings("ignore::aiohttp.web_exceptions.NotAppKeyWarning")
def test_a_key_without_the_scope_may_not_send_and_the_project_is_that_of_the_key() -> None:
    sink = ListSink()

    async def work(receivers: Receivers) -> list[int]:
        return [
            (await receivers.post("/v1/traces", BODY, Content_Type=PROTOBUF, Authorization=scopes))[0]
            for scopes in ("read", "ingest read")
        ]

    assert with_middleware(work, sink) == [403, 200]
    assert [batch.project for batch in sink.batches] == ["shop"]


@pytest.mark.parametrize(
    ("path", "otlp"),
    [
        ("/v1/traces", True),
        ("//x/v1/logs/", True),
        ("/lf/api/public/otel", True),
        ("/api/v1/traces", False),
        ("/api/v1/status", False),
        ("/", False),
    ],
)
def test_otlp_paths_are_told_from_others(path: str, otlp: bool) -> None:
    assert is_otlp_path(path) is otlp
