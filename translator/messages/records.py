"""Messages from records: log records and span events `gen_ai.*.message`, `gen_ai.choice` (conventions 1.28 to 1.36).

A log record has its content in the body (a map or JSON text), a span event in its attributes, Azure in one attribute.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from translator.answers import reasons
from translator.messages.message import Message, any_said, message
from translator.values import integer, listing, mapping, plain_json

ROLE_OF_EVENT = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_TOOL = "gen_ai.tool.message"
_SPOKEN = frozenset(ROLE_OF_EVENT) - {_TOOL}
CHOICE = "gen_ai.choice"
DETAILS = "gen_ai.client.inference.operation.details"
MESSAGE_EVENTS = frozenset({*ROLE_OF_EVENT, CHOICE})
DESCRIBING_EVENTS = MESSAGE_EVENTS | {
    DETAILS,
    "gen_ai.client.operation.exception",
    "gen_ai.content.prompt",
    "gen_ai.content.completion",
}
"""Records that tell of the call whose span they name."""


class Record(NamedTuple):
    """A log record or span event, whichever it was."""

    name: str
    body: Any
    attributes: dict[str, Any]


def inputs(records: Iterable[Record]) -> list[Message] | None:
    """The messages sent, in the order of the records."""
    some = [record for record in records if record.name in ROLE_OF_EVENT]
    made = [guarded(_message, record, ROLE_OF_EVENT[record.name]) for record in some]
    return [item for item in made if item is not None and item["parts"]] or None


def outputs(records: Iterable[Record]) -> list[Message] | None:
    """The model's answers by `index`, with their finish reasons, also when content was off."""
    some = [guarded(_choice, record) for record in records if record.name == CHOICE]
    made = sorted((pair for pair in some if pair is not None), key=lambda pair: pair[0])
    return [item for _, item in made if item["parts"] or "finish_reason" in item] or None


def tool_run(records: Sequence[Record]) -> tuple[Any, Any]:
    """Arguments and result of a tool's own span, which Strands (0.2 to 1.62) writes as a message to it and a choice.

    None where a record is missing, or where records of other names show that these are messages of a model call.
    """
    if any(record.name in _SPOKEN for record in records):
        return None, None
    return _told(records, _TOOL, "content"), _told(records, CHOICE, "message")


def _told(records: Iterable[Record], name: str, key: str) -> Any:
    return next((_sent(record).get(key) for record in records if record.name == name), None)


def finish_reasons(records: Iterable[Record]) -> str | None:
    """The choices' finish reasons as a JSON list."""
    return reasons(item.get("finish_reason") for item in outputs(records) or [])


def guarded(read: Callable[..., Any], *given: Any) -> Any:
    """What `read` makes of one odd record; None when it cannot: its neighbours are still read."""
    try:
        return read(*given)
    except Exception:
        return None


def _sent(record: Record) -> dict[str, Any]:
    """What the record says, from wherever its sender put it."""
    found = mapping(record.body) or mapping(record.attributes.get("gen_ai.event.content"))
    if found is not None:
        return found
    if isinstance(record.body, str) and record.body:
        return {"content": record.body}
    return record.attributes


def _message(record: Record, role: str) -> Message:
    sent = dict(_sent(record))
    held = mapping(sent.get("message"))
    if held is not None:
        sent = held
    made = message({**sent, "role": sent.get("role") or role}, role)
    made.pop("name", None)
    return made


def _choice(record: Record) -> tuple[int, Message]:
    sent = _sent(record)
    held = mapping(sent.get("message"))
    inner = held if held is not None else {**sent, "content": sent.get("content") or sent.get("message")}
    made = message({**inner, "role": inner.get("role") or "assistant", "message": None}, "assistant")
    reason = sent.get("finish_reason")
    if isinstance(reason, str) and reason:
        made["finish_reason"] = reason
    return integer(sent.get("index")) or 0, made


def of_list(value: Any) -> list[Record]:
    """The records of Logfire's `events` list: maps that name their event and are their body."""
    some = [item for item in listing(value) or [] if isinstance(item, dict)]
    return [Record(str(item.get("event.name")), _body(item), {}) for item in some]


def _body(item: dict[str, Any]) -> dict[str, Any]:
    return {key: held for key, held in item.items() if not key.startswith(("event.", "gen_ai."))}


def _split(records: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """Input and output of a list that may end in the answer as `gen_ai.assistant.message` instead of a choice."""
    if any(record.name == CHOICE for record in records):
        return [record for record in records if record.name != CHOICE], list(records)
    end = len(records)
    while end and records[end - 1].name == "gen_ai.assistant.message":
        end -= 1
    return list(records[:end]), [record._replace(name=CHOICE) for record in records[end:]]


def inputs_of_list(value: Any) -> list[Message] | None:
    return inputs(_split(of_list(value))[0])


def outputs_of_list(value: Any) -> list[Message] | None:
    return outputs(_split(of_list(value))[1])


def as_text(messages: list[Message] | None) -> str | None:
    """Messages as the JSON text of an `input` or `output` column; None when none has any content."""
    if not messages or not any_said(messages):
        return None
    return plain_json(messages)
