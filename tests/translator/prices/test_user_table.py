"""Which calls an entry of the user's table prices."""

import pytest

from translator.prices.price_list import Period
from translator.prices.rates import rates_of
from translator.prices.user_table import UserPrice, names_of, same_provider, version_of

PERIOD = Period(rates_of({"input": 1, "output": 2}))


@pytest.mark.parametrize(
    ("match", "name", "fits"),
    [
        ("gpt-4o", "gpt-4o", True),
        ("GPT-4o", "gpt-4o", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o*", "gpt-4o-mini", True),
        ("*", "anything", True),
        ("/qwen.*-72b/", "qwen2.5-72b", True),
        ("/QWEN.*/", "qwen2.5-72b", True),
        ("/qwen/", "qwen2.5-72b", False),
        ("/models/x", "/models/x", True),
    ],
)
def test_a_name_a_beginning_or_a_whole_expression(match: str, name: str, fits: bool) -> None:
    assert UserPrice(match, PERIOD).fits(None, None, [name]) is fits


def test_provider_and_tier_exclude_only_when_they_are_said() -> None:
    priced = UserPrice("m", PERIOD, provider="azure", tier="flex")
    assert priced.fits("azure.ai.openai", "flex", ["m"])
    assert not priced.fits("openai", "flex", ["m"])
    assert not priced.fits("azure.ai.openai", None, ["m"])
    assert UserPrice("m", PERIOD).fits("anyone", "batch", ["m"])


def test_providers_are_equal_as_written_or_as_names_of_one_host() -> None:
    assert same_provider("My-Gateway", "my-gateway")
    assert same_provider("bedrock", "aws.bedrock")
    assert not same_provider("one", "two")
    assert not same_provider("one", None)


def test_the_name_as_sent_comes_before_other_spellings() -> None:
    assert names_of(" Azure/GPT-4o ", []) == ["azure/gpt-4o"]


def test_the_version_changes_with_any_price_and_with_nothing_else() -> None:
    def table(price: float) -> list[UserPrice]:
        return [UserPrice("m", Period(rates_of({"input": price, "output": 2})))]

    assert version_of(table(1)) == version_of(table(1))
    assert version_of(table(1)) != version_of(table(1.5))
    assert version_of(table(1)).startswith("user ")
