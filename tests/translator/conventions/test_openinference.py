"""OpenInference's spans."""

from typing import Any

import pytest

from tests.support.golden import shown
from tests.support.spans import scoped, seen


def test_an_llm_span_with_indexed_messages() -> None:
    row = seen(
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": "m",
            "llm.provider": "openai",
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.content": "hi",
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "f",
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"a": 1}',
            "llm.token_count.prompt": 3,
            "llm.token_count.completion": 4,
            "metadata": '{"session_id": "s"}',
            "tag.tags": ["a"],
            "llm.invocation_parameters": '{"temperature": 1}',
        }
    )
    assert row["input_messages"] == [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]
    call = row["output_messages"][0]["parts"][0]
    assert (call["name"], call["arguments"]) == ("f", {"a": 1})
    assert (row["total_tokens"], row["session_id"], row["tags"]) == (7, "s", '["a"]')
    assert row["model_parameters"] == {"temperature": 1}
    assert '"hi"' in row["input"]


def test_retrieved_documents_and_embeddings() -> None:
    row = seen(
        {
            "openinference.span.kind": "RETRIEVER",
            "input.value": "q",
            "retrieval.documents.0.document.content": "x",
            "retrieval.documents.0.document.score": 0.5,
        }
    )
    assert (row["query"], row["documents"][0]["content"], row["documents"][0]["score"]) == ("q", "x", 0.5)
    vector = seen({"openinference.span.kind": "EMBEDDING", "embedding.embeddings.0.embedding.vector": [0.0] * 8})
    assert vector["embedding_dimensions"] == 8


def test_chain_outputs_are_never_mined_for_usage() -> None:
    answer = '{"usage_metadata": {"input_tokens": 3, "output_tokens": 4}}'
    assert seen({"openinference.span.kind": "CHAIN", "output.value": answer})["input_tokens"] is None
    assert seen({"openinference.span.kind": "LLM", "output.value": answer})["input_tokens"] == 3


def test_the_recorded_answer_gives_model_id_and_finish_reason() -> None:
    answer = '{"id": "chatcmpl-1", "model": "m-2025", "choices": [{"finish_reason": "stop"}]}'
    row = seen({"openinference.span.kind": "LLM", "llm.model_name": "m", "output.value": answer})
    assert (row["request_model"], row["response_model"]) == ("m", "m-2025")
    assert (row["response_id"], row["finish_reasons"]) == ("chatcmpl-1", '["stop"]')


def test_google_is_gemini_and_vertex_where_it_hosts_anothers_model() -> None:
    sent = {"openinference.span.kind": "LLM", "llm.provider": "google"}
    assert seen(sent)["provider"] == "gcp.gemini"
    assert seen({**sent, "llm.system": "vertexai"})["provider"] == "gcp.gemini"
    assert seen({**sent, "llm.system": "anthropic"})["provider"] == "gcp.vertex_ai"


def test_litellm_names_the_answers_model_and_id() -> None:
    row = seen({"openinference.span.kind": "LLM", "llm.model_name": "m", "llm.response.model": "m-2025",
                "llm.response.id": "chatcmpl-1", "llm.response.cost": 0.5})  # fmt: skip
    assert (row["response_model"], row["response_id"], row["total_cost"]) == ("m-2025", "chatcmpl-1", 0.5)


def test_a_tool_without_a_name_is_named_like_its_span() -> None:
    assert seen({"openinference.span.kind": "TOOL"}, name="get_weather.__call__")["tool_name"] == "get_weather"
    named = seen({"openinference.span.kind": "TOOL", "tool.name": "get_weather"}, name="SimpleTool")
    assert named["tool_name"] == "get_weather"


def test_the_arguments_of_an_agents_run_may_name_session_and_user() -> None:
    sent = {"input.value": '{"session_id": "s", "user_id": "u", "messages": []}'}
    agent = seen({"openinference.span.kind": "AGENT", **sent})
    assert (agent["session_id"], agent["user_id"]) == ("s", "u")
    other = seen({"openinference.span.kind": "TOOL", **sent})
    assert (other["session_id"], other["user_id"]) == (None, None)


def test_a_llamaindex_span_that_only_prepares_a_call_is_none() -> None:
    """`_prepare_chat_with_tools` is marked LLM; what it puts out is the request."""
    scope = scoped("openinference.instrumentation.llama_index")
    request = {
        "openinference.span.kind": "LLM",
        "output.value": '{"messages": ["hi"], "tools": [{"type": "function"}]}',
    }
    assert seen(request, scope=scope)["kind"] == "prompt"
    assert seen(request)["kind"] == "generation"
    assert seen({**request, "output.value": '{"messages": ["hi"]}'}, scope=scope)["kind"] == "generation"
    assert seen({**request, "openinference.span.kind": "CHAIN"}, scope=scope)["kind"] == "workflow"


ASKED = {"openinference.span.kind": "LLM", "llm.model_name": "m", "llm.input_messages.0.message.role": "user",
         "llm.input_messages.0.message.content": "hi"}  # fmt: skip


@pytest.mark.parametrize("key", ["system", "instructions"])
@pytest.mark.parametrize("said", ['"Be brief"', '[{"type": "text", "text": "Be brief", "cache_control": {}}]'])
def test_system_text_that_only_the_request_has_is_told(key: str, said: str) -> None:
    row = seen({**ASKED, "input.value": f'{{"{key}": {said}, "messages": []}}'})
    assert row["system_instructions"] == [{"type": "text", "content": "Be brief"}]


def test_system_text_among_the_messages_stands_there_only() -> None:
    request = '{"system": "Be brief", "messages": [{"role": "user", "content": "hi"}]}'
    row = seen({**ASKED, "llm.input_messages.0.message.role": "system", "input.value": request})
    assert row["system_instructions"] is None
    row = seen({"openinference.span.kind": "LLM", "llm.model_name": "m", "input.value": request})
    assert (row["system_instructions"], row["input_messages"][0]["role"]) == (None, "system")


@pytest.mark.parametrize("odd", ["", "{", '{"system": 1}', '{"system": {}}', '["system"]', b"\xff", 7, '"system"'])
def test_a_request_of_another_form_has_no_system_text(odd: Any) -> None:
    assert seen({**ASKED, "input.value": odd})["system_instructions"] is None


def test_the_recorded_system_text_of_anthropic_is_told() -> None:
    calls = [span for span in shown("anthropic-openinference-0.1").spans() if span["system_instructions"]]
    assert "You are a geography assistant." in [span["system_instructions"][0]["content"] for span in calls]
