"""Bounded reading and bounded unpacking of HTTP request bodies.

The program runs aiohttp with `auto_decompress=False`: its own inflating accepts a gzip stream cut in half and passes
unknown encodings through (otherwise half a request would be stored as if whole).
"""

import sys
import zlib
from collections.abc import Generator, Iterator

from aiohttp import ClientPayloadError, StreamReader
from aiohttp.http_exceptions import HttpProcessingError

from contract.errors import Refused, Unavailable
from receiver.admission import PATIENCE_S, Hold
from receiver.limits import Limits

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

INPUT_PIECE_BYTES = 64 * 1024
OUTPUT_PIECE_BYTES = 1024 * 1024
"""Pieces for zlib: it copies the unread rest of its input at every call, so the input is fed in small ones."""

MAX_MEMBERS = 4096
"""Block gzip writes a member for each 64 KiB, so 64 MiB need 1024; a body of empty members is an attack on the CPU."""

WINDOW_LOG_MAX = 23
"""8 MiB of memory for a zstd stream: what every decoder has to offer at least (RFC 8878, section 3.1.1.1.2)."""

_GZIP, _ZLIB, _RAW = 31, 15, -15  # wbits of zlib.decompressobj
_ENCODINGS = {
    "": None, "identity": None, "gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate", "zlib": "deflate",
    "zstd": "zstd",
}  # fmt: skip
"""Content-Encoding -> how it is unpacked; `zlib` is the OpenTelemetry Collector's name for deflate."""
_MEMBERS = {"gzip": MAX_MEMBERS, "zstd": MAX_MEMBERS, "deflate": 1}


def content_encoding(header: str) -> str | None:
    """`gzip`, `deflate`, `zstd`, or None for a body that is sent as it is. Raises `Refused` for all others."""
    name = header.strip().lower()
    if name not in _ENCODINGS:
        raise Refused(
            f"Content-Encoding must be gzip, deflate, zstd or absent, not {quoted(header)}",
            reason="unsupported_encoding",
            kind="unsupported_type",
        )
    return _ENCODINGS[name]


def quoted(header: str | None) -> str:
    """What a client sent, fit for a message: short, without control characters; `absent` where it sent nothing."""
    return "absent" if header is None else repr(header[:60])


async def read_body(stream: StreamReader, announced_bytes: int | None, limits: Limits, hold: Hold) -> bytes:
    """The whole body as sent; `hold` grows with it. Raises `Refused`, `Overloaded`, or `Unavailable` when too slow."""
    if announced_bytes is not None and announced_bytes > limits.max_body_bytes:
        raise too_large(limits.max_body_bytes)
    try:
        async with hold.reading(limits.read_timeout_s):
            return await _read_pieces(stream, limits.max_body_bytes, hold)
    except TimeoutError:
        raise too_slow("body", limits) from None
    except (ClientPayloadError, HttpProcessingError, ConnectionError, RuntimeError):
        # RuntimeError is aiohttp's word for a connection that is gone before reading begins.
        raise Refused("the body ended early or is not framed as announced", reason="broken_body") from None


async def _read_pieces(stream: StreamReader, max_bytes: int, hold: Hold) -> bytes:
    pieces = []
    size_bytes = 0
    async for piece in stream.iter_any():
        size_bytes += len(piece)
        if size_bytes > max_bytes:
            raise too_large(max_bytes)
        hold.grow_to(size_bytes)
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def too_slow(what: str, limits: Limits) -> Unavailable:
    """What is told of a body or message that did not come in time."""
    limit_s = f"{limits.read_timeout_s:g} seconds, or {PATIENCE_S:g} while others have no room"
    return Unavailable(f"the {what} did not arrive within {limit_s}", reason="slow_body")


def too_large(max_bytes: int, what: str = "body") -> Refused:
    """The refusal of a body over its limit."""
    return Refused(f"{what} is larger than {max_bytes} bytes", reason="too_large", kind="too_large")


def unpack(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """The unpacked body, at most `max_bytes` of it ever in memory. Raises `Refused` for anything but whole streams."""
    pieces = []
    size_bytes = 0
    for piece in _unpacked_pieces(body, encoding):
        size_bytes += len(piece)
        if size_bytes > max_bytes:
            raise too_large(max_bytes, "unpacked body")
        pieces.append(piece)
    return b"".join(pieces)


def _unpacked_pieces(body: bytes, encoding: str) -> Iterator[bytes]:
    position, members, at_most = 0, 0, _MEMBERS[encoding]
    while position < len(body) or members == 0:
        members += 1
        if members > at_most:
            raise _broken(encoding, "has data after its end" if at_most == 1 else "has too many members")
        if encoding == "zstd":
            position = yield from _frame(body, position)
        else:
            window_bits = _GZIP if encoding == "gzip" else _ZLIB if _has_zlib_header(body) else _RAW
            position = yield from _member(body, position, window_bits, encoding)


def _member(body: bytes, position: int, window_bits: int, encoding: str) -> Generator[bytes, None, int]:
    """Pieces of one compressed stream that begins at `position`; returns where it ends."""
    stream = zlib.decompressobj(window_bits)
    try:
        while not stream.eof:
            source = stream.unconsumed_tail
            if not source:
                source = body[position : position + INPUT_PIECE_BYTES]
                position += len(source)
            piece = stream.decompress(source, OUTPUT_PIECE_BYTES)
            if not (source or piece or stream.eof):  # zlib may hold output back after the last byte of its input
                raise _broken(encoding, "ends early")
            yield piece
    except zlib.error:
        raise _broken(encoding, "is corrupt, or the body is not compressed") from None
    return position - len(stream.unused_data)


def _frame(body: bytes, position: int) -> Generator[bytes, None, int]:
    """The same for zstd."""
    stream = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: WINDOW_LOG_MAX})
    try:
        while not stream.eof:
            if stream.needs_input and position >= len(body):
                raise _broken("zstd", "ends early")
            source = body[position : position + INPUT_PIECE_BYTES] if stream.needs_input else b""
            position += len(source)
            yield stream.decompress(source, OUTPUT_PIECE_BYTES)
    except zstd.ZstdError:
        raise _broken("zstd", "is corrupt, needs more than 8 MiB of window, or the body is not compressed") from None
    return position - len(stream.unused_data)


def _has_zlib_header(body: bytes) -> bool:
    """RFC 1950: method 8 and a checksum of the first two bytes; raw deflate, which is also sent, has neither."""
    return len(body) >= 2 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0


def _broken(encoding: str, fault: str) -> Refused:
    return Refused(f"{encoding} stream {fault}", reason="broken_encoding")
