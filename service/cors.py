"""Which web pages may send OTLP from a browser (CORS); nobody's unless `receivers.otlp.protocols.http.cors` says so.

Source: Fetch standard, "CORS protocol"; key names and `*` in an origin as in the OpenTelemetry Collector (confighttp).
Only OTLP's paths are opened: no page of another origin can read what is stored.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from contract.errors import Forbidden

ALWAYS_ALLOWED = ("content-type", "content-encoding", "authorization", "x-api-key", "traceparent", "tracestate")
"""What browser exporters and their instrumentation send; further ones stand in `allowed_headers`."""

ANY = "*"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Cors:
    """Origins (`https://shop.example`, `https://*.shop.example`, `*`), header names in lower case, seconds."""

    allowed_origins: tuple[str, ...] = ()
    allowed_headers: tuple[str, ...] = ()
    max_age_s: float = 0

    def allows(self, origin: str) -> bool:
        """Whether a page of this origin may send. In a pattern `*` stands for one or more characters of a name."""
        return any(_fits(pattern, origin) for pattern in self.allowed_origins)

    def headers_for(self, origin: str) -> dict[str, str]:
        """What every answer to an allowed origin says. Who allows everybody allows nobody's credentials."""
        if ANY in self.allowed_origins:
            shared = {"Access-Control-Allow-Origin": ANY}
        else:
            shared = {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true"}
        return shared | {"Access-Control-Expose-Headers": "Retry-After"}

    def preflight_headers(self, asked_headers: str) -> dict[str, str]:
        """What the answer to a preflight says besides. `asked_headers` is the browser's own list."""
        if ANY in self.allowed_headers:
            names = [name for name in (part.strip() for part in asked_headers.split(",")) if _TOKEN.fullmatch(name)]
        else:
            names = [*ALWAYS_ALLOWED, *self.allowed_headers]
        return {
            "Access-Control-Allow-Methods": "POST",
            "Access-Control-Allow-Headers": ", ".join(names),
            "Access-Control-Max-Age": str(int(self.max_age_s)),
        }


_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A header's name (RFC 9110, 5.6.2)."""


def _fits(pattern: str, origin: str) -> bool:
    if pattern == ANY:
        return True
    expression = re.escape(pattern.lower()).replace(r"\*", r"[a-z0-9.-]+")
    return re.fullmatch(expression, origin.lower()) is not None


def opened(cors: Cors, is_open: Callable[[web.Request], bool], refuse: Any) -> Any:
    """A middleware for the paths of which `is_open` is true: preflights are answered, other answers marked.

    A preflight carries no credentials, so this stands before the authentication. A request itself is never refused
    here: the browser keeps the answer from the page, and a client that is no browser may name any origin.
    """

    @web.middleware
    async def share(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if origin is None or not is_open(request):
            return await handler(request)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response = preflight(request, origin)
        else:
            response = await handler(request)
        if cors.allows(origin):
            response.headers.update(cors.headers_for(origin))
        response.headers.add("Vary", "Origin")
        return response

    def preflight(request: web.Request, origin: str) -> web.StreamResponse:
        if not cors.allows(origin):
            named = f"{origin[:100]!r} is not in receivers.otlp.protocols.http.cors.allowed_origins"
            response: web.StreamResponse = refuse(request, Forbidden(f"the origin {named}"))
            return response
        asked = request.headers.get("Access-Control-Request-Headers", "")
        return web.Response(status=204, headers=cors.preflight_headers(asked))

    return share
