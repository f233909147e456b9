"""Protobuf bodies that no encoder wrote: damaged bytes, and whole fields in the wrong places."""

import random
from collections.abc import Callable, Iterator
from copy import deepcopy


def varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


def field(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + varint(len(content)) + content


def damaged(bodies: list[bytes], seed: int) -> Iterator[bytes]:
    """Endless: pieces of bodies with bytes changed, left out, doubled, put in, cut off, or of two bodies in one."""
    chooser = random.Random(seed)
    while True:
        body = bytearray(chooser.choice(bodies))
        for _ in range(chooser.choice((1, 1, 1, 2, 4))):
            chooser.choice(DAMAGES)(body, chooser.randrange(len(body) + 1), chooser)
        yield bytes(body)


def _change(body: bytearray, at: int, chooser: random.Random) -> None:
    body[at : at + 1] = bytes([chooser.choice((0, 1, 0x7F, 0x80, 0xFF, chooser.randrange(256)))])


def _flip(body: bytearray, at: int, chooser: random.Random) -> None:
    body[at : at + 1] = bytes(byte ^ 1 << chooser.randrange(8) for byte in body[at : at + 1])


def _leave_out(body: bytearray, at: int, chooser: random.Random) -> None:
    del body[at : at + chooser.choice((1, 2, 9, 100))]


def _double(body: bytearray, at: int, chooser: random.Random) -> None:
    body[at:at] = body[at : at + chooser.choice((1, 2, 9, 100))]


def _put_in(body: bytearray, at: int, chooser: random.Random) -> None:
    body[at:at] = chooser.choice((b"\x80", b"\x80" * 10, b"\xff" * 9 + b"\x01", b"\x0a\x00", chooser.randbytes(3)))


def _cut(body: bytearray, at: int, chooser: random.Random) -> None:
    del body[at:]


DAMAGES: tuple[Callable[[bytearray, int, random.Random], None], ...] = (
    _change, _change, _flip, _flip, _leave_out, _double, _put_in, _cut,
)  # fmt: skip


Field = tuple[int, "int | bytes | list[Field]"]
"""A tag, and what stands behind it: a number, the bytes of a fixed one or of a text, or the fields of a message."""


def rearranged(bodies: list[bytes], seed: int) -> Iterator[bytes]:
    """Endless: bodies whose fields are left out, doubled, exchanged, moved to other messages; all lengths are right."""
    chooser = random.Random(seed)
    while True:
        body = fields(chooser.choice(bodies))
        assert body is not None
        for _ in range(chooser.choice((1, 1, 2, 3))):
            into, source = chooser.choice(messages(body)), chooser.choice(messages(body))
            taken = deepcopy(chooser.choice(source or [(0x0A, b"")]))
            at = chooser.randrange(len(into) + 1)
            into[at : at + chooser.choice((0, 0, 1))] = chooser.choice(([taken], [taken], [], [(taken[0], 7)]))
        yield serialised(body)


def fields(body: bytes) -> list[Field] | None:
    """The fields of a message; None where the bytes are none."""
    found: list[Field] = []
    at = 0
    while at < len(body):
        tag, at = _number(body, at)
        if tag & 7 in (0, 2):
            number, at = _number(body, at)
        size = {0: 0, 1: 8, 2: number if tag & 7 == 2 else 0, 5: 4}.get(tag & 7, len(body))
        if tag < 8 or at + size > len(body):
            return None
        content = body[at : at + size]
        at += size
        found.append((tag, number if tag & 7 == 0 else (fields(content) or content) if tag & 7 == 2 else content))
    return found


def _number(body: bytes, at: int) -> tuple[int, int]:
    """A varint and where it ends; 0 at the end of the body, which is no tag."""
    number, shift = 0, 0
    while at < len(body):
        number |= (body[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if body[at - 1] < 128:
            return number, at
    return 0, at


def messages(message: list[Field]) -> list[list[Field]]:
    """The message and all that are in it."""
    inner = [content for _, content in message if isinstance(content, list)]
    return [message, *(each for one in inner for each in messages(one))]


def serialised(message: list[Field]) -> bytes:
    """The bytes of the fields."""
    parts = []
    for tag, content in message:
        if isinstance(content, int):
            parts.append(varint(tag) + varint(content))
        elif isinstance(content, list):
            inner = serialised(content)
            parts.append(varint(tag) + varint(len(inner)) + inner)
        else:
            parts.append(varint(tag) + (varint(len(content)) if tag & 7 == 2 else b"") + content)
    return b"".join(parts)
