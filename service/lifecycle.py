"""Start in order, stop in reverse: file, writer, gRPC, HTTP. SIGTERM drains, a second signal stops at once.

What is stopped is what was started: each step puts its own undoing on one stack, so a failed start cleans up too.
"""

import asyncio
import gc
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from aiohttp import web

import api.langfuse.routes
import api.langfuse.score_configs
import api.routes
from contract.errors import TracepondError, Unavailable
from contract.stats import HasStats, Sample
from receiver import langfuse_http, otlp_http
from receiver.admission import Admission
from receiver.compiled import DECODER
from receiver.counters import Counters
from receiver.limits import Limits
from receiver.otlp_grpc import GrpcReceiver
from service import memory, store, tls, unix_socket
from service.access import Access
from service.actions import actions
from service.allocator import Trimmer, set_up
from service.application import application
from service.client import base_url, curl
from service.config import Config
from service.forward import Forwarder
from service.http_port import HttpSite
from service.listening import StartFailed, bind, cannot_listen, why_not
from service.pipeline import Pipeline
from service.quantities import Endpoint
from service.settings import GRPC_ENDPOINT, HTTP_ENDPOINT
from service.spool import Spool
from service.version import version, version_line
from storage.documents import StoredDocuments
from storage.exclusive import exclusively
from storage.media import MediaTable
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


class Server:
    """Every stage, wired. `start` and `stop` once each; `stop` also after a `start` that failed."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.database = store.database(config, absolute(config.storage.path))
        self.prices = PriceBook(config.prices)
        self.translator = Translator(self.prices)
        self.writer = store.writer(config, self.database, self.prices, self.translator.translate)
        self.documents = StoredDocuments(self.writer)
        self.upkeep = FileUpkeep(self.database, self.writer, config.storage.retention)
        self.pipeline = Pipeline(
            self.translator.translate, self.writer.commit, store.take_out(config), store.holds(config)
        )
        self.admission = Admission(config.receivers.max_in_flight_bytes, self.writer.has_room, config.memory.body_bytes)
        self.counters = Counters()
        self.access = Access(config.auth)
        self.forwarder: Forwarder | None = None
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
            self.counters, self.admission, self.translator, self.writer, self.reader, self.upkeep, self.forwarder,
        ]  # fmt: skip
        build = Sample("build_info", {"version": version()}, 1)
        return [build, *(sample for stage in stages if stage is not None for sample in stage.stats())]

    def status(self, project: str = "default") -> dict[str, Any]:
        """What `/api/v1/status` says to `project` beside the number of rows."""
        return {
            "version": version(),
            "decoder": DECODER.name,
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
            "forwarding": None if self.forwarder is None else self.forwarder.report(),
            "translation": self.translator.report(),
            **self.counters.clients.report(project),
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
            self._stack.enter_context(exclusively(self.database.path))
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
            check=self.writer.check,
            threads=self._config.memory.readers,
            time_limit_s=self._config.query_timeout_s,
            gives_way=self._config.storage.threads == 1,
        )
        self._stack.callback(self.reader.close)
        self._stack.callback(self.pipeline.close)
        loop = asyncio.get_running_loop()
        keep = self.upkeep
        runs = (keep.run, keep.text_index.run, keep.hour_sums.run, keep.trace_rows.run, Trimmer().run)
        for run in runs:
            self._stack.push_async_callback(ended, loop.create_task(run()))
        await self._start_forwarding()
        self._stack.push_async_callback(self._stop_receivers)

    async def _start_forwarding(self) -> None:
        exporter = self._config.exporter
        if exporter.endpoint is None:
            return
        folder = self.database.path + ".forward"
        if self.database.in_memory:
            folder = self._stack.enter_context(TemporaryDirectory(prefix="tracepond-"))
        forwarder = Forwarder(Spool(Path(folder), exporter.queue_bytes), exporter.endpoint, dict(exporter.headers))
        try:
            await forwarder.open()
        except OSError as error:
            raise StartFailed(f"exporters.otlp: {folder} cannot be used: {error.strerror}") from error
        self.forwarder = forwarder
        self._stack.push_async_callback(self.forwarder.close)
        self._stack.push_async_callback(ended, asyncio.get_running_loop().create_task(self.forwarder.run()))

    async def _start_grpc(self) -> None:
        endpoint = self._config.receivers.grpc_endpoint
        if endpoint is None:
            return
        limits = self._limits(self._config.receivers.grpc_max_message_bytes)
        receiver = GrpcReceiver(
            self.pipeline, self.admission, self.counters, limits, self.access, self.not_ready, self._taken()
        )
        host = f"unix:{endpoint.path}" if endpoint.path else endpoint.host or "[::]"
        chosen = self._config.receivers.grpc_tls
        certificate = None if chosen is None else usable(tls.files, chosen)
        port = await bind(GRPC_ENDPOINT, endpoint, lambda: receiver.start(host, endpoint.port, certificate))
        self._grpc = receiver
        self.grpc_address = self._bound(endpoint, port)

    def _bound(self, endpoint: Endpoint, port: int) -> Endpoint:
        """The endpoint as it came to be; its socket's file is removed before the receivers stop."""
        if not endpoint.path:
            return endpoint._replace(port=port)
        self._stack.callback(unix_socket.removal(endpoint.path))
        return endpoint

    def _taken(self) -> Callable[[str, str, bytes, str], None] | None:
        return None if self.forwarder is None else self.forwarder.offer

    def _limits(self, limit_bytes: int) -> Limits:
        memory = self._config.memory
        return Limits(
            limit_bytes,
            limit_bytes,
            max_items=memory.max_items,
            max_objects=memory.max_objects,
            max_messages=memory.max_messages,
        )

    def _routes(self) -> list[web.RouteDef]:
        assert self.reader is not None
        limits = self._limits(self._config.receivers.http_max_body_bytes)
        configs = api.langfuse.score_configs.score_configs(self.reader)
        return [
            # Before those with as open paths: a request is compared with them one by one, 2 us each.
            *otlp_http.routes(self.pipeline, self.admission, self.counters, limits, self._taken()),
            *api.routes.routes(
                reader=self.reader,
                present=explained(present, self.prices),
                status_source=self.status,
                ready=self.not_ready,
                samples=self.samples,
                actions=actions(self.upkeep, self.pipeline, self.counters, limits, configs),
                langfuse=partial(api.langfuse.routes.routes, self.upkeep, self.documents, self.prices.listed),
            ),
            *langfuse_http.routes(
                self.pipeline,
                self.admission,
                self.counters,
                limits,
                ready=self.not_ready,
                version=version(),
                upkeep=self.upkeep,
                media=MediaTable(self.database, self.writer),
                score_configs=configs,
                browsers=self._config.auth.mode == "keys",
            ),
        ]

    def _allowed_hosts(self) -> list[str] | None:
        """Null where keys are needed: a page of somebody else has none to send."""
        if self._config.auth.mode == "keys":
            return None
        return [*self._config.allowed_hosts, self._config.receivers.http_endpoint.host]

    async def _start_http(self) -> None:
        endpoint = self._config.receivers.http_endpoint
        runner = web.AppRunner(
            application(
                self.access,
                self._routes(),
                self._allowed_hosts(),
                self._config.receivers.http_cors,
                self.counters.clients.turned_away,
            ),
            handle_signals=False,
            shutdown_timeout=self._config.drain_timeout_s,
        )
        await runner.setup()
        self._http = runner
        chosen = self._config.receivers.http_tls
        context = None if chosen is None else usable(tls.server_context, chosen)
        refused = partial(self.counters.clients.note, "400", "HTTP port")
        await bind(HTTP_ENDPOINT, endpoint, HttpSite(runner, endpoint, context, refused=refused).start)
        self.http_address = self._bound(endpoint, 0 if endpoint.path else runner.addresses[0][1])

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


