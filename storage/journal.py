"""What was acknowledged and is not yet in the tables: two files beside the database, written in turn (docs/adr/0008).

A record is `length, crc32, seq` and the payload; the checksum starts from the database's id and the seq, so that
records of another database, of an earlier turn of the file or half written ones are told apart from good ones. Zeros
behind the last record mark the end. Appending returns when the data is on the disk.
"""

import errno
import logging
import mmap
import os
import re
import struct
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from storage.database import sync_folder

logger = logging.getLogger(__name__)

MAGIC = b"tracepond journal 1\n"
FIRST_RECORD_BYTES = 64
HEADER = struct.Struct("<IIQ")
END = bytes(HEADER.size)
TURN_BYTES = 8 << 20
"""The other file takes over from this size, once all it holds is in the tables."""
KEPT_BYTES = 64 << 20
"""A file that grew beyond (a burst, a store that could not take data) is cut when its turn comes again, and in idle
from `TURN_BYTES` on."""

PARTS_A_CALL = 1024
"""As many as the system takes (IOV_MAX of Linux)."""
HELD_CRC_BYTES, FREE_CRC_BYTES = 5 << 10, 1 << 20
"""zlib lets go of the interpreter for more than 5 KiB, and to win it back from a busy thread takes up to 5 ms: a
request is summed in pieces, but for a large one (1 ms)."""
SYNCED = getattr(os, "RWF_DSYNC", 0)
"""Writing and fdatasync in one call (pwritev2(2), Linux 4.7): the interpreter is let go, and won back, once."""
UNFINISHED = "the last record of %s is not whole: it was being written when the process died, or the file is damaged"
UNREADABLE = "%s is damaged: not all of its records can be read. It is kept as %s"
MISSING = (
    "acknowledged requests %d to %d are neither in %s nor in its journal: a file was damaged, cut, deleted or put back "
    "from a copy (docs/reliability.md)"
)


class Record(NamedTuple):
    """One acknowledged request."""

    seq: int
    payload: bytes | memoryview


class JournalFile:
    """One of the two: where the next record goes, and the newest one that lies in it."""

    def __init__(self, path: str, identity: bytes) -> None:
        self.path = path
        self.newest_seq = 0
        self.end = FIRST_RECORD_BYTES
        self._identity = identity
        self._sync_flag = 0
        """That writes and syncs in one call; 0 where the file has to be synced in another."""
        self._fd = self._made()
        self.allocated_bytes = os.fstat(self._fd).st_size
        """What it takes on the disk, used or kept for later."""

    def _made(self) -> int:
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._sync_flag = written_synced(fd, MAGIC + self._identity)
        except OSError:
            os.close(fd)
            raise
        return fd

    def rewind(self, kept_bytes: int) -> None:
        """All it holds is in the tables: its room is free, and given back where it is more than `kept_bytes`."""
        if self.allocated_bytes > kept_bytes:
            os.ftruncate(self._fd, FIRST_RECORD_BYTES)
            self.allocated_bytes = FIRST_RECORD_BYTES
        self.end = FIRST_RECORD_BYTES

    def append(self, records: Iterable[Record]) -> None:
        """The records are on disk. OSError when they are not: then nothing was added."""
        parts: list[bytes | memoryview] = []
        for seq, payload in records:
            parts += (HEADER.pack(len(payload), checksum(self._identity, seq, payload), seq), payload)
        size = sum(len(part) for part in parts)
        self._make_anew_if_gone()
        write_all(self._fd, (*parts, END), self.end, self._sync_flag)
        if not self._sync_flag:
            os.fdatasync(self._fd)
        self.end += size
        self.allocated_bytes = max(self.allocated_bytes, self.end)
        self.newest_seq = seq

    def _make_anew_if_gone(self) -> None:
        """Somebody deleted or cut the file: what is appended there, nobody would find after a crash.

        What it held is on its way to the tables.
        """
        found = os.fstat(self._fd)
        if found.st_nlink and (found.st_size >= self.end or self.end == FIRST_RECORD_BYTES):
            return
        logger.error("%s was deleted or cut by somebody and is made anew", self.path)
        fd = self._made()
        os.close(self._fd)
        self._fd, self.end, self.allocated_bytes = fd, FIRST_RECORD_BYTES, FIRST_RECORD_BYTES
        sync_folder(self.path)

    def close(self) -> None:
        os.close(self._fd)


