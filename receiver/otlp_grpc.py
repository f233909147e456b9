"""OTLP/gRPC: the three services, and `grpc.health.v1`, on one port.

Generic handlers without a deserializer: the bytes go the same way as those of HTTP, and malformed ones are answered
with INVALID_ARGUMENT (the generated deserializer answers INTERNAL, which hides the reason).
"""

import asyncio
import resource
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import Any
from urllib.parse import unquote

import grpc
import grpc.aio

from contract.access import Authenticate, Identity
from contract.errors import Overloaded, Refused, Unauthorized
from contract.sink import Sink
from receiver.admission import Admission
from receiver.body import too_slow
from receiver.clients import Arrival
from receiver.counters import Counters
from receiver.grpc_health import Health
from receiver.grpc_server import Certificate, GrpcServer
from receiver.intake import Intake, Taken, require_ingest
from receiver.limits import Limits
from receiver.signals import SIGNALS, Signal, export_response
from receiver.status import WireStatus

MAX_MESSAGES = 32
"""Calls whose message is read or in work. gRPC holds a message whole before we see its size, so they are bounded beside
bytes; others wait unread."""

LEAST_AT_A_TIME = 8
"""Messages that are read at a time though each may be large. While one is on its way as much is held for it as the last
ones took; who sent one of 64 MiB and then stalls must not keep the others out."""

MAX_CALLS = 1024
"""Calls in work or waiting; those beyond are told to come again at once. Not left to gRPC's library: it refuses without
RetryInfo, so that clients drop what they sent, and counts anew after a call that ends what counts (`GrpcServer`)."""

MAX_CONNECTIONS = 2048
"""Never more than a quarter of the files this process may open: HTTP may have half, the rest is for storage."""

TURN_TIMEOUT_S = 5.0
"""How long a call may wait unread, for its place and for room: half of the time that SDKs allow an export. Who
waits need not be refused: JavaScript's exporters drop at every error (otlp-grpc-exporter-base, up to 0.301)."""

_OPTIONS = {
    # Two programs on one port would each get half of the traffic: refuse to start instead.
    "grpc.so_reuseport": 0,
    # Tokens and baggage reach the default of 8 KiB, beyond which calls are refused at random.
    "grpc.max_metadata_size": 64 * 1024,
    "grpc.absolute_max_metadata_size": 128 * 1024,
    # Clients ping every 10 s, some every second; the defaults answer GOAWAY too_many_pings.
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.http2.min_ping_interval_without_data_ms": 500,
    "grpc.http2.max_ping_strikes": 0,
    # Connections whose client has vanished are found out and closed.
    "grpc.keepalive_time_ms": 60_000,
    "grpc.keepalive_timeout_ms": 20_000,
    # One without calls is ended; its client makes another when it has something to send.
    "grpc.max_connection_idle_ms": 600_000,
    # A connection that says nothing, or something other than HTTP/2, is given up (default: 120 s).
    "grpc.server_handshake_timeout_ms": 30_000,
    "grpc.max_concurrent_streams": 256,
    # What a call may send before it has its turn: 64 KiB. By default it grows with the line's speed, to megabytes each.
    "grpc.http2.bdp_probe": 0,
}

_PROFILES_SERVICE = "opentelemetry.proto.collector.profiles.v1development.ProfilesService"

Handler = Callable[[Any, Any], Awaitable[bytes]]
"""On the wire a unary call is a stream of one message; taken as such, nothing of it is read before the handler asks."""


