"""Protobuf bodies with texts that are not UTF-8, made readable: the parser refuses such a body whole.

Go, C++, Rust, Ruby and PHP SDKs send what their applications hand them, also a text that was cut in the middle of a
character. Neighbours must not be lost over it (product promise 8), so U+FFFD stands for what is no character.
"""

from functools import lru_cache

from google.protobuf.descriptor import Descriptor, FieldDescriptor

REPAIRED_AT_MOST_BYTES = 16 << 20
"""Walking a body in Python takes 0.1 s a MB, which the parser reads in 1 ms: larger ones are refused as they are."""
MAX_DEPTH = 100
"""Messages within messages, as deep as protobuf's own parser goes."""

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5

Fields = dict[int, Descriptor | None]
"""Field number -> type of the message in it; null for a string. Other fields are left out."""


class _Malformed(Exception):
    pass


def repaired(body: bytes, request: Descriptor) -> tuple[bytes, int] | None:
    """The body with every string valid, and how many were not; null where that is not what is wrong with it."""
    if len(body) > REPAIRED_AT_MOST_BYTES:
        return None
    walk = _Walk()
    try:
        changed = walk.message(body, request, 0)
    except _Malformed:
        return None
    return None if changed is None else (changed, walk.count)


@lru_cache(maxsize=256)
def _fields(message: Descriptor) -> Fields:
    found: Fields = {}
    for field in message.fields:
        if field.type == FieldDescriptor.TYPE_STRING:
            found[field.number] = None
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            found[field.number] = field.message_type
    return found


class _Walk:
    def __init__(self) -> None:
        self.count = 0

    def message(self, data: bytes, kind: Descriptor, depth: int) -> bytes | None:
        """The message anew; null where nothing in it had to change. Raises `_Malformed`."""
        if depth > MAX_DEPTH:
            raise _Malformed
        fields, pieces, kept, place = _fields(kind), [], 0, 0
        while place < len(data):
            number, size_at, start, place = _field(data, place)
            if number not in fields or not start:
                continue
            content = data[start:place]
            inner = fields[number]
            new = self._text(content) if inner is None else self.message(content, inner, depth + 1)
            if new is not None:
                pieces += [data[kept:size_at], _varint(len(new)), new]
                kept = place
        return b"".join([*pieces, data[kept:]]) if pieces else None

    def _text(self, content: bytes) -> bytes | None:
        try:
            content.decode()
        except UnicodeDecodeError:
            self.count += 1
            return content.decode(errors="replace").encode()
        return None


def _field(data: bytes, place: int) -> tuple[int, int, int, int]:
    """Number, where its size and its bytes begin (bytes at 0: it has none), where the next is. Raises `_Malformed`."""
    tag, size_at = _read(data, place)
    wire, start = tag & 7, 0
    if wire == _VARINT:
        _, end = _read(data, size_at)
    elif wire == _LENGTH:
        size, start = _read(data, size_at)
        end = start + size
    elif wire in (_FIXED64, _FIXED32):
        end = size_at + (8 if wire == _FIXED64 else 4)
    else:
        raise _Malformed  # groups, and what no version of protobuf knows
    if end > len(data):
        raise _Malformed
    return tag >> 3, size_at, start, end


def _read(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70 and place < len(data):
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
    raise _Malformed


def _varint(value: int) -> bytes:
    """As every encoder writes a length: in as few bytes as it takes."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def told(count: int) -> str:
    """What the client is told of that many texts."""
    return f"{count:,} text(s) not valid UTF-8: U+FFFD stands for what could not be read"
