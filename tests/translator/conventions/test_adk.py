"""Google ADK's own attributes, as recorded with 1.14 and 1.39 (golden captures `google-adk-*`)."""

from tests.support.spans import seen

REQUEST = (
    '{"model": "gemini-2.5-pro", "config": {"system_instruction": "Be brief.", "tools": [{"function_declarations": '
    '[{"name": "f", "parameters": {"type": "OBJECT"}}]}]}, "contents": [{"role": "user", "parts": [{"text": "hi"}]}]}'
)
ANSWER = (
    '{"model_version": "gemini-2.5-pro-001", "content": {"role": "model", "parts": [{"function_call": {"name": "f", '
    '"args": {"a": 1}}}]}, "finish_reason": "STOP", "usage_metadata": {"prompt_token_count": 5, '
    '"candidates_token_count": 2, "thoughts_token_count": 3, "total_token_count": 10}}'
)
CALL = {
    "gen_ai.system": "gcp.vertex.agent", "gen_ai.request.model": "gemini-2.5-pro",
    "gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 2,
    "gcp.vertex.agent.llm_request": REQUEST, "gcp.vertex.agent.llm_response": ANSWER,
    "gcp.vertex.agent.session_id": "s",
}  # fmt: skip


def test_a_call_is_read_from_request_and_answer() -> None:
    row = seen(CALL)
    assert (row["kind"], row["response_model"], row["session_id"]) == ("generation", "gemini-2.5-pro-001", "s")
    assert row["provider"] is None
    assert row["input_messages"] == [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]
    assert row["output_messages"][0]["parts"] == [{"type": "tool_call", "id": None, "name": "f", "arguments": {"a": 1}}]
    assert row["system_instructions"] == [{"type": "text", "content": "Be brief."}]
    assert row["tool_definitions"] == [{"name": "f", "parameters": {"type": "OBJECT"}}]


def test_thoughts_are_output_though_the_plain_count_leaves_them_out() -> None:
    row = seen(CALL)
    assert (row["input_tokens"], row["output_tokens"], row["reasoning_tokens"]) == (5, 5, 3)


def test_a_tool_run_has_placeholders_for_request_and_answer() -> None:
    row = seen({
        "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "f", "gcp.vertex.agent.llm_request": "{}",
        "gcp.vertex.agent.llm_response": "{}", "gcp.vertex.agent.tool_call_args": '{"a": 1}',
        "gcp.vertex.agent.tool_response": '{"result": "x"}',
    })  # fmt: skip
    assert (row["kind"], row["tool_arguments"], row["tool_result"]) == ("tool", {"a": 1}, {"result": "x"})
    assert row["input"] == '{"a": 1}'


def test_a_tool_that_nobody_gave_an_id_has_none() -> None:
    sent = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "f", "gen_ai.tool.call.id": "<not specified>"}
    assert (seen(sent)["kind"], seen(sent)["tool_call_id"]) == ("tool", None)
