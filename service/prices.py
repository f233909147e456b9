"""`prices:` of the configuration: what an entry may hold, checked before anything is bound."""

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import yaml

from service.quantities import described
from translator.prices.context import plain_tier
from translator.prices.price_list import Period, day_ns
from translator.prices.rates import NAMES, rates_of
from translator.prices.user_table import UserPrice, is_expression

FIELDS = ("match", "provider", "tier", *NAMES, "from", "until")


def prices(value: Any) -> tuple[UserPrice, ...]:
    """The entries of a list of mappings, or of the same as YAML or JSON text; ValueError names the entry."""
    if isinstance(value, str):
        try:
            value = yaml.safe_load(value) or []
        except yaml.YAMLError:
            raise ValueError("expected a list as YAML or JSON text") from None
    if not isinstance(value, list):
        raise ValueError(f"expected a list, got {described(value)}")
    return tuple(user_price(entry, f"entry {place}") for place, entry in enumerate(value, start=1))


def user_price(entry: Any, place: str) -> UserPrice:
    """One entry; ValueError names what is wrong with it."""
    if not isinstance(entry, dict):
        raise ValueError(f"{place}: expected a mapping with {', '.join(FIELDS)}")
    for name in entry:
        if name not in FIELDS:
            raise ValueError(f"{place}: unknown field {name!r}; a price has {', '.join(FIELDS)}")
    rates = {name: _amount(entry[name], f"{place}: {name}") for name in NAMES if entry.get(name) is not None}
    if "input" not in rates:
        raise ValueError(f"{place}: input is missing (USD per million tokens; 0 for a model that costs nothing)")
    period = Period(rates_of(rates), from_ns=_day(entry, "from", place), until_ns=_day(entry, "until", place))
    if period.from_ns is not None and period.until_ns is not None and period.from_ns >= period.until_ns:
        raise ValueError(f"{place}: until must be later than from")
    tier = _text(entry, "tier", place)
    return UserPrice(_match(entry, place), period, _text(entry, "provider", place), plain_tier(tier))


def _match(entry: Mapping[str, Any], place: str) -> str:
    match = _text(entry, "match", place)
    if match is None:
        raise ValueError(f"{place}: match is missing (a model's name, a beginning such as gpt-4o*, or /an expression/)")
    if is_expression(match):
        try:
            re.compile(match[1:-1])
        except re.error as error:
            raise ValueError(f"{place}: match is no regular expression: {error}") from None
    return match


def _text(entry: Mapping[str, Any], name: str, place: str) -> str | None:
    value = entry.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{place}: {name} must be text, got {described(value)}")
    return value.strip()


def _amount(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{what} must be a number of USD per million tokens, got {described(value)}")
    return float(value)


def _day(entry: Mapping[str, Any], name: str, place: str) -> int | None:
    """A day in UTC: `from` its beginning, and `until` likewise (the first day without this price)."""
    value = entry.get(name)
    if value is None:
        return None
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    if not isinstance(day, date) or isinstance(day, datetime):
        raise ValueError(f"{place}: {name} must be a day such as 2026-11-01, got {described(value)}")
    return day_ns(day)
