"""How many messages a protobuf body holds, told before it is parsed: an empty one is two bytes and 120 in the parser.

Most bodies are cleared by counting bytes that can begin a message (1 ns a byte); the others, and those that could hold
packed numbers, are walked field by field (0.4 µs a field, strings are stepped over).
Source: protobuf.dev, "Encoding"; which fields are messages comes from the descriptors.
"""

from functools import cache
from typing import Any, NamedTuple

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
MAX_VARINT_BYTES = 10
MAX_DEPTH = 100
"""Where the parser gives up (upb)."""
SLICE_BYTES = 1 << 20
FIELDS_A_MESSAGE = 4
"""More fields than that for each message that is allowed are too many too: walking them takes time."""
PACKED_BYTES_A_MESSAGE = 8
"""A packed number is a byte or more on the wire and 16 when it is read: eight of them count as a message."""
MOST_NUMBERS = 15
"""Field numbers whose tag is one byte."""


class Shape(NamedTuple):
    """Of one message: the tags of its fields that are messages or repeated text, and of those that are packed."""

    inner: dict[int, "str | None"]
    """Tag -> the name of the message's type; null for repeated text and bytes, which cost as much as a message."""
    packed: frozenset[int]


class Grammar(NamedTuple):
    """All that is needed to walk one kind of request."""

    root: str
    shapes: dict[str, Shape]
    starts: bytes
    """Every byte that can begin a message, also where its tag is written longer than need be."""
    has_packed: bool


def at_most(body: bytes, descriptor: Any, limit: int) -> bool:
    """Whether the body holds no more messages than `limit`, on any level. What cannot be read is left to the parser:
    it goes through the bytes in the same order and stops at the same place."""
    if plainly_at_most(body, limit):
        return True
    grammar = grammar_of(descriptor)
    if not grammar.has_packed and _starts(body, grammar.starts, limit) <= limit:
        return True
    return _walk(body, grammar, limit) <= limit


def plainly_at_most(body: bytes, limit: int) -> bool:
    """Whether the body is too short for more: a message is a tag and a length at least."""
    return len(body) <= 2 * limit


@cache
def grammar_of(descriptor: Any) -> Grammar:
    """From the request's descriptor. ValueError for a field number whose tag is two bytes: `starts` relies on one."""
    shapes: dict[str, Shape] = {}
    pending = [descriptor]
    while pending:
        message = pending.pop()
        if message.full_name not in shapes:
            shapes[message.full_name] = _shape(message)
            pending += [field.message_type for field in message.fields if field.message_type is not None]
    tags = {tag for shape in shapes.values() for tag in shape.inner}
    starts = bytes(sorted(tags | {tag | 0x80 for tag in tags}))
    return Grammar(descriptor.full_name, shapes, starts, any(shape.packed for shape in shapes.values()))


def _shape(message: Any) -> Shape:
    inner: dict[int, str | None] = {}
    packed = set()
    for field in message.fields:
        tag = field.number << 3 | LENGTH
        is_text = field.type in (field.TYPE_STRING, field.TYPE_BYTES)
        if field.message_type is not None or (field.is_repeated and is_text):
            if field.number > MOST_NUMBERS:
                raise ValueError(f"{field.full_name} has a number above {MOST_NUMBERS}")
            inner[tag] = field.message_type.full_name if field.message_type is not None else None
        elif field.is_repeated:
            packed.add(tag)
    return Shape(inner, frozenset(packed))


def _starts(body: bytes, starts: bytes, limit: int) -> int:
    """How many bytes can begin a message; stops counting above `limit`."""
    found = 0
    for begin in range(0, len(body), SLICE_BYTES):
        piece = body[begin : begin + SLICE_BYTES]
        found += len(piece) - len(piece.translate(None, starts))
        if found > limit:
            break
    return found


def _walk(body: bytes, grammar: Grammar, limit: int) -> int:
    """Messages in the body, counted up to something above `limit`."""
    messages, at, fields_left = 0, 0, FIELDS_A_MESSAGE * limit
    end, shape = len(body), grammar.shapes[grammar.root]
    around: list[tuple[int, Shape]] = []
    try:
        while messages <= limit and (at < end or around):
            if at >= end:
                end, shape = around.pop()
                continue
            fields_left -= 1
            if not fields_left:
                return limit + 1
            tag, at = (body[at], at + 1) if body[at] < 0x80 else _varint(body, at)
            if tag & 7 != LENGTH:
                at = _behind(body, at, tag & 7)
                continue
            length, at = (body[at], at + 1) if body[at] < 0x80 else _varint(body, at)
            if tag in shape.packed:
                messages += length // PACKED_BYTES_A_MESSAGE
            elif tag in shape.inner:
                messages += 1
                name = shape.inner[tag]
                if name is not None and length and len(around) < MAX_DEPTH:
                    around.append((end, shape))
                    end, shape = min(at + length, end), grammar.shapes[name]
                    continue
            at += length
    except IndexError:
        return messages
    return messages


def _varint(body: bytes, at: int) -> tuple[int, int]:
    """The number there, and where it ends. IndexError behind the end and for more bytes than a number has."""
    byte = body[at]
    if byte < 0x80:
        return byte, at + 1
    number = shift = 0
    for place in range(at, at + MAX_VARINT_BYTES):
        byte = body[place]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place + 1
        shift += 7
    raise IndexError


def _behind(body: bytes, at: int, wire_type: int) -> int:
    """Where a field that is no text ends; groups are walked as if their fields were the message's own."""
    if wire_type == VARINT:
        return _varint(body, at)[1]
    return at + (8 if wire_type == FIXED64 else 4 if wire_type == FIXED32 else 0)