class Journal:
    """Appends in one thread; `flushed_seq` may be read in any. Raises OSError where the disk does."""

    def __init__(self, database_path: str, identity: str) -> None:
        self._database_path = database_path
        self._paths = journal_paths(database_path)
        self._identity = identity.encode()
        self._damaged: list[str] = []
        self._files: list[JournalFile] = []
        self._lock = threading.Lock()

    def recover(self, flushed_seq: int) -> list[Record]:
        """The acknowledged records that the tables do not have, in order of arrival."""
        records: list[Record] = []
        for path in self._paths:
            found = read_records(path, self._identity, flushed_seq)
            records += found.records
            if found.damaged:
                self._damaged.append(path)
        records.sort(key=lambda record: record.seq)
        for first, last in gaps(records, flushed_seq):
            logger.error(MISSING, first, last, self._database_path)
        return records

    def open(self) -> None:
        """Both files stand ready and what they held is gone: to be called when all of it is in the tables."""
        for path in self._damaged:
            logger.error(UNREADABLE, path, moved_aside(path, "damaged"))
        self._files = [JournalFile(path, self._identity) for path in self._paths]
        sync_folder(self._paths[0])

    def append(self, records: list[Record], flushed_seq: int) -> None:
        """The records survive a power cut from here on."""
        with self._lock:
            self._file(flushed_seq).append(records)

    def _file(self, flushed_seq: int) -> JournalFile:
        current, other = self._files
        if current.newest_seq <= flushed_seq:
            current.rewind(KEPT_BYTES)
        elif current.end > TURN_BYTES and other.newest_seq <= flushed_seq:
            self._files.reverse()
            other.rewind(KEPT_BYTES)
            return other
        return current

    def give_back(self, flushed_seq: int) -> None:
        """A burst is over: files that grew and hold nothing that the tables do not have are cut."""
        with self._lock:
            for file in self._files:
                if file.newest_seq <= flushed_seq:
                    file.rewind(TURN_BYTES)

    def has_grown(self) -> bool:
        """Whether `give_back` has something to give, now or when the tables have taken what is in the files."""
        return any(file.allocated_bytes > TURN_BYTES for file in self._files)

    def size_bytes(self) -> int:
        return sum(file.end for file in self._files)

    def close(self, *, remove: bool) -> None:
        """`remove` when the tables hold everything: a database that was closed well is one file."""
        with self._lock:
            for file in self._files:
                file.close()
                if remove:
                    Path(file.path).unlink(missing_ok=True)
            self._files = []


def journal_paths(database_path: str) -> list[str]:
    return [f"{database_path}.journal{number}" for number in (0, 1)]


def identity_beside(database_path: str) -> str | None:
    """Of the database whose journal lies beside the file; null where none does."""
    for path in journal_paths(database_path):
        with suppress(OSError), open(path, "rb") as file:
            head = file.read(FIRST_RECORD_BYTES)
            if head.startswith(MAGIC):
                return head[len(MAGIC) :].rstrip(b"\0").decode(errors="replace")
    return None


def checksum(identity: bytes, seq: int, payload: bytes | memoryview) -> int:
    crc = crc32(identity + seq.to_bytes(8, "little"))
    if len(payload) > FREE_CRC_BYTES:
        return crc32(payload, crc)
    view = memoryview(payload)
    for at in range(0, len(view), HELD_CRC_BYTES):
        crc = crc32(view[at : at + HELD_CRC_BYTES], crc)
    return crc


def written_synced(fd: int, head: bytes) -> int:
    """Write the beginning of a file; the flag with which that is on the disk at once, 0 where none is known here."""
    try:
        if os.pwritev(fd, [head], 0, SYNCED) == len(head):
            return SYNCED
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL):
            raise
    write_all(fd, [head], 0)
    return 0


