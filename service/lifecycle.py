"""Start in order, stop in reverse: file, writer, gRPC, HTTP. SIGTERM drains, a second signal stops at once.

What is stopped is what was started: each step puts its own undoing on one stack, so a failed start cleans up too.
"""

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any, TypeVar

from aiohttp import web

import api.routes
import api.upkeep
from contract.errors import TracepondError, Unavailable
from contract.stats import HasStats, Sample
from receiver import otlp_http
from receiver.admission import Admission
from receiver.counters import Counters
from receiver.limits import Limits
from receiver.otlp_grpc import GrpcReceiver
from service import memory, store
from service.access import Access
from service.allocator import Trimmer, use_few_arenas
from service.application import application
from service.client import base_url
from service.config import Config
from service.pipeline import Pipeline
from service.quantities import Endpoint
from service.settings import FLAG_OF, GRPC_ENDPOINT, HTTP_ENDPOINT
from service.version import version
from storage.reader import DuckReader
from storage.upkeep import FileUpkeep
from translator.present import present
from translator.prices.book import PriceBook
from translator.prices.explain import explained
from translator.translate import Translator

logger = logging.getLogger(__name__)

Bound = TypeVar("Bound")

SIGNALS = (signal.SIGTERM, signal.SIGINT)

YOUNG_OBJECTS = 250_000
"""Objects made before the collector looks at the young ones (Python: 700). What a request builds has no cycles, and
looking at it costs a third of decoding (11.4 against 18.7 us a span); with 50,000 the rows that wait for the tables are
looked at too (p99 112 instead of 90 ms). Refused bodies do not wait for it: 1,500 of 480 kB leave the RSS as it was."""


