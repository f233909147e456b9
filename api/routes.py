"""The routes of the query API: one table of path, handler and scope; errors become answers in one place."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiohttp import web

from api.cursor import After, encode_cursor
from api.errors import METHOD_NOT_ALLOWED, SAFE_HEADERS, dump, error_response, problem_response, unknown
from api.health import PROMETHEUS_TEXT, RouteTimes, prometheus_text
from api.one_trace import SPANS_AT_MOST, SpanPage, no_trace, read_spans, read_trace
from api.otlp_json import otlp_json
from api.parameters import ListQuestion, ListRoute, SpansQuestion, parse_detail, parse_list, parse_spans, stored_id
from api.records import Stored, log_record, metric_record, span_detail, span_record, trace_record
from contract.access import Identity
from contract.errors import Forbidden, NotFound, TracepondError
from contract.present import Present
from contract.reading import Reader, Row
from contract.stats import Sample

logger = logging.getLogger(__name__)

Handler = Callable[["Api", web.Request], Awaitable[web.StreamResponse]]

TRACES = ListRoute("list_traces", ("trace_id",))
SPANS = ListRoute("list_spans", ("trace_id", "span_id"))
LOGS = ListRoute("list_logs", ("digest",))
METRIC_POINTS = ListRoute("list_metric_points", ("name", "digest"), takes_io=False)

READ = "read"

OTHER_METHODS = {"/api/v1/traces/{trace_id}": ", DELETE"}
"""What `api.upkeep` answers at a path of the table below."""

UNPRICED_SHOWN = 20
"""Models without a price that `/api/v1/status` names."""


@dataclass(frozen=True, slots=True)
class Api:
    """What handlers need."""

    reader: Reader
    present: Present
    status_source: Callable[[], Mapping[str, Any]]
    ready: Callable[[], Sequence[str]]
    samples: Callable[[], Iterable[Sample]]
    now_ns: Callable[[], int] = time.time_ns
    times: RouteTimes = field(default_factory=RouteTimes)


class Route(NamedTuple):
    path: str
    handler: Handler
    scope: str | None = READ


def identity_of(request: web.Request) -> Identity:
    """Who asks: set by the service's middleware; without one the default project with all scopes."""
    identity = request.get("identity")
    return identity if isinstance(identity, Identity) else Identity()


def json_response(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        body=dump(body), status=status, content_type="application/json", headers={**SAFE_HEADERS, **(headers or {})}
    )


# --- lists ---------------------------------------------------------------------------------------------------------


async def ask_list(api: Api, request: web.Request, route: ListRoute, **fixed: Any) -> tuple[ListQuestion, list[Row]]:
    """The question of a list route and its rows, one more than the limit where there is a next page."""
    project = identity_of(request).project
    question = parse_list(request.query.items(), route, path=request.path, project=project, now_ns=api.now_ns())
    parameters: dict[str, Any] = {"project": project, "limit": question.limit + 1, **fixed}
    if route.takes_io:
        parameters["io"] = question.io
    parameters |= {"from_ns": question.from_ns, "to_ns": question.to_ns}
    if question.after is not None:
        ids = zip(route.id_columns, question.after.ids, strict=True)
        parameters |= {"after_ns": question.after.time_ns, **{f"after_{name}": value for name, value in ids}}
    return question, await api.reader.read(route.query, parameters, question.conditions)


def list_handler(
    route: ListRoute, sort_column: str, record: Callable[[Row, str, str], dict[str, Any]], **fixed: Any
) -> Handler:
    """A handler for `{"data": [...], "next_cursor": ...}`, ordered by `sort_column` and the route's ids."""

    async def handle(api: Api, request: web.Request) -> web.Response:
        question, rows = await ask_list(api, request, route, **fixed)
        page = rows[: question.limit]
        project = identity_of(request).project
        cursor = None
        if len(rows) > len(page):
            after = After(page[-1][sort_column], tuple(page[-1][name] for name in route.id_columns))
            cursor = encode_cursor(question.digest, after)
        data = [record(row, project, question.io) for row in page]
        return json_response({"data": data, "next_cursor": cursor}, headers=next_link(request, cursor))

    return handle


