"""What a price depends on beside the columns: the service tier, and how many of the tokens were audio.

A row has no column for either; `price_version` says them behind the list's name (`genai-prices 0.2.3 tier=flex`), so
that settling, folding copies and `tracepond reprice` can price a call again from its columns.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from translator.values import integer, mapping

STANDARD = frozenset({"default", "standard", "standard_only", "auto", "on_demand", "on-demand"})
"""Names of the tier whose prices are the list's prices (OpenAI, Anthropic, Groq; `auto` is what a request says)."""

_PLAIN = re.compile(r"[a-z0-9_-]{1,32}")
_SAID = re.compile(r" (?:tier=([a-z0-9_-]+)|audio=(\d+)\+(\d+))(?= |$)")

AUDIO_KEYS = (
    ("gen_ai.usage.audio.input_tokens", "gen_ai.usage.audio.output_tokens"),
    ("gen_ai.usage.details.input_audio_tokens", "gen_ai.usage.details.output_audio_tokens"),
    ("llm.token_count.prompt_details.audio", "llm.token_count.completion_details.audio"),
)
"""OTel GenAI (attributes by modality), Pydantic AI's details, OpenInference."""

AUDIO_MAPS = (
    ("langfuse.observation.usage_details", "input_audio_tokens", "output_audio_tokens"),
    ("langfuse.observation.usage_details", "input_audio", "output_audio"),
)
"""Attribute with a usage map, and its names of the two counts (langfuse.openai flattens OpenAI's details so)."""


class Context(NamedTuple):
    tier: str | None = None
    input_audio: int = 0
    output_audio: int = 0

    def written(self, version: str) -> str:
        """`version` and this, as `price_version` says them."""
        tier = f" tier={self.tier}" if self.tier else ""
        audio = f" audio={self.input_audio}+{self.output_audio}" if self.input_audio or self.output_audio else ""
        return f"{version}{tier}{audio}"


STANDARD_CONTEXT = Context()


def context_in(price_version: str | None) -> Context:
    """What `written` put there."""
    if not price_version or "=" not in price_version:
        return STANDARD_CONTEXT
    found = _SAID.findall(price_version)
    tier = next((tier for tier, _, _ in found if tier), None)
    audio = next(((int(i), int(o)) for tier, i, o in found if not tier), (0, 0))
    return Context(tier, *audio)


def plain_tier(said: str | None) -> str | None:
    """A tier with prices of its own, in lower case; None for the standard one."""
    if said is None:
        return None
    found = said.strip().lower()
    if not found or found in STANDARD:
        return None
    return found if _PLAIN.fullmatch(found) else "unreadable"


def audio_tokens(attributes: Mapping[str, Any]) -> tuple[int, int]:
    """Input and output tokens that were audio; 0 where nothing says so."""
    for incoming, outgoing in AUDIO_KEYS:
        if incoming in attributes or outgoing in attributes:
            return _count(attributes.get(incoming)), _count(attributes.get(outgoing))
    for key, incoming, outgoing in AUDIO_MAPS:
        usage = mapping(attributes.get(key)) if key in attributes else None
        if usage and (incoming in usage or outgoing in usage):
            return _count(usage.get(incoming)), _count(usage.get(outgoing))
    return 0, 0


def _count(value: Any) -> int:
    return max(integer(value) or 0, 0)
