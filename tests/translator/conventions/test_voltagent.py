"""VoltAgent's spans, as recorded with 2.10 (golden capture `voltagent`)."""

from tests.support.spans import scoped, seen

SCOPE = scoped("@voltagent/core")
CALL = {
    "entity.type": "agent", "span.type": "llm", "llm.model": "gpt-4o", "llm.stream": True, "llm.finish_reason": "stop",
    "llm.usage.prompt_tokens": 3, "llm.usage.completion_tokens": 2, "llm.temperature": 0.2,
    "llm.messages": '[{"role": "user", "content": [{"type": "text", "text": "hi"}]}]',
}  # fmt: skip


def test_a_call_has_its_own_type_within_an_agent() -> None:
    row = seen(CALL, scope=SCOPE)
    assert (row["kind"], row["request_model"], row["total_tokens"]) == ("generation", "gpt-4o", 5)
    assert (row["streaming"], row["finish_reasons"]) == (True, '["stop"]')
    assert row["input_messages"] == [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]
    assert row["model_parameters"] == {"temperature": 0.2}


def test_an_agent_keeps_its_roll_up_out_of_the_counts() -> None:
    sent = {"entity.type": "agent", "entity.name": "geo", "usage.prompt_tokens": 3, "input": "hi", "output": "yes"}
    row = seen(sent, scope=SCOPE)
    assert (row["kind"], row["agent_name"], row["input_tokens"]) == ("agent", "geo", None)
    assert (row["input"], row["output"], row["usage_details"]) == ("hi", "yes", {"prompt_tokens": 3})


def test_a_tool_and_a_memory() -> None:
    tool = {"entity.type": "agent", "span.type": "tool", "tool.name": "f", "input": '{"a": 1}', "output": "x"}
    row = seen(tool, scope=SCOPE)
    assert (row["kind"], row["tool_arguments"], row["tool_result"]) == ("tool", {"a": 1}, "x")
    assert seen({"span.type": "memory", "entity.type": "agent"}, scope=SCOPE)["kind"] == "memory"


def test_its_words_mean_nothing_in_other_scopes() -> None:
    row = seen(CALL)
    assert (row["kind"], row["request_model"], row["input_tokens"]) == ("span", None, None)
