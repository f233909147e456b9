"""One message of any dialect."""

from typing import Any

import pytest

from translator.messages.message import message, unwrapped


def test_langchain_constructors_are_unwrapped() -> None:
    sent = {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "HumanMessage"], "kwargs": {"content": "hi"}}
    assert message(sent, "assistant") == {"role": "user", "parts": [{"type": "text", "content": "hi"}]}
    assert unwrapped({"type": "ai", "data": {"content": "x"}}) == {"type": "ai", "content": "x"}


def test_reasoning_stands_before_the_answer() -> None:
    found = message({"role": "assistant", "content": "4", "reasoning_content": "2+2"}, "assistant")
    assert [part["type"] for part in found["parts"]] == ["reasoning", "text"]


def test_name_and_finish_reason_are_kept() -> None:
    found = message({"role": "assistant", "content": "x", "name": "bob", "stop_reason": "end_turn"}, "user")
    assert (found["name"], found["finish_reason"]) == ("bob", "end_turn")


def test_odd_types_are_no_role() -> None:
    assert message({"type": [], "content": "x"}, "assistant")["role"] == "assistant"
    assert message({"role": {"a": 1}, "content": "x"}, "user")["role"] == "user"


def test_old_function_call_is_a_tool_call() -> None:
    found = message({"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}}, "user")
    assert found["parts"] == [{"type": "tool_call", "id": None, "name": "f", "arguments": {}}]


@pytest.mark.parametrize(
    "sent",
    [
        {"parts": [{"type": "text", "content": "sunny"}], "tool_call_id": "c1"},
        {"parts": [{"type": "tool_call_response", "id": "c1", "response": "sunny"}]},
        {"parts": [{"type": "tool_call_response", "response": "sunny"}], "tool_call_id": "c1"},
        {"content": "sunny", "id": "c1"},
        {"content": [{"type": "text", "text": "sunny"}], "tool_call_id": "c1"},
        {"content": [{"toolResult": {"toolUseId": "c1", "content": [{"text": "sunny"}]}}], "id": "message 1"},
    ],
)
def test_a_tools_message_is_the_response_to_its_call(sent: dict[str, Any]) -> None:
    """LiteLLM's text parts beside a `tool_call_id` were shown as plain text, without the id."""
    want = [{"type": "tool_call_response", "id": "c1", "response": "sunny"}]
    assert message({"role": "tool", **sent}, "user")["parts"] == want


def test_a_tools_message_without_an_id_is_a_response_all_the_same() -> None:
    """OpenInference sends no id for Gemini, LangChain and LlamaIndex."""
    assert message({"role": "tool", "content": '{"r": 18}'}, "user")["parts"] == [
        {"type": "tool_call_response", "id": None, "response": '{"r": 18}'}
    ]


def test_a_tools_message_that_says_nothing_has_no_part() -> None:
    assert message({"role": "tool", "content": "", "name": "f"}, "user")["parts"] == []


def test_what_a_tool_answered_beside_text_stays_as_sent() -> None:
    image = {"type": "image", "url": "https://example.com/a.png"}
    found = message({"role": "tool", "content": [{"type": "text", "text": "see"}, image], "id": "c1"}, "user")
    assert found["parts"][0]["response"] == [{"type": "text", "text": "see"}, image]


def test_a_tools_message_of_a_call_stays_a_call() -> None:
    found = message({"role": "tool", "parts": [{"type": "tool_call", "id": "c1", "name": "f"}]}, "user")
    assert [part["type"] for part in found["parts"]] == ["tool_call"]


@pytest.mark.parametrize("odd", [{}, {"a": 1}, [1], 1, None, True])
def test_types_of_parts_may_be_anything(odd: Any) -> None:
    found = message({"role": "tool", "parts": [{"type": odd, "x": 1}], "tool_call_id": "c1"}, "user")
    assert found["parts"][0]["type"] == "tool_call_response"
