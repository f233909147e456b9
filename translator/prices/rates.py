"""Prices per million tokens, and what the tokens of one call cost by them.

Counts are inclusive (product.md section 4): input tokens hold what was read from or written to a cache and what was
audio, output tokens hold the reasoning. Each part is priced once: at its own price where there is one, else at the
price of what it is part of.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

PER = 1_000_000

WITHIN = {
    "cache_read": "input", "cache_write": "input", "input_audio": "input",
    "reasoning": "output", "output_audio": "output",
}  # fmt: skip
"""Part -> what it is part of, and what it costs when it has no price of its own."""

NAMES = ("input", "output", *WITHIN)


class Counts(NamedTuple):
    """Tokens of one call; None where nobody said."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    input_audio: int = 0
    output_audio: int = 0


class Cost(NamedTuple):
    input: float
    output: float
    total: float


class Rates:
    """One set of prices in USD per million tokens, `per_call` in USD; parts without a price have their whole's.

    `steps` are the prices of larger calls: past a threshold of input tokens *all* tokens of the call cost what the
    step says (the "cliff" of Anthropic, Google and OpenAI; genai-prices `TieredPrices`).
    """

    __slots__ = (*NAMES, "has_audio", "is_plain", "per_call", "prices_input", "prices_output", "steps")

    input: float
    output: float
    cache_read: float
    cache_write: float
    reasoning: float
    input_audio: float
    output_audio: float

    def __init__(
        self, given: Mapping[str, float], per_call: float = 0.0, steps: "tuple[tuple[int, Rates], ...]" = ()
    ) -> None:
        for name in NAMES:
            setattr(self, name, given.get(name, given.get(WITHIN.get(name, name), 0.0)))
        self.per_call = per_call
        self.steps = steps
        self.prices_input = "input" in given
        self.prices_output = "output" in given
        self.has_audio = "input_audio" in given or "output_audio" in given
        self.is_plain = {"input"} <= given.keys() <= {"input", "output", "cache_read", "cache_write"} and not per_call
        """Nothing but the two sides and the cache has a price."""

    def at(self, input_tokens: int) -> "Rates":
        """The prices of a call with so many input tokens."""
        return next((rates for above, rates in reversed(self.steps) if input_tokens > above), self)


def cost(rates: Rates, counts: Counts) -> Cost:
    """What the counts cost; a count that is missing counts nothing."""
    tokens, held = counts.input or 0, rates.at(counts.input or 0)
    incoming = input_side(held, tokens, counts.cache_read or 0, counts.cache_write or 0, counts.input_audio)
    outgoing = output_side(held, counts.output or 0, counts.reasoning or 0, counts.output_audio)
    return Cost(incoming / PER, outgoing / PER, (incoming + outgoing) / PER + rates.per_call)


def input_side(rates: Rates, tokens: int, cached: int, written: int, heard: int = 0) -> float:
    """Millionths of USD for the input: divided once, at the end, a cost has few digits.

    A part that is said to be larger than its whole is cut: no cost is negative.
    """
    if cached + written + heard > tokens:
        cached = min(cached, tokens)
        written = min(written, tokens - cached)
        heard = min(heard, tokens - cached - written)
    return (
        (tokens - cached - written - heard) * rates.input
        + cached * rates.cache_read
        + written * rates.cache_write
        + heard * rates.input_audio
    )


def output_side(rates: Rates, tokens: int, thought: int, spoken: int = 0) -> float:
    """Millionths of USD for the output, likewise."""
    spoken = min(spoken, tokens)
    thought = min(thought, tokens - spoken)
    return (tokens - spoken - thought) * rates.output + spoken * rates.output_audio + thought * rates.reasoning


def rates_of(entry: Mapping[str, Any]) -> Rates:
    """The rates of an entry of `list.json` or of the user's table; other names in it are left alone.

    A rate is a number, or `[base, [above, price], ...]`.
    """
    given = {name: entry[name] for name in NAMES if entry.get(name) is not None}
    thresholds = sorted({step[0] for rate in given.values() if isinstance(rate, list) for step in rate[1:]})
    per_call = entry.get("per_1000_calls", 0) / 1000
    steps = tuple((above, Rates(_past(given, above), per_call)) for above in thresholds)
    return Rates(_past(given, -1), per_call, steps)


def _past(given: Mapping[str, Any], above: int) -> dict[str, float]:
    """Every rate as it is past a threshold."""
    return {name: float(_resolved(rate, above)) for name, rate in given.items()}


def _resolved(rate: Any, above: int) -> float:
    if not isinstance(rate, list):
        return float(rate)
    return float(next((price for start, price in reversed(rate[1:]) if start <= above), rate[0]))
