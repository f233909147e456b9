"""Claude Code's beta spans: bare keys, within its own scope only."""

from tests.support.spans import event, scoped, seen

TRACING = scoped("com.anthropic.claude_code.tracing", "2.1.197")


def test_a_request_is_a_generation_with_inclusive_counts() -> None:
    row = seen(
        {"span.type": "llm_request", "model": "m", "gen_ai.system": "anthropic", "input_tokens": 4, "output_tokens": 2,
         "cache_read_tokens": 40, "cache_creation_tokens": 12, "ttft_ms": 88, "request_id": "req"},
        scope=TRACING,
    )  # fmt: skip
    assert (row["kind"], row["request_model"], row["response_model"]) == ("generation", "m", None)
    assert (row["input_tokens"], row["total_tokens"], row["time_to_first_token_ms"]) == (56, 58, 88)
    assert (row["response_id"], row["usage_details"]["input_tokens"]) == ("req", 4)
    assert row["mapping"]["input_tokens"]["convention"] == "claude_code"


def test_a_sum_that_no_count_can_be_is_not_known() -> None:
    most = 2**63 - 1
    row = seen({"span.type": "llm_request", "model": "m", "input_tokens": 4, "cache_read_tokens": most}, scope=TRACING)
    assert row["input_tokens"] is None


def test_the_same_keys_of_an_application_mean_nothing() -> None:
    row = seen({"span.type": "llm_request", "model": "m", "input_tokens": 4, "output_tokens": 2}, scope=scoped("app"))
    assert (row["kind"], row["input_tokens"]) == ("span", None)


def test_what_a_tool_does_within_is_no_further_tool() -> None:
    tool = {"span.type": "claude_code.tool", "tool_name": "Read", "tool_use_id": "t"}
    row = seen(tool, scope=TRACING, events=[event("tool.output", {"content": "text"})])
    assert (row["kind"], row["tool_call_id"], row["output"], row["tool_result"]) == ("tool", "t", "text", "text")
    assert seen({"span.type": "tool.execution", "gen_ai.tool.call.id": "t"}, scope=TRACING)["kind"] == "span"


def test_an_interaction_is_an_agent_with_the_prompt_as_input() -> None:
    row = seen({"span.type": "interaction", "user_prompt": "hi"}, scope=TRACING)
    assert (row["kind"], row["input"]) == ("agent", "hi")
