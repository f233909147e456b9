"""Costs: reported, from the user's table, from the list, or null with the reason."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.columns import SPAN_COLUMNS, S
from contract.settling import FACT_COLUMNS
from tests.support.common_models import AT_LEAST, COMMON, agrees, answers
from tests.support.rows import generation_row
from tests.support.spans import seen, span, translated
from translator.prices.book import COST_COLUMNS, INPUTS, MAX_QUOTES, PriceBook
from translator.prices.context import Context
from translator.prices.model_names import REGIONAL
from translator.prices.price_list import Period, maintained
from translator.prices.rates import rates_of
from translator.prices.user_table import UserPrice
from translator.translate import Translator

BOOK = PriceBook()
LIST = maintained().version
CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 100,
}
CALL = {
    "kind": "generation",
    "provider": "openai",
    "model": "gpt-4o-mini",
    "start_time": 1_795_000_000_000_000_000,
    "input_tokens": 1000,
    "output_tokens": 100,
}
NULLS = dict.fromkeys(COST_COLUMNS)


def costs(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in COST_COLUMNS}


def own_prices(*entries: UserPrice) -> PriceBook:
    return PriceBook(entries)


def entry(match: str, price: float = 100, **more: Any) -> UserPrice:
    return UserPrice(match, Period(rates_of({"input": price, "output": price})), **more)


def test_a_call_that_arrives_has_a_calculated_cost_and_says_by_which_list() -> None:
    assert costs(translated(span(CHAT))) == {
        "input_cost": pytest.approx(0.00015),
        "output_cost": pytest.approx(0.00006),
        "total_cost": pytest.approx(0.00021),
        "cost_source": "calculated",
        "price_version": LIST,
    }


@pytest.mark.parametrize("reported", [0.5, 0.0])
def test_a_reported_cost_wins_also_when_it_is_zero(reported: float) -> None:
    row = translated(span({**CHAT, "gen_ai.usage.cost": reported}))
    assert costs(row) == {**NULLS, "total_cost": reported, "cost_source": "reported"}


def test_a_zero_reported_for_a_failed_call_stays_zero() -> None:
    failed = {
        "langfuse.observation.type": "generation",
        "langfuse.observation.model.name": "gpt-4o",
        "langfuse.observation.usage_details": '{"input": 0, "output": 0, "total": 0}',
        "langfuse.observation.cost_details": '{"input": 0, "output": 0, "total": 0}',
    }
    row = translated(span(failed, status_code=2))
    assert (row["total_cost"], row["cost_source"], row["input_tokens"]) == (0, "reported", None)


def test_cached_tokens_cost_less_at_arrival_too() -> None:
    row = translated(span({**CHAT, "gen_ai.usage.cache_read.input_tokens": 600}))
    assert row["input_cost"] == pytest.approx((400 * 0.15 + 600 * 0.075) / 1e6)


def test_an_embedding_needs_no_output_tokens() -> None:
    sent = {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "text-embedding-3-small",
        "gen_ai.usage.input_tokens": 1_000_000,
    }
    assert translated(span(sent))["total_cost"] == pytest.approx(0.02)


@pytest.mark.parametrize("operation", ["invoke_agent", "execute_tool", "rerank"])
def test_only_generations_and_embeddings_have_a_cost(operation: str) -> None:
    assert costs(translated(span({**CHAT, "gen_ai.operation.name": operation}))) == NULLS


def test_the_price_is_that_of_the_service_tier() -> None:
    row = translated(span({**CHAT, "openai.response.service_tier": "priority"}))
    assert (row["total_cost"], row["price_version"]) == (None, f"{LIST} tier=priority"), "not listed at that time"
    late = {"start_ns": CALL["start_time"], "end_ns": CALL["start_time"]}
    row = translated(span({**CHAT, "openai.response.service_tier": "priority"}, **late))
    assert row["total_cost"] == pytest.approx((1000 * 0.25 + 100 * 1) / 1e6)
    assert row["price_version"] == f"{LIST} tier=priority"
    assert translated(span({**CHAT, "openai.response.service_tier": "default"}))["price_version"] == LIST


def test_the_answers_tier_goes_before_the_requests() -> None:
    both = {"openai.request.service_tier": "flex", "openai.response.service_tier": "default"}
    assert translated(span({**CHAT, **both}))["price_version"] == LIST


def test_audio_tokens_are_counted_where_the_model_prices_them() -> None:
    audio = {"llm.token_count.prompt_details.audio": 600, "llm.token_count.completion_details.audio": 50}
    row = translated(span({**CHAT, **audio, "gen_ai.request.model": "gpt-4o-realtime-preview"}))
    assert row["input_cost"] == pytest.approx((400 * 5 + 600 * 40) / 1e6)
    assert row["output_cost"] == pytest.approx((50 * 20 + 50 * 80) / 1e6)
    assert row["price_version"] == f"{LIST} audio=600+50"
    assert translated(span({**CHAT, **audio}))["price_version"] == LIST


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model": "my-model"}, "the model is in no price list"),
        ({"model": None}, "no model is named"),
        ({"provider": "my-gateway"}, "the provider my-gateway is in no price list"),
        ({"provider": "ollama"}, "it runs locally, without a price"),
        ({"input_tokens": None}, "the number of input tokens is not known"),
        ({"output_tokens": None}, "the number of output tokens is not known"),
        ({"model": "whisper-1"}, "the model is not priced by tokens"),
        ({"model": "text-embedding-3-small"}, "no price is listed for output tokens"),
    ],
)
def test_an_unknown_cost_is_null_with_the_reason(change: dict[str, Any], reason: str) -> None:
    found = BOOK.answer({**CALL, **change})
    assert (found.cost, found.reason) == (None, reason)
    assert BOOK.priced({**CALL, **change}) == NULLS


def test_a_tier_without_a_price_is_null_with_the_reason_and_the_tier_is_not_lost() -> None:
    assert BOOK.answer(CALL, Context("scale")).reason == "no price is listed for the service tier scale"
    asked_again = {**CALL, "price_version": f"{LIST} tier=scale"}
    assert BOOK.priced(asked_again) == {**NULLS, "price_version": f"{LIST} tier=scale"}


def test_no_price_before_or_after_the_validity_of_the_only_one() -> None:
    only = UserPrice("m", Period(rates_of({"input": 1, "output": 1}), from_ns=10, until_ns=20))
    book = own_prices(only)
    found = [book.answer({**CALL, "model": "m", "start_time": moment}) for moment in (9, 10, 20)]
    assert [one.reason for one in found] == ["no price holds at the time of the call", "", found[0].reason]


@pytest.mark.parametrize(
    ("provider", "model", "cost", "reason"),
    [
        ("cohere", "embed-multilingual-v3.0", 0.0001, ""),
        ("cohere", "embed-v5.0-fast", 0.00008, ""),
        ("gcp.vertex_ai", "text-embedding-005", None, "the model is not priced by tokens"),
    ],
)
def test_embeddings_that_the_package_does_not_know(provider: str, model: str, cost: float | None, reason: str) -> None:
    call = {**CALL, "kind": "embedding", "provider": provider, "model": model, "output_tokens": None}
    found = BOOK.answer(call)
    assert (found.cost and found.cost.total, found.reason) == (cost and pytest.approx(cost), reason)


def test_where_a_region_decides_only_the_users_own_prices_answer() -> None:
    call = {**CALL, "provider": "dashscope", "model": "qwen-plus"}
    assert BOOK.answer(call).reason == REGIONAL["alibaba"]
    assert own_prices(entry("qwen-plus", provider="aliyun")).answer(call).cost is not None


def test_the_users_prices_go_before_the_list_and_the_first_that_fits_answers() -> None:
    book = own_prices(entry("gpt-4o-mini", 50), entry("gpt*", 7), entry("*", 1, provider="ollama"))
    found = book.priced(CALL)
    assert found["total_cost"] == pytest.approx(1100 * 50 / 1e6)
    assert found["price_version"].startswith("user ")
    assert book.priced({**CALL, "model": "gpt-4o"})["total_cost"] == pytest.approx(1100 * 7 / 1e6)
    assert book.priced({**CALL, "model": "claude-sonnet-5"})["price_version"] == LIST
    assert book.priced({**CALL, "provider": "ollama", "model": "llama3"})["total_cost"] == pytest.approx(1100 / 1e6)


def test_a_users_price_reaches_other_spellings_of_the_model() -> None:
    book = own_prices(entry("gpt-4o-mini", 50))
    for model in ("openai/gpt-4o-mini", "GPT-4o-mini-2024-07-18"):
        assert book.priced({**CALL, "model": model})["input_cost"] == pytest.approx(0.05)


def test_before_a_users_price_holds_the_list_does() -> None:
    late = UserPrice("gpt-4o-mini", Period(rates_of({"input": 9, "output": 9}), from_ns=CALL["start_time"] + 1))
    assert own_prices(late).priced(CALL)["price_version"] == LIST


def test_reported_costs_and_other_kinds_are_left_as_they_are() -> None:
    reported = {**CALL, **NULLS, "total_cost": 3.0, "cost_source": "reported"}
    assert BOOK.priced(reported) == {**NULLS, "total_cost": 3.0, "cost_source": "reported"}
    assert BOOK.priced({**CALL, **NULLS, "kind": "tool"}) == NULLS


def test_invented_models_do_not_grow_the_process() -> None:
    book = PriceBook()
    for number in range(MAX_QUOTES + 10):
        book.answer({**CALL, "provider": "my-gateway", "model": f"m{number}"})
    assert len(book._quotes) <= MAX_QUOTES


def test_forty_common_spellings_are_priced_as_published() -> None:
    good = [published for published, found in answers(BOOK) if agrees(published, found)]
    wrong = [published for published, found in answers(BOOK) if found.cost is not None and not agrees(published, found)]
    assert len(COMMON) == 40
    assert len(good) >= AT_LEAST
    assert wrong == []


def test_what_pricing_reads_is_known_when_settling() -> None:
    assert set(INPUTS) <= set(FACT_COLUMNS)
    assert set(INPUTS) <= {column.name for column in SPAN_COLUMNS}


MODELS = st.sampled_from(
    [
        "gpt-4o-mini", "claude-sonnet-4-5", "claude-sonnet-4-6", "gemini-2.5-pro", "gpt-4o-realtime-preview", "o3",
        "text-embedding-3-small", "none",
    ]
)  # fmt: skip
TOKENS = st.one_of(st.none(), st.sampled_from([0, 1, 200_000, 200_001, 900_000]), st.integers(0, 10**6))


@settings(max_examples=300)
@given(MODELS, st.sampled_from(["generation", "embedding"]), TOKENS, TOKENS, TOKENS, TOKENS, TOKENS)
def test_the_short_way_at_arrival_says_what_the_long_one_says(
    model: str, kind: str, tokens: int | None, output: int | None, read: int | None, written: int | None,
    thought: int | None,
) -> None:  # fmt: skip
    given_columns = {
        "kind": kind, "provider": None, "model": model, "input_tokens": tokens, "output_tokens": output,
        "cache_read_tokens": read, "cache_write_tokens": written, "reasoning_tokens": thought,
    }  # fmt: skip
    row = generation_row("s", **given_columns)
    BOOK.price_row(row, {}, None)
    BOOK.price_row(row, {}, None)
    shown = {name: row[getattr(S, name)] for name in COST_COLUMNS}
    values = {name: row[getattr(S, name)] for name in INPUTS} | NULLS
    wanted = BOOK.priced(values)
    for name in ("input_cost", "output_cost", "total_cost"):
        assert (shown[name] is None) == (wanted[name] is None)
        assert (shown[name] or 0) == pytest.approx(wanted[name] or 0, rel=1e-12)
    assert [shown[name] for name in COST_COLUMNS[3:]] == [wanted[name] for name in COST_COLUMNS[3:]]
    assert (shown["total_cost"] is None) == (shown["cost_source"] is None)
    assert tokens is not None or shown["total_cost"] is None
    assert (shown["total_cost"] or 0) >= 0


def test_translators_share_one_book_with_settling() -> None:
    book = own_prices(entry("gpt-4o-mini"))
    assert translated(span(CHAT), Translator(book))["total_cost"] == pytest.approx(0.11)
    assert seen(CHAT)["price_version"] == LIST