def next_link(request: web.Request, cursor: str | None) -> dict[str, str]:
    """RFC 8288: the same question, one page on."""
    if cursor is None:
        return {}
    url = request.rel_url.update_query(cursor=cursor)
    return {"Link": f'<{url}>; rel="next"'}


# --- one trace, one span -------------------------------------------------------------------------------------------


async def get_trace(api: Api, request: web.Request) -> web.Response:
    """`{"trace": {...}, "spans": [...], "next_cursor": ...}`, spans in start order."""
    question, asked = spans_question(request, ("io", "limit", "cursor"))
    record, page = await read_trace(api.reader, asked, question)
    logs = await api.reader.read("get_trace_logs", asked) if question.io == "full" else []
    body = await asyncio.to_thread(render_trace, api, record, page, logs, question.io)
    headers = {**SAFE_HEADERS, **next_link(request, page.next_cursor)}
    return web.Response(body=body, content_type="application/json", headers=headers)


def spans_question(request: web.Request, names: tuple[str, ...]) -> tuple[SpansQuestion, dict[str, Any]]:
    """What is asked of the trace that the path names, and how the reader is told which one that is."""
    project, trace_id = identity_of(request).project, stored_id(request.match_info["trace_id"])
    question = parse_spans(request.query.items(), names, path=request.path, project=project, limit=SPANS_AT_MOST)
    return question, {"project": project, "trace_id": trace_id}


def render_trace(api: Api, record: Row, page: SpanPage, logs: Sequence[Row], io: str) -> bytes:
    """The answer's bytes; in a thread, since 10,000 spans take a second."""
    spans = page.spans
    if io == "full":
        logs_of, donors_of = grouped(logs, "span_id"), grouped(spans, "duplicate_of")
        shown = [detail(api, span, logs_of, donors_of.get(span["span_id"], [])) for span in spans]
    else:
        shown = [span_record(span, io) for span in spans]
    trace = trace_record(record, spans[0]["project"] if spans else "", io)
    return dump({"trace": trace, "spans": shown, "next_cursor": page.next_cursor})


def grouped(rows: Iterable[Row], column: str) -> dict[Any, list[Row]]:
    """Rows by a column's value; rows without one are left out."""
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        if row[column] is not None:
            groups.setdefault(row[column], []).append(row)
    return groups


def detail(api: Api, span: Stored, logs_of: Mapping[Any, list[Row]], donors: Sequence[Stored]) -> dict[str, Any]:
    return span_detail(span, logs_of.get(span["span_id"], []), donors, api.present)


async def get_span(api: Api, request: web.Request) -> web.Response:
    """Everything about one span."""
    io = parse_detail(request.query.items())
    trace_id, span_id = (stored_id(request.match_info[name]) for name in ("trace_id", "span_id"))
    asked = {"project": identity_of(request).project, "trace_id": trace_id, "span_id": span_id}
    rows = await api.reader.read("get_spans", asked | {"io": io})
    span = next((row for row in rows if row["span_id"] == span_id), None)
    if span is None:
        raise NotFound(f"no span {span_id[:100]!r} in trace {trace_id[:100]!r}")
    if io != "full":
        return json_response(span_record(span, io))
    logs = await api.reader.read("get_trace_logs", asked)
    donors = [row for row in rows if row["duplicate_of"] == span_id]
    body = await asyncio.to_thread(detail, api, span, grouped(logs, "span_id"), donors)
    return json_response(body)


async def get_trace_otlp(api: Api, request: web.Request) -> web.Response:
    """The trace as OTLP/JSON, equal to what was received."""
    question, asked = spans_question(request, ("limit", "cursor"))
    page = await read_spans(api.reader, asked, question)
    if not page.spans:
        raise no_trace(asked)
    body = await asyncio.to_thread(otlp_json, page.spans)
    return json_response(body, headers=next_link(request, page.next_cursor))


