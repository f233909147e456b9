"""One request after its bytes are there: check or decode, hand to the sink, count what became of every item.

Both transports end here, so they cannot drift apart. What is known to decode whole is acknowledged as it was sent and
decoded where its rows are stored (docs/adr/0025).
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from contract.access import Identity
from contract.errors import Forbidden, Overloaded, TracepondError, Unavailable
from contract.faults import frames_of
from contract.sink import Outcome, Sink
from contract.span import Batch, Extent, Sent
from contract.threads import to_its_end
from receiver.body import unpack
from receiver.clients import Arrival
from receiver.counters import Counters
from receiver.large_bodies import LARGE_BYTES
from receiver.limits import Limits
from receiver.otlp_decode import Content
from receiver.rejections import Rejections
from receiver.signals import Signal
from receiver.status import WireStatus, as_understood, wire_status

LOGGER = logging.getLogger(__name__)

INLINE_PACKED_BYTES = 64 * 1024
"""Packed bodies are 5 times as long unpacked, and zlib lets go of the interpreter lock."""

SENT_BYTES = 2 << 20
"""A larger body is made into rows before it is acknowledged, in turn with other large ones: with 384 MB more
transactions took over a second where it was not (docs/adr/0025)."""

Result = TypeVar("Result")
Taken = Callable[[str, Content, bytes, str], None]


@dataclass(slots=True)
class Understood:
    """What there is to store of a request."""

    request: Batch | Sent
    items: int
    service_name: str | None
    rejections: Rejections


class Counted(Protocol):
    """What is counted together: `Signal`, or the events of another wire."""

    @property
    def name(self) -> str: ...
    @property
    def items(self) -> str: ...


class Intake:
    """The part of a receiver that knows no transport."""

    def __init__(
        self,
        sink: Sink,
        counters: Counters,
        transport: str,
        limits: Limits,
        *,
        clock_ns: Callable[[], int] = time.time_ns,
        taken: Taken | None = None,
    ) -> None:
        """`taken` is told of each request that was committed: signal, content, body, `Via` header. It never raises."""
        self._sink = sink
        self._counters = counters
        self._transport = transport
        self._limits = limits
        self._clock_ns = clock_ns
        self._taken = taken
        self._threads = asyncio.Semaphore(1)  # one big body at a time: more would only wait for the interpreter lock
        self._logged: set[type[BaseException]] = set()

    async def unpack(self, body: bytes, encoding: str | None) -> bytes:
        """The body without its content encoding. Raises `Refused`."""
        if encoding is None:
            return body
        return await self._run(
            lambda: unpack(body, encoding, self._limits.max_unpacked_bytes), len(body) > INLINE_PACKED_BYTES
        )

    async def export(
        self, signal: Signal, body: bytes, content: Content, identity: Identity, arrival: Arrival
    ) -> Rejections:
        """Return once all that is not rejected is committed; raises what the client is to be told."""
        with self.before_decoding(signal):
            found = await self._checked(signal, body, content, identity)
            if found is None:
                found = await self._decoded(signal, body, content, identity)
        rejections = found.rejections
        self._counters.received(signal.items, self._transport, found.items + rejections.count)
        self._counters.refused(signal.items, self._transport, rejections.labels)
        arrival.items, arrival.service_name = found.items + rejections.count, found.service_name
        if found.items:
            outcome = await self.accept(signal, found.request, found.items)
            _merge(rejections, outcome)
            if self._taken is not None:
                self._taken(signal.name, content, body, arrival.via)
        self._counters.clients.took(arrival, rejections)
        return rejections

    async def _checked(self, signal: Signal, body: bytes, content: Content, identity: Identity) -> Understood | None:
        """The request as it was sent, where all of it can be decoded and stored; null where only decoding can tell."""
        if content != "protobuf" or len(body) > SENT_BYTES:
            return None
        extent: Extent | None = await self.decoded(body, lambda text: signal.check(text, self._limits))
        if extent is None or not self._sink.holds(extent):
            return None
        sent = Sent(signal.name, identity.project, self._clock_ns(), self._transport, body, extent)
        return Understood(sent, extent.items, extent.service_name, Rejections())

    async def _decoded(self, signal: Signal, body: bytes, content: Content, identity: Identity) -> Understood:
        items, rejections = await self.decoded(body, lambda text: signal.decode(text, content, self._limits))
        batch = self.batch(identity, len(body))
        setattr(batch, signal.batch_field, items)
        return Understood(batch, len(items), _service_name(items), rejections)

    async def accept(self, signal: Counted, request: Batch | Sent, count: int) -> Outcome:
        """Hand a request of `count` items to the sink and count what became of them. Raises what the sink raises."""
        try:
            outcome = await self._sink.accept(request)
        except (Overloaded, Unavailable) as error:
            self._counters.unavailable(signal.items, self._transport, error.reason, count)
            raise
        except asyncio.CancelledError:  # the client went away and will send it again
            self._counters.unavailable(signal.items, self._transport, "cancelled", count)
            raise
        except Exception as error:
            self._counters.refused(signal.items, self._transport, {wire_status(error).reason: count})
            raise
        self._counters.accepted(signal.items, self._transport, count - outcome.rejected)
        if outcome.rejected:
            self._counters.refused(signal.items, self._transport, {"rejected": outcome.rejected})
        return outcome

    async def decoded(self, body: bytes, decode: Callable[[bytes], Result]) -> Result:
        """What the body says; in a thread when it is big."""
        return await self._run(lambda: decode(body), len(body) > LARGE_BYTES)

    def batch(self, identity: Identity, size_bytes: int) -> Batch:
        """An empty batch that has just arrived."""
        return Batch(identity.project, self._clock_ns(), self._transport, size_bytes=size_bytes)

    async def _run(self, work: Callable[[], Result], in_thread: bool) -> Result:
        if not in_thread:
            return work()
        async with self._threads:
            return await to_its_end(work)

    @contextmanager
    def before_decoding(self, signal: Counted) -> Iterator[None]:
        """An error inside the block counts as a request whose items nobody knows."""
        try:
            yield
        except Exception as error:
            self._counters.undecoded(signal.name, self._transport, wire_status(error).reason)
            raise

    def failure(self, error: Exception, arrival: Arrival | None = None) -> WireStatus:
        """What to answer to `error`; a fault of our own is logged with its traceback, each kind once."""
        status = wire_status(error)
        if arrival is not None:
            status = as_understood(status, arrival.user_agent)
            self._counters.clients.refused(arrival, status)
        if not isinstance(error, TracepondError) and type(error) not in self._logged:
            self._logged.add(type(error))
            LOGGER.error("%s while receiving over %s\n%s", type(error).__name__, self._transport, frames_of(error))
        return status


def _service_name(items: Sequence[Any]) -> str | None:
    """Of the first item: an exporter sends those of one service, a Collector may mix them."""
    name = items[0].resource.attributes.get("service.name") if items else None
    return name if isinstance(name, str) else None


def _merge(rejections: Rejections, outcome: Outcome) -> None:
    rejections.count += outcome.rejected
    for reason in outcome.reasons:
        rejections.tell(reason)


def require_ingest(identity: Identity) -> None:
    """Raises `Forbidden` where the key may not send."""
    if "ingest" not in identity.scopes:
        raise Forbidden("this key may not send telemetry (scope ingest)")
