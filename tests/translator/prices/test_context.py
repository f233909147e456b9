"""Tier and audio tokens: read from attributes, kept behind the list's name."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.prices.context import STANDARD_CONTEXT, Context, audio_tokens, context_in, plain_tier

TIERS = st.one_of(st.none(), st.from_regex(r"[a-z0-9_-]{1,32}", fullmatch=True))
COUNTS = st.integers(0, 10**12)


@given(TIERS, COUNTS, COUNTS, st.sampled_from(["genai-prices 0.2.3", "user 1f2e3d4c"]))
def test_what_is_written_behind_a_version_is_read_again(
    tier: str | None, heard: int, spoken: int, version: str
) -> None:
    context = Context(tier, heard, spoken)
    assert context_in(context.written(version)) == context


@pytest.mark.parametrize("text", [None, "", "genai-prices 0.2.3", "user 1f2e3d4c", "odd = text"])
def test_a_version_alone_is_the_standard_context(text: str | None) -> None:
    assert context_in(text) == STANDARD_CONTEXT


def test_the_standard_context_adds_nothing_to_a_version() -> None:
    assert STANDARD_CONTEXT.written("v") == "v"


@pytest.mark.parametrize(
    ("said", "tier"),
    [
        ("default", None), ("standard", None), ("auto", None), ("", None), (None, None),
        ("Flex", "flex"), (" priority ", "priority"), ("a b=c", "unreadable"),
    ],
)  # fmt: skip
def test_only_a_tier_with_prices_of_its_own_is_a_tier(said: str | None, tier: str | None) -> None:
    assert plain_tier(said) == tier


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.usage.audio.input_tokens": 7, "gen_ai.usage.audio.output_tokens": 3},
        {"llm.token_count.prompt_details.audio": "7", "llm.token_count.completion_details.audio": 3},
        {"langfuse.observation.usage_details": json.dumps({"input_audio_tokens": 7, "output_audio_tokens": 3})},
    ],
)
def test_audio_tokens_of_the_conventions_that_count_them(attributes: dict[str, object]) -> None:
    assert audio_tokens(attributes) == (7, 3)


@pytest.mark.parametrize("attributes", [{}, {"llm.token_count.prompt_details.audio": "many"}, {"input_audio": 5}])
def test_no_audio_where_nothing_countable_says_so(attributes: dict[str, object]) -> None:
    assert audio_tokens(attributes) == (0, 0)
