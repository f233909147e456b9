"""Pictures, sounds and documents that clients send beside their spans, and who keeps them."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Media:
    """One file, named by its content: `media_id` is the beginning of its SHA-256."""

    media_id: str
    content_type: str
    size_bytes: int
    sha256: str
    """Hex, 64 digits."""
    uploaded_ns: int | None = None
    """Null until its bytes are here."""


@dataclass(frozen=True, slots=True)
class MediaUse:
    """Where a client shows a file; `field` is `input`, `output` or `metadata`."""

    trace_id: str
    span_id: str | None
    field: str


class MediaStore(Protocol):
    """All methods raise `Unavailable` when the store cannot do it now."""

    async def announce(self, project: str, media: Media, use: MediaUse) -> Media:
        """What is known of the file, the use included, once that is on disk; the same again changes nothing."""
        ...

    async def find(self, project: str, media_id: str) -> Media | None:
        """Null where no such file was announced."""
        ...

    async def put(self, project: str, media_id: str, data: bytes) -> None:
        """The bytes of an announced file are on disk. The caller has compared them with its `sha256`."""
        ...

    async def read(self, project: str, media_id: str) -> bytes | None:
        """The bytes; null while they are not here."""
        ...
