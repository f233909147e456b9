"""Filters and pages of the lists over a socket, on a real database."""

from typing import Any

import pytest

from storage.database import Database
from tests.support.asking import Get, asking, ids
from tests.support.stored import START_NS, insert, log, metric_point, span, span_id, trace_id

LISTS = ["/api/v1/traces", "/api/v1/spans", "/api/v1/generations", "/api/v1/logs", "/api/v1/metric_points"]
FILTERS = [
    ("/api/v1/spans", {"name": "lost"}, [4]),
    ("/api/v1/spans", {"name__contains": "LOS"}, [4]),
    ("/api/v1/spans", {"kind__any_of": "agent,tool"}, [1]),
    ("/api/v1/spans", {"kind": "agent,tool"}, [1]),
    ("/api/v1/spans", {"kind": "agent,generation"}, [3, 2, 1]),
    ("/api/v1/spans", {"kind__ne": "generation", "status__ne": "error"}, [1]),
    ("/api/v1/spans", {"input_tokens__gte": "10", "duplicate_of__exists": "false"}, [2]),
    ("/api/v1/spans", {"duration_ms__lt": "1"}, []),
    ("/api/v1/spans", {"duration_ms": "1000"}, [4, 3, 2, 1]),
    ("/api/v1/spans", {"status__ne": "error"}, [3, 2, 1]),
    ("/api/v1/spans", {"tags": "a"}, [3, 2]),
    ("/api/v1/spans", {"attr.http.route": "/a"}, [1]),
    ("/api/v1/spans", {"attr.n": "5.0"}, [1]),
    ("/api/v1/spans", {"attr.n__gt": "4"}, [1]),
    ("/api/v1/spans", {"attr.n__exists": "false"}, [4, 3, 2]),
    ("/api/v1/spans", {"q": 'ques "answer"'}, [1]),
    ("/api/v1/spans", {"q": "question answerless"}, []),
    ("/api/v1/spans", {"from": str(START_NS + 1_000_000), "to": str(START_NS + 2_000_000)}, [2]),
    ("/api/v1/spans", {"start_time__gte": str(START_NS + 2_000_000)}, [4, 3]),
]
TRACE_FILTERS = [
    ({"name": "run"}, [1]),
    ({"name__ne": "run"}, [2]),
    ({"status": "error"}, [2]),
    ({"session_id": "s1"}, [1]),
    ({"total_cost__gte": "0.5"}, [1]),
    ({"total_cost__gt": "0.5"}, []),
    ({"models": "gpt-4o"}, [1]),
    ({"model": "gpt-4o"}, [1]),
    ({"kind": "agent", "tags": "b"}, [1]),
    ({"model__exists": "false"}, [2]),
    ({"complete": "false"}, [2]),
    ({"attr.http.route": "/a"}, [1]),
    ({"q": "xxx"}, [2]),
    ({"duration_ms__gt": "1000"}, [1]),
    ({"span_count": "3", "name": "lost"}, []),
    ({"from": str(START_NS + 1)}, [2]),
    ({"to": str(START_NS + 1)}, [1]),
]


@pytest.mark.parametrize(("path", "parameters", "expected"), FILTERS)
def test_filters_choose_spans(filled: Database, path: str, parameters: dict[str, str], expected: list[int]) -> None:
    async def talk(get: Get) -> None:
        assert ids(await get(path, **parameters)) == [span_id(each) for each in expected]

    asking(filled, talk)


@pytest.mark.parametrize(("parameters", "expected"), TRACE_FILTERS)
def test_filters_choose_traces_by_their_record_or_by_some_span(
    filled: Database, parameters: dict[str, str], expected: list[int]
) -> None:
    async def talk(get: Get) -> None:
        assert ids(await get("/api/v1/traces", **parameters)) == [trace_id(each) for each in expected]

    asking(filled, talk)


def test_a_repeated_parameter_means_any_of_its_values(filled: Database) -> None:
    async def talk(get: Get) -> None:
        assert ids(await get("/api/v1/spans?name=lost&name=run")) == [span_id(4), span_id(1)]

    asking(filled, talk)


@pytest.mark.parametrize("path", LISTS)
def test_pages_hold_every_row_once_in_order_also_where_times_are_equal(database: Database, path: str) -> None:
    for n in range(1, 12):
        insert(database, "span", span(n, trace=n, at_ms=n // 4, kind="generation"))
        insert(database, "log_record", log(n, at_ms=n // 4))
        insert(database, "metric_point", metric_point(n, at_ms=n // 4))

    async def talk(get: Get) -> None:
        whole = (await get(path)).json["data"]
        parts: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            page = await get(path, limit=3, **cursor)
            parts += page.json["data"]
            if page.json["next_cursor"] is None:
                break
            cursor = {"cursor": page.json["next_cursor"]}
            assert page.headers["Link"].endswith('rel="next"')
        assert len(whole) == 11
        assert parts == whole

    asking(database, talk)


@pytest.mark.parametrize("path", ["/api/v1/traces", "/api/v1/spans", "/api/v1/generations", "/api/v1/logs"])
def test_large_pages_that_end_early_hold_every_row_once_in_order(
    database: Database, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.lists.LARGE_ROWS", 4)
    monkeypatch.setattr("api.lists.PAGE_BYTES", 100)
    for n in range(1, 24):
        insert(database, "span", span(n, trace=n, at_ms=n // 4, kind="generation"))
        insert(database, "log_record", log(n, at_ms=n // 4))

    async def talk(get: Get) -> None:
        expected = (await get(path, limit=1000, io="none")).json["data"]
        parts: list[Any] = []
        sizes: list[int] = []
        cursor: dict[str, str] = {}
        while True:
            page = await get(path, limit=1000, io="full", **cursor)
            parts += page.json["data"]
            sizes.append(len(page.json["data"]))
            if page.json["next_cursor"] is None:
                break
            cursor = {"cursor": page.json["next_cursor"]}
        key = "time" if path.endswith("logs") else "trace_id"
        assert [each[key] for each in parts] == [each[key] for each in expected]
        assert len(parts) == 23
        assert len(sizes) > 1

    asking(database, talk)
