"""Writes translator/prices/list.json from the installed package genai-prices: model, match, prices per million tokens.

    python3 -m venv /tmp/prices && /tmp/prices/bin/pip install genai-prices
    /tmp/prices/bin/python scripts/price_list.py > translator/prices/list.json

The script puts right what the package has wrong (`LATER_PRICES`, `ALIASES`, `ADDED`), each with its source; the version
of the list then ends in `+` and the number of that revision.

Left out is what a price of tokens does not need: names, comments, context sizes, extractors, prices of searches, pages,
seconds and characters. One model a line, so that a renewal can be reviewed as a diff.
"""

import json
import sys
from decimal import Decimal
from importlib.metadata import distribution
from typing import Any

from genai_prices.data import providers
from genai_prices.types import StartDateConstraint, TieredPrices, TimeOfDateConstraint

RATES = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "output_reasoning_mtok": "reasoning",
    "input_audio_mtok": "input_audio",
    "output_audio_mtok": "output_audio",
    "requests_kcount": "per_1000_calls",
}
"""Unit of the package -> rate of the list. Images, video, citations and one-hour cache writes are not told apart in
what instrumentations send, and are priced as what they are part of."""

REVISION = 2
"""Counts changes of the three tables below."""

_DEEPSEEK = [
    {"from": "2025-09-05", "input": 0.56, "cache_read": 0.07, "output": 1.68},
    {"from": "2025-09-29", "input": 0.28, "cache_read": 0.028, "output": 0.42},
    {"from": "2026-04-24", "input": 0.14, "cache_read": 0.0028, "output": 0.28},
]
LATER_PRICES = {("deepseek", "deepseek-chat"): _DEEPSEEK, ("deepseek", "deepseek-reasoner"): _DEEPSEEK}
"""Model -> prices after those that the package knows. api-docs.deepseek.com/quick_start/pricing: V3.1 with one price
for both names and no night discount from 2025-09-05, then V3.2 (same page, April 2026). The date of V3.2 is that of its
release notes, that of V4 Flash (until the names ended on 2026-07-24) from LiteLLM's price file and press."""

ALIASES = {
    ("mistral", "mistral-large-latest"): [
        {"input": 2, "output": 6},
        {"from": "2025-12-02", "input": 0.5, "cache_read": 0.05, "output": 1.5},
    ]
}
"""Names that the package ascribes to an older model. Price: LiteLLM 1.109.1, `mistral/mistral-large-latest`; date: the
release of Mistral Large 3."""

ADDED = {
    ("cohere", "embed-v3"): (("embed-english-v3.0", "embed-multilingual-v3.0"), {"input": 0.1}),
    ("cohere", "embed-v5.0-pro"): (("embed-v5.0-pro",), {"input": 0.12}),
    ("cohere", "embed-v5.0-fast"): (("embed-v5.0-fast",), {"input": 0.08}),
    ("google", "text-embedding"): (
        (
            "text-embedding-004",
            "text-embedding-005",
            "text-multilingual-embedding-002",
            "textembedding-gecko",
            "textembedding-gecko-multilingual",
        ),
        {},
    ),
}
"""Models that the package does not know: names, price. Cohere: LiteLLM 1.109.1, which names cohere.com/pricing; of the
light models of v3 the sources differ. Google: cloud.google.com/vertex-ai/generative-ai/pricing has a price per 1,000
characters for these and none per token, which is an answer too (the model is known, and not priced by tokens)."""


def number(value: Decimal) -> float | int:
    return int(value) if value == int(value) else float(value)


def rate(value: Decimal | TieredPrices) -> Any:
    """A number, or `[base, [above, price], ...]` where the price depends on the input tokens of the call."""
    if isinstance(value, TieredPrices):
        return [number(value.base), *([tier.start, number(tier.price)] for tier in value.tiers)]
    return number(value)


def rates(prices: Any) -> dict[str, Any]:
    given = vars(prices)
    return {name: rate(given[unit]) for unit, name in RATES.items() if given.get(unit) is not None}


def when(constraint: Any) -> dict[str, Any]:
    if isinstance(constraint, StartDateConstraint):
        return {"from": constraint.start_date.isoformat()}
    if isinstance(constraint, TimeOfDateConstraint):
        if constraint.start_time.utcoffset() or constraint.end_time.utcoffset():
            raise ValueError(f"a time of day that is not UTC: {constraint}")
        return {"hours": [constraint.start_time.strftime("%H:%M"), constraint.end_time.strftime("%H:%M")]}
    return {}


def clause(match: Any) -> dict[str, Any] | None:
    """`{"equals": ...}`, `{"or": [...]}` and the like, as in the package's own JSON."""
    if match is None:
        return None
    ((name, value),) = vars(match).items()
    if isinstance(value, list):
        return {name.rstrip("_"): [clause(part) for part in value]}
    return {name: value if name == "regex" else value.lower()}


def model(host: str, one: Any) -> dict[str, Any]:
    periods = one.prices if isinstance(one.prices, list) else None
    prices = [{**when(p.constraint), **rates(p.prices)} for p in periods] if periods else [rates(one.prices)]
    prices += LATER_PRICES.get((host, one.id), [])
    entry = {"id": one.id.lower(), "match": clause(one.match), "prices": prices}
    tiers = [
        {"tier": next(iter(v.when.values())), **when(v.constraint), **found}
        for v in one.price_variants or []
        if v.when.keys() <= {"service_tier", "processing", "speed"} and (found := rates(v.prices))
    ]
    return entry | ({"tiers": tiers} if tiers else {})


def provider(one: Any) -> str:
    head = {
        "id": one.id,
        "provider_match": clause(one.provider_match),
        "model_match": clause(one.model_match),
        "fallback": one.fallback_model_providers,
    }
    opened = compact({name: value for name, value in head.items() if value is not None})[:-1]
    models = [
        {"id": name, "match": {"equals": name}, "prices": prices}
        for (host, name), prices in ALIASES.items()
        if host == one.id
    ]
    models += [
        {"id": name, "match": {"or": [{"equals": each} for each in names]}, "prices": [prices]}
        for (host, name), (names, prices) in ADDED.items()
        if host == one.id
    ]
    models += [model(one.id, each) for each in one.models]
    return opened + ',"models":[\n' + ",\n".join(compact(each) for each in models) + "\n]}"


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def main() -> None:
    package = distribution("genai-prices")
    head = {
        "version": f"genai-prices {package.version}+{REVISION}",
        "source": "https://github.com/pydantic/genai-prices",
        "licence": (package.read_text("licenses/LICENSE") or "").strip(),
    }
    if "MIT License" not in head["licence"]:
        sys.exit("genai-prices has another licence than MIT: read it before its data is taken")
    print(compact(head)[:-1] + ',"providers":[\n' + ",\n".join(provider(each) for each in providers) + "\n]}")


if __name__ == "__main__":
    main()
