"""Long texts cut into pieces, so that what they share is stored once (docs/adr/0013).

Where a text is cut depends on what stands around the cut and not on how far from the beginning it stands: a prompt that
grew by a turn, a system prompt behind another model name, an image in each request give the same pieces again. Pieces
joined are the text. Media (base64 of a known format, or behind `;base64,`) is a piece of its own, however long.
"""

import re
from collections.abc import Iterator
from hashlib import blake2b
from itertools import pairwise
from typing import NamedTuple

from contract.formats import BEGINNING_BYTES, mime_type_of
from contract.raw import decode_base64

LONGEST_IN_ROW = 8192
"""Characters of a text that stays in its row. DuckDB unpacks 2,048 values of a column to show one of them."""
PIECE_CHARACTERS = 4096
"""A piece of text has up to twice as many. 2,048 pieces take 12 ms to unpack, of 16,384 characters 50."""
MEDIA_CHARACTERS = 8192
"""Shorter base64 is text like all else."""

ANCHOR = re.compile(r'"(?=[^"]{512})')
"""Where a long string of JSON begins: cuts behind it are counted from here."""
BASE64 = re.compile(r"[A-Za-z0-9+/_-]*+={0,2}")
BASE64_BACK = re.compile(r"[A-Za-z0-9+/_-]*+")
SAMPLE = re.compile(r"[A-Za-z0-9+/_-]{64}")
STRIDE = MEDIA_CHARACTERS - 64
"""Every run of base64 that is long enough has a sample at a multiple of this: the rest of a text is not looked at."""
ENCLOSED = ";base64,"
BYTES = '"$b":"'
"""Before the stored form of bytes (contract/raw.py), whose text has to stay what it is."""
WORD_CHARACTERS = 64
"""So far back a cut looks for a space, that words stay whole for the search."""


class Piece(NamedTuple):
    content_id: str
    text: str
    media_bytes: int | None
    """Size of what the base64 holds; null for text."""


def pieces(text: str) -> Iterator[Piece]:
    """Everything of the text, in order."""
    done = 0
    for start, end in media_runs(text):
        yield from map(text_piece, cut(text[done:start]))
        yield media_piece(text[start:end])
        done = end
    yield from map(text_piece, cut(text[done:]))


def cut(text: str) -> Iterator[str]:
    """Pieces of at most twice `PIECE_CHARACTERS`."""
    done = 0
    anchors = [0, *(match.start() for match in ANCHOR.finditer(text)), len(text)]
    for start, end in pairwise(anchors):
        for place in (*range(start + PIECE_CHARACTERS, end, PIECE_CHARACTERS), end):
            while place - done > 2 * PIECE_CHARACTERS:
                yield text[done : done + PIECE_CHARACTERS]
                done += PIECE_CHARACTERS
            if place != end:
                place = behind_word(text, place)
                yield text[done:place]
                done = place
    if done < len(text):
        yield text[done:]


def behind_word(text: str, place: int) -> int:
    """Behind the last space shortly before the place, where there is one."""
    return text.rfind(" ", place - WORD_CHARACTERS, place) + 1 or place


def media_runs(text: str) -> Iterator[tuple[int, int]]:
    """Beginning and end of every base64 that is media, in order."""
    end = 0
    for place in range(0, len(text), STRIDE):
        if place >= end and SAMPLE.match(text, place):
            before = text[max(end, place - STRIDE - 64) : place][::-1]
            start = place - len(BASE64_BACK.match(before)[0])  # type: ignore[index]  # it matches nothing, too
            end = BASE64.match(text, place).end()  # type: ignore[union-attr]
            if end - start >= MEDIA_CHARACTERS and is_media(text, start, end):
                yield start, end


def is_media(text: str, start: int, end: int) -> bool:
    if len(text[start:end].rstrip("=")) % 4 == 1 or text.endswith(BYTES, 0, start):
        return False
    beginning = decode_base64(text[start : start + 2 * BEGINNING_BYTES])
    return text.endswith(ENCLOSED, 0, start) or mime_type_of(beginning) is not None


def text_piece(text: str) -> Piece:
    return Piece(content_id(text, b"text"), text, None)


def media_piece(text: str) -> Piece:
    return Piece(content_id(text, b"media"), text, len(text.rstrip("=")) * 3 // 4)


def content_id(text: str, person: bytes) -> str:
    """128 bits: who makes two contents with one id (2^64 tries) spoils what they sent, in their own project."""
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16, person=person).hexdigest()
