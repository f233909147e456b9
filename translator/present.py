"""What a reader sees beside the stored columns, made from the raw span when somebody asks (contract/present.py)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from contract.columns import SPAN_COLUMNS
from contract.present import CONTENT_FIELDS
from contract.raw import restore
from translator.engine import Engine
from translator.logs import content_of, record_of, sources_of
from translator.messages import tool_runs
from translator.messages.apart import by_reference
from translator.messages.records import MESSAGE_EVENTS, Record, inputs, outputs, tool_run
from translator.plan import ATTRIBUTES, EVENT_NAMES, EVENTS, READ_FIELDS, Candidate
from translator.usage import COUNTS
from translator.values import parsed, plain_json

Found = dict[str, tuple[Any, dict[str, str]]]
"""Field -> value and where it came from."""
Sources = dict[str, dict[str, str]]
"""Field -> convention and key."""

_ENGINE = Engine()
_COLUMNS = frozenset(column.name for column in SPAN_COLUMNS)
_DONATED = (
    "input_messages", "output_messages", "system_instructions", "tool_definitions", "model_parameters",
    "tool_arguments", "tool_result",
)  # fmt: skip
"""Fields that a span takes from its duplicates and log records when it has none itself."""
_WHOLE_OF = {"input_messages": "input", "output_messages": "output"}
"""Fields that are made of the whole column when a span has no messages."""
_FROM_SCRATCH = {
    "any_model": ("model", "request_model", "response_model"),
    "costs": ("input_cost", "output_cost", "total_cost"),
    "first_token_ns": ("time_to_first_token_ms",),
    "level_name": ("level",),
    "level_number": ("level",),
    "status_text": ("status_message",),
    "display_name": ("name",),
    "entity_name": ("name",),
    "usage": COUNTS,
}
"""Columns that follow from fields that are none."""


def present(
    span: Mapping[str, Any], logs: Sequence[Mapping[str, Any]], donors: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """`CONTENT_FIELDS`, `mapping` and `unmapped` of one span."""
    found, records = _own(span), _records(logs)
    told = {"log": sources_of(records)}
    for field, value in content_of(records).items():
        if field in _DONATED and field not in found:
            found[field] = (value, {"from": "log"})
    for donor in sorted(donors, key=lambda one: (-_size(one), str(one.get("span_id")))):
        others = _own(donor)
        told[f"span:{donor.get('span_id')}"] = _mapping(donor, others, {})
        for field, (value, source) in others.items():
            if field in _DONATED and (field not in found or _better(field, value, donor, found[field][0], span)):
                found[field] = (value, {**source, "from": f"span:{donor.get('span_id')}"})
    answer: dict[str, Any] = {field: _plain(found[field][0]) if field in found else None for field in CONTENT_FIELDS}
    media = {
        content_id: size for row in (span, *donors, *logs) for content_id, size in (row.get("media") or {}).items()
    }
    if media:
        answer |= {field: by_reference(answer[field], media) for field in CONTENT_FIELDS}
    answer["mapping"] = _mapping(span, found, told)
    answer["unmapped"] = sorted(ATTRIBUTES.unmapped(_restored(span.get("raw_attributes"), _own_columns(span)) or ()))
    return answer


def _better(field: str, value: Any, donor: Mapping[str, Any], own: Any, span: Mapping[str, Any]) -> bool:
    """A duplicate's messages are better than a wrapper's one text where they are more, or the text is no message."""
    column = _WHOLE_OF.get(field)
    if column is None or _one_text(own) is None:
        return False
    whole, others = _own_columns(span)[column], _own_columns(donor)[column]
    return _one_text(value) is None or (_is_whole(own, whole) and not _is_whole(value, others))


def _one_text(messages: Any) -> str | None:
    """The text of a single message with a single text part."""
    if len(messages) != 1 or len(messages[0]["parts"]) != 1:
        return None
    content = messages[0]["parts"][0].get("content")
    return content if isinstance(content, str) else None


def _is_whole(messages: Any, sent: str | None) -> bool:
    """The one text is the whole JSON of an input or output that holds no messages."""
    found = parsed(_one_text(messages))
    return found is not None and found == parsed(sent)


def _plain(value: Any) -> Any:
    return orjson.loads(plain_json(value))


def _size(span: Mapping[str, Any]) -> int:
    return len(span.get("input") or "") + len(span.get("output") or "")


def _records(logs: Iterable[Mapping[str, Any]]) -> list[Record]:
    """The records in order of time, each once."""
    unique = {log.get("digest") or id(log): log for log in logs}
    some = sorted(unique.values(), key=lambda log: (log.get("time") or 0, log.get("digest") or ""))
    return [record_of(log.get("event_name"), log.get("raw_body"), log.get("raw_attributes")) for log in some]


def _own_columns(span: Mapping[str, Any]) -> dict[str, str | None]:
    """The span's own input and output text: settling may have put another span's into the columns."""
    own = orjson.loads(span["own"]) if span.get("own") else {}
    return {name: own[name] if name in own else span.get(name) for name in ("input", "output")}


def _own(span: Mapping[str, Any]) -> Found:
    """All answers of the span's own attributes and events, in order of precedence."""
    columns = _own_columns(span)
    attributes = _restored(span.get("raw_attributes"), columns) or {}
    kind = str(span.get("kind") or "span")
    found: Found = {}
    _ask(found, ATTRIBUTES.candidates(span.get("scope_name") or "", attributes), attributes, kind)
    records = []
    for event in _restored(span.get("raw_events"), columns) or []:
        _, name, sent, *_ = event
        if name in EVENT_NAMES:
            _ask(found, EVENTS[name].candidates(name, sent), sent, kind)
        if name in MESSAGE_EVENTS:
            records.append((event[0], Record(name, None, sent)))
    _of_records(found, [record for _, record in sorted(records, key=lambda pair: pair[0])], kind)
    return found


