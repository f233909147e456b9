"""Paths and answers in Langfuse's form, whatever they are about."""

from itertools import pairwise
from typing import Any

import orjson
from aiohttp import web

from receiver.status import WireStatus, wire_status

ERROR_NAMES = {
    400: "InvalidRequestError",
    401: "UnauthorizedError",
    403: "ForbiddenError",
    404: "LangfuseNotFoundError",
    405: "MethodNotAllowedError",
    413: "PayloadTooLargeError",
    415: "InvalidRequestError",
    429: "RateLimitError",
    503: "ServiceUnavailableError",
}
"""HTTP status -> `error` of the body, in the words of Langfuse's server."""


def at(path: str) -> str:
    """The pattern of a path of this API: a host may be configured with a path, and with a slash at its end."""
    return "/{prefix:(?!/*api/v1/)(?:.*/)?}api/public/" + path + "{slashes:/*}"


def is_langfuse_path(path: str) -> bool:
    """Whether answers on `path` have to be in Langfuse's form."""
    words = [word for word in path.split("/") if word]
    return ("api", "public") in pairwise(words)


def error_response(error: Exception) -> web.Response:
    """Any error as Langfuse's clients read it."""
    return status_response(wire_status(error))


def status_response(status: WireStatus) -> web.Response:
    name = ERROR_NAMES.get(status.http_status, "InternalServerError")
    response = json_response({"message": status.message, "error": name}, status.http_status)
    if status.retry_after_header is not None:
        response.headers["Retry-After"] = status.retry_after_header
    return response


def json_response(body: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
