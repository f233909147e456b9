"""The price lists in a form to be read: one line a model (`contract.prices.ListedPrice`)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contract.prices import ListedPrice
from translator.prices.price_list import PriceList, entry_of
from translator.prices.rates import PER, Rates
from translator.prices.user_table import UserPrice, is_expression


def listed(user: Sequence[UserPrice], prices: PriceList, now_ns: int) -> list[ListedPrice]:
    """The user's prices, then the list's, as they hold at that time. Ids have no slash: they stand in paths."""
    own = [
        priced(f"own:{place}", price.match, pattern_of_user(price.match), price.period.rates, own=True)
        for place, price in enumerate(user, start=1)
        if price.period.holds(now_ns)
    ]
    return [*own, *of_list(prices, now_ns)]


def of_list(prices: PriceList, now_ns: int) -> Iterator[ListedPrice]:
    for host, model in prices.models():
        entry = entry_of(host, model)
        period = next((each for each in entry.periods if each.holds(now_ns)), None)
        if period is not None:
            yield priced(
                entry.name.replace("/", ":"), model["id"], f"(?i){pattern_of(model['match'])}", period.rates, own=False
            )


def priced(name: str, model: str, pattern: str, rates: Rates, *, own: bool) -> ListedPrice:
    incoming = rates.input / PER if rates.prices_input else None
    outgoing = rates.output / PER if rates.prices_output else None
    read, written = (rates.cache_read / PER, rates.cache_write / PER) if rates.prices_input else (None, None)
    return ListedPrice(name, model, pattern, own, incoming, outgoing, read, written)


def pattern_of(clause: Mapping[str, Any]) -> str:
    """A clause of the list as a regular expression to search with."""
    ((kind, wanted),) = clause.items()
    if kind == "or":
        return "(" + "|".join(map(pattern_of, wanted)) + ")"
    if kind == "and":
        return "".join(f"(?=.*?{pattern_of(part)})" for part in wanted)
    return PATTERNS[kind].format(wanted if kind == "regex" else re.escape(wanted))


PATTERNS = {"equals": "^{}$", "starts_with": "^{}", "ends_with": "{}$", "contains": "{}", "regex": "{}"}


def pattern_of_user(match: str) -> str:
    """What the user wrote: an expression, the beginning of names, or a name."""
    if is_expression(match):
        return f"(?i)^({match[1:-1]})$"
    return f"(?i)^{re.escape(match[:-1])}" if match.endswith("*") else f"(?i)^{re.escape(match)}$"
