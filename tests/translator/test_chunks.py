"""A recorded stream is read like the answer it made."""

import json
from typing import Any

import pytest

from tests.support.spans import seen
from translator.chunks import folded


def chunk(delta: dict[str, Any], **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": more.pop("finish_reason", None)}
    return {"id": "chatcmpl-1", "model": "m-2025", "choices": [choice], "usage": None, **more}


def call(**function: Any) -> dict[str, Any]:
    return {"index": 0, "function": function}


TEXT = [chunk({"role": "assistant", "content": "Hello "}), chunk({"content": "world"}, finish_reason="stop"),
        {"id": "chatcmpl-1", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}]  # fmt: skip
CALL = [chunk({"tool_calls": [{**call(name="f", arguments=""), "id": "c1"}]}),
        chunk({"tool_calls": [call(arguments='{"a"')]}),
        chunk({"tool_calls": [call(arguments=": 1}")]}, finish_reason="tool_calls")]  # fmt: skip


@pytest.mark.parametrize("sent", [json.dumps(TEXT), json.dumps([json.dumps(item) for item in TEXT])])
def test_a_span_with_chunks_has_text_tokens_model_and_finish_reason(sent: str) -> None:
    row = seen({"openinference.span.kind": "LLM", "llm.model_name": "m", "output.value": sent})
    assert row["output_messages"][0]["parts"] == [{"type": "text", "content": "Hello world"}]
    assert (row["input_tokens"], row["output_tokens"]) == (3, 4)
    assert (row["response_model"], row["response_id"], row["finish_reasons"]) == ("m-2025", "chatcmpl-1", '["stop"]')


def test_a_tool_call_is_put_together_from_its_pieces() -> None:
    row = seen({"openinference.span.kind": "LLM", "output.value": json.dumps(CALL)})
    assert row["output_messages"][0]["parts"] == [{"type": "tool_call", "id": "c1", "name": "f", "arguments": {"a": 1}}]


@pytest.mark.parametrize(
    "other",
    [None, "text delta", '["delta"]', [], [1], [{"choices": 1}], [{"role": "user"}], '[{"delta', {"choices": []}],
)
def test_what_is_no_list_of_chunks_is_left_alone(other: Any) -> None:
    assert folded(other) is None


def test_odd_chunks_do_not_raise() -> None:
    odd = [{"choices": [None, 1, {"delta": 1}, {"delta": {"content": 3, "tool_calls": [1, {"function": 2}]}}]}]
    assert folded(odd) is not None
