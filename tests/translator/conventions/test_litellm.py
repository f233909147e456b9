"""LiteLLM's callbacks; keys from litellm `integrations/opentelemetry.py` and `integrations/otel/`."""

import pytest

from tests.support.golden import shown
from tests.support.spans import scoped, seen

SCOPE = scoped("litellm")


@pytest.mark.parametrize(
    ("call_type", "kind"),
    [("acompletion", "generation"), ("aresponses", "generation"), ("aembedding", "embedding"), ("arerank", "reranker")],
)
@pytest.mark.parametrize("key", ["llm.request.type", "gen_ai.operation.name"])
def test_call_types_are_kinds(key: str, call_type: str, kind: str) -> None:
    assert seen({key: call_type, "gen_ai.request.model": "m"}, scope=SCOPE)["kind"] == kind


@pytest.mark.parametrize("key", ["llm.request.type", "litellm.call_type"])
def test_an_embedding_stays_one_when_its_langfuse_type_is_generation(key: str) -> None:
    row = seen({"langfuse.observation.type": "generation", key: "aembedding", "llm.model_name": "m",
                "langfuse.observation.output": "[0.1]"}, scope=SCOPE)  # fmt: skip
    assert row["kind"] == "embedding"


def test_usage_in_python_text_gives_what_no_key_has() -> None:
    usage = "{'prompt_tokens': 9, 'completion_tokens': 4, 'prompt_tokens_details': {'cached_tokens': 8}}"
    row = seen({"llm.request.type": "acompletion", "gen_ai.usage.input_tokens": 9, "metadata.usage_object": usage})
    assert (row["input_tokens"], row["cache_read_tokens"]) == (9, 8)


@pytest.mark.parametrize(
    "odd", ["{'a': object()}", "{", "{" * 5000, "{'a': " * 300, "None", "{'a'" + " " * 20_000 + "}"]
)
def test_other_text_is_no_usage(odd: str) -> None:
    assert seen({"llm.request.type": "acompletion", "metadata.usage_object": odd})["input_tokens"] is None


def test_a_tool_call_stands_beside_an_empty_output_message() -> None:
    row = seen({"gen_ai.operation.name": "acompletion",
                "gen_ai.output.messages": '[{"role": "assistant", "parts": []}]',
                "gen_ai.completion.0.function_call.name": "f",
                "gen_ai.completion.0.function_call.arguments": '{"a": 1}'})  # fmt: skip
    call = row["output_messages"][0]["parts"][0]
    assert (call["type"], call["name"], call["arguments"]) == ("tool_call", "f", {"a": 1})


def test_the_output_of_a_recorded_tool_call_is_the_call() -> None:
    """`gen_ai.output.messages` has a message without parts there; it hid what `gen_ai.completion.0` holds."""
    [called] = [span for span in shown("litellm-otel").spans() if span["finish_reasons"] == ["tool_calls"]]
    assert "get_weather" in called["output"]


def test_costs_of_the_second_form_are_reported() -> None:
    row = seen({"gen_ai.operation.name": "chat", "litellm.cost.total": 3.5, "litellm.cost.input": 1.0,
                "litellm.cost.output": 2.0, "litellm.end_user.id": "u"})  # fmt: skip
    assert (row["input_cost"], row["output_cost"], row["total_cost"], row["cost_source"]) == (1.0, 2.0, 3.5, "reported")
    assert row["user_id"] == "u"


def test_the_alias_of_a_proxy_is_not_the_model_that_answered() -> None:
    sent = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "fast", "gen_ai.response.model": "fast"}
    assert seen({**sent, "litellm.provider.model": "openai/m"})["model"] == "openai/m"
    first_form = {**sent, "gen_ai.request.model": "m", "litellm.model_group": "fast"}
    assert seen({**first_form, "litellm.provider.model": "openai/m"})["model"] == "openai/m"
    assert seen({**sent, "litellm.provider.model": "openai/fast"})["model"] == "fast"
    dated = {**sent, "gen_ai.response.model": "fast-2025", "litellm.provider.model": "openai/m"}
    assert seen(dated)["response_model"] == "fast-2025"


def test_the_model_names_the_provider_of_an_embedding_that_has_none() -> None:
    """LiteLLM's `gen_ai.system` of embeddings is empty."""
    sent = {"gen_ai.operation.name": "embedding", "gen_ai.system": ""}
    assert seen({**sent, "litellm.provider.model": "openai/text-embedding-3-small"})["provider"] == "openai"
    assert seen({**sent, "litellm.provider.model": "vertex_ai/text-embedding-005"})["provider"] == "gcp.vertex_ai"
    assert seen({**sent, "litellm.provider.model": "text-embedding-3-small"})["provider"] is None
    assert seen({**sent, "litellm.provider.model": "BAAI/bge-small-en"})["provider"] is None


def test_keys_that_are_the_names_of_an_enumeration_hold_the_messages() -> None:
    row = seen({"llm.request.type": "acompletion", "SpanAttributes.LLM_PROMPTS.0.role": "user",
                "SpanAttributes.LLM_PROMPTS.0.content": "hi", "SpanAttributes.LLM_COMPLETIONS.0.content": "a",
                "SpanAttributes.LLM_COMPLETIONS.0.finish_reason": "stop",
                "SpanAttributes.LLM_REQUEST_FUNCTIONS.0.name": "f"})  # fmt: skip
    assert row["input_messages"][0]["parts"][0]["content"] == "hi"
    assert row["output_messages"][0]["parts"][0]["content"] == "a"
    assert (row["finish_reasons"], row["tool_definitions"]) == ('["stop"]', [{"name": "f"}])
    assert '"hi"' in row["input"]
    assert '"a"' in row["output"]


def test_what_a_tool_answered_names_its_call() -> None:
    """As recorded: the message has text parts beside `tool_call_id`."""
    messages = [item for span in shown("litellm-otel").spans() for item in span["input_messages"] or []]
    answers = [item["parts"] for item in messages if item["role"] == "tool"]
    assert answers
    assert all(part["type"] == "tool_call_response" and part["id"] for parts in answers for part in parts)