def parse_no_parameters(request: web.Request) -> None:
    """A route without parameters refuses every one by name."""
    parse_detail(request.query.items(), ())


# --- the process ---------------------------------------------------------------------------------------------------


async def get_status(api: Api, request: web.Request) -> web.Response:
    """How the server is, and how much the asker's project holds."""
    parse_no_parameters(request)
    project = identity_of(request).project
    [rows] = await api.reader.read("count_rows", {"project": project})
    unpriced = await api.reader.read("unpriced_models", {"project": project, "limit": UNPRICED_SHOWN})
    return json_response({**api.status_source(), "rows": rows, "unpriced_models": unpriced})


async def get_healthz(_api: Api, _request: web.Request) -> web.Response:
    """The loop lives."""
    return json_response({"status": "ok"})


async def get_readyz(api: Api, _request: web.Request) -> web.Response:
    """200 when traffic may come, else 503 with the reasons."""
    reasons = list(api.ready())
    body = {"status": "unavailable", "reasons": reasons} if reasons else {"status": "ready"}
    return json_response(body, status=503 if reasons else 200)


async def get_metrics(api: Api, _request: web.Request) -> web.Response:
    text = prometheus_text([*api.samples(), *api.times.stats()])
    headers = {**SAFE_HEADERS, "Content-Type": f"{PROMETHEUS_TEXT}; charset=utf-8"}
    return web.Response(body=text.encode(), headers=headers)


async def get_root(_api: Api, _request: web.Request) -> web.Response:
    """What answers here."""
    return json_response({"name": "tracepond", "routes": [route.path for route in TABLE if route.path != "/"]})


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
    Route("/api/v1/traces", list_handler(TRACES, "sort_ns", trace_record)),
    Route("/api/v1/traces/{trace_id}", get_trace),
    Route("/api/v1/traces/{trace_id}/otlp", get_trace_otlp),
    Route("/api/v1/spans", list_handler(SPANS, "start_time", lambda row, _, io: span_record(row, io))),
    Route("/api/v1/spans/{trace_id}/{span_id}", get_span),
    Route(
        "/api/v1/generations",
        list_handler(SPANS, "start_time", lambda row, _, io: span_record(row, io), generations=True),
    ),
    Route("/api/v1/logs", list_handler(LOGS, "time", lambda row, _, io: log_record(row, io))),
    Route("/api/v1/metric_points", list_handler(METRIC_POINTS, "time", lambda row, _, io: metric_record(row, io))),
    Route("/api/v1/status", get_status),
    Route("/healthz", get_healthz, scope=None),
    Route("/readyz", get_readyz, scope=None),
    Route("/metrics", get_metrics, scope=None),
    Route("/", get_root, scope=None),
)


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
        except Exception as error:
            logger.exception("%s failed", route.path)
            return error_response(request, error)

    return handle


def routes(
    *,
    reader: Reader,
    present: Present,
    status_source: Callable[[], Mapping[str, Any]],
    ready: Callable[[], Sequence[str]],
    samples: Callable[[], Iterable[Sample]],
    actions: Callable[[Api], list[web.RouteDef]] = lambda _: [],
) -> list[web.RouteDef]:
    """All routes of the query API, for `application.add_routes`; the last one answers the rest of `/api/v1/`.

    `status_source` gives what `/api/v1/status` says beside `rows`; `ready` the reasons why not; `samples` what the
    other stages count; `actions` the routes that change something (`api.upkeep.actions`). The service's middleware
    puts `contract.access.Identity` into `request["identity"]`.
    """
    api = Api(reader, present, status_source, ready, samples)
    table = [web.get(pattern(route), guarded(api, route)) for route in TABLE]
    rest = Route("/api/v1/{tail:.*}", not_found)
    return [*actions(api), *table, web.route("*", rest.path, guarded(api, rest))]
