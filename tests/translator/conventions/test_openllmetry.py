"""OpenLLMetry's spans."""

from tests.support.spans import seen


def test_an_indexed_call() -> None:
    row = seen(
        {
            "llm.request.type": "chat",
            "gen_ai.request.model": "m",
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "hi",
            "gen_ai.completion.0.content": "yes",
            "gen_ai.completion.0.finish_reason": "stop",
            "llm.usage.total_tokens": 7,
            "gen_ai.usage.prompt_tokens": 3,
            "gen_ai.usage.completion_tokens": 4.0,
        }
    )
    assert (row["kind"], row["finish_reasons"], row["output_tokens"], row["total_tokens"]) == (
        "generation",
        '["stop"]',
        4,
        7,
    )
    assert row["output_messages"] == [
        {"role": "assistant", "parts": [{"type": "text", "content": "yes"}], "finish_reason": "stop"}
    ]


def test_entities_name_tools_and_agents() -> None:
    sent = {
        "traceloop.span.kind": "tool",
        "traceloop.entity.name": "f",
        "traceloop.entity.input": '{"kwargs": {"a": 1}}',
    }
    row = seen(sent, name="f.tool")
    assert (row["kind"], row["tool_name"], row["name"], row["tool_arguments"]) == ("tool", "f", "f", {"a": 1})
    agent = seen({"traceloop.span.kind": "agent", "traceloop.entity.name": "bob"})
    assert (agent["agent_name"], agent["tool_name"]) == ("bob", None)


def test_association_properties_are_session_user_and_metadata() -> None:
    prefix = "traceloop.association.properties."
    row = seen({prefix + "session_id": "s", prefix + "user_id": "u", prefix + "plan": "pro"})
    assert (row["session_id"], row["user_id"]) == ("s", "u")
    assert '"plan":"pro"' in row["metadata"]


def test_a_tool_of_langchain_has_the_callbacks_inputs_and_call() -> None:
    """As recorded with opentelemetry-instrumentation-langchain 0.62: all that the callback was given, in both keys."""
    started = '{"input_str": "{}", "tags": [], "inputs": {"city": "Rome"}, "kwargs": {"tool_call_id": "c1"}}'
    ended = (
        '{"output": {"lc": 1, "id": ["ToolMessage"], "kwargs": {"content": "x", "tool_call_id": "c1"}}, "kwargs": {}}'
    )
    for given, got in (("gen_ai.tool.call.arguments", "gen_ai.tool.call.result"),
                       ("traceloop.entity.input", "traceloop.entity.output")):  # fmt: skip
        row = seen({"traceloop.span.kind": "tool", "traceloop.entity.name": "get_weather", given: started, got: ended})
        assert (row["tool_arguments"], row["tool_result"], row["tool_call_id"]) == ({"city": "Rome"}, "x", "c1")
