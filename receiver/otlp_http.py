"""OTLP/HTTP: the three signals on `/v1/...`, on Langfuse's OTLP path and under any prefix.

Answers are in the encoding of the request, errors as `google.rpc.Status` (OTLP specification, "OTLP/HTTP Response").
The service's middleware authenticates before the body is read and puts the `Identity` into `request["identity"]`.
"""

from contextlib import ExitStack
from typing import NamedTuple

from aiohttp import web
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from grpc import StatusCode

from contract.access import Identity
from contract.errors import Refused
from contract.sink import Sink
from receiver.admission import Admission
from receiver.body import content_encoding, quoted, read_body
from receiver.clients import Arrival, Clients, http_arrival
from receiver.counters import Counters
from receiver.intake import Intake, Taken, require_ingest
from receiver.limits import Limits
from receiver.otlp_decode import Content
from receiver.rejections import Rejections
from receiver.signals import SIGNALS, Signal, export_response
from receiver.status import WireStatus, wire_status

PROTOBUF, JSON = "application/x-protobuf", "application/json"
_CONTENTS: dict[str, Content] = {PROTOBUF: "protobuf", JSON: "json"}

SIGNAL_PATH = "/{prefix:(?!/*api/v1/)(?:.*/)?}v1/{signal:traces|logs|metrics}{slashes:/*}"
"""Any prefix (a proxy's, Langfuse's `/api/public/otel`), doubled and trailing slashes; `/api/v1/` is the query API."""

BASE_PATH = "/{prefix:(?!/*api/v1/)(?:.*/)?}api/public/otel{slashes:/*}"
"""Langfuse's base address for exporters, given as if it were the address of traces: exporters take it as it is."""

UNKNOWN_SIGNAL_PATH = "/{prefix:(?:api/public/otel/)?}v1{stage:(?:development)?}/{signal:[^/]+}{slashes:/*}"

API_PATH = "/{prefix:/*}api/v1/{signal:traces|logs|metrics}{slashes:/*}"
"""Where an exporter sends that was told of the query API's address as of the receiver's."""

_WHERE = "OTLP is received by POST on /v1/traces, /v1/logs and /v1/metrics"


class _Context(NamedTuple):
    intake: Intake
    admission: Admission
    limits: Limits
    clients: Clients


def routes(
    sink: Sink, admission: Admission, counters: Counters, limits: Limits, taken: Taken | None = None
) -> list[web.RouteDef]:
    """Routes of OTLP/HTTP; what is below `/api/v1/` is none of them."""
    intake = Intake(sink, counters, "http", limits, taken=taken)
    context = _Context(intake, admission, limits, counters.clients)

    async def receive(request: web.Request) -> web.Response:
        return await _receive(request, context)

    async def unknown_path(request: web.Request) -> web.Response:
        return _plain_error(request, context, StatusCode.NOT_FOUND, 404, f"nothing is received on this path; {_WHERE}")

    async def query_api(request: web.Request) -> web.Response:
        message = f"this is the query API: leave /api out of the endpoint; {_WHERE}"
        response = _plain_error(request, context, StatusCode.UNIMPLEMENTED, 405, message)
        response.headers["Allow"] = "GET, HEAD"
        return response

    return [
        web.post(API_PATH, query_api),
        web.route("*", SIGNAL_PATH, receive),
        web.post(BASE_PATH, receive),
        web.post(UNKNOWN_SIGNAL_PATH, unknown_path),
        web.post("/", unknown_path),
    ]


def error_response(request: web.Request, error: Exception) -> web.Response:
    """Any error as OTLP clients read it, in the encoding of the request; for OTLP paths also outside this module."""
    return _status_response(request, wire_status(error))


def is_otlp_path(path: str) -> bool:
    """Whether answers on `path` have to be in OTLP's form."""
    words = [word for word in path.split("/") if word]
    if words[0:2] == ["api", "v1"]:
        return False
    return words[-3:] == ["api", "public", "otel"] or (words[-2:-1] == ["v1"] and words[-1] in SIGNALS)


async def _receive(request: web.Request, context: _Context) -> web.Response:
    signal = SIGNALS[request.match_info.get("signal", "traces")]
    if request.method != "POST":
        response = _plain_error(request, context, StatusCode.UNIMPLEMENTED, 405, f"use POST; {_WHERE}")
        response.headers["Allow"] = "POST"
        return response
    arrival = http_arrival(request, signal.name)
    try:
        content, rejections = await _export(request, signal, context, arrival)
    except Exception as error:
        return _status_response(request, context.intake.failure(error, arrival))
    return _encoded(content, export_response(signal, rejections), 200)


async def _export(
    request: web.Request, signal: Signal, context: _Context, arrival: Arrival
) -> tuple[Content, Rejections]:
    intake, admission, limits, _ = context
    with ExitStack() as until_committed:
        with intake.before_decoding(signal):
            identity: Identity = request.get("identity") or Identity()
            arrival.project = identity.project
            require_ingest(identity)
            content = _content(request)
            encoding = content_encoding(request.headers.get("Content-Encoding", ""))
            hold = until_committed.enter_context(admission.hold())
            body = await read_body(request.content, request.content_length, limits, hold)
            body = await intake.unpack(body, encoding)
            hold.grow_to(len(body))
            await hold.room_behind()
        async with admission.large.turn(len(body)):
            return content, await intake.export(signal, body, content, identity, arrival)


def _content(request: web.Request) -> Content:
    if request.content_type not in _CONTENTS:
        sent = request.headers.get("Content-Type")
        raise Refused(
            f"Content-Type must be {PROTOBUF} or {JSON}, not {quoted(sent)}",
            reason="unsupported_type",
            kind="unsupported_type",
        )
    return _CONTENTS[request.content_type]


def _plain_error(
    request: web.Request, context: _Context, code: StatusCode, http_status: int, message: str
) -> web.Response:
    status = WireStatus(code, http_status, "wrong_path", message)
    context.clients.refused(http_arrival(request), status)
    return _status_response(request, status)


def _status_response(request: web.Request, status: WireStatus) -> web.Response:
    response = _encoded(_CONTENTS.get(request.content_type, "json"), status.rpc_status(), status.http_status)
    if status.retry_after_header is not None:
        response.headers["Retry-After"] = status.retry_after_header
    if status.http_status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="tracepond"'
    return response


def _encoded(content: Content, message: Message, http_status: int) -> web.Response:
    if content == "protobuf":
        return web.Response(body=message.SerializeToString(), status=http_status, content_type=PROTOBUF)
    return web.Response(body=MessageToJson(message, indent=None).encode(), status=http_status, content_type=JSON)
