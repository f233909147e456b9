"""Traces as Langfuse's clients list, read and delete them."""

import base64
import json
from typing import Any

from contract.access import OWN_SCOPES, Identity
from tests.support.golden import batches
from tests.support.langfuse_api import Talk, talking
from tests.support.rows import span_row
from tests.support.stored import span, span_id, trace_id
from translator.translate import Translator

TOLD = "Once upon a time a small robot learned to paint the sunrise."
CALL = {"kind": "generation", "model": "gpt-4o", "input_tokens": 10, "output_tokens": 5, "total_cost": 0.5}

SPANS = (
    span(1, kind="agent", name="run", session_id="s1", user_id="u1", tags=["a", "b"], metadata={"k": 1}, input="q"),
    span(2, at_ms=1, parent_span_id=span_id(1), **CALL),
    span(3, at_ms=2, parent_span_id=span_id(1), duplicate_of=span_id(2), **CALL),
    span(4, trace=2, at_ms=5000, name="second", user_id="u2", tags=["a"], environment="prod", end_time=None),
    span(5, trace=3, at_ms=9000, project="other"),
)


def ids(body: Any) -> list[str]:
    return [each["id"] for each in body["data"]]


def test_a_list_is_newest_first_with_meta_ids_of_parts_and_sums() -> None:
    async def talk(ask: Talk) -> None:
        body = await ask.get("traces")
        assert ids(body) == [trace_id(2), trace_id(1)]
        assert body["meta"] == {"page": 1, "limit": 50, "totalItems": 2, "totalPages": 1}
        second, run = body["data"]
        assert run["observations"] == [span_id(1), span_id(2), span_id(3)]
        assert (run["latency"], run["totalCost"], run["scores"]) == (1.002, 0.5, [])
        assert (run["name"], run["userId"], run["sessionId"], run["tags"]) == ("run", "u1", "s1", ["a", "b"])
        assert (run["input"], run["metadata"], run["environment"]) == ("q", {"k": 1}, "default")
        assert run["htmlPath"] == f"/project/default/traces/{trace_id(1)}"
        assert run["timestamp"] == "2026-09-21T14:13:20.000Z"
        assert (second["environment"], second["latency"], second["totalCost"]) == ("prod", 0, 0)

    talking(talk, *SPANS)


def test_a_trace_is_public_where_one_of_its_spans_says_so() -> None:
    spans = (
        span(1), span(2, at_ms=1, parent_span_id=span_id(1), raw_rest='{"flags":1,"public":true}'),
        span(3, trace=2, at_ms=5, raw_rest='{"status_message":"\\"public\\":true"}'),
    )  # fmt: skip

    async def talk(ask: Talk) -> None:
        listed = (await ask.get("traces"))["data"]
        assert [(each["public"], each["bookmarked"]) for each in listed] == [(False, False), (True, False)]
        assert (await ask.get(f"traces/{trace_id(1)}"))["public"] is True
        assert (await ask.get(f"traces/{trace_id(2)}"))["public"] is False
        observations = (await ask.get("v2/observations"))["data"]
        assert {each["id"] for each in observations if each["public"]} == {span_id(2)}
        for column, value, expected in (
            ("public", True, [1]), ("public", False, [2]), ("bookmarked", False, [2, 1]), ("bookmarked", True, []),
        ):  # fmt: skip
            asked = [{"column": column, "type": "boolean", "operator": "=", "value": value}]
            found = await ask.get("traces", filter=json.dumps(asked))
            assert ids(found) == [trace_id(number) for number in expected]

    talking(talk, *spans)


def test_long_content_comes_back_as_it_was_sent() -> None:
    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 64).decode()
    messages = [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}]}
    ]
    texts = {"input": json.dumps(messages), "output": "reply " * 4000, "metadata": json.dumps({"k": "word " * 4000})}

    async def talk(ask: Talk) -> None:
        await ask.store.commit(
            span_row("a", session_id="s", **texts), span_row("b", "a", kind="generation", start=1, **texts)
        )
        assert await ask.store.rows("count(*) > 0", "content") == [True]
        trace = await ask.get("traces/t1")
        [listed] = (await ask.get("traces"))["data"]
        [of_session] = (await ask.get("sessions/s"))["traces"]
        observations = (await ask.get("observations"))["data"]
        one = await ask.get("observations/b")
        for shown in (trace, listed, of_session, *trace["observations"], *observations, one):
            assert (shown["input"], shown["output"]) == (messages, texts["output"])
            assert shown["metadata"]["k"] == "word " * 4000
        assert len(observations) == len(trace["observations"]) == 2

    talking(talk)


def test_pages_cover_everything_once_and_the_one_behind_the_last_is_empty() -> None:
    async def talk(ask: Talk) -> None:
        for number, expected in ((1, [trace_id(2)]), (2, [trace_id(1)]), (3, [])):
            body = await ask.get("traces", page=number, limit=1)
            assert ids(body) == expected
            assert body["meta"] == {"page": number, "limit": 1, "totalItems": 2, "totalPages": 2}

    talking(talk, *SPANS)


