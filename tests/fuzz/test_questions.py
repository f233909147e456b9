"""Any question to any route of the real server: answered or refused in the form of its path, with no word of SQL."""

import http.client
import json
import random
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from api.langfuse.routes import TABLE as LANGFUSE
from api.parameters import CONTROLS
from api.routes import TABLE
from contract.entities import SPAN_VALUES, TRACE_VALUES
from contract.reading import FIELDS, GROUPS, MEASURES, OPERATORS
from tests.support.fuzzing import fuzz
from tests.support.mutations_json import odd_json
from tests.support.server import RunningServer

VALUES = (
    "", "0", "-1", "1", "3", "1e308", "1e999", "nan", "-inf", "9" * 18, "9" * 40, "0" * 4400 + "1", "true", "null",
    ",", "a,b", "now", "-9999999d", "-999999999w", "0001-01-01", "9999-12-31T23:59:59Z", "2026-11-21T00:00:00+23:59",
    "now-1h", "{", "\"", "'", "\\", "%", "_", "*", "\x00", "\r\nX: y", "\ud800", "\uffff", "\U0001d518" * 300,
    "a" * 5000, "../../etc/passwd", "' OR 1=1 --", "'; DROP TABLE span; --", "$project", "/* conditions: span */",
    "generation", "error", "preview", "full", "1m", "auto", "month", "999999s", "name.desc", "timestamp.asc",
    "core,io", "GENERATION", "[1]", "{}",
)  # fmt: skip
LANGFUSE_NAMES = (
    "page", "limit", "cursor", "fields", "orderBy", "filter", "query", "environment", "type", "level", "name",
    "userId", "sessionId", "traceId", "observationId", "parentObservationId", "tags", "version", "release", "label",
    "resolve", "fromTimestamp", "toTimestamp", "fromStartTime", "toStartTime", "traceName", "traceTags",
    "datasetName", "datasetId", "runName", "sourceTraceId", "objectType", "objectId", "authorUserId", "value",
    "operator", "scoreIds", "configId", "queueId", "dataType", "source", "parseIoAsJson", "isRootObservation",
    "expandMetadata",
)  # fmt: skip
MEASURED = ("measures", "group_by", "interval", "fields")
NAMES = (
    *CONTROLS,
    *MEASURED,
    *sorted({name for fields in FIELDS.values() for name in fields}),
    "attr.http.route",
    "attr.",
)
SUFFIXES = (
    "",
    "",
    "",
    *(f"__{operator}" for operators in OPERATORS.values() for operator in operators),
    "__",
    "__gt__lt",
)

FILTER = [
    {"column": "name", "type": "string", "operator": "contains", "value": "a"},
    {"column": "metadata", "type": "stringObject", "operator": "=", "key": "k", "value": "v"},
    {"column": "tags", "type": "arrayOptions", "operator": "any of", "value": ["a"]},
    {"column": "latency", "type": "number", "operator": ">", "value": 1.5},
    {"column": "timestamp", "type": "datetime", "operator": ">=", "value": "2026-11-20T00:00:00Z"},
]
QUERY = {
    "view": "observations",
    "dimensions": [{"field": "providedModelName"}],
    "metrics": [{"measure": "latency", "aggregation": "p95"}, {"measure": "count", "aggregation": "count"}],
    "filters": FILTER[:2],
    "timeDimension": {"granularity": "hour"},
    "fromTimestamp": "2026-11-20T00:00:00Z",
    "toTimestamp": "2026-11-22T00:00:00Z",
    "orderBy": [{"field": "count_count", "direction": "desc"}],
    "config": {"row_limit": 10, "bins": 5},
}
ANNOUNCED = {"contentType": "image/png", "contentLength": 3, "sha256Hash": "A" * 43 + "=", "field": "input"}
BODIES: dict[str, Any] = {
    "/api/public/v2/prompts": {"name": "p", "type": "text", "prompt": "x {{y}}", "labels": ["a"], "config": {"t": 1}},
    "/api/public/datasets": {"name": "d", "description": "x", "metadata": {"a": 1}},
    "/api/public/dataset-items": {"datasetName": "d", "input": {"a": 1}, "expectedOutput": "b", "id": "i"},
    "/api/public/dataset-run-items": {"runName": "r", "datasetItemId": "i", "traceId": "t", "metadata": {}},
    "/api/public/comments": {"objectType": "TRACE", "objectId": "t", "content": "c", "projectId": "default"},
    "/api/public/scores": {"name": "n", "value": 1, "traceId": "t", "metadata": {"k": [1]}},
    "/api/public/media": ANNOUNCED | {"traceId": "t", "observationId": "o", "more": [{"a": 1}, 2]},
    "/api/v1/scores": {"name": "n", "value": 1, "trace_id": "t", "metadata": {"k": [1]}, "comment": "c"},
    "/api/v1/traces/delete": {"user_id": "nobody", "dry_run": True, "from": "-1h", "name__contains": ["a", "b"]},
}
STATUSES = {200, 201, 202, 204, 207, 302, 400, 401, 403, 404, 405, 409, 413, 415, 422}
OF_SQL = re.compile(
    rb"(Binder|Parser|Catalog|Conversion|Invalid Input|Out of Range|INTERNAL|Serialization) Error|duckdb|SELECT "
)


