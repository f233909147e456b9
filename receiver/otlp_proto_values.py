"""Attribute values, resources and scopes of protobuf messages as the plain values of `contract.span`.

Every getter of upb makes a Python object (0.06-0.08 µs; `WhichOneof` 0.18 µs) and is the cost of decoding, parsing is
7 % of it. So a value is read as string, then as integer, and asked for its type only when both are empty.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

from contract.span import Attributes, AttributeValue, KeyValues, NonFinite, Resource, Scope

Message = Any
"""A protobuf message; never leaves the receiver."""


def attributes(pairs: Iterable[Message]) -> Attributes:
    """A list of KeyValue as a dict; a `KeyValues` where a dict would lose duplicates or mistake a `$` key for a tag."""
    result: Attributes = {}
    count = 0
    for pair in pairs:
        value = pair.value
        result[pair.key] = value.string_value or value.int_value or _rare(value)
        count += 1
    if count != len(result) or "$" in "".join(result):
        return _ordered(pairs)
    return result


def _ordered(pairs: Iterable[Message]) -> Attributes:
    items = [(pair.key, any_value(pair.value)) for pair in pairs]
    if len(dict(items)) == len(items) and not any(key.startswith("$") for key, _ in items):
        return dict(items)
    return KeyValues(items)


def any_value(value: Message) -> AttributeValue:
    """An AnyValue as plain Python; None where it is empty or of a type this schema does not know."""
    return value.string_value or value.int_value or _rare(value)


def _rare(value: Message) -> AttributeValue:
    """What is neither a non-empty string nor an integer other than 0."""
    number = value.double_value
    if number:
        return number if math.isfinite(number) else NonFinite(number)
    return value.bool_value or _BY_FIELD[value.WhichOneof("value")](value)


def finite(number: float) -> float:
    """The number itself, marked where JSON has no form for it."""
    return number if math.isfinite(number) else NonFinite(number)


_BY_FIELD: dict[str | None, Callable[[Message], AttributeValue]] = {
    None: lambda value: None,
    "string_value": lambda value: value.string_value,
    "bool_value": lambda value: value.bool_value,
    "int_value": lambda value: value.int_value,
    "double_value": lambda value: finite(value.double_value),
    "bytes_value": lambda value: value.bytes_value,
    "array_value": lambda value: [any_value(item) for item in value.array_value.values],
    "kvlist_value": lambda value: attributes(value.kvlist_value.values),
    "string_value_strindex": lambda value: None,  # index into a dictionary that only profiles carry
}


def resource(group: Message) -> Resource:
    """Resource of a ResourceSpans, ResourceLogs or ResourceMetrics, with the group's schema URL."""
    message = group.resource
    return Resource(
        attributes(message.attributes),
        message.dropped_attributes_count,
        group.schema_url,
        [_entity_ref(reference) for reference in message.entity_refs],
    )


def _entity_ref(reference: Message) -> dict[str, Any]:
    fields = {
        "schemaUrl": reference.schema_url,
        "type": reference.type,
        "idKeys": list(reference.id_keys),
        "descriptionKeys": list(reference.description_keys),
    }
    return {name: value for name, value in fields.items() if value}


def scope(group: Message) -> Scope:
    """Scope of a ScopeSpans, ScopeLogs or ScopeMetrics, with the group's schema URL."""
    message = group.scope
    return Scope(
        message.name,
        message.version,
        attributes(message.attributes),
        message.dropped_attributes_count,
        group.schema_url,
    )
