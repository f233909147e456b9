"""The list and how it is searched."""

import pytest

from translator.prices.model_names import Reference
from translator.prices.price_list import (
    DAY_NS,
    MINUTE_NS,
    Entry,
    Period,
    PriceList,
    entry_of,
    maintained,
    matches,
    minute_ns,
)
from translator.prices.rates import Rates

HOUR_NS = 60 * MINUTE_NS
SMALL = PriceList(
    {
        "version": "test 1",
        "providers": [
            {
                "id": "maker",
                "model_match": {"starts_with": "m-"},
                "models": [
                    {
                        "id": "m-one",
                        "match": {"or": [{"equals": "m-one"}, {"starts_with": "m-one-"}]},
                        "prices": [{"input": 1, "output": 2}],
                        "tiers": [{"tier": "batch", "from": "2026-01-02", "input": 0.5}],
                    }
                ],
            },
            {"id": "reseller", "fallback": ["maker"], "models": []},
        ],
    }
)


def input_at(entry: Entry, time_ns: int, tier: str | None = None) -> float | None:
    periods = entry.periods if tier is None else entry.tiers.get(tier, ())
    return next((period.rates.input for period in periods if period.holds(time_ns)), None)


def found(host: str | None, *names: str) -> Entry:
    entry = SMALL.find(Reference(host, names))
    assert entry is not None
    return entry


@pytest.mark.parametrize(
    ("clause", "yes", "no"),
    [
        ({"equals": "a"}, "a", "ab"),
        ({"starts_with": "a"}, "ab", "ba"),
        ({"ends_with": "a"}, "ba", "ab"),
        ({"contains": "a"}, "bab", "b"),
        ({"regex": "^a|b$"}, "cb", "bc"),
        ({"or": [{"equals": "a"}, {"equals": "b"}]}, "b", "c"),
        ({"and": [{"contains": "a"}, {"contains": "b"}]}, "ba", "a"),
    ],
)
def test_clauses(clause: dict[str, object], yes: str, no: str) -> None:
    assert matches(clause, yes)
    assert not matches(clause, no)


def test_the_first_spelling_that_the_host_lists_is_taken() -> None:
    assert found("maker", "m-two", "m-one-x").name == "maker/m-one"
    assert SMALL.find(Reference("maker", ("m-two",))) is None


def test_without_a_host_the_name_must_be_its_makers_own() -> None:
    assert found(None, "m-one").name == "maker/m-one"
    assert SMALL.find(Reference(None, ("x-one",))) is None


def test_a_reseller_has_the_makers_prices_but_not_the_makers_tiers() -> None:
    assert found("reseller", "m-one").name == "maker/m-one"
    assert found("maker", "m-one").tiers.keys() == {"batch"}
    assert found("reseller", "m-one").tiers == {}


def test_a_tier_changes_some_prices_from_its_day_on() -> None:
    entry = found("maker", "m-one")
    day = 1_767_312_000_000_000_000  # 2026-01-02
    assert [input_at(entry, day - 1, "batch"), input_at(entry, day, "batch")] == [None, 0.5]
    assert entry.tiers["batch"][0].rates.output == 2


def test_a_later_price_holds_from_its_day_on_and_the_first_before_it() -> None:
    entry = entry_of(
        "h",
        {
            "id": "m",
            "prices": [{"input": 1}, {"from": "2026-01-02", "input": 2}, {"from": "2026-02-01", "input": 3}],
        },
    )
    days = (1_767_312_000_000_000_000 - 1, 1_767_312_000_000_000_000, 1_769_904_000_000_000_000)
    assert [input_at(entry, day) for day in days] == [1, 2, 3]


def test_prices_of_a_part_of_the_day() -> None:
    hours = ["16:30", "00:30"]
    entry = entry_of("h", {"id": "m", "prices": [{"input": 4}, {"hours": hours, "input": 1}]})
    times = (0, HOUR_NS // 2 - 1, HOUR_NS // 2, 16 * HOUR_NS, DAY_NS - 1)
    assert [input_at(entry, 10 * DAY_NS + time) for time in times] == [1, 1, 4, 4, 1]


def test_a_period_ends_before_its_last_moment() -> None:
    period = Period(Rates({}), from_ns=10, until_ns=20)
    assert [period.holds(moment) for moment in (9, 10, 19, 20)] == [False, True, True, False]


def test_a_free_model_costs_nothing_and_another_without_a_price_has_none() -> None:
    free, unpriced = (entry_of("h", {"id": name, "prices": [{}]}) for name in ("m:free", "m"))
    assert free.periods[0].rates.prices_input
    assert not unpriced.periods[0].rates.prices_input


def test_a_time_of_day() -> None:
    assert minute_ns("16:30") == 990 * MINUTE_NS


def test_the_list_of_this_release_can_be_read_whole_and_names_its_source_and_licence() -> None:
    document = maintained()
    assert document.version.startswith("genai-prices ")
    entries = [entry_of(host, model) for host, one in document._providers.items() for model in one["models"]]
    assert len(entries) > 2000
    assert all(entry.periods for entry in entries)


def test_what_is_put_right_in_the_list() -> None:
    """deepseek-chat cost 0.27 until 5 September 2025, then 0.56, 0.28 from the 29th; Mistral Large 3 costs 0.5."""
    chat = maintained().find(Reference("deepseek", ("deepseek-chat",)))
    large = maintained().find(Reference("mistral", ("mistral-large-latest",)))
    assert chat is not None
    assert large is not None
    noons = [1_750_000_000, 1_757_500_000, 1_762_000_000]  # 15 June, 10 September, 1 November 2025
    assert [input_at(chat, noon * 1_000_000_000) for noon in noons] == [0.27, 0.56, 0.28]
    assert input_at(large, 1_780_000_000_000_000_000) == 0.5
