"""Attribute values, resources and scopes from protobuf."""

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from contract.span import KeyValues
from receiver.otlp_proto_values import any_value, attributes, resource
from tests.support.otlp import key_value


def test_duplicate_keys_are_all_kept_and_the_last_one_counts() -> None:
    result = attributes([key_value("a", 1), key_value("b", "x"), key_value("a", 2)])
    assert isinstance(result, KeyValues)
    assert result.pairs == [("a", 1), ("b", "x"), ("a", 2)]
    assert result == {"a": 2, "b": "x"}


@pytest.mark.parametrize(("key", "tagged"), [("$b", True), ("$", True), ("price$", False), ("a.$.b", False)])
def test_keys_that_begin_with_a_dollar_are_marked_and_others_stay_a_plain_dict(key: str, tagged: bool) -> None:
    result = attributes([key_value(key, 1)])
    assert type(result) is (KeyValues if tagged else dict)
    assert result == {key: 1}


def test_nested_values_keep_their_types() -> None:
    value = AnyValue()
    value.array_value.values.add().kvlist_value.values.append(key_value("k", b"\x00"))
    value.array_value.values.add()
    assert any_value(value) == [{"k": b"\x00"}, None]


def test_an_attribute_without_a_value_or_with_a_profile_index_is_empty() -> None:
    index = KeyValue(key="i", value=AnyValue(string_value_strindex=3))
    assert attributes([KeyValue(key="absent"), index]) == {"absent": None, "i": None}


def test_entity_references_are_kept_in_json_form() -> None:
    group = ResourceSpans(schema_url="https://opentelemetry.io/schemas/1.37.0")
    group.resource.entity_refs.add(type="service", id_keys=["service.name"])
    result = resource(group)
    assert result.entity_refs == [{"type": "service", "idKeys": ["service.name"]}]
    assert result.schema_url == "https://opentelemetry.io/schemas/1.37.0"
