"""Prices of models."""

from tests.support.langfuse_api import PRICES, Talk, talking


def test_prices_are_listed_the_users_first() -> None:
    async def talk(ask: Talk) -> None:
        body = await ask.get("models", limit=1)
        assert body["meta"] == {"page": 1, "limit": 1, "totalItems": 2, "totalPages": 2}
        [own] = body["data"]
        assert (own["modelName"], own["isLangfuseManaged"], own["inputPrice"]) == ("my-model", False, 1e-6)
        assert own["prices"]["input_cached_tokens"] == {"price": 5e-7}
        assert own["pricingTiers"][0]["prices"]["output"] == 2e-6
        assert (await ask.get(f"models/{PRICES[1].id}"))["matchPattern"] == PRICES[1].pattern
        assert (await ask("GET", "/api/public/models/nope"))[0] == 404

    talking(talk)
