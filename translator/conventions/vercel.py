"""Vercel AI SDK v3 to v6 and `LegacyOpenTelemetry`: `ai.*`.

Source: vercel/ai `packages/otel/src`, `packages/ai/core/telemetry`. The outer spans repeat the usage of the inner ones.
"""

from translator import answers
from translator.messages import build
from translator.rules import (
    Convention,
    Rule,
    content,
    ending,
    free_map,
    identifier,
    integer,
    lookup,
    on,
    scaled,
    text,
    words,
)
from translator.rules import first as read
from translator.values import identifier as as_identifier

KINDS = {
    **dict.fromkeys(
        [
            "ai.generateText.doGenerate",
            "ai.streamText.doStream",
            "ai.generateObject.doGenerate",
            "ai.streamObject.doStream",
        ],
        "generation",
    ),
    "ai.embed.doEmbed": "embedding",
    "ai.embedMany.doEmbed": "embedding",
    "ai.rerank.doRerank": "reranker",
    "ai.toolCall": "tool",
    **dict.fromkeys(
        [
            "ai.generateText",
            "ai.streamText",
            "ai.generateObject",
            "ai.streamObject",
            "ai.embed",
            "ai.embedMany",
            "ai.rerank",
        ],
        "workflow",
    ),
}
_METADATA = "ai.telemetry.metadata."

CONVENTION = Convention(
    name="vercel",
    fields={
        "kind": lookup("ai.operationId", KINDS),
        "display_name": text("ai.toolCall.name"),
        "provider": read(answers.provider_family, "ai.model.provider"),
        "request_model": text("ai.model.id"),
        "response_model": text("ai.response.model"),
        "response_id": text("ai.response.id"),
        "finish_reasons": words("ai.response.finishReason", "ai.finishReason"),
        "time_to_first_token_ms": scaled(1.0, "ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"),
        "input": content("ai.prompt.messages", "ai.prompt", "ai.toolCall.args", "ai.value", "ai.values"),
        "output": content(
            "ai.response.text",
            "ai.response.object",
            "ai.response.toolCalls",
            "ai.result.text",
            "ai.result.object",
            "ai.result.toolCalls",
            "ai.toolCall.result",
        ),
        "input_tokens": integer("ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens"),
        "output_tokens": integer("ai.usage.outputTokens", "ai.usage.completionTokens"),
        "total_tokens": integer("ai.usage.totalTokens"),
        "cache_read_tokens": integer("ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.cachedInputTokens"),
        "cache_write_tokens": integer("ai.usage.inputTokenDetails.cacheWriteTokens"),
        "reasoning_tokens": integer("ai.usage.outputTokenDetails.reasoningTokens", "ai.usage.reasoningTokens"),
        "tool_name": text("ai.toolCall.name"),
        "tool_call_id": text("ai.toolCall.id"),
        "session_id": identifier(_METADATA + "sessionId")
        + ending(_METADATA, as_identifier, "session_id", "sessionId", "thread_id", "threadId"),
        "user_id": ending(_METADATA, as_identifier, "user_id", "userId"),
        "tags": words(_METADATA + "tags"),
        "metadata": free_map(_METADATA),
        "input_messages": read(build.input_messages, "ai.prompt.messages", "ai.prompt"),
        "output_messages": (Rule("ai.response.", build.vercel_answer, "family"),),
        "tool_arguments": read(build.arguments, "ai.toolCall.args"),
        "tool_result": on({"tool"}, *read(build.structure, "ai.toolCall.result")),
        "tool_definitions": read(build.definitions, "ai.prompt.tools"),
    },
    prefixes=("ai.",),
)