def escaped(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


def filled(path: str, chooser: random.Random) -> str:
    """The path with something in the places of its parameters."""
    return re.sub(r"\{[^}]*\}", lambda _: escaped(chooser.choice(VALUES) or "x")[:3000], path)


def asked(chooser: random.Random, names: tuple[str, ...], value_of: Callable[[str, random.Random], str]) -> str:
    chosen = chooser.choices(names, k=chooser.choice((0, 1, 1, 2, 4)))
    return "&".join(f"{escaped(name)}={escaped(value_of(name.partition('__')[0], chooser))[:7000]}" for name in chosen)


def own_value(name: str, chooser: random.Random) -> str:
    words = {"measures": MEASURES, "group_by": GROUPS, "fields": tuple(FIELDS["list_spans"])}.get(name)
    return (
        ",".join(chooser.choices(list(words), k=chooser.choice((1, 3))))
        if words and chooser.randrange(3)
        else odd(chooser)
    )


def langfuse_value(name: str, chooser: random.Random) -> str:
    if name == "filter":
        return odd_json(chooser.sample(FILTER, 2), chooser).decode(errors="replace")
    if name == "query":
        return odd_json(QUERY | {"view": chooser.choice(("traces", "observations"))}, chooser).decode(errors="replace")
    return odd(chooser)


def odd(chooser: random.Random) -> str:
    return chooser.choice((*VALUES, *TRACE_VALUES, *SPAN_VALUES))


def check_answer(server: RunningServer, method: str, target: str, body: bytes | None = None) -> int:
    """The status; fails where the answer is a fault of ours, not in the form of its path, or tells of the store."""
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=LONGEST_S)
    try:
        connection.request(method, target, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content, text = answer.getheader("Content-Type", ""), answer.read()
    finally:
        connection.close()
    shown = (method, target[:500], body and body[:500], answer.status, text[:500])
    assert answer.status in STATUSES, shown
    assert answer.getheader("Location", "../").startswith("../"), shown  # never to somebody else's page
    if answer.status >= 400 and method != "HEAD":
        assert not OF_SQL.search(text), shown
        members = FORMS["problem" in content]
        assert members <= json.loads(text).keys(), shown
    return int(answer.status)


FORMS = {True: {"type", "title", "status", "detail", "instance"}, False: {"message"}}
"""Of errors: a problem document below `/api/v1`, `message` in Langfuse's API and OTLP's."""
LONGEST_S = 20


def test_any_parameter_of_any_route(server: RunningServer) -> None:
    paths = [route.path for route in TABLE]
    statuses = set()

    def check(chooser: random.Random) -> None:
        names = tuple(chooser.choice(NAMES) + chooser.choice(SUFFIXES) for _ in range(4))
        target = f"{filled(chooser.choice(paths), chooser)}?{asked(chooser, names, own_value)}"
        statuses.add(check_answer(server, chooser.choice(("GET", "GET", "GET", "HEAD")), target))

    fuzz(200, check)
    assert {200, 400, 404} <= statuses


def test_any_parameter_of_any_route_of_langfuse(server: RunningServer) -> None:
    paths = ["/" + route.path.replace("+", "") for route in LANGFUSE if route.method == "GET"]
    often = [path for path in paths if path.endswith(("metrics", "traces", "observations", "scores"))]
    statuses = set()

    def check(chooser: random.Random) -> None:
        path = filled(chooser.choice([*paths, *often]), chooser)
        names = ("query", "query") if path.endswith("metrics") else (*LANGFUSE_NAMES, *["filter"] * 9)
        statuses.add(check_answer(server, "GET", f"{path}?{asked(chooser, names, langfuse_value)}"))

    fuzz(250, check)
    assert {200, 400, 404} <= statuses


@pytest.mark.parametrize("path", BODIES)
def test_any_body(server: RunningServer, path: str) -> None:
    statuses = set()

    def check(chooser: random.Random) -> None:
        body = odd_json(BODIES[path], chooser)
        if b'"all"' not in body:
            statuses.add(check_answer(server, "POST", path, body))

    fuzz(25, check)
    assert statuses & {400, 207}
    assert statuses - {400}


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "PUT", "POST", "OPTIONS"])
def test_any_method_at_any_path(server: RunningServer, method: str) -> None:
    paths = [route.path for route in TABLE] + ["/" + route.path.replace("+", "") for route in LANGFUSE]

    def check(chooser: random.Random) -> None:
        path = filled(chooser.choice(paths), chooser)
        check_answer(server, method, path, odd_json({"labels": ["a"], "newLabels": ["b"], "traceIds": ["x"]}, chooser))

    fuzz(25, check)
