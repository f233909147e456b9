"""Pieces of OTLP/JSON: attribute lists where a plain dict would not do, and bodies made to hurt."""

import orjson
import pytest

from contract.errors import Refused
from contract.span import KeyValues
from receiver.otlp_json_values import MAX_DEPTH, BadItem, any_value, attributes, load, named, resource, scope


def test_duplicate_keys_are_all_kept_and_the_last_one_counts() -> None:
    pairs = [{"key": "a", "value": {"stringValue": text}} for text in "xy"]
    result = attributes(pairs)
    assert isinstance(result, KeyValues)
    assert result.pairs == [("a", "x"), ("a", "y")]


@pytest.mark.parametrize(("key", "tagged"), [("$b", True), ("price$", False)])
def test_only_keys_that_begin_with_a_dollar_are_marked(key: str, tagged: bool) -> None:
    assert type(attributes([{"key": key, "value": {}}])) is (KeyValues if tagged else dict)


def test_names_in_snake_case_are_read_like_those_in_camel_case() -> None:
    assert named({"dropped_attributes_count": 1, "traceId": "x"}) == {"droppedAttributesCount": 1, "traceId": "x"}


@pytest.mark.parametrize("kind", ["arrayValue", "kvlistValue"])
def test_nesting_is_bounded(kind: str) -> None:
    value: object = {}
    for _ in range(MAX_DEPTH + 1):
        value = {kind: {"values": [value if kind == "arrayValue" else {"key": "k", "value": value}]}}
    with pytest.raises(BadItem, match="nests"):
        any_value(value, "body")


def test_resource_and_scope_keep_everything_beside_their_attributes() -> None:
    group = {
        "schemaUrl": "s",
        "resource": {"droppedAttributesCount": 2, "entityRefs": [{"type": "service", "id_keys": ["a"]}]},
        "scope": {"name": "n", "version": "v", "droppedAttributesCount": "3"},
    }
    assert (resource(group).entity_refs, resource(group).dropped_attributes_count, resource(group).schema_url) == (
        [{"type": "service", "idKeys": ["a"]}], 2, "s",
    )  # fmt: skip
    assert (scope(group).name, scope(group).version, scope(group).dropped_attributes_count) == ("n", "v", 3)


VALUES = [b'"\xc3\xa9a",', b"257,", b"0.1,", b'"a":1,', b"null,"]


@pytest.mark.parametrize("value", VALUES)
def test_a_body_of_small_values_is_refused_before_it_is_parsed(value: bytes) -> None:
    """64 MB of texts of two letters took 1.2 GB."""
    with pytest.raises(Refused, match="more than 3,000 values in one request: send smaller batches") as refusal:
        load(b"[" + value * 5000 + b"1]", 1000)
    assert refusal.value.kind == "too_large"
    load(b"{" + b'"a":1,' * 2500 + b'"b":1}', 1000)


def test_commas_in_texts_are_no_values() -> None:
    numbers = ",".join(["0.25"] * 5000)
    text = {"embedding": f"[{numbers}]", 'quo"ted\\': numbers}
    assert load(orjson.dumps(text), 1000) == text


@pytest.mark.parametrize("broken", [b'"' * 40_000, b'["' + b",\\" * 20_000, b'["' + b'\\"' * 30_000, b",," * 9000])
def test_what_is_no_json_is_counted_in_one_pass(broken: bytes) -> None:
    with pytest.raises(Refused):
        load(broken, 1000)
