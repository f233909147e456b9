"""OTLP/JSON pieces as the plain values of `contract.span`: bodies, names, numbers, ids, attribute values.

Source: OTLP specification, "JSON Protobuf Encoding", and the proto3 JSON mapping it rests on; where real senders differ
(snake_case names, numbers for 64-bit integers, names for enums, url-safe base64) both forms are read. Of a repeated
JSON key the last one counts, as in orjson. `BadItem` carries a text for the client and never the value itself.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import orjson

from contract.errors import Refused
from contract.raw import decode_base64
from contract.span import Attributes, AttributeValue, KeyValues, NonFinite, Resource, Scope
from receiver.otlp_ids import INVALID_ID

MAX_DEPTH = 48
"""Nested arrays and maps in one value; protobuf refuses the 48th (upb, depth 100), and later stages rely on it."""

VALUES_AN_OBJECT = 3
"""A value takes up to 110 bytes once it is read, also one that was six in the body: a third of an object's share."""
TOKENS_A_VALUE = 3
"""Key, value and comma; more texts than that are no JSON."""

INT64, UINT64, UINT32, INT32 = (-(2**63), 2**63 - 1), (0, 2**64 - 1), (0, 2**32 - 1), (-(2**31), 2**31 - 1)

_SIGNAL_OF_FIELD = {
    "resourceSpans": "traces",
    "resourceLogs": "logs",
    "resourceMetrics": "metrics",
}
_SNAKE = re.compile("_([a-z0-9])")
_LONE_SURROGATES = re.compile(
    rb"\\\\|(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{,]', re.DOTALL)
_DIVIDERS = frozenset((b",", b"[", b"{"))

Object = dict[str, Any]


class BadItem(ValueError):
    """One item cannot be read; the message names the field, `label` is for counting."""

    label = "malformed_item"


class BadId(BadItem):
    """One item cannot be kept because of its ids."""

    label = INVALID_ID


def parse(body: bytes, field: str, max_objects: int) -> Object:
    """The request object of a body whose groups stand in `field`. Raises `Refused`."""
    request = load(body, max_objects)
    if not isinstance(request, dict):
        raise Refused("body is not a JSON object")
    request = named(request)
    if field not in request:
        for other, signal in _SIGNAL_OF_FIELD.items():
            if other in request:
                raise Refused(f"body has {other} instead of {field}: post it to /v1/{signal}", reason="wrong_signal")
    return request


def load(body: bytes, max_objects: int) -> Any:
    """The JSON value of a body. Raises `Refused`."""
    if len(body) > max_objects:
        _check_size(body, max_objects)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if rb"\u" in body and "surrogate" in str(error):
            return _load_with_replacements(body)
        raise Refused(f"body is not valid JSON: {error}") from None


def _check_size(body: bytes, max_objects: int) -> None:
    """Before anything is made of it. Raises `Refused`."""
    objects, commas = body.count(b"{") + body.count(b"["), body.count(b",")
    if objects > max_objects:
        raise _too_many(f"{max_objects:,} objects and lists")
    most = VALUES_AN_OBJECT * max_objects
    if objects + commas > most and not _has_at_most(body, most):
        raise _too_many(f"{most:,} values")


def _has_at_most(body: bytes, values: int) -> bool:
    """Whether there are no more values than that; commas in texts divide none, as those of an embedding's numbers."""
    tokens_left = TOKENS_A_VALUE * values
    for token in _TOKEN.finditer(body):
        values -= token[0] in _DIVIDERS
        tokens_left -= 1
        if values < 0 or tokens_left < 0:
            return False
    return True


def _too_many(what: str) -> Refused:
    return Refused(f"more than {what} in one request: send smaller batches", reason="too_many_items", kind="too_large")


def _load_with_replacements(body: bytes) -> Any:
    """U+FFFD stands for each half of a cut surrogate pair (JavaScript sends them), and the request is kept."""
    try:
        return orjson.loads(_LONE_SURROGATES.sub(_replacement, body))
    except orjson.JSONDecodeError as error:
        raise Refused(f"body is not valid JSON: {error}") from None


def _replacement(match: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if match["lone"] else match[0]


def named(item: Object) -> Object:
    """The object with lowerCamelCase names; `trace_id` is read as `traceId`, as the Collector does."""
    if "_" not in "".join(item):
        return item
    return {_SNAKE.sub(lambda match: match[1].upper(), name): value for name, value in item.items()}


def record(value: Any, field: str) -> Object:
    """An object by its field; `{}` where it is absent."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        _wrong(field, "an object")
    return named(value)


def items(value: Any, field: str) -> list[Any]:
    """A list by its field; `[]` where it is absent."""
    if value is None:
        return []
    if not isinstance(value, list):
        _wrong(field, "a list")
    return value


def text(value: Any, field: str) -> str:
    """A string by its field; empty where it is absent."""
    if value is None:
        return ""
    if not isinstance(value, str):
        _wrong(field, "a string")
    return value


def integer(value: Any, field: str, bounds: tuple[int, int]) -> int:
    """An integer as number or decimal string, within `bounds`; 0 where it is absent."""
    if value is None:
        return 0
    number = _whole(value)
    if number is None:
        _wrong(field, "an integer")
    if not bounds[0] <= number <= bounds[1]:
        _wrong(field, f"between {bounds[0]} and {bounds[1]}")
    return number


def _whole(value: Any) -> int | None:
    if type(value) is int:
        return value
    if isinstance(value, str):
        digits = value.removeprefix("-")
        return int(value) if len(digits) <= 20 and digits.isascii() and digits.isdigit() else None
    if isinstance(value, float) and value.is_integer():  # Python writes 1.7e+18 for nanoseconds it has as a float
        return int(value)
    return None


def flag(value: Any, field: str) -> bool:
    """A boolean by its field; False where it is absent."""
    if value is None:
        return False
    if not isinstance(value, bool):
        _wrong(field, "true or false")
    return value


def enum(value: Any, field: str, numbers: Mapping[str, int]) -> int:
    """An enum as number (unknown ones kept) or, which the specification does not ask for, by its name."""
    if isinstance(value, str) and value in numbers:
        return numbers[value]
    return integer(value, field, INT32)


_NON_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})


def number(value: Any, field: str) -> float:
    """A double as number or string; NaN and the infinities marked; 0.0 where it is absent."""
    if value is None:
        return 0.0
    if isinstance(value, str) and value in _NON_FINITE:
        return NonFinite(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        _wrong(field, "a number")
    try:
        result = float(value)
    except ValueError:
        _wrong(field, "a number")
    if not math.isfinite(result):
        _wrong(field, "a finite number, NaN, Infinity or -Infinity")
    return result


def identifier(value: Any, field: str, bytes_wanted: int) -> str:
    """A hex id in lower case, empty where absent. Raises `BadItem` for a wrong length or for what is not hex."""
    result = text(value, field).lower()
    if not result:
        return ""
    if len(result) != 2 * bytes_wanted or not _is_hex(result):
        raise BadId(f"{field} is not {2 * bytes_wanted} hex digits (OTLP/JSON has ids in hex, not in base64)")
    return result


def _is_hex(value: str) -> bool:
    return not value.strip("0123456789abcdef")


def loose_identifier(value: Any, field: str) -> str:
    """An id that is kept whatever it is (links, exemplars): in lower case where it is hex, else as sent."""
    result = text(value, field)
    return lowered if _is_hex(lowered := result.lower()) else result


def hex_identifier(value: Any, field: str) -> str:
    """An id in lower case; empty where it is absent or not hex."""
    result = text(value, field).lower()
    return result if _is_hex(result) else ""


def attributes(pairs: Any, field: str = "attributes", depth: int = 0) -> Attributes:
    """A list of `{key, value}`; a `KeyValues` where a dict would lose duplicates or mistake a `$` key for a tag."""
    if depth > MAX_DEPTH:
        raise BadItem(f"{field} nests more than {MAX_DEPTH} levels")
    entries = [_pair(pair, field, depth) for pair in items(pairs, field)]
    result = dict(entries)
    if len(result) == len(entries) and not ("$" in "".join(result) and any(key.startswith("$") for key in result)):
        return result
    return KeyValues(entries)


def _pair(pair: Any, field: str, depth: int) -> tuple[str, AttributeValue]:
    if not isinstance(pair, dict):
        _wrong(field, "a list of {key, value}")
    key, value = pair.get("key"), pair.get("value")
    if type(key) is not str:
        key = text(key, f"{field}.key")
    if type(value) is dict and len(value) == 1:  # nearly always; the rest of this module is for the others
        [(name, item)] = value.items()
        if name == "stringValue" and type(item) is str:
            return key, item
        if item is not None and name in _BY_FIELD:
            return key, _BY_FIELD[name](item, f"{field}.value.{name}", depth)
    return key, any_value(value, f"{field}.value", depth)


def any_value(value: Any, field: str, depth: int = 0) -> AttributeValue:
    """An AnyValue as plain Python; None where it is absent, empty or of a type this schema does not know."""
    present = [(name, item) for name, item in record(value, field).items() if item is not None and name in _BY_FIELD]
    if not present:
        return None
    if len(present) > 1:
        raise BadItem(f"{field} has more than one of {', '.join(_BY_FIELD)}")
    name, item = present[0]
    return _BY_FIELD[name](item, f"{field}.{name}", depth)


def _bytes(value: Any, field: str, depth: int) -> bytes:
    try:
        return decode_base64(text(value, field))
    except ValueError:
        _wrong(field, "base64")


def _array(value: Any, field: str, depth: int) -> list[AttributeValue]:
    if depth >= MAX_DEPTH:
        raise BadItem(f"attribute nests more than {MAX_DEPTH} levels")
    return [any_value(item, "values", depth + 1) for item in items(_values(value, field), field)]


def _key_values(value: Any, field: str, depth: int) -> Attributes:
    return attributes(_values(value, field), "values", depth + 1)


def _values(value: Any, field: str) -> Any:
    """The list of an ArrayValue or KeyValueList; also where it stands there itself, without `{"values": ...}` around
    it, as in the specification's own example of an event (opentelemetry-proto, examples/events.json)."""
    return value if isinstance(value, list) else record(value, field).get("values")


_BY_FIELD: dict[str, Callable[[Any, str, int], AttributeValue]] = {
    "stringValue": lambda value, field, depth: text(value, field),
    "boolValue": lambda value, field, depth: flag(value, field),
    "intValue": lambda value, field, depth: integer(value, field, INT64),
    "doubleValue": lambda value, field, depth: number(value, field),
    "arrayValue": _array,
    "kvlistValue": _key_values,
    "bytesValue": _bytes,
}


def resource(group: Object) -> Resource:
    """Resource of an element of resourceSpans, resourceLogs or resourceMetrics, with the group's schema URL."""
    item = record(group.get("resource"), "resource")
    return Resource(
        attributes(item.get("attributes"), "resource.attributes"),
        integer(item.get("droppedAttributesCount"), "resource.droppedAttributesCount", UINT32),
        text(group.get("schemaUrl"), "schemaUrl"),
        [_entity_ref(reference) for reference in items(item.get("entityRefs"), "entityRefs")],
    )


def _entity_ref(reference: Any) -> Object:
    item = record(reference, "entityRefs")
    fields: Object = {name: text(item.get(name), name) for name in ("schemaUrl", "type")}
    for name in ("idKeys", "descriptionKeys"):
        fields[name] = [text(key, name) for key in items(item.get(name), name)]
    return {name: value for name, value in fields.items() if value}


def scope(group: Object) -> Scope:
    """Scope of an element of scopeSpans, scopeLogs or scopeMetrics, with the group's schema URL."""
    item = record(group.get("scope"), "scope")
    return Scope(
        text(item.get("name"), "scope.name"),
        text(item.get("version"), "scope.version"),
        attributes(item.get("attributes"), "scope.attributes"),
        integer(item.get("droppedAttributesCount"), "scope.droppedAttributesCount", UINT32),
        text(group.get("schemaUrl"), "schemaUrl"),
    )


def _wrong(field: str, wanted: str) -> NoReturn:
    raise BadItem(f"{field} is not {wanted}")
