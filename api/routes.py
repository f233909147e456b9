"""The routes of the query API: one table of path, handler and scope."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from aiohttp import web

from api.content import get_content
from api.errors import METHOD_NOT_ALLOWED, SAFE_HEADERS, problem_response, unknown
from api.facets import get_facets
from api.handling import Api, Route, guarded, identity_of, json_response, parse_no_parameters, pattern
from api.health import PROMETHEUS_TEXT, prometheus_text
from api.lists import LOGS, METRIC_POINTS, SCORES, SESSIONS, SPANS, TRACES, USERS, list_handler
from api.metrics import get_metrics_query
from api.openapi import openapi
from api.records import log_record, metric_record, score_record, session_record, span_record, trace_record, user_record
from api.roll_ups import get_session, get_user
from api.times import rfc3339
from api.traces import get_span, get_trace, get_trace_otlp
from contract.errors import NotFound
from contract.present import Present
from contract.reading import Reader
from contract.stats import Sample

OTHER_METHODS = {"/api/v1/traces/{trace_id}": ", DELETE", "/api/v1/scores": ", POST"}
"""What `api.upkeep` and `api.scores` answer at a path of the table below."""

UNPRICED_SHOWN = 20
"""Models without a price that `/api/v1/status` names."""


async def get_status(api: Api, request: web.Request) -> web.Response:
    """How the server is, and how much the asker's project holds."""
    parse_no_parameters(request)
    project = identity_of(request).project
    [rows] = await api.reader.read("count_rows", {"project": project})
    unpriced = await api.reader.read("unpriced_models", {"project": project, "limit": UNPRICED_SHOWN})
    status = {**api.status_source(project), "rows": rows, "unpriced_models": unpriced}
    timed = {name: [with_time(row) for row in status[name]] for name in ("clients", "refusals")}
    return json_response(status | timed)


def with_time(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with `time` in the place of `time_ns`."""
    rest = {name: value for name, value in row.items() if name != "time_ns"}
    return {"time": rfc3339(row["time_ns"]), **rest}


async def get_healthz(_api: Api, _request: web.Request) -> web.Response:
    """The loop lives."""
    return json_response({"status": "ok"})


async def get_readyz(api: Api, _request: web.Request) -> web.Response:
    """200 when traffic may come, else 503 with the reasons."""
    reasons = list(api.ready())
    body = {"status": "unavailable", "reasons": reasons} if reasons else {"status": "ready"}
    return json_response(body, status=503 if reasons else 200)


async def get_metrics(api: Api, _request: web.Request) -> web.Response:
    """Numbers about the process as Prometheus text."""
    text = prometheus_text([*api.samples(), *api.times.stats()])
    headers = {**SAFE_HEADERS, "Content-Type": f"{PROMETHEUS_TEXT}; charset=utf-8"}
    return web.Response(body=text.encode(), headers=headers)


async def get_root(_api: Api, _request: web.Request) -> web.Response:
    """What answers here."""
    return json_response({"name": "tracepond", "routes": [route.path for route in TABLE if route.path != "/"]})


async def get_openapi(_api: Api, _request: web.Request) -> web.Response:
    """This API as an OpenAPI document."""
    return json_response(openapi(TABLE))


async def not_found(_api: Api, request: web.Request) -> web.Response:
    """A path below `/api/v1` that no route has, or a method that its route has not."""
    for route in TABLE:
        if web.DynamicResource(pattern(route)).get_info()["pattern"].fullmatch(request.rel_url.raw_path):
            response = problem_response(request, METHOD_NOT_ALLOWED, f"{request.method} is not allowed here")
            response.headers["Allow"] = "GET, HEAD" + OTHER_METHODS.get(route.path, "")
            return response
    # Every path begins alike: what is like another by less than this is like it by the beginning only.
    raise NotFound(str(unknown("path", request.path, [route.path for route in TABLE], likeness=0.8)))


TABLE = (
    Route("/api/v1/traces", list_handler(TRACES, "sort_ns", trace_record), takes="list_traces", gives="traces"),
    Route("/api/v1/traces/{trace_id}", get_trace, takes="trace", gives="trace"),
    Route("/api/v1/traces/{trace_id}/otlp", get_trace_otlp, takes="otlp", gives="otlp"),
    Route(
        "/api/v1/spans",
        list_handler(SPANS, "start_time", lambda row, _, io: span_record(row, io)),
        takes="list_spans",
        gives="spans",
    ),
    Route("/api/v1/spans/{trace_id}/{span_id}", get_span, takes="span", gives="span"),
    Route(
        "/api/v1/generations",
        list_handler(SPANS, "start_time", lambda row, _, io: span_record(row, io), generations=True),
        takes="list_spans",
        gives="spans",
    ),
    Route(
        "/api/v1/sessions",
        list_handler(SESSIONS, "last_active_time", lambda row, project, _: session_record(row, project)),
        takes="list_sessions",
        gives="sessions",
    ),
    Route("/api/v1/sessions/{session_id}", get_session, takes="roll_up", gives="session"),
    Route(
        "/api/v1/users",
        list_handler(USERS, "last_active_time", lambda row, project, _: user_record(row, project)),
        takes="list_users",
        gives="users",
    ),
    Route("/api/v1/users/{user_id}", get_user, takes="roll_up", gives="user"),
    Route(
        "/api/v1/scores",
        list_handler(SCORES, "timestamp", lambda row, _project, _io: score_record(row)),
        takes="list_scores",
        gives="scores",
    ),
    Route(
        "/api/v1/logs",
        list_handler(LOGS, "time", lambda row, _, io: log_record(row, io)),
        takes="list_logs",
        gives="logs",
    ),
    Route(
        "/api/v1/metric_points",
        list_handler(METRIC_POINTS, "time", lambda row, _, io: metric_record(row, io)),
        takes="list_metric_points",
        gives="metric_points",
    ),
    Route("/api/v1/content/{content_id}", get_content, gives="content"),
    Route("/api/v1/metrics/query", get_metrics_query, takes="metrics", gives="metrics"),
    Route("/api/v1/facets", get_facets, takes="facet", gives="facets"),
    Route("/api/v1/status", get_status),
    Route("/healthz", get_healthz, scope=None),
    Route("/readyz", get_readyz, scope=None),
    Route("/metrics", get_metrics, scope=None, gives="text"),
    Route("/openapi.json", get_openapi, scope=None),
    Route("/", get_root, scope=None),
)


def routes(
    *,
    reader: Reader,
    present: Present,
    status_source: Callable[[str], Mapping[str, Any]],
    ready: Callable[[], Sequence[str]],
    samples: Callable[[], Iterable[Sample]],
    actions: Callable[[Api], list[web.RouteDef]] = lambda _: [],
    langfuse: Callable[[Api], list[web.RouteDef]] = lambda _: [],
) -> list[web.RouteDef]:
    """All routes of the query API, for `application.add_routes`; the last one answers the rest of `/api/v1/`.

    `status_source` gives what `/api/v1/status` says to a project beside `rows` (times of `clients` and `refusals` as
    `time_ns`); `ready` the reasons why not; `samples` what the other stages count; `actions` the routes that change
    something (`api.upkeep.actions`), `langfuse` those of Langfuse's API (`api.langfuse.routes.routes`). The service's
    middleware puts `contract.access.Identity` into `request["identity"]`.
    """
    api = Api(reader, present, status_source, ready, samples)
    table = [web.get(pattern(route), guarded(api, route)) for route in TABLE]
    rest = Route("/api/v1/{tail:.*}", not_found)
    return [*actions(api), *table, web.route("*", rest.path, guarded(api, rest)), *langfuse(api)]
