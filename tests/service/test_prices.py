"""`prices:` of the configuration."""

from pathlib import Path
from typing import Any

import pytest

from service.config import ConfigError, load
from service.prices import FIELDS, prices
from translator.prices.book import PriceBook

CALL = {"kind": "generation", "model": "m", "start_time": 1, "input_tokens": 1_000_000, "output_tokens": 1_000_000}
DAY = "2026-11-01"


def problem(entry: Any) -> str:
    with pytest.raises(ValueError, match=r"^entry 1|^expected") as caught:
        prices(entry if not isinstance(entry, dict) else [entry])
    return str(caught.value)


def test_a_price_of_the_file_prices_calls() -> None:
    text = f"prices:\n- {{match: m, provider: ollama, input: 1.5, output: 2, cache_read: 0.5, from: {DAY}}}"
    config = load(text, "c.yaml", {}, {})
    at_noon = {**CALL, "provider": "ollama", "start_time": 1_795_000_000_000_000_000, "cache_read_tokens": 500_000}
    found = PriceBook(config.prices).priced(at_noon)
    assert (found["input_cost"], found["output_cost"]) == (1.0, 2.0)
    assert PriceBook(config.prices).priced({**at_noon, "start_time": 1})["total_cost"] is None


def test_the_variable_holds_the_same_as_json() -> None:
    config = load(None, "", {"TRACEPOND_PRICES": '[{"match": "m", "input": 1, "output": 1}]'}, {})
    assert [entry.match for entry in config.prices] == ["m"]


def test_nothing_is_the_default() -> None:
    assert load(None, "", {}, {}).prices == ()
    assert prices("") == ()


def test_a_day_is_a_date_of_yaml_or_text_and_begins_at_midnight_utc() -> None:
    (entry,) = prices([{"match": "m", "input": 1, "from": "2026-11-01", "until": "2026-11-02"}])
    start = entry.period.from_ns
    assert start is not None
    assert (start % 86_400_000_000_000, entry.period.until_ns) == (0, start + 86_400_000_000_000)


def test_a_tier_is_told_from_the_standard_one() -> None:
    flex, plain = prices([{"match": "m", "input": 1, "tier": "Flex"}, {"match": "m", "input": 1, "tier": "default"}])
    assert (flex.tier, plain.tier) == ("flex", None)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"input": 1}, "match is missing"),
        ({"match": 5, "input": 1}, "match must be text"),
        ({"match": "/(/", "input": 1}, "match is no regular expression"),
        ({"match": "m"}, "input is missing"),
        ({"match": "m", "input": -1}, "input must be a number"),
        ({"match": "m", "input": True}, "input must be a number"),
        ({"match": "m", "input": "1"}, "input must be a number"),
        ({"match": "m", "input": 1, "output": float("nan")}, "output must be a number"),
        ({"match": "m", "input": 1, "from": "soon"}, "from must be a day"),
        ({"match": "m", "input": 1, "from": DAY, "until": DAY}, "until must be later"),
        ({"match": "m", "imput": 1}, "unknown field 'imput'"),
        ({"match": "m", "input": 1, "provider": ""}, "provider must be text"),
    ],
)
def test_a_mistake_names_its_entry_and_field(entry: dict[str, Any], said: str) -> None:
    assert said in problem(entry)


@pytest.mark.parametrize("value", [{"match": "m"}, 5, "{", "match: m", ["m"]])
def test_anything_but_a_list_of_mappings_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="expected a"):
        prices(value)


def test_the_error_of_a_file_names_the_file_and_the_key() -> None:
    with pytest.raises(ConfigError, match=r"c\.yaml: prices: entry 1: input is missing"):
        load("prices: [{match: m}]", "c.yaml", {}, {})


def test_every_field_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs/prices.md").read_text()
    assert [name for name in FIELDS if f"| `{name}` |" not in text] == []
