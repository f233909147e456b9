"""What follows from a span's answers taken together."""

from typing import Any

import pytest

from contract.span import Resource
from tests.support.golden import shown
from tests.support.spans import START_NS, event, scoped, seen

CALL = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}


def test_a_model_with_usage_or_messages_is_a_generation_and_a_model_alone_is_not() -> None:
    assert seen({"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 1})["kind"] == "generation"
    assert seen({"gen_ai.request.model": "m", "gen_ai.request.temperature": 1.0})["kind"] == "generation"
    assert seen({"gen_ai.request.model": "m"})["kind"] == "span"


def test_a_name_never_makes_a_kind() -> None:
    assert seen({"http.method": "POST"}, name="chat gpt-4o", kind=3)["kind"] == "span"


def test_a_tool_name_without_a_model_is_a_tool() -> None:
    assert seen({"gen_ai.tool.name": "f"})["kind"] == "tool"


def test_openinference_kind_comes_before_the_operation() -> None:
    row = seen({"openinference.span.kind": "LLM", "gen_ai.operation.name": "invoke_agent"})
    assert (row["kind"], row["operation"]) == ("generation", "invoke_agent")
    assert seen({"openinference.span.kind": "CHAIN", "llm.model_name": "m"})["kind"] == "workflow"


def test_an_unknown_kind_falls_through_to_the_next_rule() -> None:
    assert seen({"openinference.span.kind": "UNKNOWN", "gen_ai.operation.name": "chat"})["kind"] == "generation"
    assert seen({"gen_ai.operation.name": "dance"})["kind"] == "span"


def test_a_generation_of_an_embedding_model_without_an_answer_is_an_embedding() -> None:
    sent = {"langfuse.observation.type": "generation", "langfuse.observation.model.name": "text-embedding-3-small"}
    assert seen(sent)["kind"] == "embedding"
    assert seen({**sent, "langfuse.observation.output": "yes"})["kind"] == "generation"
    assert seen({**sent, "langfuse.observation.model.name": "gpt-4o"})["kind"] == "generation"
    assert seen({**sent, "langfuse.observation.type": "agent"})["kind"] == "agent"


def test_old_langfuse_sdk_wrote_span_for_generations() -> None:
    sent = {"langfuse.observation.type": "span", "langfuse.observation.usage_details": '{"input": 1}'}
    python = Resource({"telemetry.sdk.language": "python"})
    assert seen(sent, scope=scoped("langfuse-sdk", "3.2.1"), resource=python)["kind"] == "generation"
    assert seen(sent, scope=scoped("langfuse-sdk", "4.0.0"), resource=python)["kind"] == "span"


@pytest.mark.parametrize("operation", ["invoke_agent", "invoke_workflow", "execute_tool"])
def test_only_calls_have_token_and_cost_columns(operation: str) -> None:
    row = seen({"gen_ai.operation.name": operation, "gen_ai.usage.input_tokens": 9, "gen_ai.usage.cost": 0.5})
    assert (row["input_tokens"], row["total_tokens"], row["total_cost"], row["cost_source"]) == (None, None, None, None)
    assert row["usage_details"] == {"input_tokens": 9, "cost": 0.5}


def test_a_failed_call_has_no_zero_tokens() -> None:
    row = seen({**CALL, "gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0}, status_code=2)
    assert (row["input_tokens"], row["output_tokens"], row["status"]) == (None, None, "error")


def test_total_is_as_reported_else_the_sum_else_null() -> None:
    both = {**CALL, "gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 4}
    assert seen(both)["total_tokens"] == 7
    assert seen({**both, "gen_ai.usage.total_tokens": 9})["total_tokens"] == 9
    assert seen({**CALL, "gen_ai.usage.input_tokens": 3})["total_tokens"] is None
    assert seen({"gen_ai.operation.name": "embeddings", "gen_ai.usage.input_tokens": 3})["total_tokens"] == 3


LLM = {"openinference.span.kind": "LLM", "llm.token_count.completion": 12}
CACHED = {"llm.token_count.prompt_details.cache_read": 40, "llm.token_count.prompt_details.cache_write": 12}


def test_more_tokens_of_the_cache_than_of_the_input_are_beside_it() -> None:
    """agno's spans of Anthropic's calls said 38 where the call had 90."""
    row = seen({**LLM, **CACHED, "llm.token_count.prompt": 38})
    assert (row["input_tokens"], row["total_tokens"]) == (90, 102)
    assert seen({**LLM, **CACHED, "llm.token_count.prompt": 52})["input_tokens"] == 52, "may hold all of the cache"
    assert seen({**LLM, **CACHED})["input_tokens"] is None


@pytest.mark.parametrize(("sent", "want"), [(50, 102), (102, 102), (77, 77)])
def test_a_total_without_the_cache_gets_it_too_and_any_other_stays(sent: int, want: int) -> None:
    row = seen({**LLM, **CACHED, "llm.token_count.prompt": 38, "llm.token_count.total": sent})
    assert (row["input_tokens"], row["total_tokens"]) == (90, want)


def test_a_name_that_may_be_either_fills_the_response_when_it_differs() -> None:
    sent = {"openinference.span.kind": "LLM", "llm.model_name": "m-2025", "llm.invocation_parameters": '{"model": "m"}'}
    row = seen(sent)
    assert (row["request_model"], row["response_model"], row["model"]) == ("m", "m-2025", "m-2025")
    alone = seen({"openinference.span.kind": "LLM", "llm.model_name": "m"})
    assert (alone["request_model"], alone["response_model"], alone["model"]) == ("m", None, "m")


def test_logfire_repeats_the_request_model_while_it_knows_no_other() -> None:
    sent = {**CALL, "gen_ai.response.model": "m"}
    assert seen(sent, scope=scoped("logfire.openai"))["response_model"] is None
    assert seen(sent)["response_model"] == "m"


@pytest.mark.parametrize(
    ("sent", "code", "want"),
    [
        ({}, 0, ("unset", "DEFAULT")),
        ({}, 1, ("ok", "DEFAULT")),
        ({}, 2, ("error", "ERROR")),
        ({"error.type": "timeout"}, 0, ("error", "ERROR")),
        ({"error.type": "timeout"}, 1, ("ok", "DEFAULT")),
        ({"langfuse.observation.level": "WARNING"}, 0, ("unset", "WARNING")),
        ({"logfire.level_num": 13}, 0, ("unset", "WARNING")),
        ({"logfire.level_num": 5}, 0, ("unset", "DEBUG")),
    ],
)
def test_status_and_level(sent: dict[str, Any], code: int, want: tuple[str, str]) -> None:
    row = seen(sent, status_code=code)
    assert (row["status"], row["level"]) == want


def test_an_exception_names_the_error_of_a_failed_span_only() -> None:
    raised = [event("exception", {"exception.type": "ValueError", "exception.message": "no"})]
    row = seen({}, events=raised, status_code=2)
    assert (row["error_type"], row["status_message"]) == ("ValueError", "no")
    assert seen({}, events=raised)["status"] == "unset"
    assert seen({}, events=raised)["error_type"] is None


@pytest.mark.parametrize(
    "sent",
    [
        {"gen_ai.response.time_to_first_chunk": 0.25},
        {"ai.response.msToFirstChunk": 250},
        {"gen_ai.user.time_to_first_token": 250_000_000},
    ],
)
def test_first_token_is_milliseconds_whatever_the_unit(sent: dict[str, Any]) -> None:
    assert seen({**CALL, **sent})["time_to_first_token_ms"] == 250.0


def test_first_token_from_an_event() -> None:
    first = [event("First Token Stream Event", {}, START_NS + 2_500_000)]
    assert seen(CALL, events=first)["time_to_first_token_ms"] == 2.5
    assert seen({}, events=first)["time_to_first_token_ms"] is None


@pytest.mark.parametrize("key", ["gen_ai.response.time_to_first_chunk", "gen_ai.client.operation.time_to_first_chunk"])
def test_what_has_a_first_chunk_was_streamed(key: str) -> None:
    """Pydantic AI and Vercel's SDK 7 send the time under the name of the metric, and nothing else of streams."""
    row = seen({**CALL, key: 0.036})
    assert (row["time_to_first_token_ms"], row["streaming"]) == (36.0, True)
    assert seen({**CALL, key: 1})["time_to_first_token_ms"] == 1000.0
    assert seen({**CALL, key: "soon"})["streaming"] is None
    assert seen({**CALL, "gen_ai.request.stream": False, key: 0.036})["streaming"] is False


def test_a_time_of_the_first_token_alone_is_no_stream() -> None:
    """OpenLIT sends one of every call."""
    sent = {**CALL, "gen_ai.server.time_to_first_token": 0.5}
    assert seen(sent, scope=scoped("openlit.instrumentation.openai"))["streaming"] is None


@pytest.mark.parametrize(
    "sent",
    [
        {"llm.invocation_parameters": '{"model": "m", "stream": true}'},
        {"langfuse.observation.model.parameters": '{"stream": "True"}'},
        {"mlflow.spanType": '"LLM"', "mlflow.spanInputs": '{"messages": [], "stream": true}'},
    ],
)
def test_a_request_that_asks_for_a_stream_is_streamed(sent: dict[str, Any]) -> None:
    assert seen({**CALL, **sent})["streaming"] is True
    assert seen({**sent, "mlflow.spanType": '"AGENT"', "gen_ai.operation.name": "invoke_agent"})["streaming"] is None


def test_parameters_that_deny_a_stream_are_not_believed() -> None:
    """LangChain says `"stream": false` of streamed calls: it is the model's default."""
    sent = {"openinference.span.kind": "LLM", "llm.invocation_parameters": '{"stream": false, "_type": "openai-chat"}'}
    assert seen(sent)["streaming"] is None
    first = [event("First Token Stream Event", {}, START_NS + 2_500_000)]
    assert seen(sent, events=first)["streaming"] is True
    assert seen({**CALL, "llm.is_streaming": False}, events=first)["streaming"] is False


def test_only_the_requests_own_stream_counts() -> None:
    sent = {"mlflow.spanType": '"LLM"', "mlflow.spanInputs": '{"messages": [{"content": "\\"stream\\": true"}]}'}
    assert seen(sent)["streaming"] is None


def test_display_name_is_the_tools_else_the_one_made_for_display() -> None:
    assert seen({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "f"}, name="x")["name"] == "f"
    row = seen({"logfire.msg": "Chat with m"}, name="Chat with {m}")
    assert (row["name"], row["span_name"]) == ("Chat with m", "Chat with {m}")


def test_span_events_carry_messages_and_choices_in_index_order() -> None:
    events = [
        event("gen_ai.user.message", {"content": "hi"}),
        event("gen_ai.choice", {"index": 1, "finish_reason": "length", "message": "b"}),
        event("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": '{"content": "a"}'}),
    ]
    row = seen({"gen_ai.request.model": "m"}, events=events)
    assert row["kind"] == "generation"
    assert row["finish_reasons"] == '["stop","length"]'
    assert [item["parts"][0]["content"] for item in row["output_messages"]] == ["a", "b"]
    assert row["input_messages"][0]["role"] == "user"


TOOL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "f", "gen_ai.tool.call.id": "c1"}


@pytest.mark.parametrize("capture", ["strands-0.2", "strands-1.62", "strands-openinference"])
def test_events_of_a_tools_span_are_its_arguments_and_result(capture: str) -> None:
    """They were shown as a tool's answer in the input and a model's in the output."""
    tools = [span for span in shown(capture).spans() if span["kind"] == "tool"]
    assert tools
    for span in tools:
        assert (span["tool_arguments"], span["tool_result"]) == ({"city": "Paris"}, "Paris: 18 degrees, sunny")
        assert (span["input"], span["input_messages"], span["output_messages"]) == ('{"city": "Paris"}', None, None)


def test_what_an_attribute_says_of_a_tool_comes_before_its_events() -> None:
    sent = {**TOOL, "gen_ai.tool.call.arguments": '{"a": 1}', "gen_ai.tool.call.result": "x"}
    events = [event("gen_ai.tool.message", {"content": "{}"}), event("gen_ai.choice", {"message": "y"})]
    row = seen(sent, events=events)
    assert (row["tool_arguments"], row["tool_result"], row["input"], row["output"]) == ({"a": 1}, "x", '{"a": 1}', "x")


@pytest.mark.parametrize("odd", [None, "", 3, [], {"a": [1]}, b"\xff", "{", "[" * 3000])
def test_odd_events_of_a_tool_harm_nothing(odd: Any) -> None:
    events = [event("gen_ai.tool.message", {"content": odd}), event("gen_ai.choice", {"message": odd})]
    assert seen(TOOL, events=events)["kind"] == "tool"
