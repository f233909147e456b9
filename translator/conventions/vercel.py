"""Vercel AI SDK v3 to v7, legacy form (`LegacyOpenTelemetry` of v7): `ai.*`.

Source: vercel/ai `packages/otel/src`, `packages/ai/core/telemetry`; recorded with 4.3 to 7.0. The outer spans repeat
the usage of the inner ones. The GenAI form of v7 is `genai.py`'s, but for `ai.settings.context.*`.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from translator import answers, values
from translator.messages import build
from translator.rules import (
    Convention,
    content,
    ending,
    family,
    free_map,
    identifier,
    lookup,
    on,
    scaled,
    text,
    words,
)
from translator.rules import first as read
from translator.usage import COUNTS
from translator.values import identifier as as_identifier
from translator.values import integer as as_integer
from translator.values import mapping as as_mapping
from translator.values import text as as_text

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
STREAMS = ("ai.streamText.doStream", "ai.streamObject.doStream")
_METADATA, _CONTEXT = "ai.telemetry.metadata.", "ai.settings.context."
"""The application's own maps: `experimental_telemetry.metadata` up to v6, `runtimeContext` from v7 on."""
_SESSIONS = ("session_id", "sessionId", "thread_id", "threadId", "conversation_id", "conversationId", "chatId")
_SETTINGS = (
    "temperature", "topP", "topK", "maxTokens", "maxOutputTokens", "frequencyPenalty", "presencePenalty",
    "stopSequences", "seed",
)  # fmt: skip
_KEYS: dict[str, tuple[str, ...]] = {
    "input_tokens": ("ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens"),
    "output_tokens": ("ai.usage.outputTokens", "ai.usage.completionTokens"),
    "total_tokens": ("ai.usage.totalTokens",),
    "cache_read_tokens": ("ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.cachedInputTokens"),
    "cache_write_tokens": ("ai.usage.inputTokenDetails.cacheWriteTokens",),
    "reasoning_tokens": ("ai.usage.outputTokenDetails.reasoningTokens", "ai.usage.reasoningTokens"),
}
_PROVIDERS_OWN: dict[str, tuple[str, ...]] = {
    "cache_read_tokens": (
        "cachedPromptTokens", "cacheReadInputTokens", "cache_read_input_tokens", "cachedContentTokenCount",
    ),
    "cache_write_tokens": ("cacheCreationInputTokens", "cacheWriteInputTokens", "cache_creation_input_tokens"),
    "reasoning_tokens": ("reasoningTokens", "thoughtsTokenCount"),
}  # fmt: skip
"""What v4 and v5 leave to `ai.response.providerMetadata`: `{provider: {...}}`, some of it below a `usage`."""
_CACHE_APART = ("anthropic", "bedrock")
"""Providers whose input tokens, up to v5 handed through as they came, leave out what the cache read and wrote."""


def counts(attributes: Mapping[str, Any]) -> dict[str, int] | None:
    """Inclusive counts. v6 names parts (`ai.usage.*TokenDetails.`) and is inclusive; before, the provider's form shows.

    Google's form leaves the thoughts out of the output (v4, v5).
    """
    own = _provider_usage(attributes.get("ai.response.providerMetadata"))
    found = {name: _count(attributes, keys) for name, keys in _KEYS.items()}
    for name, keys in _PROVIDERS_OWN.items():
        if found[name] is None:
            found[name] = _count(own, keys)
    if not any(key.startswith(("ai.usage.inputTokenDetails.", "ai.usage.outputTokenDetails.")) for key in attributes):
        _include(found, str(attributes.get("ai.model.provider")), own)
    return {name: count for name in COUNTS if (count := found[name]) is not None} or None


def _count(given: Mapping[str, Any], keys: tuple[str, ...]) -> int | None:
    return next((count for key in keys if (count := as_integer(given.get(key))) is not None), None)


