"""Which content is media: what its first bytes say, and whether a browser may be shown it in place.

Only the bytes decide: a type that a sender claims is data like all else (product.md, promise 10). SVG and HTML are in
no table here, since they can hold scripts.
"""

from typing import NamedTuple

CONTENT_PATH = "/api/v1/content/"
"""Where content that lies apart is served; in the place of media, text has this and the content's id."""

BEGINNING_BYTES = 16
"""As many bytes tell every format below."""


class Format(NamedTuple):
    magic: bytes
    mime_type: str
    at: int = 0
    """Where the magic bytes stand."""


FORMATS = (
    Format(b"\x89PNG\r\n\x1a\n", "image/png"),
    Format(b"\xff\xd8\xff", "image/jpeg"),
    Format(b"GIF87a", "image/gif"),
    Format(b"GIF89a", "image/gif"),
    Format(b"WEBP", "image/webp", at=8),
    Format(b"WAVE", "audio/wav", at=8),
    Format(b"OggS", "audio/ogg"),
    Format(b"fLaC", "audio/flac"),
    Format(b"ID3", "audio/mpeg"),
    Format(b"\xff\xfb", "audio/mpeg"),
    Format(b"\xff\xf3", "audio/mpeg"),
    Format(b"%PDF-", "application/pdf"),
    Format(b"ftyp", "video/mp4", at=4),
    Format(b"\x1aE\xdf\xa3", "video/webm"),
    Format(b"PK\x03\x04", "application/zip"),
)
"""Signatures by https://mimesniff.spec.whatwg.org/#matching-a-mime-type-pattern and each format's own specification."""

SHOWN_IN_PLACE = frozenset({
    "image/png", "image/jpeg", "image/gif", "image/webp", "audio/wav", "audio/ogg", "audio/flac", "audio/mpeg",
})  # fmt: skip
"""What a browser only decodes; everything else is a download."""


def mime_type_of(beginning: bytes) -> str | None:
    """By the first `BEGINNING_BYTES`; null for what is none of the formats."""
    for known in FORMATS:
        if beginning[known.at : known.at + len(known.magic)] == known.magic:
            return known.mime_type
    return None
