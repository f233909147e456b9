"""Which price gave a calculated cost, or why there is none: for `mapping` of the detail route (promise 7)."""

from collections.abc import Mapping, Sequence
from typing import Any

from contract.present import Present
from translator.prices.book import COST_COLUMNS, INPUTS, PRICED_KINDS, PriceBook
from translator.prices.context import context_in

COSTS = COST_COLUMNS[:3]
LATER = "no price was known when it arrived; `tracepond reprice` calculates it now"


def explained(present: Present, book: PriceBook) -> Present:
    """`present`, with the cost columns of a call in its `mapping`."""

    def answer(
        span: Mapping[str, Any], logs: Sequence[Mapping[str, Any]], donors: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        shown = present(span, logs, donors)
        return {**shown, "mapping": {**shown.get("mapping", {}), **cost_mapping(span, book)}}

    return answer


def cost_mapping(span: Mapping[str, Any], book: PriceBook) -> dict[str, dict[str, str]]:
    """`{"total_cost": {"convention": "prices", "key": "openai/gpt-4o"}, ...}`, or `{"total_cost": {"reason": ...}}`.

    The key is the entry of the list; the list's name where an older one calculated the cost.
    """
    if span.get("kind") not in PRICED_KINDS or span.get("cost_source") == "reported":
        return {}
    version = span.get("price_version")
    found = book.answer({name: span.get(name) for name in INPUTS}, context_in(version))
    if span.get("total_cost") is None:
        return {"total_cost": {"reason": found.reason if found.cost is None else LATER}}
    same_list = found.version is not None and f"{version} ".startswith(f"{found.version} ")
    key = found.entry if same_list and found.entry else str(version)
    return {name: {"convention": "prices", "key": key} for name in COSTS}
