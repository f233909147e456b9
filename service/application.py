"""The one HTTP application: the receiver's and the query API's routes behind one authentication."""

import warnings
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiohttp import web

from api.errors import METHOD_NOT_ALLOWED, problem_response
from api.errors import error_response as api_error
from contract.access import SCORE, Authenticate
from contract.errors import Forbidden, NotFound, TracepondError, Unauthorized
from receiver.langfuse_answers import error_response as langfuse_error
from receiver.langfuse_answers import is_langfuse_path
from receiver.langfuse_http import HEALTH, PROJECTS, READY, SCORES
from receiver.langfuse_media import DOWNLOAD_PATH, UPLOAD_PATH
from receiver.otlp_http import error_response as otlp_error
from receiver.otlp_http import is_otlp_path
from service import hosts
from service.cors import Cors, opened

PUBLIC_ROUTES = frozenset(
    web.DynamicResource(path).canonical for path in ("/healthz", "/readyz", HEALTH, READY, UPLOAD_PATH, DOWNLOAD_PATH)
)
"""Answered without credentials (media: the address is signed); everything else needs them, whether it exists or not."""

SCORES_ROUTE, PROJECTS_ROUTE = (web.DynamicResource(path).canonical for path in (SCORES, PROJECTS))

CHALLENGE = 'Basic realm="tracepond", charset="UTF-8"'

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(
    authenticate: Authenticate,
    routes: Iterable[web.RouteDef],
    allowed_hosts: Iterable[str] | None = None,
    cors: Cors | None = None,
    refused: Callable[[web.Request, TracepondError], None] = lambda *_: None,
) -> web.Application:
    """The application with these routes in this order, the fixed paths before the open ones.

    `allowed_hosts` are the names, beside those that are safe, under which it may be asked; null: any. `cors` opens
    OTLP's paths to pages of other origins; null: to none. `refused` is told of senders whose key opens nothing.
    """
    # A web.RequestKey that receiver and api share would have to stand in contract, which imports no aiohttp.
    warnings.filterwarnings("ignore", category=web.NotAppKeyWarning)
    opened_to = Cors() if cors is None else cors
    host_check = (
        []
        if allowed_hosts is None
        else [hosts.checked(allowed_hosts, lambda request: tells_nothing(request, opened_to), in_form_of_path)]
    )
    for_pages = [] if cors is None else [opened(cors, lambda request: is_otlp_path(request.path), otlp_error)]
    app = web.Application(middlewares=[*for_pages, explain_unknown_paths, *host_check, guard(authenticate, refused)])
    app.add_routes(routes)
    return app


def tells_nothing(request: web.Request, cors: Cors) -> bool:
    """Whether no page could gain by a request: its answer says nothing of what is stored, and no page changes it so.

    What exporters and Langfuse's clients send is taken under any name, but a page could put in made-up spans and change
    prompts by it. Those whose origin OTLP is opened to may send spans.
    """
    is_otlp = is_otlp_path(request.path)
    takes = is_otlp or (request.method in ("POST", "PUT", "PATCH") and is_langfuse_path(request.path))
    return (
        (takes and not hosts.is_from_a_page(request))
        or (is_otlp and cors.allows(request.headers.get("Origin", "")))
        or pattern(request) in {*PUBLIC_ROUTES, PROJECTS_ROUTE, "/metrics"}
    )


def guard(authenticate: Authenticate, refused: Callable[[web.Request, TracepondError], None]) -> Any:
    """A middleware: every request carries its `Identity` in `request["identity"]`, or is answered with 401."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if pattern(request) in PUBLIC_ROUTES or (request.method == "OPTIONS" and pattern(request) == SCORES_ROUTE):
            return await handler(request)
        try:
            if len(request.headers.getall("Authorization", ())) > 1:
                raise Unauthorized("there is more than one Authorization header")
            identity = request["identity"] = authenticate(request.headers)
        except Unauthorized as error:
            response = turned_away(request, error)
            response.headers["WWW-Authenticate"] = CHALLENGE
            return response
        if SCORE in identity.scopes and pattern(request) != SCORES_ROUTE:
            return turned_away(request, Forbidden("a public key alone may post scores, nothing else"))
        return await handler(request)

    def turned_away(request: web.Request, error: TracepondError) -> web.Response:
        if is_otlp_path(request.path) or is_langfuse_path(request.path):
            refused(request, error)
        return in_form_of_path(request, error)

    return check


@web.middleware
async def explain_unknown_paths(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A path that no route has, or a method that its route has not, is answered in the form of errors of that path."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return in_form_of_path(
            request, NotFound(f"nothing is at {request.path[:200]}; the query API is below /api/v1/")
        )
    except web.HTTPMethodNotAllowed as error:
        response = not_allowed(request, f"{request.method} is not allowed at {request.path[:200]}")
        response.set_status(error.status)
        response.headers["Allow"] = error.headers["Allow"]
        return response


def not_allowed(request: web.Request, what: str) -> web.Response:
    if is_otlp_path(request.path) or is_langfuse_path(request.path):
        return in_form_of_path(request, NotFound(what))
    return problem_response(request, METHOD_NOT_ALLOWED, what)


def in_form_of_path(request: web.Request, error: TracepondError) -> web.Response:
    if is_otlp_path(request.path):
        return otlp_error(request, error)
    return langfuse_error(error) if is_langfuse_path(request.path) else api_error(request, error)


def pattern(request: web.Request) -> str | None:
    """The route's own pattern, so that no spelling of a path can pass for a public one."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else None
