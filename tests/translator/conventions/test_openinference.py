"""OpenInference's spans."""

from tests.support.spans import seen


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
