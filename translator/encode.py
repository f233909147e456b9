"""The `raw_*` and `attributes` columns: what arrived, lossless (contract/raw.py) and filterable."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from contract import raw
from contract.raw import INPUT_REFERENCE, OUTPUT_REFERENCE, ColumnReference
from contract.span import Event, KeyValues, Link, LogRecord, Resource, Scope
from translator.values import plain_json, stored_json

MAX_FILTERABLE = 512
"""Longer values are content in all but name; they stay in the raw column."""
MIN_REFERENCE = 64
"""A shorter text is not worth a reference."""
_EXACT = 2**53


def attributes(sent: Mapping[str, Any], keys: Iterable[str]) -> str | None:
    """The filterable attributes as a JSON object; null when there are none."""
    plain: dict[str, Any] = {}
    for key in keys:
        value = sent[key]
        kind = type(value)
        if kind is str:
            if len(value) <= MAX_FILTERABLE:
                plain[key] = value
        elif kind is bool or kind is float or (kind is int and -_EXACT <= value <= _EXACT):
            plain[key] = value
        elif value is not None:
            _add_odd(plain, key, value)
    if not plain:
        return None
    try:
        return orjson.dumps(plain).decode()
    except TypeError:
        return plain_json(plain)


def _add_odd(plain: dict[str, Any], key: str, value: Any) -> None:
    """Lists, maps, bytes, large integers: in the forms of the query API, when short."""
    if isinstance(value, (list, dict, bytes)) and len(value) > MAX_FILTERABLE:
        return
    if len(plain_json(value)) <= MAX_FILTERABLE:
        plain[key] = raw.plain(value)


def raw_attributes(sent: dict[str, Any], references: dict[str, ColumnReference]) -> str | None:
    """The attributes, those in `references` standing for the row's own columns."""
    if not sent:
        return None
    if not references:
        return stored_json(sent)
    if isinstance(sent, KeyValues):
        return stored_json(_referenced(sent, references))
    return stored_json({**sent, **references})


def _referenced(sent: KeyValues, references: dict[str, ColumnReference]) -> KeyValues:
    """The last value of a key is the one that was chosen; earlier ones of the same key stay."""
    last = {key: place for place, (key, _) in enumerate(sent.pairs)}
    return KeyValues(
        [
            (key, references[key] if key in references and last[key] == place else value)
            for place, (key, value) in enumerate(sent.pairs)
        ]
    )


def references(
    sent: Mapping[str, Any],
    input_text: str | None,
    input_keys: tuple[str, ...],
    output_text: str | None,
    output_keys: tuple[str, ...],
) -> dict[str, ColumnReference]:
    """The attributes whose text is the input or output column itself."""
    found: dict[str, ColumnReference] = {}
    if output_text is not None and len(output_text) > MIN_REFERENCE:
        found.update((key, OUTPUT_REFERENCE) for key in output_keys if sent[key] == output_text)
    if input_text is not None and len(input_text) > MIN_REFERENCE:
        found.update((key, INPUT_REFERENCE) for key in input_keys if sent[key] == input_text)
    return found


def events(sent: list[Event]) -> str | None:
    if not sent:
        return None
    return stored_json([[e.time_ns, e.name, e.attributes, e.dropped_attributes_count] for e in sent])


def links(sent: list[Link]) -> str | None:
    if not sent:
        return None
    return stored_json(
        [[k.trace_id, k.span_id, k.trace_state, k.attributes, k.dropped_attributes_count, k.flags] for k in sent]
    )


def resource(sent: Resource) -> str | None:
    return _filled(
        attributes=sent.attributes,
        dropped_attributes_count=sent.dropped_attributes_count,
        schema_url=sent.schema_url,
        entity_refs=sent.entity_refs,
    )


def scope(sent: Scope) -> str | None:
    return _filled(
        name=sent.name,
        version=sent.version,
        attributes=sent.attributes,
        dropped_attributes_count=sent.dropped_attributes_count,
        schema_url=sent.schema_url,
    )


def _filled(**parts: Any) -> str | None:
    """The parts that say something; null when none does."""
    some = {key: value for key, value in parts.items() if value}
    return stored_json(some) if some else None


def log_rest(sent: LogRecord, time_ns: int, observed_ns: int | None) -> str | None:
    """What of a record no column says exactly."""
    rest: dict[str, int] = {}
    if sent.flags:
        rest["flags"] = sent.flags
    if sent.dropped_attributes_count:
        rest["dropped_attributes_count"] = sent.dropped_attributes_count
    if sent.time_ns != time_ns:
        rest["time_ns"] = sent.time_ns
    if sent.observed_ns != (observed_ns or 0):
        rest["observed_ns"] = sent.observed_ns
    return stored_json(rest) if rest else None
