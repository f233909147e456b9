"""One message of any dialect."""

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
