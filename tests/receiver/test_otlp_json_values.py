"""Attribute lists of OTLP/JSON, where a plain dict would not do."""

import pytest

from contract.span import KeyValues
from receiver.otlp_json_values import MAX_DEPTH, BadItem, any_value, attributes, named, resource, scope


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
