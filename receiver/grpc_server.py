"""A gRPC server that stands up again.

One call whose method is no UTF-8 ends a server of `grpc.aio` (grpcio 1.85: `_server_main_loop` decodes it outside of
any `try`): its port is closed for good, while the process goes on. Nothing of such a call reaches us before, so the
end is noticed and another server takes the port. Calls in flight end as they would have.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio

logger = logging.getLogger(__name__)

PAUSE_S = 0.05
"""Between two servers: whoever sends such calls without pause must not have all of the CPU."""

GRACE_S = 30.0
"""How long calls of a server that has ended may still take; exporters give up after 10 s."""

FOREVER_S = 1e9
"""A time that does not come, for `Server.stop`."""

Certificate = tuple[bytes, bytes, bytes | None]
"""In PEM: private key, chain, and the authority of the clients' own where they need one."""


class GrpcServer:
    """`start` serves on an address until `stop`."""

    def __init__(self, make: Callable[[], grpc.aio.Server]) -> None:
        """`make` gives a server with its services that is bound to nothing."""
        self._make = make
        self._server: grpc.aio.Server | None = None
        self._ended: list[grpc.aio.Server] = []
        self._work: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def start(self, host: str, port: int, certificate: Certificate | None = None) -> int:
        """Serve from now on and return the bound port. Raises `OSError` when the address cannot be bound."""
        server = self._make()
        bound = bind(server, address(host, port), certificate)
        await self._serve(server, address(host, bound), certificate)
        return bound

    async def stop(self, grace_s: float) -> None:
        """Take no new calls; return when those in flight have ended, after `grace_s` at the latest."""
        self._stopping = True
        await asyncio.gather(*(end(server, grace_s) for server in {self._server, *self._ended} if server is not None))
        while self._work:
            await asyncio.gather(*self._work)

    async def _serve(self, server: grpc.aio.Server, where: str, certificate: Certificate | None) -> None:
        """The loop that takes calls is one of the tasks that starting makes; the library does not say which."""
        before = asyncio.all_tasks()
        await server.start()
        self._server = server

        def ended(task: asyncio.Task[Any]) -> None:
            if not (task.cancelled() or task.exception() is None or self._stopping or self._server is not server):
                self._keep(self._stand_up(server, where, certificate))

        for task in asyncio.all_tasks() - before:
            task.add_done_callback(ended)

    async def _stand_up(self, ended: grpc.aio.Server, where: str, certificate: Certificate | None) -> None:
        is_over = self._server is ended and not await is_running(ended)
        if not is_over:
            return
        logger.warning("the gRPC server was ended by a call that it cannot read, and is started again")
        self._keep(self._finish(ended))
        server = self._make()
        while self._server is ended:
            await asyncio.sleep(PAUSE_S)
            if self._stopping:
                return
            try:
                bind(server, where, certificate)
            except OSError:  # the ended one lets go of the port in a thread of its own
                continue
            await self._serve(server, where, certificate)
        if self._stopping:
            await end(server, 0)

    async def _finish(self, ended: grpc.aio.Server) -> None:
        """Its calls have ended, and what the library holds for it is free."""
        self._ended.append(ended)
        await end(ended, GRACE_S)
        self._ended.remove(ended)

    def _keep(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)


async def end(server: grpc.aio.Server, grace_s: float) -> None:
    """Take no new calls; return when those in flight have ended, which are cancelled after `grace_s`.

    Several may await it at a time. `Server.stop` they may not (grpcio 1.85): where the time of one is over when another
    has just freed the server, it cancels the calls of a null pointer, which ends the process. So no `stop` is given a
    time that comes, and one without a time cancels the calls.
    """
    stops = [asyncio.ensure_future(_stop(server, FOREVER_S))]
    over, _ = await asyncio.wait(stops, timeout=grace_s)
    if not over:
        stops.append(asyncio.ensure_future(_stop(server, None)))
    await asyncio.shield(asyncio.gather(*stops))  # cancelling one would leave the server as it is, for ever


async def _stop(server: grpc.aio.Server, grace_s: float | None) -> None:
    """Where a call ends the server just then, the first `stop` raises what it raised and waits for nothing."""
    try:
        await server.stop(grace_s)
    except Exception:
        await server.stop(grace_s)


async def is_running(server: grpc.aio.Server) -> bool:
    """Whether a started server takes calls; it tells why not when it is asked to wait for its end."""
    try:
        return bool(await server.wait_for_termination(0))
    except Exception:
        return False


def bind(server: grpc.aio.Server, where: str, certificate: Certificate | None) -> int:
    """The port. Raises `OSError` when it cannot be had."""
    try:
        if certificate is None:
            return int(server.add_insecure_port(where))
        return int(server.add_secure_port(where, _credentials(*certificate)))
    except RuntimeError as error:
        raise OSError(f"cannot bind {where} for gRPC; is it in use by another program?") from error


def address(host: str, port: int) -> str:
    """As gRPC writes it; a `host` of the form `unix:/path` is a Unix domain socket."""
    if host.startswith("unix:"):
        return host
    return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"


def _credentials(key: bytes, chain: bytes, client_authority: bytes | None) -> grpc.ServerCredentials:
    must_show = client_authority is not None
    return grpc.ssl_server_credentials([(key, chain)], client_authority, require_client_auth=must_show)
