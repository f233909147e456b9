"""`/openapi.json`: every route, parameter and answer, made from the tables that the routes themselves are made from.

Langfuse's API is described by a table of its own (`api/langfuse/openapi.py`).
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from api import facets, metrics
from api.enumerations import enumeration
from api.handling import Route
from api.langfuse import openapi as langfuse
from api.one_trace import SPANS_AT_MOST
from api.openapi_actions import ACTIONS, Action, both, request_body
from api.parameters import CONTROLS, IO, LIMIT, LIMIT_AT_MOST
from api.schemas import COMPONENTS, GIVES, PREVIEW, Schema
from contract.reading import FIELDS, GROUPS, MEASURES, OPERATORS

OPENAPI = "3.1.0"
PROGRAM = "tracepond"

Parameter = dict[str, Any]

PROBLEMS = {
    "400": "a parameter that is not understood; the answer names it and the nearest valid one",
    "401": "credentials missing or wrong",
    "403": "a key without the scope that the route needs",
    "404": "no such id or path",
    "429": "too much at a time; `Retry-After` says when to come again",
    "503": "the question took too long, or the database can neither answer nor take anything now",
}

PROBLEM: Schema = {"$ref": "#/components/schemas/Problem"}
STATUS: Schema = {"type": "object", "description": "google.rpc.Status"}
SECURITY: list[dict[str, list[str]]] = [{"basic": []}, {"bearer": []}]

DESCRIBED: Mapping[str, tuple[Schema, str]] = {
    "limit": ({"type": "integer", "minimum": 1, "maximum": LIMIT_AT_MOST, "default": LIMIT}, "rows of a page"),
    "cursor": ({"type": "string"}, "`next_cursor` of the page before, with otherwise the same query"),
    "from": ({"type": "string"}, "RFC 3339, an epoch number, `-15m`, `now-7d`; included"),
    "to": ({"type": "string"}, "like `from`; not included"),
    "io": ({"type": "string", "enum": list(IO)}, f"content: none, {PREVIEW}, or all of it"),
    "q": ({"type": "string"}, 'words and "quoted phrases", all of which must be found in name, input or output'),
    "measures": ({"type": "string", "examples": ["total_tokens,total_cost"]}, "of " + ", ".join(MEASURES)),
    "group_by": ({"type": "string", "examples": ["model"]}, "of " + ", ".join(GROUPS) + ", attr.KEY"),
    "fields": ({"type": "string", "examples": ["model,user_id"]}, "of " + ", ".join(GROUPS) + ", attr.KEY"),
    "interval": ({"type": "string", "examples": ["hour"]}, "minute, hour, day, week, month, auto, or as in 15m"),
}
"""Parameters that are no filters."""

SPANS_LIMIT = {"type": "integer", "minimum": 1, "maximum": SPANS_AT_MOST, "default": SPANS_AT_MOST}

LISTS = {
    **dict.fromkeys(("list_traces", "list_spans", "list_logs"), CONTROLS),
    **dict.fromkeys(
        ("list_metric_points", "list_scores", "list_sessions", "list_users"),
        tuple(name for name in CONTROLS if name != "io"),
    ),
    "metrics": metrics.CONTROLS,
    "facet": facets.CONTROLS,
}
"""Query -> the parameters of its route that are no filters."""

FILTER_TYPES = {"int": "integer", "float": "number", "bool": "boolean"}


def openapi(routes: Iterable[Route]) -> dict[str, Any]:
    """The document of OpenAPI 3.1."""
    return {
        "openapi": OPENAPI,
        "info": {"title": "tracepond", "version": program_version()},
        "paths": {**paths(routes), **langfuse.paths()},
        "components": {
            "schemas": {**COMPONENTS, **langfuse.COMPONENTS},
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def paths(routes: Iterable[Route]) -> dict[str, dict[str, Any]]:
    """Path -> method -> operation."""
    found = {route.path: {"get": operation(route)} for route in routes}
    for (method, path), action in ACTIONS.items():
        found.setdefault(path, {})[method] = described(path, action)
    return found


@lru_cache(maxsize=1)
def program_version() -> str:
    """Empty where the program runs without being installed."""
    try:
        return version(PROGRAM)
    except PackageNotFoundError:
        return ""


def operation(route: Route) -> dict[str, Any]:
    return {
        "summary": summary(route),
        "parameters": [*path_parameters(route.path), *taken(route.takes)],
        "responses": responses(content(route.gives), {"application/problem+json": PROBLEM}),
        "security": SECURITY if route.scope else [],
    }


def described(path: str, action: Action) -> dict[str, Any]:
    """An operation that takes or changes something. OTLP has its own form of errors, in the encoding of the request."""
    errors = {"application/problem+json": PROBLEM} if path.startswith("/api/") else both(STATUS)
    given = {kind: {"schema": schema} for kind, schema in action.gives.items()}
    return {
        "summary": action.summary,
        "parameters": path_parameters(path),
        **request_body(action),
        "responses": responses(given, errors),
        "security": SECURITY,
    }


def responses(given: dict[str, Any], errors: Mapping[str, Schema]) -> dict[str, Any]:
    failed = {kind: {"schema": schema} for kind, schema in errors.items()}
    failures = {status: {"description": why, "content": failed} for status, why in PROBLEMS.items()}
    return {"200": {"description": "the answer", "content": given}, **failures}


def summary(route: Route) -> str:
    return (route.handler.__doc__ or f"A page of {route.gives}, newest first.").splitlines()[0]


def content(gives: str) -> dict[str, Any]:
    if gives == "text":
        return {"text/plain": {"schema": {"type": "string"}}}
    if gives == "content":
        return {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    return {"application/json": {"schema": GIVES[gives]}}


def path_parameters(path: str) -> list[Parameter]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def taken(takes: str) -> list[Parameter]:
    """The query parameters of a route."""
    if takes in LISTS:
        return [*controls(LISTS[takes]), *filters(takes)]
    return TAKES[takes]


def controls(names: Sequence[str]) -> list[Parameter]:
    return [query_parameter(name, *DESCRIBED[name]) for name in names]


def filters(query: str) -> list[Parameter]:
    """One for each field, and one for the attributes, with the operators that can be added to the name."""
    fields = FIELDS[query].items()
    attribute = "an attribute as sent; " + operators("attribute")
    return [
        *(query_parameter(name, filter_schema(query, name), operators(kind)) for name, kind in fields),
        query_parameter("attr.{KEY}", {"type": "string"}, attribute),
    ]


def filter_schema(query: str, name: str) -> Schema:
    words = enumeration(query, name)
    kind = FILTER_TYPES.get(FIELDS[query][name], "string")
    return {"type": kind, "examples": list(words)} if words else {"type": kind}


def operators(kind: str) -> str:
    names = ", ".join(f"`__{name}`" for name in OPERATORS[kind] if name != "eq")
    return f"also with {names} behind the name"


def query_parameter(name: str, schema: Schema, description: str) -> Parameter:
    return {"name": name, "in": "query", "schema": schema, "description": description}


SPANS_CONTROLS = [query_parameter("limit", SPANS_LIMIT, "spans of a page"), *controls(("cursor",))]

TAKES: Mapping[str, list[Parameter]] = {
    "nothing": [],
    "span": controls(("io",)),
    "trace": [*controls(("io",)), *SPANS_CONTROLS],
    "otlp": SPANS_CONTROLS,
    "roll_up": controls(("limit", "cursor", "io")),
}
"""What a route says it takes -> its parameters; the lists are made from `LISTS`."""
