"""Bytes on connections of one's own: sent as they are, in pieces, and whatever comes back."""

import asyncio
import random
from collections.abc import Sequence

ANSWER_LIMIT_S = 10.0
SILENCE_S = 0.4
"""How long an answer is waited for that need not come: half of a request has none."""


async def exchange(port: int, pieces: Sequence[bytes], limit_s: float = ANSWER_LIMIT_S) -> tuple[bytes, bool]:
    """What comes back until the server closes, or so long; and whether it has closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = bytearray()
    try:
        async with asyncio.timeout(limit_s):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            while piece := await reader.read(1 << 16):
                received += piece
    except TimeoutError:
        return bytes(received), False
    except ConnectionError:
        pass
    finally:
        writer.transport.abort()
    return bytes(received), True


async def exchange_all(port: int, talks: Sequence[Sequence[bytes]]) -> list[bytes]:
    """The answers of several connections at a time, none of which is waited for any longer than `SILENCE_S`."""
    found = await asyncio.gather(*(exchange(port, pieces, SILENCE_S) for pieces in talks))
    return [received for received, _ in found]


def in_pieces(data: bytes, chooser: random.Random) -> list[bytes]:
    """The same bytes, cut at some places."""
    cuts = sorted(chooser.randrange(len(data) + 1) for _ in range(chooser.choice((0, 0, 1, 3, 20))))
    ends = [*cuts, len(data)]
    return [data[start:end] for start, end in zip([0, *cuts], ends, strict=True) if end > start]
