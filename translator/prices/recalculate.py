"""Costs again, after a call's columns have been filled from other spans, log records or copies of the span.

A calculated cost belongs to the row's tokens, model and provider as they are shown; a reported one to who reported it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from contract.columns import Row, S
from translator.prices.book import COST_COLUMNS, INPUTS

Price = Callable[[Mapping[str, Any]], dict[str, Any]]
"""`translator.prices.book.PriceBook.priced`."""

Columns = dict[str, tuple[Any, str]]
"""As in `contract.settling.SettledSpan`."""

SOURCE = "rule"
"""Source of a settled cost: no span said it."""


class Values(Protocol):
    """A call's own values by column."""

    def get(self, name: str) -> Any: ...


def settled_cost(own: Values, columns: Columns, price: Price | None) -> Columns:
    """What to add to the settled columns of a call, so that its cost fits what is shown beside it."""
    shown = {name: columns[name][0] if name in columns else own.get(name) for name in INPUTS}
    if shown["cost_source"] == "reported":
        return only_reported(own, columns)
    if price is None or columns.keys().isdisjoint(INPUTS):
        return {}
    shown["price_version"] = own.get("price_version") or shown["price_version"]
    found = price(shown)
    if found["total_cost"] is None:
        return {}
    return {name: (found[name], SOURCE) for name in COST_COLUMNS if name in columns or found[name] != own.get(name)}


def only_reported(own: Values, columns: Columns) -> Columns:
    """A reported cost taken from another span stands alone: parts that the call had calculated are covered."""
    if "cost_source" not in columns:
        return {}
    source = columns["cost_source"][1]
    return {n: (None, source) for n in COST_COLUMNS if n not in columns and own.get(n) is not None}


def reprice_merged(row: Row, price: Price | None) -> None:
    """The calculated cost of a row made from several copies, from the tokens that it ended up with."""
    if price is None or row[S.cost_source] == "reported":
        return
    found = price({name: row[getattr(S, name)] for name in INPUTS})
    if found["total_cost"] is not None:
        for name, value in found.items():
            row[getattr(S, name)] = value
