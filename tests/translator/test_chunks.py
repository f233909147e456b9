"""A recorded stream is read like the answer it made."""

import json
from typing import Any

import pytest

from tests.support.golden import shown
from tests.support.spans import seen
from translator.chunks import folded, whole


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


def piece(text: str, reason: str = "", kind: str = "text") -> dict[str, Any]:
    return {"role": "assistant", "parts": [{"type": kind, "content": text}], "finish_reason": reason}


@pytest.mark.parametrize("capture", ["google-adk-2.13", "google-adk-2.13-events", "google-adk-litellm"])
def test_a_stream_in_messages_is_one_answer(capture: str) -> None:
    """One message a word was shown; with LiteLLM the last one repeats the whole answer."""
    said = [span["output_messages"] for span in shown(capture).spans() if "Once " in str(span["output_messages"])]
    assert said
    text = "Once upon a time a small robot learned to paint the sunrise."
    for messages in said:
        assert [item["parts"] for item in messages] == [[{"type": "text", "content": text}]]


def test_pieces_are_joined_by_type_and_end_in_what_was_said_last() -> None:
    call = {"type": "tool_call", "id": "c1", "name": "f", "arguments": {}}
    last = {"role": "assistant", "parts": [{"type": "text", "content": "b"}, call], "finish_reason": "stop"}
    [found] = whole([piece("h", kind="reasoning"), piece("m", kind="reasoning"), piece("a"), last]) or []
    assert found["parts"] == [{"type": "reasoning", "content": "hm"}, {"type": "text", "content": "ab"}, call]
    assert found["finish_reason"] == "stop"


@pytest.mark.parametrize(
    "some",
    [
        [piece("a"), piece("b")],
        [piece("a", "stop"), piece("b", "stop")],
        [{**piece("a"), "role": "user"}, piece("b", "stop")],
        [{**piece("a"), "finish_reason": None}, piece("b", "stop")],
        [{**piece("a"), "parts": [{"type": "tool_call", "id": "c1"}]}, piece("b", "stop")],
        [{**piece("a"), "parts": "a"}, piece("b", "stop")],
        [piece("a"), {**piece("b", "stop"), "parts": None}],
        [piece("a"), 1],
        [None, piece("b", "stop")],
        [piece("a", "stop")],
        [],
        "text",
        {"finish_reason": ""},
        None,
    ],
)
def test_messages_that_may_be_several_answers_stay_apart(some: Any) -> None:
    assert whole(some) is None
    assert whole(json.dumps(some)) is None
