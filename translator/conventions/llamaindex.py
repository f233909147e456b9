"""LlamaIndex's own OpenTelemetry integration: spans hold ids only, content stands in their span events.

Source: run-llama/llama_index `llama-index-observability-otel` 0.7: event classes flattened by dots, JSON below.
"""

from translator import answers
from translator.messages import build, documents
from translator.rules import Convention, content, family, integer, member, text
from translator.rules import first as read
from translator.rules import present as when_present

CONVENTION = Convention(
    name="llamaindex",
    fields={},
    events={
        "LLMChatStartEvent": {
            "kind": when_present("class_name", "generation"),
            "request_model": text("model_dict.model_name", "model_dict.model"),
            "input": content("messages"),
            "input_messages": read(build.input_messages, "messages"),
            "model_parameters": family("model_dict.", answers.prefixed("model_dict.")),
        },
        "LLMChatEndEvent": {
            "kind": when_present("class_name", "generation"),
            "response_model": text("response.raw.model"),
            "response_id": text("response.raw.id"),
            "finish_reasons": member("response.raw.choices", 0, "finish_reason", then=answers.one_reason),
            "input": content("messages"),
            "output": content("response.message.blocks"),
            "input_tokens": integer("response.raw.usage.prompt_tokens", "response.raw.usage.input_tokens"),
            "output_tokens": integer("response.raw.usage.completion_tokens", "response.raw.usage.output_tokens"),
            "total_tokens": integer("response.raw.usage.total_tokens"),
            "cache_read_tokens": integer(
                "response.raw.usage.prompt_tokens_details.cached_tokens",
                "response.raw.usage.input_tokens_details.cached_tokens",
            ),
            "reasoning_tokens": integer(
                "response.raw.usage.completion_tokens_details.reasoning_tokens",
                "response.raw.usage.output_tokens_details.reasoning_tokens",
            ),
            "input_messages": read(build.input_messages, "messages"),
            "output_messages": family("response.message.", build.llamaindex_answer),
        },
        "EmbeddingStartEvent": {
            "kind": when_present("class_name", "embedding"),
            "request_model": text("model_dict.model_name"),
        },
        "EmbeddingEndEvent": {
            "kind": when_present("class_name", "embedding"),
            "input": content("chunks"),
            "embedding_dimensions": read(answers.vector_length, "embeddings"),
        },
        "RetrievalStartEvent": {
            "kind": when_present("class_name", "retriever"),
            "input": content("str_or_query_bundle.query_str", "str_or_query_bundle"),
            "query": read(documents.query, "str_or_query_bundle.query_str", "str_or_query_bundle"),
        },
        "RetrievalEndEvent": {
            "kind": when_present("class_name", "retriever"),
            "input": content("str_or_query_bundle.query_str", "str_or_query_bundle"),
            "output": content("nodes"),
            "query": read(documents.query, "str_or_query_bundle.query_str", "str_or_query_bundle"),
            "documents": read(documents.listed, "nodes"),
        },
        "AgentToolCallEvent": {
            "kind": when_present("class_name", "tool"),
            "tool_name": text("tool.name"),
            "input": content("arguments"),
            "tool_arguments": read(build.arguments, "arguments"),
        },
    },
    prefixes=("llamaindex.",),
)
