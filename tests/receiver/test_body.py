"""Bodies: whole streams are unpacked, everything else is refused, and nothing grows beyond its limit."""

import asyncio
import gzip
import tracemalloc
import zlib

import pytest
from aiohttp import ClientPayloadError, StreamReader
from aiohttp.base_protocol import BaseProtocol

from contract.errors import Overloaded, Refused, Unavailable
from receiver.admission import Admission
from receiver.body import MAX_MEMBERS, OUTPUT_PIECE_BYTES, WINDOW_LOG_MAX, content_encoding, read_body, unpack, zstd
from receiver.limits import Limits

TEXT = b"".join(b"span %d " % number for number in range(30_000))


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (gzip.compress(TEXT), "gzip"),
        (gzip.compress(TEXT[:5]) + gzip.compress(b"") + gzip.compress(TEXT[5:]), "gzip"),
        (zlib.compress(TEXT), "deflate"),
        (raw_deflate(TEXT), "deflate"),
        (zstd.compress(TEXT), "zstd"),
        (zstd.compress(TEXT[:5]) + zstd.compress(b"") + zstd.compress(TEXT[5:]), "zstd"),
    ],
    ids=["gzip", "three gzip members", "zlib", "raw deflate", "zstd", "three zstd frames"],
)
def test_a_whole_stream_is_unpacked(packed: bytes, encoding: str) -> None:
    assert unpack(packed, encoding, len(TEXT)) == TEXT


PACKERS = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstd.compress}


@pytest.mark.parametrize("encoding", PACKERS)
def test_an_unpacked_size_at_the_limit_passes_and_one_more_byte_is_too_large(encoding: str) -> None:
    packed = PACKERS[encoding](TEXT)
    assert len(unpack(packed, encoding, len(TEXT))) == len(TEXT)
    with pytest.raises(Refused) as refused:
        unpack(packed, encoding, len(TEXT) - 1)
    assert refused.value.kind == "too_large"


def _corrupted(packed: bytes, position: int) -> bytes:
    return packed[:position] + bytes([packed[position] ^ 0xFF]) + packed[position + 1 :]


PACKED = gzip.compress(TEXT)
WIDE = zstd.compress(
    bytes(32 << 20),
    options={
        zstd.CompressionParameter.window_log: WINDOW_LOG_MAX + 1,
        zstd.CompressionParameter.content_size_flag: 0,
    },
)


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (PACKED[: len(PACKED) // 2], "gzip"),
        (PACKED[:-1], "gzip"),
        (b"", "gzip"),
        (b"plain text", "gzip"),
        (_corrupted(PACKED, len(PACKED) - 6), "gzip"),
        (PACKED + b"junk", "gzip"),
        (zlib.compress(TEXT)[:-1], "deflate"),
        (zlib.compress(TEXT) + b"junk", "deflate"),
        (b"plain text", "deflate"),
        (gzip.compress(b"") * (MAX_MEMBERS + 1), "gzip"),
        (zstd.compress(TEXT)[:-1], "zstd"),
        (zstd.compress(TEXT) + b"junk", "zstd"),
        (PACKED, "zstd"),
        (WIDE, "zstd"),
        (zstd.compress(b"") * (MAX_MEMBERS + 1), "zstd"),
    ],
    ids=[
        "half", "one byte short", "empty", "not gzip", "wrong checksum", "trailing junk",
        "zlib short", "zlib junk", "not deflate", "too many members",
        "zstd short", "zstd junk", "not zstd", "a window of 16 MiB", "too many frames",
    ],
)  # fmt: skip
def test_anything_but_whole_streams_is_malformed(packed: bytes, encoding: str) -> None:
    with pytest.raises(Refused) as refused:
        unpack(packed, encoding, 1 << 20)
    assert refused.value.kind == "malformed"


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_bomb_is_refused_without_being_unpacked(encoding: str) -> None:
    bomb = PACKERS[encoding](bytes(200 << 20))
    tracemalloc.start()
    with pytest.raises(Refused):
        unpack(bomb, encoding, 4 << 20)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 16 << 20


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("", None),
        ("identity", None),
        (" GZIP ", "gzip"),
        ("x-gzip", "gzip"),
        ("deflate", "deflate"),
        ("zstd", "zstd"),
        ("zlib", "deflate"),
    ],
)
def test_known_encodings_are_recognised(header: str, encoding: str | None) -> None:
    assert content_encoding(header) == encoding


@pytest.mark.parametrize("header", ["br", "gzip, gzip", "foo"])
def test_other_encodings_are_an_unsupported_type(header: str) -> None:
    with pytest.raises(Refused) as refused:
        content_encoding(header)
    assert refused.value.kind == "unsupported_type"


def read(
    pieces: list[bytes], limits: Limits, *, announced: int | None = None, ending: str = "end", capacity: int = 1000
) -> tuple[bytes, int]:
    """Read a body that comes in `pieces`; (body, bytes held)."""

    async def run() -> tuple[bytes, int]:
        loop = asyncio.get_running_loop()
        protocol = BaseProtocol(loop)
        if ending != "gone":
            protocol.connection_made(asyncio.Transport())
        stream = StreamReader(protocol, 2**16, loop=loop)
        for piece in pieces:
            stream.feed_data(piece)
        if ending == "end":
            stream.feed_eof()
        elif ending == "broken":
            stream.set_exception(ClientPayloadError("cut"))
        admission = Admission(capacity)
        admission.take(1)
        with admission.hold() as hold:
            return await read_body(stream, announced, limits, hold), hold.held_bytes

    return asyncio.run(run())


def test_a_body_at_the_limit_is_read_and_held() -> None:
    assert read([b"ab", b"cd"], Limits(max_body_bytes=4)) == (b"abcd", 4)


@pytest.mark.parametrize(("pieces", "announced"), [([b"ab", b"cde"], None), ([], 5)])
def test_a_body_over_the_limit_is_too_large_announced_or_not(pieces: list[bytes], announced: int | None) -> None:
    with pytest.raises(Refused) as refused:
        read(pieces, Limits(max_body_bytes=4), announced=announced)
    assert refused.value.kind == "too_large"


def test_a_body_is_sent_back_as_soon_as_it_outgrows_what_may_be_in_flight() -> None:
    with pytest.raises(Overloaded):
        read([b"x" * 60, b"x" * 60], Limits(), capacity=100, ending="never")


def test_a_body_that_never_ends_is_given_up() -> None:
    with pytest.raises(Unavailable) as unavailable:
        read([b"x"], Limits(read_timeout_s=0.01), ending="never")
    assert unavailable.value.reason == "slow_body"


@pytest.mark.parametrize("ending", ["broken", "gone"])
def test_a_body_cut_by_the_client_is_refused(ending: str) -> None:
    with pytest.raises(Refused) as refused:
        read([], Limits(), ending=ending)
    assert refused.value.reason == "broken_body"


@pytest.mark.parametrize("more", [1, 2, 3, 257, 258])
def test_output_that_zlib_holds_back_to_the_end_of_its_input_is_unpacked_too(more: int) -> None:
    """Raw deflate ends with its last byte: nothing behind it, no checksum, brings the rest out."""
    text = b"a" * (OUTPUT_PIECE_BYTES + more)
    assert unpack(raw_deflate(text), "deflate", len(text)) == text