def _restored(stored: str | None, columns: dict[str, str | None]) -> Any:
    return None if stored is None else restore(orjson.loads(stored), columns)


def _ask(found: Found, fields: Mapping[str, list[Candidate]], attributes: Mapping[str, Any], kind: str) -> None:
    for field, candidates in fields.items():
        if field in found:
            continue
        for candidate in candidates:
            if candidate.kinds is not None and kind not in candidate.kinds:
                continue
            value = _ENGINE.ask(candidate, attributes)
            if value is not None:
                source = candidate.source
                found[field] = (value, {"convention": source.convention, "key": candidate.key or source.rule.key})
                break


def _of_records(found: Found, records: list[Record], kind: str) -> None:
    given, got = tool_run(records) if kind == "tool" else (None, None)
    for field, value, key in (
        ("tool_arguments", tool_runs.arguments(given), "gen_ai.tool.message"),
        ("tool_result", tool_runs.blocks_result(got), "gen_ai.choice"),
        ("input_messages", inputs(records) if given is None else None, "gen_ai.*.message"),
        ("output_messages", outputs(records) if got is None else None, "gen_ai.*.message"),
    ):
        if value is not None and field not in found:
            found[field] = (value, {"convention": "genai", "key": key})


def _mapping(span: Mapping[str, Any], found: Found, told: Mapping[str, Sources]) -> Sources:
    """Field -> source, for columns that have a value and for the fields made here; `told`: those of other spans."""
    made: Sources = {}
    for field, (_, source) in found.items():
        if field in READ_FIELDS or (field in _COLUMNS and span.get(field) is not None):
            made[field] = source
    for field, columns in _FROM_SCRATCH.items():
        for column in columns if field in found else ():
            if span.get(column) is not None:
                made.setdefault(column, found[field][1])
    for column in ("response_model", "request_model"):
        if span.get("model") is not None and span.get("model") == span.get(column) and column in made:
            made.setdefault("model", made[column])
    return {**made, **_settled(span, told)}


def _settled(span: Mapping[str, Any], told: Mapping[str, Sources]) -> Sources:
    """Where settled columns came from, and by which key they stood there; `rule` is no source of a value."""
    sources = orjson.loads(span["settled_from"]) if span.get("settled_from") else {}
    whose = {name: "log" if said.startswith("log") else said for name, said in sources.items() if said != "rule"}
    return {name: {**told.get(source, {}).get(name, {}), "from": source} for name, source in whose.items()}
