"""Token counts from the usage maps of providers and SDKs, made inclusive.

Inclusive: input tokens hold what was read from or written to a cache, output tokens hold the reasoning.
"""

from collections.abc import Container, Mapping
from typing import Any

from translator.chunks import folded
from translator.values import MAX_COUNT, integer, mapping

COUNTS = (
    "input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens",
)  # fmt: skip

_NAMES: dict[str, tuple[str, ...]] = {
    "input_tokens": (
        "input_tokens", "prompt_tokens", "promptTokens", "inputTokens", "inputTokenCount", "promptTokenCount",
        "prompt_token_count", "input", "prompt", "prompt_eval_count",
    ),
    "output_tokens": (
        "output_tokens", "completion_tokens", "completionTokens", "outputTokens", "outputTokenCount",
        "candidatesTokenCount", "candidates_token_count", "output", "completion", "eval_count",
    ),
    "total_tokens": ("total_tokens", "totalTokens", "totalTokenCount", "total_token_count", "total"),
    "cache_read_tokens": (
        "cache_read_input_tokens", "cached_input_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount",
        "cachedInputTokens", "input_cached_tokens", "input_cache_read", "cached_content_token_count",
        "cachedContentTokenCount", "cachedContentTokens", "cache_read_tokens", "cached_tokens",
        "prompt_cached_tokens",
        "prompt_tokens_details.cached_tokens",
        "input_tokens_details.cached_tokens", "input_token_details.cache_read", "input_tokens_details.cache_read",
    ),
    "cache_write_tokens": (
        "cache_creation_input_tokens", "cache_write_input_tokens", "cacheWriteInputTokens", "input_cache_creation",
        "cache_write_tokens", "input_token_details.cache_creation", "input_tokens_details.cache_write_tokens",
        "prompt_tokens_details.cache_write_tokens",
    ),
    "reasoning_tokens": (
        "reasoning_tokens", "reasoningTokens", "output_reasoning_tokens", "output_reasoning", "thoughts_token_count",
        "thoughtsTokenCount", "thoughtsTokens", "completion_tokens_details.reasoning_tokens",
        "output_tokens_details.reasoning_tokens",
        "output_token_details.reasoning",
    ),
}  # fmt: skip

_SPLIT_WORDS = {"cache_read_tokens": ("cached", "cache_read"), "cache_write_tokens": ("cache_creation", "cache_write"),
                "reasoning_tokens": ("reasoning", "thoughts")}  # fmt: skip


def may_split(value: Any, known: Container[str]) -> bool:
    """Whether a text may name a split that is not known yet: spares parsing whole answers for nothing."""
    return isinstance(value, str) and any(
        word in value for name, words in _SPLIT_WORDS.items() if name not in known for word in words
    )


_APART = ("cache_read_input_tokens", "cacheReadInputTokens", "cache_creation_input_tokens", "cacheWriteInputTokens")
"""Cache counts that stand beside `input_tokens` in Anthropic's and Bedrock's own usage, and are not within it; beside
`input` they are within it unless the total says otherwise, as LiteLLM's Langfuse callback writes it."""

_GEMINI_OUTSIDE = {
    "output_tokens": ("thoughts_token_count", "thoughtsTokenCount"),
    "input_tokens": ("tool_use_prompt_token_count", "toolUsePromptTokenCount"),
}


_FIELD_OF = {key: (name, rank) for name, keys in _NAMES.items() for rank, key in enumerate(keys)}
_OUTER = frozenset(key.partition(".")[0] for key in _FIELD_OF if "." in key)


def from_map(value: Any) -> dict[str, int] | None:
    """Inclusive counts of a usage map (or its JSON text); None when it has no count of input, output or total."""
    usage = mapping(value)
    if usage is None:
        return None
    known = {name: count for name, (count, _) in _counts(usage).items()}
    if not known.keys() & {"input_tokens", "output_tokens", "total_tokens"}:
        return None
    _include(usage, known)
    return known


def _counts(usage: Mapping[str, Any], prefix: str = "") -> dict[str, tuple[int, int]]:
    """Field -> count and rank of the name that gave it: of two names of one field the earlier in the table wins."""
    found: dict[str, tuple[int, int]] = {}
    for key, value in usage.items():
        if isinstance(value, dict):
            inner = _counts(value, f"{key}.") if key in _OUTER and not prefix else {}
        else:
            place = _FIELD_OF.get(prefix + key)
            count = None if place is None else integer(value)
            inner = {} if place is None or count is None else {place[0]: (count, place[1])}
        for name, entry in inner.items():
            if name not in found or entry[1] < found[name][1]:
                found[name] = entry
    return found


def _include(usage: Mapping[str, Any], known: dict[str, int]) -> None:
    """Add to input and output what this form of usage keeps beside them."""
    total, given = known.get("total_tokens"), known.get("input_tokens", 0) + known.get("output_tokens", 0)
    if total is not None and total == given:
        return
    if "input" in usage or "output" in usage:
        apart = [key for key in _APART if key in usage]
        outside = apart if total == given + _sum(apart, usage) else []
        _add(known, "input_tokens", [*outside, *(key for key in usage if key.startswith("input_"))], usage)
        _add(known, "output_tokens", [key for key in usage if key.startswith("output_")], usage)
    elif "input_tokens" in usage or "inputTokens" in usage:
        _add(known, "input_tokens", [key for key in _APART if key in usage], usage)
        _add(known, "output_tokens", ["thoughtsTokens"], usage)  # Genkit's form of Gemini's
    elif "prompt_token_count" in usage or "promptTokenCount" in usage:
        for name, keys in _GEMINI_OUTSIDE.items():
            _add(known, name, list(keys), usage)


def _add(known: dict[str, int], name: str, keys: list[str], usage: Mapping[str, Any]) -> None:
    if name in known:
        known[name] = min(known[name] + _sum(keys, usage), MAX_COUNT)


def _sum(keys: list[str], usage: Mapping[str, Any]) -> int:
    return sum(integer(usage.get(key)) or 0 for key in keys)


def with_usage(value: Any) -> dict[str, int] | None:
    """The usage within a model's whole answer, wherever the providers and LangChain put it."""
    for holder in holders(value):
        for key in ("usage", "usage_metadata", "usageMetadata", "token_usage", "tokenUsage"):
            found = from_map(holder.get(key))
            if found:
                return found
    return None


_WRAPPINGS: tuple[tuple[str | int, ...], ...] = (
    ("llm_output",), ("response_metadata",), ("message",), ("generations", 0, 0, "message", "kwargs"),
    ("generations", 0, 0, "message", "kwargs", "response_metadata"), ("meta",), ("meta", 0), ("replies", 0, "meta"),
)  # fmt: skip
"""Where LangChain (the first five) and Haystack keep what the provider said beside the text."""


_last: tuple[Any, list[dict[str, Any]]] = (None, [])
"""The answer read last. Model, id, reason and usage of one call are asked for one after the other: parsing its answer
anew for each costs 5 us a span. Replaced as a whole, so that threads may share it."""


def holders(value: Any) -> list[dict[str, Any]]:
    """The answer itself (or its JSON text) and the maps within it that may hold its usage, model, id and reason."""
    global _last
    known, found = _last
    if known is value and value is not None:
        return found
    answer = mapping(value) or folded(value)
    places = () if answer is None else (answer, *(_below(answer, path) for path in _WRAPPINGS))
    found = [holder for holder in places if isinstance(holder, dict)]
    _last = (value, found)
    return found


def _below(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value
