"""Recorded Langfuse clients against the real program: their reads are answered, and every answer tells the same."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.langfuse import CLIENTS, Request, recorded
from tests.support.server import RunningServer, running

KEEP = ("content-type", "content-encoding", "authorization")
TIMES = {"fromTimestamp": "2020-01-01T00:00:00Z", "toTimestamp": "2030-01-01T00:00:00Z"}

REFUSED = {
    "/api/public/v2/prompts/p1": 404,
    "/api/public/metrics?query=%7B%7D": 400,
    "/api/public/v2/metrics?query=%7B%7D": 400,
}
"""There is no such prompt, and `{}` is no query."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running(tmp_path_factory.mktemp("langfuse")) as started:
        for client in CLIENTS:
            for request in recorded(client):
                if request.method == "POST":
                    post(started, request)
        yield started
        assert "Traceback" not in started.log


def post(server: RunningServer, request: Request) -> None:
    """What this server does not offer, or what names things of the server that was recorded, is 404."""
    kept = {name.lower(): value for name, value in request.headers.items() if name.lower() in KEEP}
    content_type = kept.pop("content-type")
    status, body = server.post(request.path, request.body, content_type, **kept)
    assert status in (200, 201, 202, 207, 404), (request.path, body)


def get(server: RunningServer, path: str, **query: Any) -> Any:
    asked = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in query.items())
    return server.get(f"/api/public/{path}?{asked}")


def measured(server: RunningServer, view: str, *measures: tuple[str, str], by: tuple[str, ...] = ()) -> Any:
    metrics = [{"measure": measure, "aggregation": aggregation} for measure, aggregation in measures]
    query = {"view": view, "dimensions": [{"field": name} for name in by], "metrics": metrics, **TIMES}
    return get(server, "metrics", query=json.dumps(query))["data"]


def test_recorded_reads_are_answered(server: RunningServer) -> None:
    reads = {request.path for client in CLIENTS for request in recorded(client) if request.method == "GET"}
    assert len(reads) > 10
    for path in reads:
        if path in REFUSED:
            with pytest.raises(OSError, match=str(REFUSED[path])):
                server.get(path)
        else:
            assert "data" in server.get(path) or "name" in server.get(path), path


def test_lists_and_metrics_tell_what_the_query_api_tells(server: RunningServer) -> None:
    ours = server.get("/api/v1/traces?limit=1000&io=none")["data"]
    theirs = {each["id"]: each for each in get(server, "traces", limit=100)["data"]}
    assert len(ours) == len(theirs) > 20
    rows = {row["id"]: row for row in measured(server, "traces", ("count", "count"), by=("id", "name", "userId"))}
    for trace in ours:
        listed, row = theirs[trace["trace_id"]], rows[trace["trace_id"]]
        assert (listed["name"], listed["userId"]) == (row["name"], row["userId"]) == (trace["name"], trace["user_id"])
        assert (listed["sessionId"], listed["totalCost"]) == (trace["session_id"], trace["total_cost"] or 0)
        assert len(listed["observations"]) == trace["span_count"]
        assert set(listed["scores"]) == {score["id"] for score in trace["scores"]}


@pytest.mark.parametrize("view", ["traces", "observations"])
def test_sums_over_traces_and_over_observations_are_the_same(server: RunningServer, view: str) -> None:
    ours = server.get("/api/v1/traces?limit=1000&io=none")["data"]
    [row] = measured(server, view, ("totalTokens", "sum"), ("totalCost", "sum"))
    assert int(row["sum_totalTokens"]) == sum(trace["total_tokens"] or 0 for trace in ours)
    assert row["sum_totalCost"] == pytest.approx(sum(trace["total_cost"] or 0 for trace in ours))


def test_usage_of_listed_observations_adds_up_to_their_traces(server: RunningServer) -> None:
    first = get(server, "observations", limit=100)
    pages = [
        first,
        *(get(server, "observations", limit=100, page=2 + n) for n in range(first["meta"]["totalPages"] - 1)),
    ]
    listed = [each for page in pages for each in page["data"]]
    assert len(listed) == first["meta"]["totalItems"]
    total = sum(each["usageDetails"].get("total", 0) for each in listed)
    [row] = measured(server, "traces", ("totalTokens", "sum"))
    assert total == int(row["sum_totalTokens"])
