"""LiteLLM's OpenTelemetry callbacks, SDK and proxy: `litellm.*`, and its call types in place of operations.

Source: BerriAI/litellm 1.106 `litellm/integrations/opentelemetry.py` (first form), `litellm/integrations/otel/` (the
second, LITELLM_OTEL_V2). The rest comes in the keys of `genai.py`, `openinference.py` or `langfuse.py`. The span
`raw_gen_ai_request` repeats its parent's call and stays a plain span.
"""

import ast
from collections.abc import Mapping
from typing import Any

from translator import answers, usage
from translator.messages import build, indexed
from translator.prices.model_names import HOSTS, LOCAL
from translator.rules import CALLS, Convention, family, flag, free_map, identifier, lookup, number, on, text
from translator.rules import first as read
from translator.rules import indexed as numbered
from translator.values import text as as_text

_GENERATING = ("completion", "text_completion", "responses", "anthropic_messages", "generate_content",
               "generate_content_stream", "image_generation", "image_edit")  # fmt: skip
KINDS = {
    f"{prefix}{name}": kind
    for prefix in ("", "a")
    for kind, names in (("generation", _GENERATING), ("embedding", ("embedding",)), ("reranker", ("rerank",)))
    for name in names
}
"""LiteLLM's functions and their asynchronous twins."""
OTHER_KINDS = {name: kind for name, kind in KINDS.items() if kind != "generation"}
"""Calls whose spans LiteLLM's Langfuse callbacks call `generation` all the same."""

MAX_REPR = 10_000
"""Longer texts are no usage."""


def usage_repr(value: Any) -> dict[str, int] | None:
    """Counts of a usage map that was written as Python text."""
    if not isinstance(value, str) or not value.startswith("{") or len(value) > MAX_REPR:
        return None
    try:
        return usage.from_map(ast.literal_eval(value))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


_IN, _OUT, _FUNCTIONS = (f"SpanAttributes.LLM_{name}." for name in ("PROMPTS", "COMPLETIONS", "REQUEST_FUNCTIONS"))
"""Keys of LiteLLM 1.5x and 1.6x under Python 3.11 and later: an enumeration's member printed by its name, where
OpenLLMetry's `gen_ai.prompt.` and its like were meant."""
_ALIASES = ("gen_ai.request.model", "litellm.model_group")


def unaliased(attributes: Mapping[str, Any]) -> str | None:
    """The provider's model where a proxy gives its own name for it as the response's."""
    answered, asked = attributes.get("gen_ai.response.model"), as_text(attributes.get("litellm.provider.model"))
    if asked is None or answered not in [attributes[key] for key in _ALIASES if key in attributes]:
        return None
    return None if asked.rsplit("/", 1)[-1] == answered else asked


def hosting(model: Any) -> str | None:
    """The provider before a model's name (`openai/text-embedding-3-small`), where it is one that LiteLLM knows."""
    name, slash, _ = (as_text(model) or "").partition("/")
    return answers.provider(name) if slash and (name in HOSTS or name in LOCAL) else None


CONVENTION = Convention(
    name="litellm",
    fields={
        "kind": lookup("llm.request.type", KINDS)
        + lookup("gen_ai.operation.name", KINDS)
        + lookup("litellm.call_type", OTHER_KINDS),
        "provider": read(hosting, "litellm.provider.model"),
        "response_model": family("litellm.provider.model", unaliased, ""),
        "finish_reasons": numbered(_OUT, indexed.finish_reasons(_OUT)),
        "input": numbered(_IN, indexed.as_text(_IN)),
        "output": numbered(_OUT, indexed.as_text(_OUT)),
        "input_messages": numbered(_IN, indexed.as_messages(_IN, build.input_messages)),
        "output_messages": numbered(_OUT, indexed.as_messages(_OUT, build.output_messages)),
        "tool_definitions": numbered(_FUNCTIONS, indexed.as_messages(_FUNCTIONS, build.definitions)),
        "usage": on(CALLS, *read(usage_repr, "metadata.usage_object")),
        "total_cost": number("litellm.cost.total"),
        "input_cost": number("litellm.cost.input"),
        "output_cost": number("litellm.cost.output"),
        "streaming": flag("litellm.request.streaming"),
        "operation": text("litellm.call_type"),
        "user_id": identifier(
            "litellm.end_user.id", *(f"{prefix}metadata.user_api_key_end_user_id" for prefix in ("litellm.", ""))
        ),
        "metadata": free_map("litellm.metadata."),
    },
    prefixes=("litellm.", "SpanAttributes."),
)
