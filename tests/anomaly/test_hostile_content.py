"""One odd item among good ones: its neighbours are there, the lists answer, whatever it holds (promises 8 and 10)."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import RunningServer, running

Attributes = dict[str, dict[str, Any]]

NOW = 1_790_000_000_000_000_000
MOST = 2**63 - 1
LISTS = ("traces", "spans", "generations", "logs", "metric_points")

TOKENS_BEYOND_64_BITS: Attributes = {
    "gen_ai.operation.name": {"stringValue": "chat"},
    "gen_ai.usage.input_tokens": {"intValue": str(MOST)},
    "gen_ai.usage.output_tokens": {"intValue": str(MOST)},
}
MANY_TOKENS: Attributes = {
    "gen_ai.operation.name": {"stringValue": "chat"},
    "gen_ai.usage.input_tokens": {"intValue": str(MOST)},
}
DEEP_TEXT: Attributes = {
    "gen_ai.operation.name": {"stringValue": "chat"},
    "input.value": {"stringValue": '{"a":' * 300 + "1" + "}" * 300},
    "gen_ai.input.messages": {"stringValue": "[" * 300 + "]" * 300},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running(Path(tmp_path_factory.mktemp("hostile"))) as made:
        yield made


def span(trace_id: str, attributes: Attributes | None = None, start_ns: int = NOW) -> dict[str, Any]:
    return {
        "traceId": trace_id,
        "spanId": secrets.token_hex(8),
        "name": "s",
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(start_ns),
        "attributes": [{"key": key, "value": value} for key, value in (attributes or {}).items()],
    }


def send(server: RunningServer, *spans: dict[str, Any]) -> None:
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
    assert server.post("/v1/traces", body) == (200, b"{}")


def log_request(time_ns: int) -> bytes:
    record = {"timeUnixNano": str(time_ns), "body": {"stringValue": "b"}}
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()


def histogram_request(count: int) -> bytes:
    point = {"timeUnixNano": str(NOW), "count": str(count), "bucketCounts": [str(count)]}
    metric = {"name": "h", "histogram": {"dataPoints": [point]}}
    return json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}).encode()


def shown(server: RunningServer, trace_id: str) -> list[str]:
    return [found["span_id"] for found in server.get(f"/api/v1/traces/{trace_id}?io=full")["spans"]]


def pages(server: RunningServer, path: str) -> int:
    """How many pages of one record there are; fails where the server refuses its own cursor."""
    cursor, count = "", 0
    while cursor is not None:
        page = server.get(f"{path}?limit=1{cursor and '&cursor='}{cursor}")
        cursor, count = page["next_cursor"], count + 1
    return count


def lists_answer(server: RunningServer) -> bool:
    return all("data" in server.get(f"/api/v1/{name}?limit=1000") for name in LISTS)


@pytest.mark.parametrize("odd", [TOKENS_BEYOND_64_BITS, MANY_TOKENS, DEEP_TEXT])
def test_neighbours_of_an_odd_span_are_there_and_every_list_answers(server: RunningServer, odd: Attributes) -> None:
    trace_id = secrets.token_hex(16)
    good = [span(trace_id), span(trace_id)]
    send(server, good[0], span(trace_id, odd), span(trace_id, odd), good[1])
    assert {found["spanId"] for found in good} <= set(shown(server, trace_id))
    assert lists_answer(server)


def test_a_span_with_more_tokens_than_64_bits_is_there_itself(server: RunningServer) -> None:
    trace_id = secrets.token_hex(16)
    send(server, span(trace_id, TOKENS_BEYOND_64_BITS))
    assert len(shown(server, trace_id)) == 1


@pytest.mark.parametrize("time_ns", [MOST, 2**64 - 1])
def test_a_log_record_of_an_absurd_time_stops_nobody(server: RunningServer, time_ns: int) -> None:
    """It once kept everything that came after it from the tables, and the server from starting again."""
    for _ in range(2):
        assert server.post("/v1/logs", log_request(time_ns))[0] == 200
    trace_id = secrets.token_hex(16)
    send(server, span(trace_id))
    assert len(shown(server, trace_id)) == 1
    assert server.get("/readyz") == {"status": "ready"}


def test_a_histogram_that_counted_beyond_63_bits_is_there(server: RunningServer) -> None:
    before = server.get("/api/v1/status")["rows"]["metric_points"]
    assert server.post("/v1/metrics", histogram_request(2**64 - 1))[0] == 200
    assert server.get("/api/v1/status")["rows"]["metric_points"] == before + 1


def test_lists_go_on_behind_spans_at_the_end_of_time(server: RunningServer) -> None:
    trace_id = secrets.token_hex(16)
    send(server, *(span(trace_id, start_ns=MOST) for _ in range(2)), span(trace_id))
    for path in ("/api/v1/spans", "/api/v1/traces", f"/api/v1/traces/{trace_id}"):
        assert pages(server, path) > 1