def _provider_usage(metadata: Any) -> dict[str, Any]:
    """The provider's own counts, wherever its module keeps them."""
    found: dict[str, Any] = {}
    for module in (as_mapping(metadata) or {}).values():
        for held in (
            (module, *(module.get(key) for key in ("usage", "usageMetadata"))) if isinstance(module, dict) else ()
        ):
            found |= held if isinstance(held, dict) else {}
    return found


def _include(found: dict[str, int | None], provider: str, own: Mapping[str, Any]) -> None:
    """Add to input and output what the provider counts beside them, and let the total follow."""
    outside = {"output_tokens": as_integer(own.get("thoughtsTokenCount")) or 0, "input_tokens": 0}
    if any(name in provider for name in _CACHE_APART):
        outside["input_tokens"] = (found["cache_read_tokens"] or 0) + (found["cache_write_tokens"] or 0)
    for name, more in outside.items():
        if more and found[name] is not None:
            found[name] = as_integer((found[name] or 0) + more)
            found["total_tokens"] = None


def is_stream(value: Any) -> bool | None:
    return value in STREAMS or None


def display_name(attributes: Mapping[str, Any]) -> str | None:
    """The application's name of the call and the operation: `chat:ai.generateText`."""
    function, operation = as_text(attributes["ai.telemetry.functionId"]), as_text(attributes.get("ai.operationId"))
    return None if function is None or operation is None else f"{function}:{operation}"


def embedded(value: Any) -> str | None:
    """What is embedded, each text of which is written as JSON."""
    if isinstance(value, list):
        return values.content([_decoded(item) for item in value])
    return values.content(_decoded(value))


def _decoded(value: Any) -> Any:
    """The text within a JSON text; a text that was none is kept."""
    if not isinstance(value, str) or value[:1] != '"':
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


CONVENTION = Convention(
    name="vercel",
    fields={
        "kind": lookup("ai.operationId", KINDS),
        "display_name": text("ai.toolCall.name") + family("ai.telemetry.functionId", display_name, ""),
        "provider": read(answers.provider, "ai.model.provider"),
        "request_model": text("ai.model.id"),
        "response_model": text("ai.response.model"),
        "response_id": text("ai.response.id"),
        "finish_reasons": words("ai.response.finishReason", "ai.finishReason"),
        "time_to_first_token_ms": scaled(1.0, "ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"),
        "input": content("ai.prompt.messages", "ai.prompt", "ai.toolCall.args")
        + read(embedded, "ai.value", "ai.values"),
        "output": content(
            "ai.response.text",
            "ai.response.object",
            "ai.response.toolCalls",
            "ai.result.text",
            "ai.result.object",
            "ai.result.toolCalls",
            "ai.toolCall.result",
        ),
        "streaming": read(is_stream, "ai.operationId"),
        "usage": family("ai.usage.", counts),
        "usage_details": family("ai.usage.", answers.prefixed("ai.usage.")),
        "model_parameters": family("ai.settings.", answers.parameters("ai.settings.", _SETTINGS), *_SETTINGS),
        "tool_name": text("ai.toolCall.name"),
        "tool_call_id": text("ai.toolCall.id"),
        "session_id": identifier(_METADATA + "sessionId")
        + ending(_METADATA, as_identifier, *_SESSIONS)
        + ending(_CONTEXT, as_identifier, *_SESSIONS),
        "user_id": ending(_METADATA, as_identifier, "user_id", "userId")
        + ending(_CONTEXT, as_identifier, "user_id", "userId"),
        "tags": words(_METADATA + "tags"),
        "embedding_dimensions": on({"embedding"}, *read(answers.vector_length, "ai.embeddings")),
        "metadata": free_map(_CONTEXT, _METADATA),
        "input_messages": read(build.input_messages, "ai.prompt.messages", "ai.prompt"),
        "output_messages": family("ai.response.", build.vercel_answer) + family("ai.result.", build.vercel_answer),
        "tool_arguments": read(build.arguments, "ai.toolCall.args"),
        "tool_result": on({"tool"}, *read(build.structure, "ai.toolCall.result")),
        "tool_definitions": read(build.definitions, "ai.prompt.tools"),
    },
    prefixes=("ai.",),
)
