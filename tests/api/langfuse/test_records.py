"""Fields that the SDKs insist on: golden_answers.json has one object of each kind that SDKs 2 to 5 all parse."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.langfuse import records
from tests.support.langfuse_api import Talk, talking
from tests.support.stored import span, span_id, trace_id

GOLDEN = json.loads((Path(__file__).parent / "golden_answers.json").read_text())
ANSWERS = {
    "TraceWithDetails": "traces",
    "TraceWithFullDetails": f"traces/{trace_id(1)}",
    "ObservationsView": "observations",
    "ObservationV2": "v2/observations",
    "Session": "sessions",
    "SessionWithTraces": "sessions/s1",
}
OF_THE_FIRST_API = {
    "usage", "unit", "promptTokens", "completionTokens", "totalTokens", "calculatedInputCost", "calculatedOutputCost",
    "calculatedTotalCost", "usagePricingTierId", "modelId", "inputPrice", "outputPrice", "totalPrice",
}  # fmt: skip
"""Fields that ObservationV2 does not need (langfuse 5.0.4)."""

NEVER_NULL = {
    "id", "timestamp", "startTime", "createdAt", "projectId", "type", "level", "usage", "usageDetails", "costDetails",
    "environment", "tags", "public", "latency", "totalCost", "observations", "scores", "htmlPath", "traces",
}  # fmt: skip
"""Of some SDK's model; latency and total cost of traces only."""


@pytest.mark.parametrize("model", ANSWERS)
def test_an_answer_has_every_field_that_the_sdks_know(model: str) -> None:
    async def talk(ask: Talk) -> None:
        body = await ask.get(ANSWERS[model])
        answer = body["data"][0] if "data" in body else body
        optional = OF_THE_FIRST_API if model == "ObservationV2" else set()
        assert GOLDEN[model].keys() - answer.keys() <= optional
        nulls = {name for name, value in answer.items() if value is None}
        of_traces = {"latency", "totalCost"} if "Observation" in model else set()
        assert nulls & (NEVER_NULL - of_traces) == set()

    talking(talk, span(1, session_id="s1", end_time=None))


def row(**columns: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "total_tokens"))
    call = {"kind": "generation", "duplicate_of": None, "input_tokens": None, "output_tokens": None}
    return {**empty, **call, **columns}


def test_each_token_is_in_one_bucket() -> None:
    told = row(input_tokens=100, output_tokens=50, cache_read_tokens=30, cache_write_tokens=20, reasoning_tokens=10)
    assert records.usage_details(told) == {
        "input": 50,
        "output": 40,
        "input_cached_tokens": 30,
        "input_cache_creation": 20,
        "output_reasoning_tokens": 10,
        "total": 150,
    }


def test_what_is_not_known_has_no_bucket() -> None:
    assert records.usage_details(row()) == {}
    assert records.usage_details(row(input_tokens=3)) == {"input": 3}
    assert records.usage_details(row(kind="agent", input_tokens=3)) == {}
    assert records.usage_details(row(duplicate_of=span_id(1), input_tokens=3)) == {}


def test_versions_of_prompts_are_numbers() -> None:
    assert [records.whole(text) for text in ("3", "v3", None, "٣")] == [3, None, None, None]


def test_times_have_milliseconds() -> None:
    assert records.iso(1_790_000_000_123_456_789) == "2026-09-21T14:13:20.123Z"
    assert records.iso(None) is None