def write_all(fd: int, parts: Iterable[bytes | memoryview], offset: int, flag: int = 0) -> None:
    """All parts one behind the other, without a copy that is as large as all of them; on the disk with `SYNCED`."""
    views = deque(memoryview(part) for part in parts if part)
    while views:
        written = os.pwritev(fd, list(islice(views, PARTS_A_CALL)), offset, flag)
        offset += written
        while views and written >= len(views[0]):
            written -= len(views.popleft())
        if written:
            views[0] = views[0][written:]


class Found(NamedTuple):
    """What a file of the journal holds."""

    records: list[Record]
    damaged: bool
    """Records can be read behind something that cannot."""


def read_records(path: str, identity: bytes, flushed_seq: int) -> Found:
    """The whole records newer than `flushed_seq`, in the order written; a file of another database is moved aside."""
    found = Found([], False)
    try:
        data = mapped(path)
    except FileNotFoundError:
        return found
    if bytes(data[:FIRST_RECORD_BYTES]).rstrip(b"\0") not in (MAGIC + identity, b""):
        logger.warning("%s belongs to another database and was renamed to %s", path, moved_aside(path, "foreign"))
        return found
    at, newest = FIRST_RECORD_BYTES, 0
    while True:
        record, following = record_at(data, at, identity, newest)
        if record is None:
            record, following = next_record(data, at, identity, max(newest, flushed_seq))
            if record is None:
                break
            found = Found(found.records, found.damaged or record.seq != newest + 1)
        if record.seq > flushed_seq:
            found.records.append(record)
        at, newest = following, record.seq
    if bytes(data[at : at + HEADER.size]).strip(b"\0"):
        logger.info(UNFINISHED, path)
    return found


def next_record(data: memoryview, at: int, identity: bytes, newest: int) -> tuple[Record | None, int]:
    """The first whole record behind `at` that is newer than `newest`, and where the next one would begin.

    A damaged length says nothing about where the next record is. But a header ends with the half of a seq that
    all have, mostly zeros, which no payload has (`storage/payload.py` escapes them): so few places are looked at.
    """
    half = (newest + 1).to_bytes(8, "little")[4:]
    for ends in re.finditer(re.escape(half) + rb"(?=[^\0])", data[at:]):
        record, following = record_at(data, at + ends.end() - HEADER.size, identity, newest)
        if record is not None:
            return record, following
    return None, at


def gaps(records: list[Record], flushed_seq: int) -> Iterator[tuple[int, int]]:
    """First and last of the seqs that are missing between `flushed_seq` and the newest record: seqs have no gaps."""
    known = flushed_seq
    for record in records:
        if record.seq > known + 1:
            yield known + 1, record.seq - 1
        known = max(known, record.seq)


def moved_aside(path: str, why: str) -> str:
    """The file has another name, which nothing else has; the name."""
    names = (f"{path}.{why}{number}" for number in count(1))
    name = next(name for name in names if not os.path.lexists(name))
    os.rename(path, name)
    return name


def mapped(path: str) -> memoryview:
    """The file's bytes, which are in memory only while they are looked at: a journal may be larger than the memory."""
    with open(path, "rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return memoryview(b"")
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def released(records: list[Record]) -> Iterator[Record]:
    """The records in their order, each let go when the next one is asked for."""
    records.reverse()
    while records:
        yield records.pop()


def record_at(data: memoryview, at: int, identity: bytes, newest: int) -> tuple[Record | None, int]:
    """The record there, null when it is not whole or not newer than `newest`; and where the next one would begin."""
    if at < FIRST_RECORD_BYTES or at + HEADER.size > len(data):
        return None, at
    length, expected, seq = HEADER.unpack_from(data, at)
    following = at + HEADER.size + length
    payload = data[at + HEADER.size : following]
    whole = seq > newest and len(payload) == length and checksum(identity, seq, payload) == expected
    return (Record(seq, payload) if whole else None), following
