"""The price lists as lines to be read."""

import re

from contract.prices import ListedPrice
from translator.prices.listed import listed, pattern_of, pattern_of_user
from translator.prices.price_list import Period, maintained
from translator.prices.rates import rates_of
from translator.prices.user_table import UserPrice

NOW_NS = 1_795_000_000_000_000_000


def test_the_users_prices_come_first_in_dollars_a_token() -> None:
    own = UserPrice("qwen*", Period(rates_of({"input": 2, "output": 4, "cache_read": 1})))
    later = UserPrice("x", Period(rates_of({"input": 2}), from_ns=NOW_NS + 1))
    found = listed([own, later], maintained(), NOW_NS)
    assert found[0] == ListedPrice("own:1", "qwen*", "(?i)^qwen", True, 2e-6, 4e-6, 1e-6, 2e-6)
    assert len(found) > 2000
    assert not any(price.own for price in found[1:])


def test_ids_are_of_one_model_and_patterns_match_their_own_model() -> None:
    found = listed([], maintained(), NOW_NS)
    assert len({price.id for price in found}) == len(found)
    by_id = {price.id: price for price in found}
    assert re.search(by_id["openai:gpt-4o"].pattern, "gpt-4o")
    assert by_id["openai:gpt-4o"].input_price == 2.5e-6
    assert all(re.compile(price.pattern) for price in found)


def test_every_clause_is_an_expression() -> None:
    clause = {"and": [{"starts_with": "a.b"}, {"or": [{"contains": "x"}, {"ends_with": "y"}]}]}
    for name, fits in (("a.b-x-z", True), ("a.b-y", True), ("a-b-x", False), ("a.b-z", False)):
        assert bool(re.search(pattern_of(clause), name)) is fits, name


def test_what_the_user_wrote_is_an_expression() -> None:
    assert [pattern_of_user(match) for match in ("/q.*/", "a.*", "a.b")] == ["(?i)^(q.*)$", "(?i)^a\\.", "(?i)^a\\.b$"]
