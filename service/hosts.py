"""Which `Host` a question may name while no keys are needed: a page of somebody else must not read through DNS.

DNS rebinding: a web page on evil.example makes its own name point to 127.0.0.1, and the browser then takes this server
for a part of that page. Such a request names the page's host. Names that nobody can register in public DNS are safe:
addresses, names without a dot (a container's, a machine's) and the reserved ends below; others are said in
`api.allowed_hosts`. What is sent, over OTLP or by Langfuse's clients, is checked where a page sends it: content types
that need a browser to ask first (Fetch standard) keep out pages of other origins, but after rebinding the page is of
the same origin. Exporters are no pages and may use any name (a container's, a proxy's). With keys there is nothing to
gain: the browser has none to send.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from contract.errors import Forbidden

RESERVED = (".localhost", ".local", ".internal", ".home.arpa", ".test")
"""Ends that public DNS never resolves: RFC 6761, 6762, 8375, and ICANN's resolution 2024.07.29.06 for `.internal`."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def checked(allowed: Iterable[str], exempt: Callable[[web.Request], bool], refuse: Any) -> Any:
    """A middleware: a request for a host that is not known to be ours is refused, but where `exempt` says so."""
    known = frozenset(name.lower().rstrip(".") for name in allowed)

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = name_of(request.headers.get("Host", ""))
        if exempt(request) or is_ours(host, known):
            return await handler(request)
        response: web.StreamResponse = refuse(
            request,
            Forbidden(
                f"requests for the host {host[:100]!r} are not answered while no keys are needed: "
                "add it to api.allowed_hosts, or set up keys (auth.projects)"
            ),
        )
        return response

    return check


def is_from_a_page(request: web.Request) -> bool:
    """Whether a browser sends it for a page: each of them names the page's origin with all but GET and HEAD (Fetch
    standard, "append a request `Origin` header"); programs do not."""
    return "Origin" in request.headers or "Sec-Fetch-Site" in request.headers


UNREADABLE = "."
"""Nobody's host."""


def name_of(header: str) -> str:
    """The host of a `Host` header, without port, brackets and the dot at the end; empty where there is no header."""
    try:
        return (urlsplit(f"//{header}").hostname or UNREADABLE).rstrip(".") or UNREADABLE if header else ""
    except ValueError:
        return UNREADABLE


def is_ours(host: str, known: Collection[str]) -> bool:
    """Whether no page of somebody else can have this host. A client that names none is no browser."""
    if not host or host in known or host.endswith(RESERVED):
        return True
    if "." not in host and ":" not in host:
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
