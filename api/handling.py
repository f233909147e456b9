"""What every route is made of: who asks, what handlers need, errors that become answers in one place."""

import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiohttp import web

from api.errors import SAFE_HEADERS, dump, error_response
from api.health import RouteTimes
from api.parameters import parse_detail
from api.turns import SHOWN_UNTAKEN_AT_MOST_BYTES, Turns
from contract.access import Identity
from contract.errors import Forbidden, TracepondError
from contract.present import Present
from contract.reading import Reader
from contract.stats import Sample

logger = logging.getLogger(__name__)

Handler = Callable[["Api", web.Request], Awaitable[web.StreamResponse]]

READ = "read"


@dataclass(frozen=True, slots=True)
class Api:
    """What handlers need."""

    reader: Reader
    present: Present
    status_source: Callable[[str], Mapping[str, Any]]
    """What the process says of itself to one project."""
    ready: Callable[[], Sequence[str]]
    samples: Callable[[], Iterable[Sample]]
    now_ns: Callable[[], int] = time.time_ns
    times: RouteTimes = field(default_factory=RouteTimes)
    large_lists: Turns = field(default_factory=Turns)
    shown: Turns = field(default_factory=lambda: Turns(SHOWN_UNTAKEN_AT_MOST_BYTES, waits=False))
    """Whole traces and pages of few whole rows, apart from the large lists: most are small, and a person waits for
    them, not for who reads slowly."""


class Route(NamedTuple):
    path: str
    handler: Handler
    scope: str | None = READ
    takes: str = "nothing"
    """Which parameters: a key of `api.openapi.TAKES`."""
    gives: str = "object"
    """What it answers: a key of `api.openapi.GIVES`."""


def identity_of(request: web.Request) -> Identity:
    """Who asks: set by the service's middleware; without one the default project with all scopes."""
    identity = request.get("identity")
    return identity if isinstance(identity, Identity) else Identity()


def json_response(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        body=dump(body), status=status, content_type="application/json", headers={**SAFE_HEADERS, **(headers or {})}
    )


def next_link(request: web.Request, cursor: str | None) -> dict[str, str]:
    """RFC 8288: the same question, one page on."""
    if cursor is None:
        return {}
    url = request.rel_url.update_query(cursor=cursor)
    return {"Link": f'<{url}>; rel="next"'}


def parse_no_parameters(request: web.Request) -> None:
    """A route without parameters refuses every one by name."""
    parse_detail(request.query.items(), ())


def pattern(route: Route) -> str:
    """The route's path for the dispatcher: an id may hold anything, braces too (aiohttp leaves them out by default)."""
    return route.path.replace("}", ":[^/]+}")


def guarded(api: Api, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The handler with its scope asked for, its time taken and its errors answered; our own are logged here."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            with api.times.timed(route.path):
                if route.scope is not None and route.scope not in identity_of(request).scopes:
                    raise Forbidden(f"this key has no scope {route.scope!r}")
                return await route.handler(api, request)
        except TracepondError as error:
            return error_response(request, error)
        except ConnectionResetError:  # the client went while it was sent a file: nobody is left to be answered
            raise
        except Exception as error:
            logger.exception("%s failed", route.path)
            return error_response(request, error)

    return handle
