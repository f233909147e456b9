"""LiveKit Agents, as recorded with 1.8.9 (golden capture `livekit`), and the names it used up to 1.4."""

import pytest

from tests.support.spans import event, seen


@pytest.mark.parametrize("pii", ["", "pii."])
def test_a_turns_content_under_old_and_new_names(pii: str) -> None:
    row = seen({
        "gen_ai.operation.name": "invoke_agent", f"lk.{pii}user_input": "hi", f"lk.{pii}response.text": "yes",
        "lk.agent_label": "geo", f"lk.{pii}room_name": "room-1",
    })  # fmt: skip
    assert (row["kind"], row["input"], row["output"]) == ("agent", "hi", "yes")
    assert (row["agent_name"], row["session_id"]) == ("geo", "room-1")


@pytest.mark.parametrize("pii", ["", "pii."])
def test_a_tool_run(pii: str) -> None:
    tool = f"lk.{pii}function_tool."
    row = seen({"lk.function_tool.name": "f", "lk.function_tool.id": "c", tool + "arguments": '{"a": 1}',
                tool + "output": "x"})  # fmt: skip
    assert (row["kind"], row["tool_name"], row["tool_call_id"]) == ("tool", "f", "c")
    assert (row["tool_arguments"], row["tool_result"]) == ({"a": 1}, "x")


def test_the_node_around_a_call_is_no_call() -> None:
    row = seen({"gen_ai.request.model": "gpt-4o", "lk.pii.chat_ctx": '{"items": []}', "lk.pii.response.text": "yes"})
    assert (row["kind"], row["output"]) == ("span", "yes")


def test_up_to_1_4_calls_are_json_texts_in_an_event_and_the_cache_stands_in_the_metrics() -> None:
    call = '{"function": {"name": "f", "arguments": "{\\"a\\": 1}"}, "id": "c", "type": "function"}'
    row = seen({"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 9,
                "lk.llm_metrics": '{"prompt_tokens": 9, "completion_tokens": 2, "prompt_cached_tokens": 8}'},
               events=[event("gen_ai.choice", {"role": "assistant", "tool_calls": [call]})])  # fmt: skip
    assert (row["kind"], row["input_tokens"], row["cache_read_tokens"]) == ("generation", 9, 8)
    assert row["output_messages"][0]["parts"] == [{"type": "tool_call", "id": "c", "name": "f", "arguments": {"a": 1}}]
