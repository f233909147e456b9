"""What the log records that describe one span say of it: columns for settling, records for its messages.

Rows are those of `LOG_COLUMNS` as stored. Identical records count once; time, then digest, gives the order.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from contract.columns import SPAN_COLUMNS, L, Row
from contract.raw import restore
from translator import derive
from translator.answers import provider
from translator.engine import Engine
from translator.messages.records import (
    CHOICE,
    DETAILS,
    MESSAGE_EVENTS,
    Record,
    as_text,
    finish_reasons,
    inputs,
    outputs,
)
from translator.plan import ATTRIBUTES, PLACES, READ_FIELDS, SCRATCH
from translator.values import integer, mapping

_COLUMNS = (
    "request_model", "response_model", "response_id", "provider", "operation", "input_tokens", "output_tokens",
    "total_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "finish_reasons", "error_type",
    "session_id", "user_id", "input", "output",
)  # fmt: skip
"""Columns of a span that its log records may fill."""

_ENGINE = Engine()


def log_columns(rows: list[Row]) -> dict[str, Any]:
    """Column name -> value, for the columns that the records know."""
    rows = ordered(rows)
    records = [record_of(row[L.event_name], row[L.raw_body], row[L.raw_attributes]) for row in rows]
    found: dict[str, Any] = {}
    for record in records:
        if record.name not in MESSAGE_EVENTS:
            found = {**_of_attributes(record), **found}
    said = {
        "input": as_text(inputs(records)),
        "output": as_text(outputs(records)),
        "finish_reasons": finish_reasons(records),
        "provider": next(filter(None, (provider(record.attributes.get("gen_ai.system")) for record in records)), None),
        "session_id": next(filter(None, (row[L.session_id] for row in rows)), None),
        "user_id": next(filter(None, (row[L.user_id] for row in rows)), None),
    }
    found.update({name: value for name, value in said.items() if value is not None and name not in found})
    return found


def ordered(rows: Sequence[Row]) -> list[Row]:
    """The rows by time, each record once."""
    unique = {row[L.digest] or id(row): row for row in rows}
    return sorted(unique.values(), key=lambda row: (row[L.time] or 0, row[L.digest] or ""))


def record_of(name: str | None, raw_body: str | None, raw_attributes: str | None) -> Record:
    """A stored record with its values as they were sent."""
    body = None if raw_body is None else restore(orjson.loads(raw_body), {})
    attributes = {} if raw_attributes is None else restore(orjson.loads(raw_attributes), {})
    return Record(name or "", body, attributes)


def attributes_of(record: Record) -> dict[str, Any]:
    """The record's attributes, with those that it carries in a JSON body (Gemini CLI's and others' form)."""
    body = mapping(record.body)
    inner = mapping((body or {}).get("attributes")) or body
    return {**inner, **record.attributes} if inner else record.attributes


def _of_attributes(record: Record) -> dict[str, Any]:
    """What the attributes say: a details record carries those of its span again."""
    attributes = attributes_of(record)
    row: Row = [None] * (len(SPAN_COLUMNS) + len(SCRATCH))
    plan = _ENGINE.plan("", attributes)
    _ENGINE.fill(plan, attributes, row)
    _ENGINE.fill_late(plan, attributes, row, "generation")
    _ENGINE.fill_usage(plan, attributes, row, "generation")
    derive.models(row)
    derive.whole_input(row)
    if row[PLACES["total_tokens"]] is None and None not in (row[PLACES["input_tokens"]], row[PLACES["output_tokens"]]):
        row[PLACES["total_tokens"]] = integer(row[PLACES["input_tokens"]] + row[PLACES["output_tokens"]])
    return {name: row[PLACES[name]] for name in _COLUMNS if row[PLACES[name]] is not None}


def content_of(records: Sequence[Record]) -> dict[str, Any]:
    """The fields that only a reader needs, from the records that describe a span."""
    found: dict[str, Any] = {}
    for record in records:
        if record.name == DETAILS or record.name not in MESSAGE_EVENTS:
            for field, value in _read(attributes_of(record)).items():
                found.setdefault(field, value)
    for field, value in (("input_messages", inputs(records)), ("output_messages", outputs(records))):
        if value is not None:
            found.setdefault(field, value)
    return found


def sources_of(records: Sequence[Record]) -> dict[str, dict[str, str]]:
    """Field -> convention and key (or event) by which the records tell it."""
    found: dict[str, dict[str, str]] = {}
    for record in records:
        if record.name in MESSAGE_EVENTS:
            for field in ("output", "finish_reasons") if record.name == CHOICE else ("input",):
                found.setdefault(field, {"convention": "genai", "key": record.name})
            continue
        attributes = attributes_of(record)
        for field, candidates in ATTRIBUTES.candidates("", attributes).items():
            told = next((one for one in candidates if _ENGINE.ask(one, attributes) is not None), None)
            if told is not None:
                found.setdefault(field, {"convention": told.source.convention, "key": told.key or told.source.rule.key})
    return found


def _read(attributes: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, candidates in ATTRIBUTES.candidates("", attributes).items():
        if field in READ_FIELDS:
            answers = (_ENGINE.ask(candidate, attributes) for candidate in candidates)
            value = next((answer for answer in answers if answer is not None), None)
            if value is not None:
                found[field] = value
    return found
