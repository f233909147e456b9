"""The lossless columns."""

import json

from contract.span import KeyValues, Resource, Scope
from tests.support.spans import record
from translator import encode


def test_short_texts_are_not_replaced_by_a_reference() -> None:
    short, long = "x" * 64, "y" * 65
    assert encode.references({"a": short, "b": long}, short, ("a",), long, ("b",)) == {"b": {"$c": "output"}}


def test_an_attribute_that_was_not_chosen_keeps_its_text() -> None:
    assert encode.references({"a": "x" * 99, "b": "z" * 99}, "x" * 99, ("b", "a"), None, ()) == {"a": {"$c": "input"}}


def test_a_text_that_is_input_and_output_refers_to_one_of_them() -> None:
    text = "x" * 99
    found = encode.references({"a": text, "b": text}, text, ("a",), text, ("b",))
    assert found == {"a": {"$c": "input"}, "b": {"$c": "output"}}


def test_empty_parts_of_resource_and_scope_are_left_out() -> None:
    assert encode.resource(Resource()) is None
    assert encode.scope(Scope("lib")) == '{"name":"lib"}'


def test_nothing_sent_is_null() -> None:
    assert encode.raw_attributes({}, {}) is None
    assert encode.events([]) is None
    assert encode.links([]) is None


def test_pairs_of_one_key_are_both_kept() -> None:
    sent = KeyValues([("k", 1), ("k", 2)])
    assert json.loads(encode.raw_attributes(sent, {}) or "") == {"$m": [["k", 1], ["k", 2]]}


def test_rest_of_a_record_says_times_that_no_column_says() -> None:
    sent = record("x")
    assert encode.log_rest(sent, sent.time_ns, None) is None
    assert encode.log_rest(sent, 5, None) == json.dumps({"time_ns": sent.time_ns}, separators=(",", ":"))
