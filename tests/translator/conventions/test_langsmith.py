"""LangSmith's export; keys from langsmith-sdk `_internal/otel/_otel_exporter.py`."""

from tests.support.spans import seen


def test_kind_metadata_and_tags() -> None:
    row = seen({"langsmith.span.kind": "llm", "gen_ai.operation.name": "chat", "langsmith.metadata.thread_id": "t",
                "langsmith.metadata.ls_model_name": "m", "langsmith.span.tags": "a, b"})  # fmt: skip
    assert (row["kind"], row["session_id"], row["request_model"], row["tags"]) == ("generation", "t", "m", '["a","b"]')


def test_usage_and_answer_give_what_no_key_has() -> None:
    row = seen({"langsmith.span.kind": "llm", "langsmith.metadata.ls_temperature": 0.5,
                "gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 4,
                "langsmith.metadata.usage_metadata":
                    '{"input_tokens": 9, "output_tokens": 4, "input_token_details": {"cache_read": 8}}',
                "gen_ai.completion": '{"model": "m-2025", "choices": [{"finish_reason": "stop"}]}'})  # fmt: skip
    assert (row["input_tokens"], row["cache_read_tokens"]) == (9, 8)
    assert (row["response_model"], row["finish_reasons"]) == ("m-2025", '["stop"]')
    assert row["model_parameters"] == {"temperature": 0.5}


def test_runs_of_tools_and_retrievers_are_read_from_inputs_and_outputs() -> None:
    tool = seen({"langsmith.span.kind": "tool", "gen_ai.prompt": '{"city": "Rome"}',
                 "gen_ai.completion": '{"output": "x"}'}, name="get_weather")  # fmt: skip
    assert (tool["tool_name"], tool["tool_arguments"], tool["tool_result"]) == ("get_weather", {"city": "Rome"}, "x")
    found = seen({"langsmith.span.kind": "retriever", "gen_ai.prompt": '{"query": "q"}',
                  "gen_ai.completion": '{"output": [{"page_content": "d", "metadata": {"a": 1}}]}'})  # fmt: skip
    assert (found["query"], found["documents"][0]["content"]) == ("q", "d")


def test_usage_may_stand_in_the_answer_only() -> None:
    answer = '{"usage_metadata": {"input_tokens": 9, "output_tokens": 4, "input_token_details": {"cache_read": 8}}}'
    row = seen({"langsmith.span.kind": "llm", "gen_ai.usage.input_tokens": 9, "gen_ai.completion": answer})
    assert (row["input_tokens"], row["cache_read_tokens"]) == (9, 8)
