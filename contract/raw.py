"""How OTLP values are kept as JSON text without losing type or order, and how they go back to OTLP/JSON.

Stored form of a value: str, bool, int, float and null (empty AnyValue) as themselves; list as array; dict as object;
and four tagged objects: `{"$b": base64}` bytes, `{"$f": "NaN" | "Infinity" | "-Infinity"}`,
`{"$m": [[key, value], ...]}` a key-value list with duplicate or `$` keys (`KeyValues`), `{"$c": "input" | "output"}` a
string equal to that column of the same row, so that long content is stored once.

Stored form of the rest, keys left out where the value is 0 or empty:
`raw_attributes` value of a dict; `raw_events` `[[time_ns, name, attributes, dropped_attributes_count], ...]`;
`raw_links` `[[trace_id, span_id, trace_state, attributes, dropped_attributes_count, flags], ...]`;
`raw_resource` `{attributes, dropped_attributes_count, schema_url, entity_refs}`; `raw_scope` the same with `name`,
`version`; `raw_rest` of a span `{trace_state, flags, dropped_attributes_count, dropped_events_count,
dropped_links_count, kind, status_code, status_message, start_ns, end_ns}` where no column says it exactly, and
`public` where the span says that its trace is; of a log record `{flags, dropped_attributes_count, time_ns,
observed_ns}`.

This module knows no JSON library: encoders take `default`, decoders get parsed JSON.
"""

import base64
import binascii
import math
from typing import Any

from contract.span import KeyValues, NonFinite


class ColumnReference:
    """Stands in an attribute's place where its text is the row's `input` or `output` column."""

    __slots__ = ("column",)

    def __init__(self, column: str) -> None:
        self.column = column


INPUT_REFERENCE = ColumnReference("input")
OUTPUT_REFERENCE = ColumnReference("output")

PLAIN_KINDS: tuple[type[Any], ...] = (str, int, float, dict, list)


def default(value: Any) -> Any:
    """The tagged form of a value that JSON lacks; for orjson with OPT_PASSTHROUGH_SUBCLASS. TypeError for others."""
    if isinstance(value, bytes):
        return {"$b": base64.b64encode(value).decode()}
    if isinstance(value, NonFinite):
        return {"$f": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, KeyValues):
        return {"$m": [[key, item] for key, item in value.pairs]}
    if isinstance(value, ColumnReference):
        return {"$c": value.column}
    return _plain(value)


def _plain(value: Any) -> Any:
    """A subclass that means nothing here, as what it is a kind of."""
    for kind in PLAIN_KINDS:
        if isinstance(value, kind):
            return kind(value)
    raise TypeError(f"no stored form for {type(value).__name__}")


def restore(value: Any, columns: dict[str, str | None]) -> Any:
    """Parsed stored JSON back to attribute values; `columns` has the row's own `input` and `output` text."""
    if isinstance(value, list):
        return [restore(item, columns) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (tag, content), *_ = value.items()
        if tag == "$b":
            return base64.b64decode(content)
        if tag == "$f":
            return NonFinite(content)
        if tag == "$m":
            return KeyValues([(key, restore(item, columns)) for key, item in content])
        if tag == "$c":
            return columns.get(content)
    return {key: restore(item, columns) for key, item in value.items()}


def any_value(value: Any) -> dict[str, Any]:
    """An attribute value as OTLP/JSON AnyValue: 64-bit integers as strings, bytes as base64, None as `{}`."""
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": default(value)["$f"] if isinstance(value, NonFinite) else value}
    if isinstance(value, bytes):
        return {"bytesValue": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(item) for item in value]}}
    return {"kvlistValue": {"values": key_values(value)}}


def key_values(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    """Attributes as OTLP/JSON `[{key, value}]` in the order they were sent, duplicates included."""
    pairs = attributes.pairs if isinstance(attributes, KeyValues) else attributes.items()
    return [{"key": key, "value": any_value(item)} for key, item in pairs]


def plain(value: Any) -> Any:
    """An attribute value as ordinary JSON for the query API (product.md section 6, "JSON")."""
    if isinstance(value, bytes):
        return {"bytesValue": base64.b64encode(value).decode()}
    if isinstance(value, NonFinite):
        return default(value)["$f"]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return str(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def decode_base64(text: str) -> bytes:
    """Standard or url-safe base64, padding optional; ValueError when it is neither."""
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
