"""What was seen is counted, with names only where a person asks."""

from collections import Counter

from tests.support.spans import seen, span, translated
from translator.plan import ATTRIBUTES
from translator.tally import MAX_SHAPES, SHOWN_KEY_LENGTH, TOP_KEYS, Tally
from translator.translate import Translator


def test_the_report_names_conventions_unread_keys_and_failures_most_frequent_first() -> None:
    translator = Translator()
    for key in ("gen_ai.b", "gen_ai.a", "gen_ai.a"):
        translated(span({key: 1, "gen_ai.request.model": "m", "app.own": 2}), translator)
    report = translator.report()
    assert report["conventions"] == {"genai": 3}
    assert report["unmapped_attributes"] == [{"key": "gen_ai.a", "spans": 2}, {"key": "gen_ai.b", "spans": 1}]
    assert report["rule_failures"] == []


def test_a_rule_that_raised_is_reported_with_its_convention_and_field() -> None:
    failures = Counter({("genai", "input_tokens"): 2})
    assert Tally(failures).report()["rule_failures"] == [{"convention": "genai", "field": "input_tokens", "spans": 2}]


def test_invented_keys_cannot_grow_the_counters_or_the_report() -> None:
    tally = Tally(Counter())
    for number in range(MAX_SHAPES + 10):
        tally.saw(0, (f"gen_ai.{number}" + "x" * 1000,))
    for _ in range(9):
        tally.saw(0, ("gen_ai.late",))
    report = tally.report()["unmapped_attributes"]
    assert len(report) == TOP_KEYS
    assert "gen_ai.late" not in {entry["key"] for entry in report}
    assert {len(entry["key"]) for entry in report} == {SHOWN_KEY_LENGTH}
    (unmapped,) = (sample for sample in tally.stats() if sample.name == "unmapped_attributes_total")
    assert unmapped.value == MAX_SHAPES + 19


def test_a_span_says_which_of_its_keys_no_rule_reads() -> None:
    row = seen({"gen_ai.unheard": 1, "gen_ai.request.model": "m", "app.own": 2})
    assert row["unmapped"] == ["gen_ai.unheard"] == list(ATTRIBUTES.unmapped(["gen_ai.unheard", "app.own"]))
