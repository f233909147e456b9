"""`mapping` says which price gave a cost, or why there is none."""

from typing import Any

from tests.support.spans import span, translated
from translator.present import present
from translator.prices.book import PriceBook
from translator.prices.explain import LATER, cost_mapping, explained
from translator.prices.price_list import Period
from translator.prices.rates import rates_of
from translator.prices.user_table import UserPrice

CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini-2024-07-18",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 100,
}


def mapping(row: dict[str, Any], book: PriceBook | None = None) -> dict[str, Any]:
    shown: dict[str, Any] = explained(present, book or PriceBook())(row, [], [])["mapping"]
    return shown


def test_a_calculated_cost_names_the_entry_of_the_list() -> None:
    shown = mapping(translated(span(CHAT)))
    assert shown["total_cost"] == {"convention": "prices", "key": "openai/gpt-4o-mini"}
    assert shown["input_cost"] == shown["output_cost"] == shown["total_cost"]
    assert shown["input_tokens"]["convention"] == "genai"


def test_a_cost_by_an_older_list_names_that_list() -> None:
    old = {**translated(span(CHAT)), "price_version": "genai-prices 0.1.0"}
    assert mapping(old)["total_cost"] == {"convention": "prices", "key": "genai-prices 0.1.0"}


def test_a_reported_cost_keeps_its_own_source() -> None:
    shown = mapping(translated(span({**CHAT, "gen_ai.usage.cost": 0.5})))
    assert shown["total_cost"] == {"convention": "genai", "key": "gen_ai.usage.cost"}


def test_an_unknown_cost_has_its_reason() -> None:
    shown = mapping(translated(span({**CHAT, "gen_ai.request.model": "my-model"})))
    assert shown["total_cost"] == {"reason": "the model is in no price list"}


def test_a_price_that_came_later_points_to_reprice() -> None:
    row = translated(span({**CHAT, "gen_ai.request.model": "my-model"}))
    book = PriceBook([UserPrice("my-model", Period(rates_of({"input": 1, "output": 1})))])
    assert mapping(row, book)["total_cost"] == {"reason": LATER}


def test_what_is_no_call_has_no_cost_to_explain() -> None:
    assert cost_mapping(translated(span({})), PriceBook()) == {}
