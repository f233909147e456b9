"""Routes over a socket, on a real database."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from api import metrics
from api.one_trace import SPANS_AT_MOST
from api.parameters import CONTROLS
from api.routes import TABLE
from contract.access import Identity
from contract.reading import MEASURES, OPERATORS, TRACE_RECORD_FIELDS
from storage.database import Database
from tests.support.asking import Get, asking, ids
from tests.support.stored import ROUTES_OF_STORED_DATA, insert, span, span_id, trace_id


def test_traces_are_listed_newest_first_with_their_record(filled: Database) -> None:
    async def talk(get: Get) -> None:
        answer = await get("/api/v1/traces")
        assert ids(answer) == [trace_id(2), trace_id(1)]
        assert answer.json["next_cursor"] is None
        lost, run = answer.json["data"]
        assert (lost["name"], lost["complete"], lost["status"], lost["error_count"]) == ("lost", False, "error", 1)
        # Neither root nor generation: there is no content to show.
        assert (lost["truncated"], lost["tags"], lost["metadata"], lost["scores"]) == ([], None, None, [])
        assert run == {
            "trace_id": trace_id(1),
            "project": "default",
            "name": "run",
            "start_time": "2026-09-21T14:13:20.000000000Z",
            "end_time": "2026-09-21T14:13:21.002000000Z",
            "duration_ms": 1002.0,
            "status": "unset",
            "error_count": 0,
            "span_count": 3,
            "generation_count": 1,
            "models": ["gpt-4o"],
            "input_tokens": 10,
            "output_tokens": 5,
            "total_tokens": 15,
            "cache_read_tokens": None,
            "total_cost": 0.5,
            "service_name": "shop",
            "session_id": "s1",
            "user_id": "u1",
            "tags": ["a", "b"],
            "metadata": {"k": 1},
            "environment": None,
            "release": None,
            "version": None,
            "scores": [],
            "complete": True,
            "input": "question",
            "output": "answer",
            "truncated": [],
            "output_derived": False,
        }

    asking(filled, talk)


def test_a_trace_by_id_has_its_spans_in_start_order_with_content_logs_and_donors(filled: Database) -> None:
    async def talk(get: Get) -> None:
        answer = (await get(f"/api/v1/traces/{trace_id(1).upper()}")).json
        assert answer["trace"]["trace_id"] == trace_id(1)
        assert [each["span_id"] for each in answer["spans"]] == [span_id(1), span_id(2), span_id(3)]
        call = answer["spans"][1]
        assert call["query"] == {"logs": ["d1"], "donors": [span_id(3)]}
        assert call["mapping"]["model"]["key"] == "gen_ai.request.model"
        assert call["input"] == [{"role": "user"}]
        assert "truncated" not in call

    asking(filled, talk)


@pytest.mark.parametrize("tail", ["", "/otlp"])
def test_the_spans_of_a_trace_come_in_pages_each_once_and_in_order(database: Database, tail: str) -> None:
    for n in range(1, 12):
        insert(database, "span", span(n, at_ms=n // 4))

    async def talk(get: Get) -> None:
        path = f"/api/v1/traces/{trace_id(1)}{tail}"
        whole = await get(path)
        assert "Link" not in whole.headers
        found: list[str] = []
        link: str | None = f"{path}?limit=4"
        while link:
            page = await get(link)
            found += spans_of(page.json)
            match = re.fullmatch(r'<(.*)>; rel="next"', page.headers.get("Link", ""))
            link = match[1] if match else None
            if not tail:
                assert (page.json["next_cursor"] is None) == (link is None)
                assert page.json["trace"]["span_count"] == 11
        assert found == [span_id(n) for n in range(1, 12)] == spans_of(whole.json)

    asking(database, talk)


def spans_of(answer: Any) -> list[str]:
    if "spans" in answer:
        return [each["span_id"] for each in answer["spans"]]
    return [
        each["spanId"]
        for resource in answer["resourceSpans"]
        for scope in resource["scopeSpans"]
        for each in scope["spans"]
    ]


def test_a_page_of_a_trace_is_bounded_and_its_cursor_is_of_no_use_elsewhere(filled: Database) -> None:
    async def talk(get: Get) -> None:
        path = f"/api/v1/traces/{trace_id(1)}"
        cursor = (await get(path, limit=1)).json["next_cursor"]
        refusals = [
            (await get(path, limit=SPANS_AT_MOST + 1), "limit"),
            (await get(f"/api/v1/traces/{trace_id(2)}", cursor=cursor), "cursor"),
            (await get(f"{path}/otlp", cursor=cursor), "cursor"),
            (await get(f"{path}/otlp", io="full"), "io"),
        ]
        for answer, parameter in refusals:
            assert (answer.status, answer.json["errors"][0]["parameter"]) == (400, parameter)

    asking(filled, talk)


def test_io_decides_how_much_content_is_sent(filled: Database) -> None:
    async def talk(get: Get) -> None:
        path = f"/api/v1/traces/{trace_id(2)}"
        full, preview, none = [(await get(path, io=io)).json["spans"][0] for io in ("full", "preview", "none")]
        assert full["input"] == "x" * 301
        assert preview["input"] == "x" * 300
        assert preview["truncated"] == ["input"]
        assert "attributes" not in preview
        assert "input" not in none
        listed = (await get("/api/v1/spans", io="full", span_id=span_id(4))).json["data"][0]
        assert listed["input"] == "x" * 301

    asking(filled, talk)


def test_one_span_shows_everything_and_the_trace_view_shows_the_same(filled: Database) -> None:
    async def talk(get: Get) -> None:
        one = (await get(f"/api/v1/spans/{trace_id(1)}/{span_id(2)}")).json
        assert one == (await get(f"/api/v1/traces/{trace_id(1)}")).json["spans"][1]

    asking(filled, talk)


def test_generations_leave_out_repeats(filled: Database) -> None:
    async def talk(get: Get) -> None:
        assert ids(await get("/api/v1/generations")) == [span_id(2)]
        assert ids(await get("/api/v1/spans", kind="generation")) == [span_id(3), span_id(2)]

    asking(filled, talk)


def test_logs_and_metric_points_are_listed(filled: Database) -> None:
    async def talk(get: Get) -> None:
        long, short = (await get("/api/v1/logs")).json["data"]
        assert short["body"] == {"content": "hi"}
        assert (long["body"], long["truncated"]) == ("y" * 300, ["body"])
        assert (await get("/api/v1/logs", io="full")).json["data"][0]["body"] == "y" * 400
        points = (await get("/api/v1/metric_points")).json["data"]
        assert [each["value"] for each in points] == [str(2**60), 2.0]

    asking(filled, talk)


@pytest.mark.parametrize("path", ROUTES_OF_STORED_DATA)
def test_every_route_answers_head_and_says_not_to_store_or_sniff(filled: Database, path: str) -> None:
    async def talk(get: Get) -> None:
        assert (await get(path)).status == 200
        head = await get(path, method="HEAD")
        assert (head.status, head.body) == (200, b"")
        assert head.headers["Cache-Control"] == "no-store"
        assert head.headers["X-Content-Type-Options"] == "nosniff"

    asking(filled, talk)


@pytest.mark.parametrize("path", ROUTES_OF_STORED_DATA)
def test_a_key_without_the_read_scope_is_forbidden_everywhere(filled: Database, path: str) -> None:
    async def talk(get: Get) -> None:
        answer = await get(path)
        assert (answer.status, answer.json["type"]) == (403, "/errors/forbidden")

    asking(filled, talk, identity=Identity("default", frozenset({"ingest"})))


@pytest.mark.parametrize("path", ROUTES_OF_STORED_DATA)
def test_another_project_sees_nothing(filled: Database, path: str) -> None:
    async def talk(get: Get) -> None:
        answer = await get(path)
        if path.endswith("/status"):
            assert answer.json["rows"] == {"spans": 0, "logs": 0, "metric_points": 0}
        elif path.endswith("/metrics/query"):
            assert set(answer.json["data"][0].values()) == {0}
        elif path.endswith("/facets"):
            assert [each["values"] for each in answer.json["data"]] == [[]] * 5
        elif answer.status == 200:
            assert answer.json["data"] == []
        else:
            assert (answer.status, answer.json["type"]) == (404, "/errors/not-found")

    asking(filled, talk, identity=Identity("other"))


def test_an_unknown_path_is_404_with_the_nearest_one_and_a_wrong_method_405(filled: Database) -> None:
    async def talk(get: Get) -> None:
        answer = await get("/api/v1/trace")
        assert answer.status == 404
        assert answer.json["detail"] == "unknown path '/api/v1/trace', did you mean '/api/v1/traces'?"
        assert (await get("/api/v1/nonsense")).json["detail"] == "unknown path '/api/v1/nonsense'"
        answer = await get("/api/v1/traces", method="POST")
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")

    asking(filled, talk)


def test_text_ids_are_kept_as_sent_and_url_encoded_in_paths(database: Database) -> None:
    for each in (odd := ["Chat/4 ü?", "{x}", "a:b%2F", "\n;"]):
        insert(database, "span", span(1, trace_id=each, kind="generation") | {"span_id": "A/{b}"})

    async def talk(get: Get) -> None:
        assert {trace["trace_id"] for trace in (await get("/api/v1/traces")).json["data"]} == set(odd)
        for each in odd:
            encoded = quote(each, safe="")
            for path in (f"traces/{encoded}", f"traces/{encoded}/otlp", f"spans/{encoded}/A%2F%7Bb%7D"):
                assert (await get(f"/api/v1/{path}")).status == 200, path

    asking(database, talk)


def test_a_start_that_was_never_set_is_null(database: Database) -> None:
    insert(database, "span", span(1, raw_rest={"start_ns": 0}))

    async def talk(get: Get) -> None:
        for answer in ((await get("/api/v1/spans")).json["data"][0], (await get("/api/v1/traces")).json["data"][0]):
            assert answer["start_time"] is None
            assert answer["duration_ms"] is None

    asking(database, talk)


def test_status_names_version_and_rows(filled: Database) -> None:
    async def talk(get: Get) -> None:
        answer = (await get("/api/v1/status")).json
        assert answer.keys() == {"version", "uptime_s", "clients", "refusals", "rows", "unpriced_models"}
        assert answer["rows"] == {"spans": 4, "logs": 2, "metric_points": 2}
        assert answer["clients"] == [{"time": "1970-01-01T00:00:00.000000000Z", "requests": 1}]

    asking(filled, talk)


def test_readyz_says_why_not(database: Database) -> None:
    async def talk(get: Get) -> None:
        answer = await get("/readyz")
        assert (answer.status, answer.json["reasons"]) == (503, ["draining"])
        assert (await get("/healthz")).status == 200

    asking(database, talk, ready=lambda: ["draining"])


def test_metrics_are_prometheus_text_with_route_times(database: Database) -> None:
    async def talk(get: Get) -> None:
        await get("/api/v1/traces")
        answer = await get("/metrics")
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        lines = answer.body.decode().splitlines()
        assert "tracepond_ingest_queue_bytes 7" in lines
        assert "# TYPE tracepond_x_total counter" in lines
        assert 'tracepond_x_total{reason="a\\"b\\\\"} 2' in lines
        assert "# TYPE tracepond_query_seconds histogram" in lines
        assert 'tracepond_query_seconds_count{route="/api/v1/traces"} 1' in lines

    asking(database, talk)


class Broken:
    async def read(self, *_: Any, **__: Any) -> list[Any]:
        raise RuntimeError("secret detail")


def test_our_own_fault_is_500_without_its_cause(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    async def talk(get: Get) -> None:
        answer = await get("/api/v1/traces")
        assert (answer.status, answer.json["type"]) == (500, "/errors/internal")
        assert "secret" not in answer.body.decode()
        assert len([each for each in caplog.records if each.name == "api.handling"]) == 1

    asking(database, talk, reader=Broken())


DOCUMENT = Path(__file__).parents[2] / "docs" / "http-api.md"


def test_every_route_and_parameter_is_documented() -> None:
    text = DOCUMENT.read_text("utf-8")
    written = set(re.findall(r"`([^`\n]+)`", text))
    paths = {path.removeprefix("GET ") for path in written}
    for route in TABLE:
        assert route.path in paths
    operators = {name for names in OPERATORS.values() for name in names}
    for name in (*CONTROLS, *operators, *TRACE_RECORD_FIELDS, *MEASURES, *metrics.CONTROLS):
        assert name in written, name