def test_filters_of_the_query_string() -> None:
    async def talk(ask: Talk) -> None:
        for params, expected in (
            ({"userId": "u1"}, [1]),
            ({"name": "second"}, [2]),
            ({"sessionId": "s1"}, [1]),
            ({"environment": "default"}, [1]),
            ({"environment": "prod"}, [2]),
            ({"fromTimestamp": "2026-09-21T14:13:21Z"}, [2]),
            ({"toTimestamp": "2026-09-21T14:13:21Z"}, [1]),
            ({"orderBy": "timestamp.asc"}, [1, 2]),
            ({"orderBy": "name.desc"}, [2, 1]),
            ({"unknown": "x"}, [2, 1]),
        ):
            assert ids(await ask.get("traces", **params)) == [trace_id(number) for number in expected], params
        _, all_of = await ask("GET", "/api/public/traces", params=[("tags", "a"), ("tags", "b")])
        assert ids(all_of) == [trace_id(1)]

    talking(talk, *SPANS)


def test_the_filter_parameter_asks_for_metadata_costs_and_times() -> None:
    def filtered(column: str, kind: str, operator: str, value: Any, **more: str) -> str:
        return json.dumps([{"column": column, "type": kind, "operator": operator, "value": value, **more}])

    async def talk(ask: Talk) -> None:
        for text, expected in (
            (filtered("metadata", "numberObject", "=", 1, key="k"), [1]),
            (filtered("totalCost", "number", ">", 0.1), [1]),
            (filtered("latency", "number", "<", 1.001), []),
            (filtered("timestamp", "datetime", ">", "2026-09-21T14:13:21Z"), [2]),
            (filtered("tags", "arrayOptions", "none of", ["b"]), [2]),
            (filtered("userId", "stringOptions", "any of", ["u1", "u2"]), [2, 1]),
            (filtered("sessionId", "null", "is null", ""), [2]),
        ):
            assert ids(await ask.get("traces", filter=text)) == [trace_id(number) for number in expected], text

    talking(talk, *SPANS)


def test_groups_of_fields_leave_out_the_rest() -> None:
    async def talk(ask: Talk) -> None:
        body = await ask.get("traces", fields="core", userId="u1")
        [run] = body["data"]
        assert (run["input"], run["observations"], run["latency"], run["totalCost"]) == (None, [], -1, -1)
        status, body = await ask("GET", "/api/public/traces", params={"fields": "core,oi"})
        assert (status, body["error"]) == (400, "InvalidRequestError")
        assert "'oi'" in body["message"]

    talking(talk, *SPANS)


def test_one_trace_has_its_observations_whole_in_start_order() -> None:
    async def talk(ask: Talk) -> None:
        run = await ask.get(f"traces/{trace_id(1)}")
        assert [each["id"] for each in run["observations"]] == [span_id(1), span_id(2), span_id(3)]
        assert [each["type"] for each in run["observations"]] == ["AGENT", "GENERATION", "SPAN"]
        costs = [each["calculatedTotalCost"] for each in run["observations"]]
        assert costs == [None, 0.5, None]
        assert (run["totalCost"], run["scores"], run["metadata"]) == (0.5, [], {"k": 1})

    talking(talk, *SPANS)


def test_an_unknown_trace_and_one_of_another_project_are_404_in_langfuses_form() -> None:
    async def talk(ask: Talk) -> None:
        for unknown in (trace_id(9), trace_id(3)):
            status, body = await ask("GET", f"/api/public/traces/{unknown}")
            assert (status, body["error"]) == (404, "LangfuseNotFoundError")
            assert unknown in body["message"]

    talking(talk, *SPANS)


def test_traces_are_deleted_by_path_and_by_ids() -> None:
    async def talk(ask: Talk) -> None:
        assert (await ask("DELETE", f"/api/public/traces/{trace_id(1)}"))[0] == 200
        assert ids(await ask.get("traces")) == [trace_id(2)]
        assert (await ask("DELETE", "/api/public/traces", {"traceIds": [trace_id(2), "x"]}))[0] == 200
        assert ids(await ask.get("traces")) == []
        assert (await ask("DELETE", "/api/public/traces", {"traceIds": []}))[0] == 400
        assert (await ask("DELETE", f"/api/public/traces/{trace_id(1)}"))[0] == 200

    talking(talk, *SPANS)


def test_deleting_needs_its_scope() -> None:
    async def talk(ask: Talk) -> None:
        status, body = await ask("DELETE", f"/api/public/traces/{trace_id(1)}")
        assert (status, body["error"]) == (403, "ForbiddenError")

    talking(talk, *SPANS, identity=Identity("default", OWN_SCOPES))


def test_input_and_output_said_of_a_trace_are_its_own_and_those_of_its_spans_stay() -> None:
    [sent] = batches("openai-langfuse-trace-io")

    async def talk(ask: Talk) -> None:
        await ask.store.commit(*Translator().translate(sent).spans)
        listed = {each["name"]: each for each in (await ask.get("traces"))["data"]}
        whole = await ask.get(f"traces/{listed['web-request']['id']}")
        _, page = await ask("GET", f"/api/v1/traces/{whole['id']}")
        _, otlp = await ask("GET", f"/api/v1/traces/{whole['id']}/otlp")
        for trace in (listed["web-request"], whole, page["trace"]):
            assert trace["input"] == {"question": "What is the capital of France?"}
            assert trace["output"] == "The capital of France is Paris."
        assert (listed["stream-request"]["input"], listed["stream-request"]["output"]) == ("a story", TOLD)
        root = next(each for each in whole["observations"] if each["name"] == "web-request")
        assert (root["input"], root["output"]["status"]) == ({"args": ["/ask"], "kwargs": {}}, 200)
        spans = [span for group in otlp["resourceSpans"] for scope in group["scopeSpans"] for span in scope["spans"]]
        assert len(whole["observations"]) == len(page["spans"]) == page["trace"]["span_count"] == len(spans) == 3

    talking(talk)
