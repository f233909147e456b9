"""Both receivers on free loopback ports, and one client for each way of sending."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import grpc
import grpc.aio
import orjson
from aiohttp import web
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from contract.access import Authenticate, Identity
from contract.sink import Sink
from contract.stats import Sample
from receiver.admission import Admission
from receiver.counters import Counters
from receiver.intake import Taken
from receiver.limits import Limits
from receiver.otlp_grpc import GrpcReceiver
from receiver.otlp_http import routes
from receiver.signals import SIGNALS
from tests.support.otlp_json import to_json
from tests.support.sinks import ListSink


@dataclass
class Answer:
    """What a client sees, whatever the transport: a gRPC code name, the response or status message, the retry hint."""

    code: str
    response: Any = None
    message: str = ""
    retry_after_s: float | None = None


@dataclass
class Receivers:
    """Two running receivers that share sink, admission and counters."""

    grpc_address: str
    http_url: str
    admission: Admission
    counters: Counters
    session: aiohttp.ClientSession
    grpc_receiver: GrpcReceiver

    async def post(self, path: str, body: bytes | None, method: str = "POST", **headers: str) -> Any:
        """One HTTP request as it is; returns (status, headers, body)."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        skip = () if "Content-Type" in named else ("Content-Type",)
        async with self.session.request(
            method, self.http_url + path, data=body, headers=named, skip_auto_headers=skip
        ) as response:
            return response.status, response.headers, await response.read()


@asynccontextmanager
async def running(
    sink: Sink,
    *,
    admission: Admission | None = None,
    limits: Limits | None = None,
    authenticate: Authenticate = lambda headers: Identity(),
    middlewares: Sequence[Any] = (),
    taken: Taken | None = None,
) -> AsyncIterator[Receivers]:
    """Both receivers, ended when the block ends."""
    admission, limits, counters = admission or Admission(), limits or Limits(), Counters()
    grpc_receiver = GrpcReceiver(
        sink, admission, counters, limits, authenticate, lambda: ["draining"] if admission.draining else [], taken
    )
    app = web.Application(middlewares=middlewares)
    app.add_routes(routes(sink, admission, counters, limits, taken))
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    http_port = runner.addresses[0][1]
    grpc_port = await grpc_receiver.start("127.0.0.1", 0)
    try:
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            address, url = f"127.0.0.1:{grpc_port}", f"http://127.0.0.1:{http_port}"
            yield Receivers(address, url, admission, counters, session, grpc_receiver)
    finally:
        await grpc_receiver.stop(0)
        await runner.cleanup()


def ask(work: Callable[[Receivers], Awaitable[Any]], sink: Sink | None = None, **options: Any) -> Any:
    """What `work` gives, run against fresh receivers."""

    async def run() -> Any:
        async with running(sink or ListSink(), **options) as receivers:
            return await work(receivers)

    return asyncio.run(run())


TRANSPORTS = ("grpc", "grpc+gzip", "protobuf", "protobuf+gzip", "json", "json+gzip")

_CODE_BY_HTTP_STATUS = {
    200: "OK",
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    413: "RESOURCE_EXHAUSTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


async def send(receivers: Receivers, transport: str, signal: str, request: Message) -> Answer:
    """Send `request` the way `transport` names."""
    name, _, compression = transport.partition("+")
    if name == "grpc":
        return await send_grpc(receivers, signal, request.SerializeToString(), compressed=bool(compression))
    body = orjson.dumps(to_json(request)) if name == "json" else request.SerializeToString()
    headers = {"Content_Type": "application/json" if name == "json" else "application/x-protobuf"}
    if compression:
        headers["Content_Encoding"], body = "gzip", gzip.compress(body)
    status, answered, answer = await receivers.post(f"/v1/{signal}", body, **headers)
    assert answered["Content-Type"].split(";")[0] == headers["Content_Type"]
    retry_after = answered.get("Retry-After")
    message = SIGNALS[signal].response() if status == 200 else Status()
    parsed = ParseDict(orjson.loads(answer), message) if name == "json" else type(message).FromString(answer)
    return Answer(
        _CODE_BY_HTTP_STATUS[status],
        parsed,
        getattr(parsed, "message", ""),
        float(retry_after) if retry_after else None,
    )


async def send_grpc(
    receivers: Receivers, signal: str, body: bytes, *, compressed: bool = False, metadata: Any = None
) -> Answer:
    """One unary call with the bytes as they are."""
    compression = grpc.Compression.Gzip if compressed else grpc.Compression.NoCompression
    async with grpc.aio.insecure_channel(receivers.grpc_address, compression=compression) as channel:
        call = channel.unary_unary(f"/{SIGNALS[signal].service}/Export")
        try:
            return Answer("OK", SIGNALS[signal].response.FromString(await call(body, metadata=metadata)))
        except grpc.aio.AioRpcError as error:
            trailing = dict(error.trailing_metadata())
            return Answer(error.code().name, None, error.details(), _retry_delay(trailing))


def _retry_delay(trailing: dict[str, Any]) -> float | None:
    if "grpc-status-details-bin" not in trailing:
        return None
    hint = RetryInfo()
    Status.FromString(trailing["grpc-status-details-bin"]).details[0].Unpack(hint)
    return hint.retry_delay.seconds + hint.retry_delay.nanos / 1e9


def totals(samples: list[Sample], items: str) -> dict[str, float]:
    """Sum over labels of the four fates of `items`."""
    fates = ("received", "accepted", "refused", "unavailable")
    return {
        fate: sum(sample.value for sample in samples if sample.name == f"receiver_{fate}_{items}_total")
        for fate in fates
    }
