"""Values as senders write them."""

from typing import Any

import pytest

from contract.span import NonFinite
from translator import values


@pytest.mark.parametrize(
    ("sent", "want"),
    [
        (12, 12), ("12", 12), (12.0, 12), ('"12"', 12), (2**53 + 1, 2**53 + 1), (-1, None), (True, None), (1.5, None),
        (NonFinite("nan"), None), ("Infinity", None), (None, None), ("", None), ([1], None), (2**63, None),
    ],
)  # fmt: skip
def test_counts_are_integers_from_zero_on_or_null(sent: Any, want: int | None) -> None:
    assert values.integer(sent) == want


@pytest.mark.parametrize(
    ("sent", "want"),
    [("gpt-4o", "gpt-4o"), ('"gpt-4o"', "gpt-4o"), ('"\\"gpt-4o\\""', "gpt-4o"), ("N/A", None), ('"', '"'), (7, "7"),
     ([], None), (True, None)],
)  # fmt: skip
def test_names_are_unwrapped_from_json(sent: Any, want: str | None) -> None:
    assert values.text(sent) == want


def test_a_scrubbed_id_is_none() -> None:
    assert values.identifier("[Scrubbed due to 'session']") is None


@pytest.mark.parametrize("sent", [["stop"], '["stop"]', "stop", "stop,", ("stop",)[0]])
def test_lists_come_in_many_forms(sent: Any) -> None:
    assert values.words(sent) == ["stop"]


def test_comma_joined_words_are_separate() -> None:
    assert values.words("stop, length") == ["stop", "length"]


def test_broken_json_is_none_and_never_raises() -> None:
    assert values.parsed('[{"role": "us') is None
    assert values.mapping('["a"]') is None
    assert values.listing("{") is None


def test_content_is_text_as_sent_or_compact_json() -> None:
    assert values.content(' {"a": 1}') == ' {"a": 1}'
    assert values.content([{"a": b"x"}]) == '[{"a":{"bytesValue":"eA=="}}]'
    assert values.content(b"text") == "text"
    assert values.content("[]") is None
    assert values.content("__REDACTED__") is None  # the longest text that says nothing
    assert values.content("__REDACTED__!") == "__REDACTED__!"
    assert values.content({}) is None


def test_large_integers_are_text_in_json() -> None:
    assert values.plain_json({"n": 2**60, "m": 2}) == '{"n":"1152921504606846976","m":2}'
    assert values.plain_json([NonFinite("nan")]) == '["NaN"]'


def test_deep_nesting_is_cut_and_not_refused() -> None:
    deep: Any = []
    for _ in range(2000):
        deep = [deep]
    assert values.stored_json(deep).count("[") < 100
