"""The user's own prices (`prices:` of the configuration): they go before every list, the first that fits answers."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from translator.prices.model_names import Reference, host_of, plain_provider
from translator.prices.price_list import Period
from translator.prices.rates import NAMES


@dataclass(frozen=True, slots=True)
class UserPrice:
    """One entry. What is not said (`provider`, `tier`, the two dates) excludes nothing."""

    match: str
    """A model's name, a beginning of names (`gpt-4o*`), or a regular expression for the whole name (`/qwen.*-72b/`)."""
    period: Period
    provider: str | None = None
    tier: str | None = None

    def fits(self, provider: str | None, tier: str | None, names: Sequence[str]) -> bool:
        """Whether this prices a call of a model with one of these names (in lower case)."""
        if self.provider is not None and not same_provider(self.provider, provider):
            return False
        if self.tier is not None and self.tier != tier:
            return False
        return any(self._matches(name) for name in names)

    def _matches(self, name: str) -> bool:
        wanted = self.match.lower()
        if is_expression(self.match):
            return re.fullmatch(self.match[1:-1], name, re.IGNORECASE) is not None
        return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted


def is_expression(match: str) -> bool:
    return len(match) > 2 and match.startswith("/") and match.endswith("/")


def same_provider(wanted: str, said: str | None) -> bool:
    """Equal as written, or two names of one provider (`azure`, `azure.ai.openai`)."""
    first, second = plain_provider(wanted), plain_provider(said)
    return first == second or (host_of(first) is not None and host_of(first) == host_of(second))


def names_of(model: str, references: Sequence[Reference]) -> list[str]:
    """Every spelling under which the user may have written a model, as sent first."""
    spelled = [name for reference in references for name in reference.names]
    return list(dict.fromkeys([model.strip().lower(), *spelled]))


def version_of(entries: Sequence[UserPrice]) -> str:
    """`user ` and a hash that changes with every change of the table."""
    text = "\n".join(repr((e.match, e.provider, e.tier, *_written(e.period))) for e in entries)
    return f"user {hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _written(period: Period) -> list[object]:
    rates = period.rates
    return [*(getattr(rates, name) for name in NAMES), rates.prices_output, period.from_ns, period.until_ns]