class GrpcReceiver:
    """The gRPC server; `start` binds it, `stop` lets calls in flight end."""

    def __init__(
        self,
        sink: Sink,
        admission: Admission,
        counters: Counters,
        limits: Limits,
        authenticate: Authenticate,
        not_ready: Callable[[], Sequence[str]],
        taken: Taken | None = None,
    ) -> None:
        self._admission = admission
        self._limits = limits
        self._authenticate = authenticate
        self._intake = Intake(sink, counters, "grpc", limits, taken=taken)
        self._health = Health(not_ready, [signal.service for signal in SIGNALS.values()])
        self._messages = asyncio.Semaphore(MAX_MESSAGES)
        self._readers = admission.readers
        self._usual_bytes = 0
        self._calls = 0
        self._server: GrpcServer | None = None

    async def start(self, host: str, port: int, certificate: Certificate | None = None) -> int:
        """Serve from now on and return the bound port. Raises `OSError` when the address cannot be bound.

        A `host` of the form `unix:/path` is a Unix domain socket; `port` does not count then, nor what is returned.
        """
        self._server = self._made()
        return await self._server.start(host, port, certificate)

    async def stop(self, grace_s: float) -> None:
        """Take no new calls; return when those in flight have ended, after `grace_s` at the latest."""
        server, self._server = self._server, None
        self._health.end()
        if server is not None:
            await server.stop(grace_s)

    def _made(self) -> GrpcServer:
        """A server with all services, bound to nothing."""
        options = {
            **_OPTIONS,
            "grpc.max_receive_message_length": self._limits.max_unpacked_bytes,
            "grpc.max_allowed_incoming_connections": most_connections(),
        }
        services = [_service(signal.service, {"Export": self._handler(signal)}) for signal in SIGNALS.values()]
        services += [_service(_PROFILES_SERVICE, {"Export": _no_profiles}), self._health.handlers()]
        return GrpcServer(services, options)

    def _handler(self, signal: Signal) -> Handler:
        async def export(_: Any, context: Any) -> bytes:
            answer = await self._answer(signal, context, _arrival(signal, context))
            # gRPC keeps what `abort` raises in the context: a cycle, which waits for the collector with all that is
            # reached from here. So the error that refused the request (its traceback has the rows) is let go before.
            if isinstance(answer, WireStatus):
                await _abort(context, answer)
            return answer  # type: ignore[return-value]  # abort has raised

        return export

    async def _answer(self, signal: Signal, context: Any, arrival: Arrival) -> bytes | WireStatus:
        try:
            return await self._export(signal, context, arrival)
        except Exception as error:
            return self._intake.failure(error, arrival)

    async def _export(self, signal: Signal, context: Any, arrival: Arrival) -> bytes:
        async with AsyncExitStack() as until_committed:
            with self._intake.before_decoding(signal):
                identity = self._identity(context.invocation_metadata())
                arrival.project = identity.project
                require_ingest(identity)
                until_committed.enter_context(self._counted())
                await until_committed.enter_async_context(self._turn())
                hold = until_committed.enter_context(self._admission.hold(self._reserved_bytes()))
                body = await self._message(context)
                self._expect_such(len(body))
                hold.shrink_to(len(body))
                hold.grow_to(len(body))
                await hold.room_behind()
            await until_committed.enter_async_context(self._admission.large.turn(len(body)))
            rejections = await self._intake.export(signal, body, "protobuf", identity, arrival)
        response: bytes = export_response(signal, rejections).SerializeToString()
        return response

    @contextmanager
    def _counted(self) -> Iterator[None]:
        if self._calls >= MAX_CALLS:
            raise Overloaded(f"{MAX_CALLS} calls wait already", reason="calls_in_flight")
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One of the `MAX_MESSAGES` places, if it can with room. Raises `Overloaded` when none comes free in time."""
        give_up = asyncio.get_running_loop().time() + TURN_TIMEOUT_S
        if self._messages.locked():
            self._readers.end_slow()
        try:
            async with asyncio.timeout_at(give_up):
                await self._messages.acquire()
        except TimeoutError:
            raise Overloaded(f"{MAX_MESSAGES} calls are in work already", reason="calls_in_flight") from None
        try:
            with suppress(TimeoutError):  # `Admission.hold` will say that there is none
                async with asyncio.timeout_at(give_up):
                    await self._admission.room(self._usual_bytes)
            yield
        finally:
            self._messages.release()

    def _reserved_bytes(self) -> int:
        """For a call whose message is not here yet. Half of what may be in flight is for what has come: calls that
        send nothing must not keep the others out."""
        room_bytes = self._admission.capacity_bytes // 2 - self._admission.in_flight_bytes
        return max(0, min(self._usual_bytes, room_bytes))

    def _expect_such(self, size_bytes: int) -> None:
        """The next messages may be as large as this one, or nearly as large as the largest of the last few."""
        usual_bytes = max(size_bytes, self._usual_bytes - self._usual_bytes // 8)
        self._usual_bytes = min(usual_bytes, self._admission.capacity_bytes // LEAST_AT_A_TIME)

    async def _message(self, context: Any) -> bytes:
        """The one message of a call. Raises `Refused` where there is none, `Unavailable` when it comes too slowly."""
        try:
            async with self._readers.within(self._limits.read_timeout_s):
                message = await context.read()
        except TimeoutError:
            raise too_slow("message", self._limits) from None
        if not isinstance(message, bytes):  # grpc.aio.EOF
            raise Refused("the call has no message", reason="broken_body")
        return message

    def _identity(self, metadata: Iterable[tuple[str, str | bytes]]) -> Identity:
        pairs = [(key.lower(), value) for key, value in metadata or () if isinstance(value, str)]
        if sum(key == "authorization" for key, _ in pairs) > 1:
            raise Unauthorized("more than one authorization header")
        return self._authenticate(dict(pairs))


def _arrival(signal: Signal, context: Any) -> Arrival:
    metadata = context.invocation_metadata() or ()
    agent, via = (
        ", ".join(value for key, value in metadata if key == name and isinstance(value, str))
        for name in ("user-agent", "via")
    )
    where = f"{signal.service.rpartition('.')[2]}/Export"
    return Arrival("grpc", where, signal.name, address=_host(context.peer()), user_agent=agent, via=via)


def _host(peer: str) -> str:
    """Of gRPC's name of the other end: `ipv4:10.0.0.7:53412`, `ipv6:%5B::1%5D:53412` (percent-encoded), `unix:...`."""
    family, _, address = unquote(peer).partition(":")
    return "unix" if family == "unix" else address.rpartition(":")[0].strip("[]")


def most_connections() -> int:
    """`MAX_CONNECTIONS`, or a quarter of the files that this process may open."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if files == resource.RLIM_INFINITY else max(1, min(MAX_CONNECTIONS, files // 4))


def _service(name: str, handlers: dict[str, Handler]) -> Any:
    methods = {method: grpc.stream_unary_rpc_method_handler(handler) for method, handler in handlers.items()}
    return grpc.method_handlers_generic_handler(name, methods)


async def _no_profiles(_: Any, context: Any) -> bytes:
    """The same code as for a service that nobody knows, and a message that says it is not a mistake in the name."""
    await context.abort(grpc.StatusCode.UNIMPLEMENTED, "profiles are not stored here; traces, logs and metrics are")
    return b""  # not reached: abort has raised


async def _abort(context: Any, status: WireStatus) -> None:
    trailing_metadata: tuple[tuple[str, bytes], ...] = ()
    if status.retry_after_s is not None:  # RetryInfo: without it a client may not send again after RESOURCE_EXHAUSTED
        trailing_metadata = (("grpc-status-details-bin", status.rpc_status().SerializeToString()),)
    await context.abort(status.grpc_code, status.message, trailing_metadata)
