"""Requests that wait on disk to be sent on: one file each, oldest first, bounded in bytes; a kill leaves them there.

No file is synced: what was acknowledged is in the database; a power cut may cost what was to be sent on.
"""

import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PARTIAL = ".part"


class Waiting(NamedTuple):
    """One request; `signal` and `content` are those of the receiver (`traces`, `protobuf`)."""

    number: int
    signal: str
    content: str
    size_bytes: int
    hops: tuple[str, ...] = ()
    """Ids of the servers that sent it on: 16 digits each, 8 at most (`service/forward.py`)."""

    @property
    def file_name(self) -> str:
        return "-".join([f"{self.number:016}", self.signal, self.content, *self.hops])


class Spool:
    """`take`, `put_back` and `len` from any thread, all else from one. OSError when the disk fails."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._waiting: deque[Waiting] = deque()
        self._next = 1
        self.size_bytes = 0

    def open(self) -> None:
        """Find what was left by an earlier run."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        found = sorted(self._left_behind())
        self._waiting = deque(found)
        self.size_bytes = sum(each.size_bytes for each in found)
        self._next = found[-1].number + 1 if found else 1

    def _left_behind(self) -> Iterator[Waiting]:
        for file in self._folder.iterdir():
            number, *rest = file.name.split("-")
            if file.name.endswith(PARTIAL):
                file.unlink()
            elif number.isdigit() and len(rest) >= 2:
                signal, content, *hops = rest
                yield Waiting(int(number), signal, content, file.stat().st_size, tuple(hops))

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, signal: str, content: str, body: bytes, hops: tuple[str, ...] = ()) -> bool:
        """Whether there was room."""
        if self.size_bytes + len(body) > self._max_bytes:
            return False
        request = Waiting(self._next, signal, content, len(body), hops)
        path = self._folder / request.file_name
        partial = path.with_name(path.name + PARTIAL)
        partial.write_bytes(body)
        os.replace(partial, path)
        self._next += 1
        self.size_bytes += len(body)
        self._waiting.append(request)
        return True

    def take(self) -> Waiting | None:
        """The oldest, which nobody else is given until it is put back."""
        return self._waiting.popleft() if self._waiting else None

    def put_back(self, request: Waiting) -> None:
        """It was not sent: it is the next again."""
        self._waiting.appendleft(request)

    def read(self, request: Waiting) -> bytes:
        return (self._folder / request.file_name).read_bytes()

    def remove(self, request: Waiting) -> None:
        """It is settled."""
        self.size_bytes -= request.size_bytes
        (self._folder / request.file_name).unlink(missing_ok=True)

    def close(self) -> None:
        """An empty folder is not left behind."""
        if not self._waiting and not any(self._folder.iterdir()):
            self._folder.rmdir()
