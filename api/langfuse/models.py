"""Prices of models as Langfuse lists them."""

from typing import Any

from aiohttp import web

from api.langfuse.handling import Langfuse, answer
from api.langfuse.parameters import parse_page
from api.langfuse.records import iso
from contract.errors import NotFound
from contract.prices import ListedPrice

USAGE = {
    "input": "input_price",
    "output": "output_price",
    "input_cached_tokens": "cache_read_price",
    "input_cache_creation": "cache_write_price",
}
"""Langfuse's usage bucket -> our price of a token in it."""

EPOCH = iso(0)
"""The lists do not say when an entry was made; SDKs 3 to 5 insist on a time."""


async def list_models(langfuse: Langfuse, request: web.Request) -> web.Response:
    """`{"data": [...], "meta": {...}}`: the user's own prices, then the list's."""
    page, prices = parse_page(request.query), langfuse.prices()
    return answer({"data": [model(each) for each in page.of(prices)], "meta": page.meta(len(prices))})


async def get_model(langfuse: Langfuse, request: web.Request) -> web.Response:
    """One entry by its id."""
    model_id = request.match_info["model_id"]
    found = next((each for each in langfuse.prices() if each.id == model_id), None)
    if found is None:
        raise NotFound(f"no price {model_id[:100]!r}")
    return answer(model(found))


def model(price: ListedPrice) -> dict[str, Any]:
    prices = {bucket: value for bucket, name in USAGE.items() if (value := getattr(price, name)) is not None}
    tier = {"id": f"{price.id}/default", "name": "Standard", "isDefault": True, "priority": 0, "conditions": []}
    return {
        "id": price.id,
        "modelName": price.model,
        "matchPattern": price.pattern,
        "startDate": None,
        "unit": "TOKENS",
        "inputPrice": price.input_price,
        "outputPrice": price.output_price,
        "totalPrice": None,
        "tokenizerId": None,
        "tokenizerConfig": None,
        "isLangfuseManaged": not price.own,
        "createdAt": EPOCH,
        "prices": {bucket: {"price": value} for bucket, value in prices.items()},
        "pricingTiers": [{**tier, "prices": prices}],
    }