def collect_rarely() -> None:
    """What is loaded is never looked at again, what is new is looked at every `YOUNG_OBJECTS`."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)


class StartFailed(Exception):
    """The server cannot start; `str()` is one line with cause and cure."""


class Server:
    """Every stage, wired. `start` and `stop` once each; `stop` also after a `start` that failed."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.database = store.database(config, absolute(config.storage.path))
        self.prices = PriceBook(config.prices)
        self.writer = store.writer(config, self.database, self.prices)
        self.upkeep = FileUpkeep(self.database, self.writer, config.storage.retention)
        self.translator = Translator(self.prices)
        self.pipeline = Pipeline(self.translator.translate, self.writer.commit)
        self.admission = Admission(config.receivers.max_in_flight_bytes)
        self.counters = Counters()
        self.access = Access(config.auth)
        self.reader: DuckReader | None = None
        self.grpc_address: Endpoint | None = None
        self.http_address: Endpoint | None = None
        self._grpc: GrpcReceiver | None = None
        self._http: web.AppRunner | None = None
        self._created = time.monotonic()
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """The file is open and migrated and both ports answer. Raises `StartFailed` with nothing left running."""
        try:
            self._check_addresses()
            await self._start_storage()
            await self._start_grpc()
            await self._start_http()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Nothing new is taken, what was in flight is committed and answered, the file is checkpointed and closed."""
        self.admission.draining = True
        await self._stack.aclose()

    def not_ready(self) -> list[str]:
        """Why a load balancer should send nothing now; empty when all is well."""
        reasons = [self.writer.unhealthy(), "the server is draining" if self.admission.draining else None]
        return [reason for reason in reasons if reason]

    def samples(self) -> list[Sample]:
        """What every stage counts, for `/metrics`."""
        stages: list[HasStats | None] = [
            self.counters, self.admission, self.translator, self.writer, self.reader, self.upkeep,
        ]  # fmt: skip
        build = Sample("build_info", {"version": version()}, 1)
        return [build, *(sample for stage in stages if stage is not None for sample in stage.stats())]

    def status(self) -> dict[str, Any]:
        """What `/api/v1/status` says beside the number of rows."""
        return {
            "version": version(),
            "uptime_s": round(time.monotonic() - self._created, 3),
            "schema_version": self.database.schema_version(),
            "database": {
                "size_bytes": self.database.size_bytes(),
                "wal_bytes": self.database.wal_bytes(),
                "checkpoint_waits": self.writer.checkpoint_waits(),
            },
            "queue_bytes": self.writer.queue_bytes(),
            "in_flight_bytes": self.admission.in_flight_bytes,
            "lag_s": round(self.writer.lag_s(), 3),
            "not_ready": self.not_ready(),
            "translation": self.translator.report(),
        }

    def _check_addresses(self) -> None:
        """Before the file is made: a start that finds its port taken leaves no file behind. Raises `StartFailed`."""
        receivers = self._config.receivers
        for path, endpoint in ((GRPC_ENDPOINT, receivers.grpc_endpoint), (HTTP_ENDPOINT, receivers.http_endpoint)):
            if endpoint is not None and (why := why_not(endpoint)) is not None:
                raise cannot_listen(path, endpoint, why)

    async def _start_storage(self) -> None:
        if (problem := folder_problem(self.database.path)) is not None:
            raise StartFailed(problem)
        try:
            await asyncio.to_thread(self.database.open)
        except TracepondError as error:
            raise StartFailed(str(error)) from error
        self._stack.callback(self.upkeep.close)
        self._stack.callback(self.database.close)
        self._stack.push_async_callback(self.writer.stop)
        try:
            await asyncio.to_thread(self.writer.start)
        except Unavailable as error:
            raise StartFailed(f"{self.database.path}: {error}") from error
        self.reader = DuckReader(
            self.database,
            visible=self.writer.visible,
            threads=self._config.memory.readers,
            time_limit_s=self._config.query_timeout_s,
        )
        self._stack.callback(self.reader.close)
        self._stack.callback(self.pipeline.close)
        loop = asyncio.get_running_loop()
        for work in (self.upkeep.run(), Trimmer().run()):
            self._stack.push_async_callback(ended, loop.create_task(work))
        self._stack.push_async_callback(self._stop_receivers)

    async def _start_grpc(self) -> None:
        endpoint = self._config.receivers.grpc_endpoint
        if endpoint is None:
            return
        limits = self._limits(self._config.receivers.grpc_max_message_bytes)
        receiver = GrpcReceiver(self.pipeline, self.admission, self.counters, limits, self.access)
        host = endpoint.host or "[::]"
        port = await bind(GRPC_ENDPOINT, endpoint, lambda: receiver.start(host, endpoint.port))
        self._grpc = receiver
        self.grpc_address = endpoint._replace(port=port)

    def _limits(self, asked_bytes: int) -> Limits:
        """As configured, and no more than the store can hold in its memory, where a row lies up to four times."""
        limit = min(asked_bytes, self._config.storage.memory_limit_bytes // 4)
        memory = self._config.memory
        return Limits(
            limit,
            limit,
            max_items=memory.max_items,
            max_objects=memory.max_objects,
            max_messages=memory.max_messages,
        )

    def _routes(self) -> list[web.RouteDef]:
        assert self.reader is not None
        limits = self._limits(self._config.receivers.http_max_body_bytes)
        return [
            *api.routes.routes(
                reader=self.reader,
                present=explained(present, self.prices),
                status_source=self.status,
                ready=self.not_ready,
                samples=self.samples,
                actions=api.upkeep.actions(self.upkeep),
            ),
            *otlp_http.routes(self.pipeline, self.admission, self.counters, limits),
        ]

    async def _start_http(self) -> None:
        endpoint = self._config.receivers.http_endpoint
        runner = web.AppRunner(
            application(self.access, self._routes()),
            auto_decompress=False,  # the receiver unpacks, and counts while it does
            access_log=None,
            handle_signals=False,
            shutdown_timeout=self._config.drain_timeout_s,
        )
        await runner.setup()
        self._http = runner
        site = web.TCPSite(runner, endpoint.host or None, endpoint.port)
        await bind(HTTP_ENDPOINT, endpoint, site.start)
        self.http_address = endpoint._replace(port=runner.addresses[0][1])

    async def _stop_receivers(self) -> None:
        """Both at a time, so that `drain_timeout_s` holds for the two together."""
        stopping: list[Awaitable[None]] = []
        if self._grpc is not None:
            stopping.append(self._grpc.stop(self._config.drain_timeout_s))
        if self._http is not None:
            stopping.append(self._http.cleanup())
        await asyncio.gather(*stopping)


async def ended(task: "asyncio.Task[None]") -> None:
    """The task is cancelled and over."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def bind(path: str, endpoint: Endpoint, start: Callable[[], Awaitable[Bound]]) -> Bound:
    """Await a start that binds `endpoint`. Raises `StartFailed` saying what to do when the address cannot be had.

    The system is asked first: gRPC does not pass on why it could not bind, and prints a line of its own.
    """
    why = why_not(endpoint)
    if why is None:
        try:
            return await start()
        except OSError as error:
            why = f"cannot be bound ({error})"
    raise cannot_listen(path, endpoint, why)


