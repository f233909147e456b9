"""What every route of Langfuse's API is made of: path, scope, and errors in the form that its clients read."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
from aiohttp import web

from api.errors import SAFE_HEADERS, dump
from api.handling import Api, identity_of, json_response
from contract.documents import Documents
from contract.errors import (
    BadQuery,
    Forbidden,
    NotFound,
    Overloaded,
    Refused,
    TracepondError,
    Unauthorized,
    Unavailable,
)
from contract.prices import Prices
from contract.upkeep import Upkeep

logger = logging.getLogger(__name__)

READ, INGEST, ADMIN = "read", "ingest", "admin"

BASE = "/{prefix:(?!/*api/v1/)(?:.*/)?}"
"""Any prefix and doubled slashes: a host with a path and a slash at its end gives `/lf//api/public/traces` (seen)."""

BODY_AT_MOST_BYTES = 4_500_000
"""As Langfuse's own server takes."""

MEMBERS_AT_MOST = 200_000
"""Of the lists and objects of a body: each takes about 100 bytes once it is read, and two in the body."""

BODIES_AT_MOST_BYTES = 16 << 20
"""Of all requests together: three of the largest, which take 75 MB with all that they hold."""

ERRORS: dict[type[TracepondError], tuple[int, str]] = {
    BadQuery: (400, "InvalidRequestError"),
    Unauthorized: (401, "UnauthorizedError"),
    Forbidden: (403, "ForbiddenError"),
    NotFound: (404, "LangfuseNotFoundError"),
    Overloaded: (429, "TooManyRequestsError"),
    Unavailable: (503, "ServiceUnavailableError"),
}
REFUSED = {"malformed": 400, "too_large": 413, "unsupported_type": 415}
INTERNAL = (500, "InternalServerError")


class Bodies:
    """Bytes of bodies that are read or worked on, of all requests together."""

    def __init__(self, at_most_bytes: int = BODIES_AT_MOST_BYTES) -> None:
        self._at_most_bytes = at_most_bytes
        self._held: dict[int, int] = {}
        """By the identity of the request, which lives until it is released."""

    def grow(self, request: web.Request, count: int) -> None:
        """Raises `Overloaded` when there is no room for so many bytes more."""
        if sum(self._held.values()) + count > self._at_most_bytes:
            raise Overloaded("too many bodies are being read; send it again", reason="bodies")
        self._held[id(request)] = self._held.get(id(request), 0) + count

    def release(self, request: web.Request) -> None:
        self._held.pop(id(request), None)


@dataclass(frozen=True, slots=True)
class Langfuse:
    """What handlers need."""

    api: Api
    upkeep: Upkeep
    documents: Documents
    prices: Prices
    bodies: Bodies = field(default_factory=Bodies)


Handler = Callable[[Langfuse, web.Request], Awaitable[web.StreamResponse]]


class LangfuseRoute(NamedTuple):
    method: str
    path: str
    """Below `BASE`. A parameter holds anything but a slash, which clients encode; one with `+` slashes too: SDK 2 does
    not encode those in names of prompts (`langfuse/client.py: _url_encode`), generated clients not in those of data
    sets."""
    handler: Handler
    scope: str = READ
    is_large: bool = False
    """Its answers hold the content of many traces or spans: they are made a few at a time (`api/turns.py`)."""

    @property
    def pattern(self) -> str:
        return BASE + re.sub(r"\{(\w+)(\+?)\}", lambda name: f"{{{name[1]}:{'.+' if name[2] else '[^/]+'}}}", self.path)


def guarded(langfuse: Langfuse, route: LangfuseRoute) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The handler with its scope asked for, its time taken and its errors answered; our own are logged here."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            with langfuse.api.times.timed(f"/{route.path}"):
                if route.scope not in identity_of(request).scopes:
                    raise Forbidden(f"this key has no scope {route.scope!r}")
                if route.is_large:
                    return await in_turn(route.handler, langfuse, request)
                return await route.handler(langfuse, request)
        except TracepondError as error:
            return error_response(error)
        except Exception as error:
            logger.exception("%s failed", route.path)
            return error_response(error)
        finally:
            langfuse.bodies.release(request)

    return handle


async def in_turn(handler: Handler, langfuse: Langfuse, request: web.Request) -> web.StreamResponse:
    async with langfuse.api.shown.making(request):
        response = await handler(langfuse, request)
    return await langfuse.api.shown.send(request, response) if isinstance(response, web.Response) else response


def error_response(error: BaseException) -> web.Response:
    """`{"message", "error"}`; an error that is not ours to explain says nothing but that it happened."""
    status, name = INTERNAL
    if isinstance(error, Refused):
        status, name = REFUSED.get(error.kind, 400), "InvalidRequestError"
    for kind, answer in ERRORS.items():
        if isinstance(error, kind):
            status, name = answer
    message = str(error) if isinstance(error, TracepondError) else "an internal error happened; it was logged"
    headers = dict(SAFE_HEADERS)
    if isinstance(error, (Overloaded, Unavailable)):
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    body = dump({"message": message, "error": name})
    return web.Response(status=status, body=body, headers=headers, content_type="application/json")


def project_of(request: web.Request) -> str:
    return identity_of(request).project


def answer(body: Any, status: int = 200) -> web.Response:
    return json_response(body, status=status)


async def json_object(langfuse: Langfuse, request: web.Request) -> dict[str, Any]:
    """The JSON object of the body. Raises `Refused`, `Overloaded`."""
    text = bytearray()
    async for piece in request.content.iter_chunked(1 << 16):
        langfuse.bodies.grow(request, len(piece))
        text += piece
        if len(text) > BODY_AT_MOST_BYTES:
            raise Refused(f"the body has more than {BODY_AT_MOST_BYTES} bytes", kind="too_large")
    if sum(text.count(mark) for mark in b",[{") > MEMBERS_AT_MOST:
        raise Refused(f"the body has more than {MEMBERS_AT_MOST} members", kind="too_large")
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refused(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refused("the body must be a JSON object")
    return body


def text_in(body: Mapping[str, Any], name: str) -> str:
    """A member that must be a text with something in it. Raises `BadQuery`."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise BadQuery(f"{name} must be a text that is not empty", parameter=name)
    return value


def optional_text(body: Mapping[str, Any], name: str) -> str | None:
    return None if body.get(name) is None else text_in(body, name)


def texts_in(body: Mapping[str, Any], name: str) -> list[str] | None:
    """A member that is a list of texts, each once; null where it is not given. Raises `BadQuery`."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise BadQuery(f"{name} must be a list of texts", parameter=name)
    return list(dict.fromkeys(value))
