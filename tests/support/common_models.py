"""Forty common spellings of models with the prices that were published for them: what a price list has to know.

The prices are no part of the list that is tested: they are LiteLLM's model_prices_and_context_window (1.109.1, November
2026), compared with what the providers' pages say; where those two differ, the provider's page.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from translator.prices.book import PriceBook, Priced

TOKENS = 1000
"""Of each side: below every threshold above which calls cost more."""


class Published(NamedTuple):
    """USD per million tokens at noon (UTC) of a day; `output` is null for embeddings."""

    provider: str | None
    model: str
    input: float
    output: float | None
    day: str = "2026-11-20"


COMMON = (
    Published("openai", "gpt-4o", 2.5, 10),
    Published("langgenius/openai/openai", "gpt-4o-2024-08-06", 2.5, 10),
    Published(None, "openai/gpt-4o-mini", 0.15, 0.6),
    Published("openai", "gpt-4.1-mini-2025-04-14", 0.4, 1.6),
    Published("openai", "gpt-5-mini", 0.25, 2),
    Published("openai", "gpt-5.4-2026-03-05", 2.5, 15),
    Published("openai", "o3-mini", 1.1, 4.4),
    Published("openai", "ft:gpt-4o-mini-2024-07-18:acme::abc123", 0.3, 1.2),
    Published("azure.ai.openai", "gpt-4o-mini", 0.15, 0.6),
    Published(None, "azure/gpt-4o", 2.5, 10),
    Published("azure.ai.openai", "gpt-35-turbo", 0.5, 1.5),
    Published("anthropic", "claude-sonnet-4-5-20250929", 3, 15),
    Published("anthropic", "claude-haiku-4-5", 1, 5),
    Published("anthropic", "claude-opus-5-5", 4, 20),
    Published(None, "anthropic/claude-sonnet-5", 2, 10),
    Published("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", 3.3, 16.5),
    Published(None, "bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0", 1.1, 5.5),
    Published("aws.bedrock", "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", 0.06, 0.24),
    Published("aws.bedrock", "meta.llama3-1-70b-instruct-v1:0", 0.72, 0.72),
    Published("gcp.gemini", "models/gemini-2.5-flash", 0.3, 2.5),
    Published("gcp.vertex_ai", "gemini-2.5-pro", 1.25, 10),
    Published(None, "gemini/gemini-3.5-flash", 1.5, 9),
    Published(None, "vertex_ai/claude-sonnet-4-5@20250929", 3, 15),
    Published("google", "gemini-2.5-flash-lite", 0.1, 0.4),
    Published("deepseek", "deepseek-chat", 0.28, 0.42, "2025-11-01"),
    Published("openai", "deepseek-v4-flash", 0.15, 0.6),
    Published("mistral_ai", "mistral-large-latest", 0.5, 1.5),
    Published("mistral_ai", "mistral-small-latest", 0.15, 0.6),
    Published(None, "mistral/codestral-latest", 0.3, 0.9),
    Published("aws.bedrock", "qwen.qwen3-32b-v1:0", 0.15, 0.6),
    Published(None, "groq/qwen/qwen3.8-27b", 0.8, 4),
    Published("dashscope", "qwen-max", 1.6, 6.4),
    Published("cohere", "command-r-plus-08-2024", 2.5, 10),
    Published(None, "command-a-03-2025", 2.5, 10),
    Published("openai", "text-embedding-3-small", 0.02, None),
    Published(None, "text-embedding-ada-002", 0.1, None),
    Published("gcp.gemini", "gemini-embedding-001", 0.15, None),
    Published("aws.bedrock", "amazon.titan-embed-text-v2:0", 0.02, None),
    Published("mistral_ai", "mistral-embed", 0.1, None),
    Published("cohere", "embed-english-v3.0", 0.1, None),
)

AT_LEAST = 36
"""Of `COMMON`, priced and as published."""


def call_of(published: Published) -> dict[str, Any]:
    """The columns of a call of this model."""
    noon = datetime.fromisoformat(f"{published.day}T12:00:00").replace(tzinfo=UTC)
    return {
        "kind": "generation" if published.output is not None else "embedding",
        "provider": published.provider,
        "model": published.model,
        "start_time": int(noon.timestamp()) * 1_000_000_000,
        "input_tokens": TOKENS,
        "output_tokens": TOKENS if published.output is not None else None,
    }


def agrees(published: Published, found: Priced) -> bool:
    """Whether the answer is the published price, to a millionth of a cent."""
    if found.cost is None:
        return False
    wanted = (published.input * TOKENS / 1e6, (published.output or 0) * TOKENS / 1e6)
    return all(abs(a - b) < 1e-8 for a, b in zip(wanted, found.cost, strict=False))


def answers(book: PriceBook) -> list[tuple[Published, Priced]]:
    return [(published, book.answer(call_of(published))) for published in COMMON]
