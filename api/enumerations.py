"""Fields that have few words: what a filter may ask of them, and what docs/http-api.md lists."""

from collections.abc import Sequence
from difflib import get_close_matches

from api.errors import LIKENESS

KINDS = (
    "generation", "embedding", "retriever", "reranker", "tool", "agent", "workflow", "guardrail", "evaluator",
    "prompt", "memory", "event", "span",
)  # fmt: skip
"""product.md section 4."""

OF_SPANS: dict[str, tuple[str, ...]] = {
    "kind": KINDS,
    "otlp_kind": ("unspecified", "internal", "server", "client", "producer", "consumer"),
    "status": ("ok", "error", "unset"),
    "level": ("DEBUG", "DEFAULT", "WARNING", "ERROR"),
    "cost_source": ("reported", "calculated"),
}
"""Kinds of OTLP spans: opentelemetry/proto/trace/v1/trace.proto, SpanKind; levels: product.md section 6."""

OF_METRIC_POINTS: dict[str, tuple[str, ...]] = {
    "type": ("gauge", "sum", "histogram", "exponential_histogram", "summary")
}
"""opentelemetry/proto/metrics/v1/metrics.proto, Metric.data. An unknown temporality is kept as the number sent."""

OF_SCORES: dict[str, tuple[str, ...]] = {"data_type": ("NUMERIC", "CATEGORICAL", "BOOLEAN", "CORRECTION", "TEXT")}
"""Langfuse's types of scores."""

ENUMERATIONS: dict[str, dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("list_spans", "list_traces", "list_sessions", "list_users", "metrics", "facet"), OF_SPANS),
    "list_metric_points": OF_METRIC_POINTS,
    "list_scores": OF_SCORES,
}
"""Query -> field -> its words."""


def enumeration(query: str, field: str) -> Sequence[str]:
    """The words of a field; empty where it may hold anything."""
    return ENUMERATIONS.get(query, {}).get(field, ())


def nearest_value(text: str, words: Sequence[str]) -> str | None:
    """The word that was probably meant, in any case of letters; null when none is near."""
    by_lower = {word.lower(): word for word in words}
    near = get_close_matches(text.lower(), by_lower, n=1, cutoff=LIKENESS)
    return by_lower[near[0]] if near else None
