"""The arithmetic of inclusive tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.prices.rates import Counts, cost, rates_of

TEN = {"input": 10, "output": 40, "cache_read": 1, "cache_write": 12}
COUNT = st.integers(0, 10**7)
PRICE = st.floats(0, 1000)


def usd(entry: dict[str, object], **counts: int) -> tuple[float, float, float]:
    return cost(rates_of(entry), Counts(**counts))


def test_input_that_was_cached_or_written_is_taken_out_of_the_input_and_priced_apart() -> None:
    found = usd(TEN, input=1000, output=100, cache_read=600, cache_write=300)
    assert found == pytest.approx(((100 * 10 + 600 * 1 + 300 * 12) / 1e6, 100 * 40 / 1e6, (5200 + 4000) / 1e6))


def test_a_part_without_a_price_of_its_own_costs_what_its_whole_costs() -> None:
    plain = {"input": 10, "output": 40}
    whole = usd(plain, input=1000, output=100)
    assert usd(plain, input=1000, output=100, cache_read=600, cache_write=300, reasoning=50, input_audio=9) == whole


def test_reasoning_is_within_the_output() -> None:
    assert usd({"input": 0, "output": 40, "reasoning": 3}, input=1, output=100, reasoning=75)[1] == pytest.approx(
        (25 * 40 + 75 * 3) / 1e6
    )


def test_audio_is_within_input_and_output() -> None:
    spoken = {"input": 5, "output": 20, "input_audio": 40, "output_audio": 80}
    found = usd(spoken, input=100, output=50, input_audio=60, output_audio=20)
    assert found[:2] == pytest.approx(((40 * 5 + 60 * 40) / 1e6, (30 * 20 + 20 * 80) / 1e6))


@pytest.mark.parametrize(("tokens", "price"), [(200_000, 3), (200_001, 6), (600_000, 9)])
def test_past_a_threshold_of_input_tokens_every_token_costs_more(tokens: int, price: int) -> None:
    entry = {"input": [3, [200_000, 6], [500_000, 9]], "output": [15, [200_000, 22.5]]}
    found = usd(entry, input=tokens, output=1000)
    assert found[0] == pytest.approx(tokens * price / 1e6)
    assert found[1] == pytest.approx(1000 * (15 if tokens <= 200_000 else 22.5) / 1e6)


def test_a_fee_a_call_is_in_the_total_only() -> None:
    assert usd({"input": 1, "output": 1, "per_1000_calls": 5}, input=0, output=0) == (0, 0, 0.005)


@given(COUNT, COUNT, COUNT, COUNT, COUNT, COUNT, COUNT, st.lists(PRICE, min_size=7, max_size=7))
def test_no_cost_is_negative_and_none_exceeds_the_dearest_price(
    tokens: int, output: int, read: int, written: int, thought: int, heard: int, spoken: int, prices: list[float]
) -> None:
    names = ("input", "output", "cache_read", "cache_write", "reasoning", "input_audio", "output_audio")
    found = cost(
        rates_of(dict(zip(names, prices, strict=True))), Counts(tokens, output, read, written, thought, heard, spoken)
    )
    dearest = max(prices) / 1e6 * (1 + 1e-9)
    assert 0 <= found.input <= tokens * dearest
    assert 0 <= found.output <= output * dearest
    assert found.total == pytest.approx(found.input + found.output, rel=1e-12)


def test_a_cost_has_few_digits() -> None:
    assert usd({"input": 0.15, "output": 0.6}, input=1000, output=100) == (0.00015, 0.00006, 0.00021)


@given(COUNT, COUNT, COUNT, PRICE, PRICE)
def test_where_reading_the_cache_is_cheaper_a_cached_call_costs_at_most_the_uncached_one(
    tokens: int, output: int, read: int, price: float, cached_price: float
) -> None:
    entry = {"input": price, "output": 1, "cache_read": min(price, cached_price)}
    uncached = usd(entry, input=tokens, output=output)[2]
    assert usd(entry, input=tokens, output=output, cache_read=read)[2] <= uncached * (1 + 1e-9)
