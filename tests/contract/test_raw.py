"""OTLP values to stored JSON text and back, to OTLP/JSON, and to plain JSON for the query API."""

import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.raw import (
    INPUT_REFERENCE,
    OUTPUT_REFERENCE,
    any_value,
    decode_base64,
    default,
    key_values,
    plain,
    restore,
)
from contract.span import KeyValues, NonFinite

TEXTS: dict[str, str | None] = {"input": "question", "output": None}

SCALARS = (
    st.none() | st.booleans() | st.text() | st.integers(-(2**63), 2**63 - 1) | st.binary() | st.floats(allow_nan=False)
)
KEYS = st.text().filter(lambda key: not key.startswith("$"))
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=8)


def stored(value: Any) -> str:
    return orjson.dumps(value, default=default, option=orjson.OPT_PASSTHROUGH_SUBCLASS).decode()


def sent_round(value: Any) -> Any:
    return restore(orjson.loads(stored(value)), TEXTS)


def marked(value: Any) -> Any:
    """Floats that JSON lacks, as the decoders mark them."""
    if isinstance(value, float) and not math.isfinite(value):
        return NonFinite(value)
    if isinstance(value, list):
        return [marked(item) for item in value]
    return {key: marked(item) for key, item in value.items()} if isinstance(value, dict) else value


@given(VALUES)
def test_every_value_comes_back_equal_and_of_its_type(value: Any) -> None:
    back = sent_round(marked(value))
    assert back == value
    assert repr(back) == repr(value)  # 1, 1.0 and True are equal but not the same


def test_not_a_number_comes_back_marked() -> None:
    back = sent_round([NonFinite("nan"), NonFinite("-inf")])
    assert all(isinstance(value, NonFinite) for value in back)
    assert math.isnan(back[0])
    assert back[1] == -math.inf


@pytest.mark.parametrize(
    "pairs", [[("a", 1), ("b", 2), ("a", 3)], [("$b", "not base64")], [("$c", "input"), ("x", b"")]]
)
def test_duplicate_and_dollar_keys_come_back_in_order(pairs: list[tuple[str, Any]]) -> None:
    back = sent_round({"outer": KeyValues(pairs)})["outer"]
    assert isinstance(back, KeyValues)
    assert back.pairs == pairs
    assert back == dict(pairs)


def test_a_reference_is_the_text_of_its_column() -> None:
    assert stored({"a": INPUT_REFERENCE}) == '{"a":{"$c":"input"}}'
    assert sent_round({"a": [INPUT_REFERENCE], "b": OUTPUT_REFERENCE}) == {"a": ["question"], "b": None}


def test_a_subclass_is_stored_as_what_it_is_a_kind_of_and_other_types_are_an_error() -> None:
    class Name(str):
        __slots__ = ()

    assert stored([Name("x")]) == '["x"]'
    with pytest.raises(TypeError):
        stored(object())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, {}),
        (True, {"boolValue": True}),
        ("x", {"stringValue": "x"}),
        (2**63 - 1, {"intValue": "9223372036854775807"}),
        (1.0, {"doubleValue": 1.0}),
        (NonFinite("inf"), {"doubleValue": "Infinity"}),
        (NonFinite("nan"), {"doubleValue": "NaN"}),
        (b"\xff", {"bytesValue": "/w=="}),
        ([1, None], {"arrayValue": {"values": [{"intValue": "1"}, {}]}}),
        ({"k": "v"}, {"kvlistValue": {"values": [{"key": "k", "value": {"stringValue": "v"}}]}}),
    ],
)
def test_any_value_is_the_json_form_of_the_protocol(value: Any, expected: dict[str, Any]) -> None:
    assert any_value(value) == expected


def test_attributes_keep_order_and_duplicates_on_the_way_out() -> None:
    assert [pair["key"] for pair in key_values(KeyValues([("b", 1), ("a", 2), ("b", 3)]))] == ["b", "a", "b"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**53, 2**53),
        (2**53 + 1, "9007199254740993"),
        (-(2**53) - 1, "-9007199254740993"),
        (NonFinite("-inf"), "-Infinity"),
        (b"a", {"bytesValue": "YQ=="}),
        ({"a": [True, 2**60]}, {"a": [True, str(2**60)]}),
    ],
)
def test_plain_json_has_no_number_that_a_browser_would_round(value: Any, expected: Any) -> None:
    assert plain(value) == expected


@pytest.mark.parametrize("text", ["-_8=", "-_8", "+/8=", "+/8"])
def test_base64_is_read_in_both_alphabets_with_or_without_padding(text: str) -> None:
    assert decode_base64(text) == b"\xfb\xff"


def test_what_is_no_base64_is_a_value_error() -> None:
    for text in ("a b", "ä", "abcde"):
        with pytest.raises(ValueError, match=r"base64|ASCII|padding"):
            decode_base64(text)
