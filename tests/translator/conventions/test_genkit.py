"""Genkit's actions, as recorded with 1.42 (golden capture `genkit`)."""

import json
from typing import Any

import pytest

from tests.support.spans import seen


def action(subtype: str, name: str, **content: Any) -> dict[str, Any]:
    return {"genkit:type": "action", "genkit:metadata:subtype": subtype, "genkit:name": name,
            **{f"genkit:{key}": json.dumps(value) for key, value in content.items()}}  # fmt: skip


def test_a_model_is_named_like_its_action() -> None:
    request = {"messages": [{"role": "user", "content": [{"text": "hi"}]}], "config": {"temperature": 0.2},
               "tools": [{"name": "f", "inputSchema": {"type": "object"}}]}  # fmt: skip
    call = {"toolRequest": {"name": "f", "ref": "c", "input": {"a": 1}}}
    answer = {
        "finishReason": "stop", "message": {"role": "model", "content": [call]},
        "usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5},
        "raw": {"id": "chatcmpl-1", "model": "gpt-4o-2024-08-06",
                "usage": {"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}},
    }  # fmt: skip
    row = seen(action("model", "openai/gpt-4o", input=request, output=answer))
    assert (row["kind"], row["provider"], row["request_model"]) == ("generation", "openai", "gpt-4o")
    assert (row["response_model"], row["response_id"]) == ("gpt-4o-2024-08-06", "chatcmpl-1")
    assert (row["input_tokens"], row["output_tokens"], row["cache_read_tokens"]) == (3, 2, 1)
    assert row["output_messages"][0]["parts"] == [{"type": "tool_call", "id": "c", "name": "f", "arguments": {"a": 1}}]
    assert row["tool_definitions"] == [{"name": "f", "parameters": {"type": "object"}}]
    assert row["model_parameters"] == {"temperature": 0.2}


def test_thoughts_of_gemini_are_output() -> None:
    usage = {"inputTokens": 3, "outputTokens": 2, "thoughtsTokens": 4, "totalTokens": 9}
    row = seen(action("model", "googleai/gemini-2.5-flash", output={"candidates": [], "usage": usage}))
    assert (row["provider"], row["output_tokens"], row["reasoning_tokens"]) == ("gcp.gemini", 6, 4)


def test_the_span_around_a_call_counts_nothing() -> None:
    row = seen({"genkit:type": "util", "genkit:name": "generate", "genkit:output": '{"usage": {"inputTokens": 3}}'})
    assert (row["kind"], row["input_tokens"], row["request_model"]) == ("workflow", None, None)


def test_tool_and_retriever() -> None:
    row = seen(action("tool", "f", input={"a": 1}, output="x"))
    assert (row["tool_name"], row["tool_arguments"], row["tool_result"]) == ("f", {"a": 1}, "x")
    found = {"documents": [{"content": [{"text": "one"}], "metadata": {"k": 1}}]}
    row = seen(action("retriever", "docs", input={"query": {"content": [{"text": "q"}]}}, output=found))
    assert (row["kind"], row["query"], row["documents"][0]["content"]) == ("retriever", "q", "one")


@pytest.mark.parametrize(("subtype", "kind"), [("embedder", "embedding"), ("flow", "workflow"), ("prompt", "prompt")])
def test_other_actions(subtype: str, kind: str) -> None:
    assert seen(action(subtype, "x"))["kind"] == kind
