"""A gRPC server that no call can end.

One call whose method is no UTF-8 ends the loop in which a server of `grpc.aio` takes calls (grpcio since 1.84:
`_server_main_loop` decodes it outside of any `try`), and with it the port and every connection. Nothing of such a call
reaches handlers or interceptors before. So two servers share the work: `_Port` listens and takes calls; `_Reader`,
bound to nothing, reads their methods and runs their handlers. Such a call ends a reader, and there is another at once;
the call itself is CANCELLED. Both are the library's own class, which is private: pyproject.toml names the versions that
this was tried with.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import grpc
from grpc._cython import cygrpc

Certificate = tuple[bytes, bytes, bytes | None]
"""In PEM: private key, chain, and the authority of the clients' own where they need one."""


class GrpcServer:
    """`start` serves on an address until `stop`; each once."""

    def __init__(self, handlers: Sequence[Any], options: Mapping[str, int]) -> None:
        """`handlers` are `grpc.GenericRpcHandler`; they bound how many calls they let wait."""
        self._handlers, self._options = handlers, options
        self._port: _Port | None = None
        self._reader: _Reader | None = None
        self._work: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int, certificate: Certificate | None = None) -> int:
        """Serve from now on and return the bound port. Raises `OSError` when the address cannot be bound."""
        listening = _Port(self._options)
        bound = bind(listening, address(host, port), certificate)
        await listening.start()
        self._port = listening
        await self._read()
        return bound

    async def stop(self, grace_s: float) -> None:
        """Take no new calls; return when those in flight have ended, after `grace_s` at the latest."""
        if self._port is None:
            return
        await self._port.shutdown(grace_s)  # never by two at a time: the later one may use what the other has freed
        while self._work:
            await asyncio.gather(*self._work)
        reader, self._reader = self._reader, None
        self._port.calls.put_nowait(None)
        await _end(reader)

    async def _read(self) -> None:
        assert self._port is not None
        self._reader = _Reader(self._handlers, self._port.calls, self._ended)
        await self._reader.start()

    def _ended(self, reader: "_Reader") -> None:
        if self._reader is reader:
            task = asyncio.get_running_loop().create_task(self._replace(reader))
            self._work.add(task)
            task.add_done_callback(self._work.discard)

    async def _replace(self, reader: "_Reader") -> None:
        """The calls that it has read go on; they know the port only."""
        await self._read()
        await _end(reader)


class _Port(cygrpc.AioServer):  # type: ignore[misc]
    """Listens; what it takes is in `calls`."""

    def __init__(self, options: Mapping[str, int]) -> None:
        super().__init__(asyncio.get_running_loop(), None, (), (), tuple(options.items()), None)
        self.calls: asyncio.Queue[Any] = asyncio.Queue()

    async def _request_call(self) -> Any:
        """The library's loop waits here for its next call, which never comes."""
        while True:
            self.calls.put_nowait(await super()._request_call())


class _Reader(cygrpc.AioServer):  # type: ignore[misc]
    """Bound to nothing; its calls are those of a port. `ended` is told that one has ended it."""

    def __init__(
        self,
        handlers: Sequence[Any],
        calls: "asyncio.Queue[Any]",
        ended: Callable[["_Reader"], None],
    ) -> None:
        super().__init__(asyncio.get_running_loop(), None, handlers, (), (), None)
        self._calls, self._ended = calls, ended

    async def _request_call(self) -> Any:
        call = await self._calls.get()
        if call is None:
            raise cygrpc._RequestCallError
        return call

    def _serving_task_crash_handler(self, task: "asyncio.Task[None]") -> None:
        """Called by the library when the loop is over."""
        if not task.cancelled() and task.exception() is not None:
            self._ended(self)


async def _end(reader: Any) -> None:
    """What the library holds for it is free. The first `shutdown` raises what has ended the loop, and frees nothing."""
    try:
        await reader.shutdown(None)
    except Exception:
        await reader.shutdown(None)


def bind(server: Any, where: str, certificate: Certificate | None) -> int:
    """The port. Raises `OSError` when it cannot be had."""
    if certificate is None:
        bound = int(server.add_insecure_port(where.encode()))
    else:
        bound = int(server.add_secure_port(where.encode(), _credentials(*certificate)))
    if bound == 0:
        raise OSError(f"cannot bind {where} for gRPC; is it in use by another program?")
    return bound


def address(host: str, port: int) -> str:
    """As gRPC writes it; a `host` of the form `unix:/path` is a Unix domain socket."""
    if host.startswith("unix:"):
        return host
    return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"


def _credentials(key: bytes, chain: bytes, client_authority: bytes | None) -> grpc.ServerCredentials:
    must_show = client_authority is not None
    return grpc.ssl_server_credentials([(key, chain)], client_authority, require_client_auth=must_show)