def cannot_listen(path: str, endpoint: Endpoint, why: str) -> StartFailed:
    return StartFailed(
        f"{path}: {endpoint} {why}; choose another address with {FLAG_OF[path]} (port 0 picks a free one)"
    )


def absolute(path: str) -> str:
    """The one form of the file's path in first lines, log and messages; `:memory:` stays."""
    return path if path == ":memory:" else os.path.abspath(path)


def folder_problem(path: str) -> str | None:
    """Why no file can be made at `path`, naming it once; null when its folder is there and may be written."""
    folder = os.path.dirname(path) or "."
    if path == ":memory:":
        return None
    if not os.path.isdir(folder):
        return f"{path} cannot be opened: its folder does not exist. Make it, or name another file with --db."
    if not os.path.exists(path) and not os.access(folder, os.W_OK | os.X_OK):
        return f"{path} cannot be made: this user may not write in its folder. Name another file with --db."
    return None


def why_not(endpoint: Endpoint) -> str | None:
    """What speaks against listening there; null when nothing does."""
    try:
        family, *_, address = socket.getaddrinfo(
            endpoint.host or None, endpoint.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        in_use = error.errno == errno.EADDRINUSE
        return "is in use by another program" if in_use else f"cannot be bound ({error.strerror or error})"
    return None


async def serve(config: Config, announce: Callable[[str], None]) -> int:
    """Run until a signal comes; `announce` is given the first lines. Returns the exit code. Raises `StartFailed`."""
    use_few_arenas()
    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, on_signal, number, asked_to_stop)
    server = Server(config)
    await server.start()
    collect_rarely()
    for line in first_lines(server, config):
        announce(line)
    logger.info("started", extra={"version": version(), "pid": os.getpid(), "database": server.database.path})
    await asked_to_stop.wait()
    logger.info("draining: no new requests, those in flight are finished")
    await server.stop()
    gc.unfreeze()  # else DuckDB's binding finds its types alive at the end and prints a page about it
    logger.info("stopped: everything acknowledged is on disk")
    return 0


def on_signal(number: signal.Signals, asked_to_stop: asyncio.Event) -> None:
    """The first signal drains. The second ends the process now: what was acknowledged is in the file or its log."""
    if asked_to_stop.is_set():
        os._exit(128 + number)
    asked_to_stop.set()


def first_lines(server: Server, config: Config) -> list[str]:
    """Where it listens, where it stores, and one line to paste into the shell of an application."""
    assert server.http_address is not None
    http = base_url(server.http_address)
    where = "in memory, gone at the end" if server.database.in_memory else server.database.path
    keys = " OTEL_EXPORTER_OTLP_HEADERS=x-api-key=SECRET_KEY" if config.auth.mode == "keys" else ""
    return [
        f"tracepond {version()}",
        f"  OTLP/gRPC       {server.grpc_address or 'off'}",
        f"  OTLP/HTTP, API  {server.http_address}",
        f"  database        {where}",
        f"  memory          {memory.shown(config.memory.limit_bytes)} ({config.memory.origin})",
        f"  send to it      export OTEL_EXPORTER_OTLP_ENDPOINT={http} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf{keys}",
        f"  read            curl {http}/api/v1/traces",
    ]
