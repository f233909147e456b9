"""Addresses: taken, or an error that says what to do."""

import errno
import socket
from collections.abc import Awaitable, Callable
from typing import TypeVar

from service import unix_socket
from service.quantities import Endpoint
from service.settings import FLAG_OF

Bound = TypeVar("Bound")


class StartFailed(Exception):
    """The server cannot start; `str()` is one line with cause and cure."""


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


def why_not(endpoint: Endpoint) -> str | None:
    """What speaks against listening there; null when nothing does."""
    if endpoint.path:
        return unix_socket.why_not(endpoint.path)
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
