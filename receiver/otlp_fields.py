"""The fields of OTLP's messages that the compiled decoder knows, and which argument of a class each becomes.

Source: opentelemetry-proto v1.10.0 (`proto/`). A field that is not here (entity references, indexes of profiles) leaves
the whole request to the stock classes.
"""

from typing import Literal, NamedTuple

from contract.span import Event, Link, LogRecord, Resource, Scope, Span

Kind = Literal["text", "name", "hex", "enum", "count", "fixed32", "fixed64", "value", "pairs", "messages", "into"]
"""`name`: a text that comes again and again; `hex`: bytes shown as hex; `count`: of 32 bits; `value`: an AnyValue;
`pairs`: attributes; `messages`: a list; `into`: a message whose fields become arguments of the same class."""

WIRE_TYPES: dict[Kind, int] = {
    "text": 2, "name": 2, "hex": 2, "enum": 0, "count": 0, "fixed32": 5, "fixed64": 1, "value": 2, "pairs": 2,
    "messages": 2, "into": 2,
}  # fmt: skip

DEFAULTS: dict[Kind, str | int] = {"text": "", "name": "", "hex": "", "enum": 0, "count": 0, "fixed32": 0, "fixed64": 0}
"""What a field is that was not sent; the others are a new dict, a new list or None."""


class Message(NamedTuple):
    """A message, the class it becomes, and its fields by number: kind, argument, and of messages their table."""

    made: type
    fields: dict[int, tuple[Kind, str] | tuple[Kind, str, "Message"]]


RESOURCE = Message(Resource, {1: ("pairs", "attributes"), 2: ("count", "dropped_attributes_count")})

SCOPE = Message(
    Scope,
    {
        1: ("name", "name"),
        2: ("name", "version"),
        3: ("pairs", "attributes"),
        4: ("count", "dropped_attributes_count"),
    },
)

EVENT = Message(
    Event,
    {
        1: ("fixed64", "time_ns"),
        2: ("name", "name"),
        3: ("pairs", "attributes"),
        4: ("count", "dropped_attributes_count"),
    },
)

LINK = Message(
    Link,
    {
        1: ("hex", "trace_id"),
        2: ("hex", "span_id"),
        3: ("text", "trace_state"),
        4: ("pairs", "attributes"),
        5: ("count", "dropped_attributes_count"),
        6: ("fixed32", "flags"),
    },
)

STATUS = Message(Span, {2: ("text", "status_message"), 3: ("enum", "status_code")})

SPAN = Message(
    Span,
    {
        1: ("hex", "trace_id"),
        2: ("hex", "span_id"),
        3: ("text", "trace_state"),
        4: ("hex", "parent_span_id"),
        5: ("name", "name"),
        6: ("enum", "kind"),
        7: ("fixed64", "start_ns"),
        8: ("fixed64", "end_ns"),
        9: ("pairs", "attributes"),
        10: ("count", "dropped_attributes_count"),
        11: ("messages", "events", EVENT),
        12: ("count", "dropped_events_count"),
        13: ("messages", "links", LINK),
        14: ("count", "dropped_links_count"),
        15: ("into", "status_message", STATUS),
        16: ("fixed32", "flags"),
    },
)

LOG_RECORD = Message(
    LogRecord,
    {
        1: ("fixed64", "time_ns"),
        2: ("enum", "severity_number"),
        3: ("name", "severity_text"),
        5: ("value", "body"),
        6: ("pairs", "attributes"),
        7: ("count", "dropped_attributes_count"),
        8: ("fixed32", "flags"),
        9: ("hex", "trace_id"),
        10: ("hex", "span_id"),
        11: ("fixed64", "observed_ns"),
        12: ("name", "event_name"),
    },
)


def defaults(message: Message) -> list[str | int | None]:
    """The arguments before any field is read, up to the last one that has a field; None for what has no default."""
    given = _defaults_by_name(message)
    names: tuple[str, ...] = message.made.__match_args__  # type: ignore[attr-defined]
    return [given.get(name) for name in names[: 1 + max(map(names.index, given))]]


def _defaults_by_name(message: Message) -> dict[str, str | int | None]:
    given: dict[str, str | int | None] = {}
    for kind, name, *inner in message.fields.values():
        given |= _defaults_by_name(*inner) if kind == "into" else {name: DEFAULTS.get(kind)}
    return given
