"""The one form of errors: RFC 9457 `application/problem+json`, from one table."""

import difflib
from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson
from aiohttp import web

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

SAFE_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""On every answer: it holds somebody's prompts, and is never to be guessed to be a page."""


class Problem(NamedTuple):
    status: int
    type: str
    title: str


REFUSED = {
    "malformed": Problem(400, "/errors/malformed", "Malformed request"),
    "too_large": Problem(413, "/errors/too-large", "Request too large"),
    "unsupported_type": Problem(415, "/errors/unsupported-type", "Unsupported content type"),
}
PROBLEMS: dict[type[TracepondError], Problem] = {
    BadQuery: Problem(400, "/errors/invalid-query", "Invalid query"),
    Unauthorized: Problem(401, "/errors/unauthorized", "Credentials missing or wrong"),
    Forbidden: Problem(403, "/errors/forbidden", "Not allowed with these credentials"),
    NotFound: Problem(404, "/errors/not-found", "Not found"),
    Overloaded: Problem(429, "/errors/overloaded", "Too many requests"),
    Unavailable: Problem(503, "/errors/unavailable", "Cannot answer now"),
}
METHOD_NOT_ALLOWED = Problem(405, "/errors/method-not-allowed", "Method not allowed")
INTERNAL = Problem(500, "/errors/internal", "Internal error")


def error_response(request: web.Request, error: BaseException) -> web.Response:
    """The answer for an error; one that is not ours to explain says nothing but that it happened."""
    if isinstance(error, Refused):
        return problem_response(request, REFUSED.get(error.kind, REFUSED["malformed"]), str(error))
    for kind, problem in PROBLEMS.items():
        if isinstance(error, kind):
            return problem_response(request, problem, str(error), error)
    return problem_response(request, INTERNAL, "an internal error happened; it was logged")


def problem_response(
    request: web.Request, problem: Problem, detail: str, error: BaseException | None = None
) -> web.Response:
    """The document of RFC 9457 section 3, with `Retry-After` and `WWW-Authenticate` where the status wants it."""
    body: dict[str, Any] = {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
        "instance": request.rel_url.raw_path,
    }
    if isinstance(error, BadQuery):
        body["errors"] = [{"parameter": error.parameter, "message": detail, "hint": error.hint}]
    headers = dict(SAFE_HEADERS)
    if isinstance(error, (Overloaded, Unavailable)):
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = 'Basic realm="tracepond"'
    return web.Response(
        status=problem.status, body=dump(body), headers=headers, content_type="application/problem+json"
    )


LEVELS_AT_MOST = 200
"""Of lists and objects in an answer (orjson writes 254): text that a client sent is shown as the JSON that it is."""


LIKENESS = 0.55
"""From which on a name is probably a slip of the pen: at 0.4 `offset` was taken for `complete`."""


def dump(body: Any) -> bytes:
    """JSON; a lone surrogate, which UTF-8 cannot hold, becomes a question mark, what nests too deep a remark."""
    try:
        return orjson.dumps(body)
    except TypeError:
        return orjson.dumps(_writable(body, LEVELS_AT_MOST))


def _writable(value: Any, levels: int) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if not isinstance(value, (list, dict)):
        return value
    if levels == 0:
        return f"(nests more than {LEVELS_AT_MOST} levels)"
    if isinstance(value, list):
        return [_writable(item, levels - 1) for item in value]
    return {_writable(key, 0): _writable(item, levels - 1) for key, item in value.items()}


def unknown(what: str, name: str, valid: Iterable[str], *, likeness: float = LIKENESS) -> BadQuery:
    """A `BadQuery` that names what was not understood and the nearest valid name, when one is that much like it."""
    near = difflib.get_close_matches(name, list(valid), n=1, cutoff=likeness)
    hint = near[0] if near else None
    shown = name[:60]
    return BadQuery(f"unknown {what} {shown!r}{did_you_mean(hint)}", parameter=shown, hint=hint)


def did_you_mean(hint: str | None) -> str:
    return f", did you mean {hint!r}?" if hint else ""
