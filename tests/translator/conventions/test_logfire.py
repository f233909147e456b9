"""Logfire's and Pydantic AI's spans."""

import json

from tests.support.spans import scoped, seen


def test_agents_sdk_spans_are_told_by_their_attributes() -> None:
    scope = scoped("logfire.openai_agents")
    tool = seen(
        {"logfire.msg_template": "Function: {name}", "name": "f", "input": '{"a": 1}', "output": "x"}, scope=scope
    )
    assert (tool["kind"], tool["tool_name"], tool["tool_arguments"], tool["tool_result"]) == (
        "tool",
        "f",
        {"a": 1},
        "x",
    )
    turn = seen({"sdk_span_type": "turn", "usage": '{"input_tokens": 3}'}, scope=scope)
    assert (turn["kind"], turn["input_tokens"], turn["usage_details"]) == ("workflow", None, {"input_tokens": 3})
    assert seen({"group_id": "s"}, scope=scope)["session_id"] == "s"
    assert seen({"group_id": "s"})["session_id"] is None


def test_events_list_holds_input_and_output() -> None:
    events = [
        {"event.name": "gen_ai.user.message", "content": "hi"},
        {"event.name": "gen_ai.choice", "message": {"content": "a"}},
    ]
    row = seen({"gen_ai.operation.name": "chat", "events": json.dumps(events)}, scope=scoped("pydantic-ai"))
    assert row["input_messages"][0]["parts"][0]["content"] == "hi"
    assert row["output_messages"][0]["parts"][0]["content"] == "a"


def test_cost_and_scrubbed_session() -> None:
    row = seen({"gen_ai.operation.name": "chat", "operation.cost": 0.5, "session_id": "[Scrubbed due to 'session']"})
    assert (row["total_cost"], row["session_id"]) == (0.5, None)


def test_a_pydantic_ai_agent_run_without_an_operation_is_no_call() -> None:
    sent = {"agent_name": "geo", "model_name": "m", "gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 4}
    row = seen(sent, scope=scoped("pydantic-ai"))
    assert (row["kind"], row["agent_name"], row["input_tokens"]) == ("agent", "geo", None)
    assert row["usage_details"] == {"input_tokens": 3, "output_tokens": 4}


def test_tools_offered_stand_in_the_request_parameters() -> None:
    schema = {"type": "object", "properties": {}}
    offered = {"function_tools": [{"name": "f", "description": "d", "parameters_json_schema": schema, "strict": None}],
               "output_tools": [{"name": "final_result", "parameters_json_schema": schema}]}  # fmt: skip
    row = seen({"gen_ai.operation.name": "chat", "model_request_parameters": json.dumps(offered)},
               scope=scoped("pydantic-ai"))  # fmt: skip
    assert row["tool_definitions"] == [
        {"name": "f", "description": "d", "parameters": schema}, {"name": "final_result", "parameters": schema}
    ]  # fmt: skip


def test_texts_of_an_embedding_are_its_input() -> None:
    row = seen({"gen_ai.operation.name": "embeddings", "inputs": '["a", "b"]'}, scope=scoped("pydantic-ai"))
    assert row["input"] == '["a", "b"]'


def test_a_call_of_a_providers_sdk_is_told_by_its_template_up_to_version_2() -> None:
    """No `gen_ai.*` on it; the text of a stream is on the log that ends it."""
    scope, request = scoped("logfire.openai"), '{"model": "m", "messages": [{"role": "user", "content": "hi"}]}'
    row = seen({
        "logfire.msg_template": "streaming response from {request_data[model]!r} took {duration:.2f}s",
        "request_data": request, "response_data": '{"combined_chunk_content": "Hello.", "chunk_count": 2}',
    }, scope=scope)  # fmt: skip
    assert (row["kind"], row["request_model"]) == ("generation", "m")
    assert row["output_messages"] == [{"role": "assistant", "parts": [{"type": "text", "content": "Hello."}]}]
    template = {"logfire.msg_template": "Embedding Creation with {request_data[model]!r}", "request_data": request}
    assert seen(template, scope=scope)["kind"] == "embedding"
    assert seen(template)["kind"] == "span"
