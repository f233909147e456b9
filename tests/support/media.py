"""Files beside spans, kept in memory."""

import hashlib
from dataclasses import replace

from contract.media import Media, MediaUse
from receiver.langfuse_media import media_id_of

PICTURE = b"\x89PNG\r\n\x1a\nxx"


def picture(data: bytes = PICTURE, content_type: str = "image/png") -> Media:
    digest = hashlib.sha256(data)
    return Media(media_id_of(digest.digest()), content_type, len(data), digest.hexdigest())


class MediaInMemory:
    """`contract.media.MediaStore`."""

    def __init__(self) -> None:
        self.files: dict[tuple[str, str], Media] = {}
        self.data: dict[tuple[str, str], bytes] = {}
        self.uses: list[MediaUse] = []

    async def announce(self, project: str, media: Media, use: MediaUse) -> Media:
        self.uses.append(use)
        return self.files.setdefault((project, media.media_id), media)

    async def find(self, project: str, media_id: str) -> Media | None:
        return self.files.get((project, media_id))

    async def put(self, project: str, media_id: str, data: bytes) -> None:
        self.data[project, media_id] = data
        self.files[project, media_id] = replace(self.files[project, media_id], uploaded_ns=1_800_000_000_500_000_000)

    async def read(self, project: str, media_id: str) -> bytes | None:
        return self.data.get((project, media_id))
