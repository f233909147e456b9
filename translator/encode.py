"""The `raw_*` columns: what arrived, lossless (contract/raw.py)."""

from collections.abc import Mapping
from typing import Any

from contract import raw
from contract.raw import INPUT_REFERENCE, OUTPUT_REFERENCE
from contract.span import Event, KeyValues, Link, LogRecord, Resource, Scope
from translator.values import stored_json

MIN_REFERENCE = 64
"""A shorter text is not worth a reference."""
Reference = dict[str, str]
_INPUT: Reference = raw.default(INPUT_REFERENCE)
_OUTPUT: Reference = raw.default(OUTPUT_REFERENCE)
"""Encoded once: leaving it to the encoder's `default` costs 1 µs a span."""


def raw_attributes(sent: dict[str, Any], references: dict[str, Reference]) -> str | None:
    """The attributes, those in `references` standing for the row's own columns."""
    if not sent:
        return None
    if not references:
        return stored_json(sent)
    if isinstance(sent, KeyValues):
        return stored_json(_referenced(sent, references))
    return stored_json({**sent, **references})


def _referenced(sent: KeyValues, references: dict[str, Reference]) -> KeyValues:
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
) -> dict[str, Reference]:
    """The attributes whose text is the input or output column itself."""
    found: dict[str, Reference] = {}
    if output_text is not None and len(output_text) > MIN_REFERENCE:
        for key in output_keys:
            if sent[key] == output_text:
                found[key] = _OUTPUT
    if input_text is not None and len(input_text) > MIN_REFERENCE:
        for key in input_keys:
            if sent[key] == input_text:
                found[key] = _INPUT
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
