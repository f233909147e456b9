"""Observations by page, by cursor, and one by its id."""

import json
from typing import Any

from tests.support.langfuse_api import Talk, talking
from tests.support.stored import span, span_id, trace_id

CALL = {
    "kind": "generation", "model": "gpt-4o", "input_tokens": 10, "output_tokens": 5, "cache_read_tokens": 4,
    "input_cost": 0.1, "output_cost": 0.4, "total_cost": 0.5, "input": '[{"role":"user"}]', "output": "hi",
}  # fmt: skip
SPANS = (
    span(1, kind="workflow", name="run", user_id="u1", session_id="s1", environment="prod"),
    span(2, at_ms=1, parent_span_id=span_id(1), name="call", time_to_first_token_ms=250.0, **CALL),
    span(3, at_ms=2, parent_span_id=span_id(1), name="again", duplicate_of=span_id(2), **CALL),
    span(4, at_ms=3, kind="generation", duplicate_of=span_id(2), synthetic=True),
    span(5, trace=2, at_ms=4, name="failed", kind="tool", level="ERROR", status_message="no"),
    span(6, trace=3, at_ms=5, project="other"),
)


def ids(body: Any) -> list[str]:
    return [each["id"] for each in body["data"]]


def test_the_list_is_newest_first_and_leaves_out_what_a_span_supersedes() -> None:
    async def talk(ask: Talk) -> None:
        body = await ask.get("observations")
        assert ids(body) == [span_id(5), span_id(3), span_id(2), span_id(1)]
        assert body["meta"] == {"page": 1, "limit": 50, "totalItems": 4, "totalPages": 1}
        assert ids(await ask.get("observations", limit=2, page=2)) == [span_id(2), span_id(1)]

    talking(talk, *SPANS)


def test_a_generation_has_usage_in_buckets_and_its_repeat_has_none() -> None:
    async def talk(ask: Talk) -> None:
        call = await ask.get(f"observations/{span_id(2)}")
        assert call["usageDetails"] == {"input": 6, "output": 5, "input_cached_tokens": 4, "total": 15}
        assert call["usage"] == {"input": 10, "output": 5, "total": 15, "unit": "TOKENS"}
        assert call["costDetails"] == {"input": 0.1, "output": 0.4, "total": 0.5}
        assert (call["input"], call["output"], call["model"]) == ([{"role": "user"}], "hi", "gpt-4o")
        assert (call["timeToFirstToken"], call["latency"]) == (0.25, 1.0)
        assert call["completionStartTime"] == "2026-09-21T14:13:20.251Z"
        again = await ask.get(f"observations/{span_id(3)}")
        assert (again["type"], again["usageDetails"], again["costDetails"]) == ("SPAN", {}, {})
        assert again["metadata"] == {"duplicate_of": span_id(2)}

    talking(talk, *SPANS)


def test_filters_are_those_of_langfuse() -> None:
    async def talk(ask: Talk) -> None:
        slow = [{"column": "timeToFirstToken", "type": "number", "operator": ">", "value": 0.2}]
        for params, expected in (
            ({"type": "GENERATION"}, [2]),
            ({"type": "CHAIN"}, [1]),
            ({"type": "SPAN"}, [3]),
            ({"level": "ERROR"}, [5]),
            ({"name": "call"}, [2]),
            ({"userId": "u1"}, [3, 2, 1]),
            ({"sessionId": "s1"}, [3, 2, 1]),
            ({"isRootObservation": "true"}, [5, 1]),
            ({"isRootObservation": "false"}, [3, 2]),
            ({"traceId": trace_id(2)}, [5]),
            ({"parentObservationId": span_id(1)}, [3, 2]),
            ({"environment": "prod"}, [1]),
            ({"fromStartTime": "2026-09-21T14:13:20.004Z"}, [5]),
            ({"toStartTime": "2026-09-21T14:13:20.001Z"}, [1]),
            ({"filter": json.dumps(slow)}, [2]),
        ):
            expected_ids = [span_id(number) for number in expected]
            assert ids(await ask.get("observations", **params)) == expected_ids, params
            assert ids(await ask.get("v2/observations", **params)) == expected_ids, params

    talking(talk, *SPANS)


def test_cursors_lead_through_everything_once_and_belong_to_their_query() -> None:
    async def talk(ask: Talk) -> None:
        found, params = [], {"limit": 3}
        while True:
            body = await ask.get("v2/observations", **params)
            found += ids(body)
            if "cursor" not in body["meta"]:
                break
            params = {"limit": 3, "cursor": body["meta"]["cursor"]}
        assert found == [span_id(number) for number in (5, 3, 2, 1)]
        status, answer = await ask("GET", "/api/public/v2/observations", params={**params, "type": "SPAN"})
        assert (status, answer["error"]) == (400, "InvalidRequestError")

    talking(talk, *SPANS)


def test_the_second_api_gives_texts_and_only_the_groups_that_are_asked_for() -> None:
    async def talk(ask: Talk) -> None:
        body = await ask.get("v2/observations", type="GENERATION")
        assert (body["data"][0]["input"], body["data"][0]["providedModelName"]) == ('[{"role":"user"}]', "gpt-4o")
        body = await ask.get("v2/observations", type="GENERATION", fields="core,usage")
        assert body["data"][0].keys() == {
            "id", "traceId", "startTime", "endTime", "projectId", "parentObservationId", "type",
            "usageDetails", "costDetails", "totalCost", "usagePricingTierName",
        }  # fmt: skip
        status, _ = await ask("GET", "/api/public/v2/observations", params={"parseIoAsJson": "true"})
        assert status == 400

    talking(talk, *SPANS)


def test_an_unknown_observation_is_404() -> None:
    async def talk(ask: Talk) -> None:
        for unknown in (span_id(6), "x"):
            status, body = await ask("GET", f"/api/public/observations/{unknown}")
            assert (status, body["error"]) == (404, "LangfuseNotFoundError")

    talking(talk, *SPANS)
