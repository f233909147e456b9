"""The price list in `list.json`: the data of pydantic's genai-prices, brought into this form by scripts/price_list.py.

Only its data is taken, not the package: with pydantic and httpx2 that is 11 packages, 30 MB on disk, 0.7 s of import
and 32 MB of memory; the list is 0.4 MB on disk and 4 MB once it is read, when the first call is priced.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from translator.prices.model_names import Reference, family
from translator.prices.rates import Rates, rates_of

FILE = Path(__file__).parent / "list.json"

DAY_NS = 86_400_000_000_000
MINUTE_NS = 60_000_000_000


class Period(NamedTuple):
    """Prices and when they hold: from and until (ns since 1970, half open), and a part of the day (UTC, ns)."""

    rates: Rates
    from_ns: int | None = None
    until_ns: int | None = None
    hours: tuple[int, int] | None = None

    def holds(self, time_ns: int) -> bool:
        if self.from_ns is not None and time_ns < self.from_ns:
            return False
        if self.until_ns is not None and time_ns >= self.until_ns:
            return False
        if self.hours is None:
            return True
        start, end = self.hours
        moment = time_ns % DAY_NS
        return start <= moment < end if start <= end else moment >= start or moment < end


class Entry(NamedTuple):
    """What the list says of one model: its name there, and its periods in the order in which to ask them."""

    name: str
    periods: tuple[Period, ...]
    tiers: Mapping[str, tuple[Period, ...]]


class PriceList:
    """All providers of the list; a search walks the models of one provider, so its answers are worth keeping."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.version: str = document["version"]
        self._providers: dict[str, Mapping[str, Any]] = {one["id"]: one for one in document["providers"]}

    def find(self, reference: Reference) -> Entry | None:
        """The first spelling that the host lists; of a host that resells, also what its makers list."""
        hosts = [reference.host] if reference.host is not None else self._owners(reference.names)
        for host in hosts:
            provider = self._providers.get(host, {"models": []})
            for name in reference.names:
                found = self._model(host, provider, name)
                if found is not None:
                    return found
            for maker in provider.get("fallback", ()):
                entry = self.find(Reference(maker, reference.names))
                if entry is not None:
                    return entry._replace(tiers={})  # a maker's tiers are not the reseller's
        return None

    def models(self) -> Iterable[tuple[str, Mapping[str, Any]]]:
        """Every model as it stands in the file, with who hosts it."""
        return ((host, model) for host, provider in self._providers.items() for model in provider["models"])

    def _owners(self, names: Iterable[str]) -> list[str]:
        """Who alone gives such names."""
        return list(dict.fromkeys(owner for name in names if (owner := self._owner(name)) is not None))

    def _owner(self, name: str) -> str | None:
        for host, provider in self._providers.items():
            if "model_match" in provider and matches(provider["model_match"], name):
                return host
        return family(name)

    def _model(self, host: str, provider: Mapping[str, Any], name: str) -> Entry | None:
        for model in provider["models"]:
            if model["id"] == name or matches(model["match"], name):
                return entry_of(host, model)
        return None


def matches(clause: Mapping[str, Any], name: str) -> bool:
    """genai-prices' match logic; `name` is in lower case, as the clauses are."""
    ((kind, wanted),) = clause.items()
    if kind == "or":
        return any(matches(part, name) for part in wanted)
    if kind == "and":
        return all(matches(part, name) for part in wanted)
    return _CLAUSES[kind](wanted, name)


_CLAUSES = {
    "equals": lambda wanted, name: bool(name == wanted),
    "starts_with": lambda wanted, name: bool(name.startswith(wanted)),
    "ends_with": lambda wanted, name: bool(name.endswith(wanted)),
    "contains": lambda wanted, name: bool(wanted in name),
    "regex": lambda wanted, name: re.search(wanted, name) is not None,
}

FREE = rates_of({"input": 0, "output": 0})


def entry_of(host: str, model: Mapping[str, Any]) -> Entry:
    """A model of the file. The later of its prices wins, as in genai-prices; without a price a `:free` one is free."""
    periods = [period(prices) for prices in reversed(model["prices"])]
    if model["id"].endswith(":free"):
        periods = [each._replace(rates=FREE) if not each.rates.prices_input else each for each in periods]
    if len(periods) > 1:  # before the first of them nobody knows better than the first
        periods.append(periods[-1]._replace(from_ns=None, hours=None))
    tiers: dict[str, tuple[Period, ...]] = {}
    for change in model.get("tiers", ()):
        tiers[change["tier"]] = tiers.get(change["tier"], ()) + tuple(changed(model["prices"][-1], change))
    return Entry(f"{host}/{model['id']}", tuple(periods), tiers)


def changed(prices: Mapping[str, Any], change: Mapping[str, Any]) -> Iterable[Period]:
    """The prices of a tier: those of the model, with what the tier changes, for as long as both hold."""
    yield period({**prices, **change})


def period(prices: Mapping[str, Any]) -> Period:
    hours = prices.get("hours")
    return Period(
        rates_of(prices),
        from_ns=day_ns(date.fromisoformat(prices["from"])) if "from" in prices else None,
        hours=None if hours is None else (minute_ns(hours[0]), minute_ns(hours[1])),
    )


def day_ns(day: date) -> int:
    """The start of a day, in UTC."""
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1_000_000_000


def minute_ns(text: str) -> int:
    """`16:30` as ns since midnight."""
    hour, minute = text.split(":")
    return (int(hour) * 60 + int(minute)) * MINUTE_NS


@cache
def maintained() -> PriceList:
    """The list of this release, read once."""
    return PriceList(orjson.loads(FILE.read_bytes()))
