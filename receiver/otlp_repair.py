"""Protobuf bodies with texts that are not UTF-8, made readable: the parser refuses such a body whole.

Go, C++, Rust, Ruby and PHP SDKs send what their applications hand them, also a text that was cut in the middle of a
character. Neighbours must not be lost over it (product promise 8), so U+FFFD stands for what is no character.
"""

from functools import lru_cache

from google.protobuf.descriptor import Descriptor, FieldDescriptor

REPAIRED_AT_MOST_BYTES = 16 << 20
"""Walking a body in Python takes 0.1 s a MB, which the parser reads in 1 ms: larger ones are refused as they are."""
FIELDS_AT_MOST = 1_000_000
"""As many as 16 MiB of model calls have; a field of two bytes takes as long as one of twenty."""
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
    walk = _Walk(body)
    try:
        changed = walk.message(0, len(body), request, 0)
    except _Malformed:
        return None
    return None if changed is None else (bytes(changed), walk.count)


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
    """Over one body, by places in it: messages nest a hundred deep, and each could hold nearly all of the body."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.count = 0
        self._fields_left = FIELDS_AT_MOST

    def message(self, begin: int, end: int, kind: Descriptor, depth: int) -> bytearray | None:
        """The message anew; null where nothing in it had to change. Raises `_Malformed`."""
        if depth > MAX_DEPTH:
            raise _Malformed
        fields, changed, kept, place = _fields(kind), bytearray(), begin, begin
        while place < end:
            number, size_at, start, place = self._field(place, end)
            if number not in fields or not start:
                continue
            inner = fields[number]
            new = self._text(start, place) if inner is None else self.message(start, place, inner, depth + 1)
            if new is not None:
                changed += self.body[kept:size_at] + _varint(len(new))
                changed += new
                kept = place
        return changed + self.body[kept:end] if kept > begin else None

    def _text(self, start: int, end: int) -> bytes | None:
        content = self.body[start:end]
        try:
            content.decode()
        except UnicodeDecodeError:
            self.count += 1
            return content.decode(errors="replace").encode()
        return None

    def _field(self, place: int, within: int) -> tuple[int, int, int, int]:
        """Number, where its size and its bytes begin (at 0: it has none), where the next is. Raises `_Malformed`."""
        self._fields_left -= 1
        if self._fields_left < 0:
            raise _Malformed
        tag, size_at = _read(self.body, place)
        wire, start = tag & 7, 0
        if wire == _VARINT:
            _, end = _read(self.body, size_at)
        elif wire == _LENGTH:
            size, start = _read(self.body, size_at)
            end = start + size
        elif wire in (_FIXED64, _FIXED32):
            end = size_at + (8 if wire == _FIXED64 else 4)
        else:
            raise _Malformed  # groups, and what no version of protobuf knows
        if end > within:
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
