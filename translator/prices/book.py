"""The cost of a call: what the user's table says, else what the price list says, else nothing and the reason.

A reported cost is never touched. What prices a model is looked up once for each (provider, model, tier) and kept: the
search walks a provider's models (about 100 µs), the cost of one more call is then a dictionary and a multiplication.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from contract.columns import Row, S
from contract.prices import ListedPrice
from translator.prices.context import STANDARD_CONTEXT, Context, audio_tokens, context_in, plain_tier
from translator.prices.listed import listed
from translator.prices.model_names import NoReference, Reference, references
from translator.prices.price_list import Entry, Period, PriceList, maintained
from translator.prices.rates import PER, Cost, Counts, Rates, cost, input_side
from translator.prices.user_table import UserPrice, names_of, version_of

PRICED_KINDS = frozenset({"generation", "embedding"})
"""Kinds whose tokens a provider sells; totals are sums over these (product.md section 4)."""

COST_COLUMNS = ("input_cost", "output_cost", "total_cost", "cost_source", "price_version")

MAX_QUOTES = 4096
"""Kept answers; past it they are forgotten, so that invented model names cannot grow the process."""


class Offer(NamedTuple):
    """A period in which prices hold, and where they stand."""

    period: Period
    version: str
    entry: str


class Quote(NamedTuple):
    """Everything that may price one (provider, model, tier), to be asked in this order; or why nothing does."""

    offers: tuple[Offer, ...]
    reason: str
    only: Offer | None
    """The offer that answers at any time, if there is one."""
    is_plain: bool
    """Every offer prices the two sides and the cache, and nothing else."""

    def at(self, time_ns: int) -> Offer | None:
        """The first offer that holds then."""
        for offer in self.offers:
            if offer.period.holds(time_ns):
                return offer
        return None


class Priced(NamedTuple):
    """An answer: the cost, or None and the reason."""

    cost: Cost | None
    version: str | None = None
    entry: str | None = None
    reason: str = ""


class PriceBook:
    """Prices calls. One instance a process; its answers depend on the tables and the call only."""

    def __init__(self, user: Sequence[UserPrice] = (), prices: Callable[[], PriceList] = maintained) -> None:
        self._user = tuple(user)
        self._user_version = version_of(self._user)
        self._prices = prices
        self._quotes: dict[tuple[str | None, str | None, str | None], Quote] = {}

    def price_row(self, row: Row, attributes: Mapping[str, Any], tier: str | None) -> None:
        """Fill the cost columns of a fresh row of a call, unless a cost was reported or none can be known.

        Called for every call that arrives: one price at any time for each side and the cache is the short way.
        """
        incoming, outgoing = row[_INPUT], row[_OUTPUT]
        if incoming is None or row[_SOURCE] is not None:
            return
        if tier is not None:
            tier = plain_tier(tier)
        quote = self._quotes.get((row[_PROVIDER], row[_MODEL], tier))
        if quote is None or tier or not quote.is_plain or (outgoing is None and row[_KIND] != "embedding"):
            self._price_slowly(row, attributes, tier)
            return
        offer = quote.only or quote.at(row[_START])
        if offer is not None and (not outgoing or offer.period.rates.prices_output):
            fill(row, offer, incoming, outgoing or 0)

    def _price_slowly(self, row: Row, attributes: Mapping[str, Any], tier: str | None) -> None:
        quote = self._quote(row[_PROVIDER], row[_MODEL], tier)
        if not quote.offers and tier is None:
            return  # nothing to write
        heard = audio_tokens(attributes) if any(one.period.rates.has_audio for one in quote.offers) else (0, 0)
        values = {name: row[place] for name, place in _INPUT_PLACES}
        context = Context(tier, *heard)
        found = columns(self.answer(values, context), context, self._version())
        for place, value in zip(_COST_PLACES, found.values(), strict=True):
            row[place] = value

    def priced(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """`COST_COLUMNS` that belong to the other columns of a call (names of `INPUTS`); a reported cost stays."""
        if values.get("cost_source") == "reported" or values.get("kind") not in PRICED_KINDS:
            return {name: values.get(name) for name in COST_COLUMNS}
        context = context_in(values.get("price_version"))
        return columns(self.answer(values, context), context, self._version())

    def answer(self, values: Mapping[str, Any], context: Context = STANDARD_CONTEXT) -> Priced:
        """What the call costs, or why nobody can say."""
        quote = self._quote(values.get("provider"), values.get("model"), context.tier)
        if not quote.offers:
            return Priced(None, reason=quote.reason)
        incoming, outgoing = values.get("input_tokens"), values.get("output_tokens")
        if incoming is None:
            return Priced(None, reason="the number of input tokens is not known")
        offer = quote.at(values.get("start_time") or 0)
        if offer is None:
            return Priced(None, reason="no price holds at the time of the call")
        rates = offer.period.rates
        why = unpriced(rates, values.get("kind"), outgoing)
        if why is not None:
            return Priced(None, reason=why)
        details = (values.get("cache_read_tokens"), values.get("cache_write_tokens"), values.get("reasoning_tokens"))
        counts = Counts(incoming, outgoing, *details, context.input_audio, context.output_audio)
        return Priced(cost(rates, counts), offer.version, offer.entry)

    def listed(self) -> list[ListedPrice]:
        """The prices in use now (`contract.prices.Prices`)."""
        return listed(self._user, self._prices(), time.time_ns())

    def _version(self) -> str:
        return self._prices().version

    def _quote(self, provider: str | None, model: str | None, tier: str | None) -> Quote:
        key = (provider, model, tier)
        found = self._quotes.get(key)
        if found is None:
            if len(self._quotes) >= MAX_QUOTES:
                self._quotes.clear()
            found = self._quotes[key] = self._look_up(provider, model, tier)
        return found

    def _look_up(self, provider: str | None, model: str | None, tier: str | None) -> Quote:
        looked = references(provider, model)
        places = () if isinstance(looked, NoReference) else looked
        offers = self._own(provider, model or "", tier, places)
        reason = looked.reason if isinstance(looked, NoReference) else "the model is in no price list"
        entry = self._listed(places)
        if entry is not None:
            listed, reason = offers_of(entry, tier, self._version())
            offers += listed
        only = offers[0] if offers and offers[0].period == Period(offers[0].period.rates) else None
        return Quote(tuple(offers), reason, only, all(offer.period.rates.is_plain for offer in offers))

    def _own(self, provider: str | None, model: str, tier: str | None, places: Sequence[Reference]) -> list[Offer]:
        names = names_of(model, places)
        fitting = [entry for entry in self._user if entry.fits(provider, tier, names)]
        return [Offer(entry.period, self._user_version, entry.match) for entry in fitting]

    def _listed(self, places: Sequence[Reference]) -> Entry | None:
        return next((found for place in places if (found := self._prices().find(place)) is not None), None)


INPUTS = (
    "kind", "provider", "model", "start_time", "input_tokens", "output_tokens",
    "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", *COST_COLUMNS,
)  # fmt: skip
"""Columns that `priced` reads."""

_INPUT_PLACES = tuple((name, getattr(S, name)) for name in INPUTS)
_COST_PLACES = tuple(getattr(S, name) for name in COST_COLUMNS)
_INPUT_COST, _OUTPUT_COST, _TOTAL_COST, _SOURCE, _VERSION = _COST_PLACES
_KIND, _PROVIDER, _MODEL, _START = S.kind, S.provider, S.model, S.start_time
_INPUT, _OUTPUT = S.input_tokens, S.output_tokens
_READ, _WRITTEN = S.cache_read_tokens, S.cache_write_tokens


def fill(row: Row, offer: Offer, incoming: int, outgoing: int) -> None:
    """The cost columns by plain rates: what `cost` says, in a third of its time."""
    rates = offer.period.rates
    if rates.steps:
        rates = rates.at(incoming)
    if row[_READ] or row[_WRITTEN]:
        millionths = input_side(rates, incoming, row[_READ] or 0, row[_WRITTEN] or 0)
    else:
        millionths = incoming * rates.input
    more = outgoing * rates.output
    row[_INPUT_COST] = millionths / PER
    row[_OUTPUT_COST] = more / PER
    row[_TOTAL_COST] = (millionths + more) / PER
    row[_SOURCE] = "calculated"
    row[_VERSION] = offer.version


def offers_of(entry: Entry, tier: str | None, version: str) -> tuple[list[Offer], str]:
    """What the list offers for a tier, and the reason if that is nothing."""
    periods = entry.periods if tier is None else entry.tiers.get(tier, ())
    if not periods:
        return [], f"no price is listed for the service tier {tier}"
    return [Offer(each, version, entry.name) for each in periods], ""


def unpriced(rates: Rates, kind: str | None, outgoing: int | None) -> str | None:
    """Why these rates cannot price a call with so many output tokens; None when they can."""
    if not rates.prices_input:
        return "the model is not priced by tokens"
    if outgoing is None and rates.prices_output and kind != "embedding":
        return "the number of output tokens is not known"
    if outgoing and not rates.prices_output:
        return "no price is listed for output tokens"
    return None


def columns(found: Priced, context: Context, version: str) -> dict[str, Any]:
    """`COST_COLUMNS` of an answer. Without a cost the version stays null, but for a context that must not be lost."""
    if found.cost is None:
        kept = None if context == STANDARD_CONTEXT else context.written(version)
        return dict(zip(COST_COLUMNS, (None, None, None, None, kept), strict=True))
    values = (*found.cost, "calculated", context.written(found.version or version))
    return dict(zip(COST_COLUMNS, values, strict=True))
