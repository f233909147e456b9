"""A span that says the same in two conventions equals a span that says it in either alone."""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.spans import span as span_of
from tests.support.spans import translated

COMPARED = (
    "kind", "request_model", "response_model", "model", "input_tokens", "output_tokens", "total_tokens",
    "cache_read_tokens", "session_id", "user_id", "status", "total_cost",
)  # fmt: skip

Call = dict[str, Any]


def genai(call: Call) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": call["request_model"],
        "gen_ai.response.model": call["response_model"],
        "gen_ai.usage.input_tokens": call["input_tokens"],
        "gen_ai.usage.output_tokens": call["output_tokens"],
        "gen_ai.usage.cache_read.input_tokens": call["cache_read_tokens"],
    }


def openllmetry(call: Call) -> dict[str, Any]:
    return {
        "llm.request.type": "chat",
        "gen_ai.system": "OpenAI",
        "gen_ai.request.model": call["request_model"],
        "gen_ai.response.model": call["response_model"],
        "gen_ai.usage.prompt_tokens": call["input_tokens"],
        "gen_ai.usage.completion_tokens": call["output_tokens"],
        "llm.usage.total_tokens": call["input_tokens"] + call["output_tokens"],
        "gen_ai.usage.cache_read_input_tokens": call["cache_read_tokens"],
    }


def openinference(call: Call) -> dict[str, Any]:
    return {
        "openinference.span.kind": "LLM",
        "llm.model_name": call["response_model"],
        "llm.token_count.prompt": call["input_tokens"],
        "llm.token_count.completion": call["output_tokens"],
        "llm.token_count.total": call["input_tokens"] + call["output_tokens"],
        "llm.token_count.prompt_details.cache_read": call["cache_read_tokens"],
    }


def langfuse(call: Call) -> dict[str, Any]:
    usage = (
        f'{{"input":{call["input_tokens"] - call["cache_read_tokens"]},"output":{call["output_tokens"]},'
        f'"input_cache_read":{call["cache_read_tokens"]},"total":{call["input_tokens"] + call["output_tokens"]}}}'
    )
    return {
        "langfuse.observation.type": "generation",
        "langfuse.observation.model.name": call["response_model"],
        "langfuse.observation.usage_details": usage,
    }


WRITERS = (genai, openllmetry, openinference, langfuse)
WITHOUT_REQUEST = {openinference, langfuse}
"""Conventions with one key for the model: it is the request's where nothing else names one."""


@st.composite
def calls(draw: st.DrawFn) -> Call:
    incoming = draw(st.integers(1, 10**6))
    model = draw(st.sampled_from(["gpt-4o-mini", "claude-sonnet-4-5", "my/model:7b"]))
    return {
        "request_model": model,
        "response_model": draw(st.sampled_from([model, f"{model}-2024-07-18"])),
        "input_tokens": incoming,
        "output_tokens": draw(st.integers(1, 10**6)),
        "cache_read_tokens": draw(st.integers(0, incoming)),
    }


def said(attributes: dict[str, Any]) -> dict[str, Any]:
    row = translated(span_of(attributes))
    return {name: row[name] for name in COMPARED}


@pytest.mark.parametrize("pair", [*combinations(WRITERS, 2)], ids=lambda pair: "+".join(one.__name__ for one in pair))
@settings(max_examples=30, deadline=None)
@given(call=calls())
def test_two_conventions_on_one_span_say_what_one_says(pair: Any, call: Call) -> None:
    both = said(pair[0](call) | pair[1](call))
    fuller = next((one for one in pair if one not in WITHOUT_REQUEST), pair[0])
    assert both == said(fuller(call))
    assert both["input_tokens"] == call["input_tokens"]
    assert both["output_tokens"] == call["output_tokens"]
    assert both["cache_read_tokens"] == call["cache_read_tokens"]
    for one in pair:
        alone = said(one(call))
        assert {name: alone[name] for name in COMPARED[4:]} == {name: both[name] for name in COMPARED[4:]}
