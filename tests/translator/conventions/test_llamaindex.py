"""LlamaIndex's span events."""

from tests.support.spans import event, seen


def test_content_and_usage_stand_in_the_events() -> None:
    start = event(
        "LLMChatStartEvent",
        {"class_name": "x", "messages": '[{"role": "user", "content": "hi"}]', "model_dict.model_name": "m"},
    )
    end = event(
        "LLMChatEndEvent",
        {
            "class_name": "x",
            "response.raw.model": "m-2025",
            "response.raw.usage.prompt_tokens": 3,
            "response.raw.usage.completion_tokens": 4,
            "response.message.role": "assistant",
            "response.message.blocks": '[{"block_type": "text", "text": "yes"}]',
        },
    )
    row = seen({}, events=[start, end])
    assert (row["kind"], row["request_model"], row["response_model"], row["total_tokens"]) == (
        "generation",
        "m",
        "m-2025",
        7,
    )
    assert row["output_messages"] == [{"role": "assistant", "parts": [{"type": "text", "content": "yes"}]}]
    assert row["conventions"] == "llamaindex"


def test_retrieval() -> None:
    row = seen(
        {},
        events=[
            event(
                "RetrievalEndEvent",
                {
                    "class_name": "x",
                    "str_or_query_bundle.query_str": "q",
                    "nodes": '[{"node": {"text": "x"}, "score": 0.5}]',
                },
            )
        ],
    )
    assert (row["kind"], row["query"], len(row["documents"])) == ("retriever", "q", 1)