def usable(read: Callable[[tls.Tls], Bound], chosen: tls.Tls) -> Bound:
    """What the files of a certificate say. Raises `StartFailed`."""
    try:
        return read(chosen)
    except tls.Unusable as error:
        raise StartFailed(f"TLS: {error}") from error


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


async def serve(config: Config, announce: Callable[[str], None]) -> int:
    """Run until a signal comes; `announce` is given the first lines. Returns the exit code. Raises `StartFailed`."""
    set_up(config.memory.kept_bytes)
    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, on_signal, number, asked_to_stop)
    server = Server(config)
    await server.start()
    collect_rarely()
    for line in first_lines(server, config):
        announce(line)
    logger.info(
        "started",
        extra={"version": version(), "decoder": DECODER.name, "pid": os.getpid(), "database": server.database.path},
    )
    await asked_to_stop.wait()
    logger.info("draining: no new requests, those in flight are finished")
    await server.stop()
    gc.unfreeze()  # else DuckDB's binding finds its types alive at the end and prints a page about it
    kept = "gone, as it was in memory only" if server.database.in_memory else "on disk"
    logger.info("stopped: everything acknowledged is %s", kept)
    return 0


def on_signal(number: signal.Signals, asked_to_stop: asyncio.Event) -> None:
    """The first signal drains. The second ends the process now: what was acknowledged is in the file or its log."""
    if asked_to_stop.is_set():
        os._exit(128 + number)
    asked_to_stop.set()


def first_lines(server: Server, config: Config) -> list[str]:
    """Where it listens, where it stores, and one line to paste into the shell of an application."""
    assert server.http_address is not None
    where = "in memory, gone at the end" if server.database.in_memory else server.database.path
    has_keys = config.auth.mode == "keys"
    keys = " OTEL_EXPORTER_OTLP_HEADERS=x-api-key=SECRET_KEY" if has_keys else ""
    asking = curl(server.http_address, config.receivers.http_tls, "x-api-key: SECRET_KEY" if has_keys else "")
    return [
        f"tracepond {version_line()}",
        f"  OTLP/gRPC       {server.grpc_address or 'off'}",
        f"  OTLP/HTTP, API  {server.http_address}",
        f"  database        {where}",
        f"  memory          {memory.shown(config.memory.limit_bytes)} ({config.memory.origin})",
        f"  send to it      export {exporter_settings(server, config)}{keys}",
        f"  read            {asking}/api/v1/traces",
    ]


def exporter_settings(server: Server, config: Config) -> str:
    """For an SDK: over HTTP, but over gRPC where HTTP has a Unix socket, which no SDK can be told."""
    http, grpc = server.http_address, server.grpc_address
    assert http is not None
    if not http.path or grpc is None:
        url, protocol = base_url(http, config.receivers.http_tls), "http/protobuf"
    else:
        url, protocol = str(grpc) if grpc.path else base_url(grpc, config.receivers.grpc_tls), "grpc"
    return f"OTEL_EXPORTER_OTLP_ENDPOINT={url} OTEL_EXPORTER_OTLP_PROTOCOL={protocol}"
