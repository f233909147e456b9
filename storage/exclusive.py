"""Which process has a database: a locked file beside it, also while that process opens the database again.

DuckDB lets go of its own lock whenever it closes the file, which a server does each half minute with little memory
(docs/adr/0026): a second one that was started in that tenth of a second had the file, and wrote to the same journal.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from contract.errors import Refused
from storage.engine_errors import IN_USE, in_use

SUFFIX = ".lock"
UNLOCKABLE = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})
"""What file systems without locks say: there DuckDB's own is all there is."""


@contextmanager
def exclusively(path: str) -> Iterator[None]:
    """No other process that asks for it has the database meanwhile. Raises `Refused` where one has it.

    The lock ends with the process, however that ends; a file that a killed one left is taken over.
    """
    if path == ":memory:":
        yield
        return
    lock = os.path.realpath(path) + SUFFIX
    held = taken(path, lock)
    try:
        yield
    finally:
        if is_at(held, lock):  # else somebody removed it, and the one there is another's
            with suppress(OSError):
                os.unlink(lock)  # while it is held: who has opened it meanwhile sees that it is no longer there
        os.close(held)


def taken(path: str, lock: str) -> int:
    """The descriptor that holds the lock. Raises `Refused`."""
    while True:
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Refused(f"{path} cannot be opened: {cannot_make(lock, error)}", reason="database") from error
        try:
            hold(descriptor, path)
            if is_at(descriptor, lock):
                with suppress(OSError):  # it only tells who has it: the disk may be full
                    os.ftruncate(descriptor, 0)
                    os.write(descriptor, f"{os.getpid()}\n".encode())
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def cannot_make(path: str, error: OSError) -> str:
    return f"{path} cannot be made ({error.strerror}). Does its folder exist, and may this user write there?"


def hold(descriptor: int, path: str) -> None:
    """The lock is this process's. Raises `Refused` with the one that has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        raise Refused(in_use(path, holder), reason=IN_USE) from None
    except OSError as error:
        if error.errno not in UNLOCKABLE:
            raise


def is_at(descriptor: int, path: str) -> bool:
    """Whether the open file is the one there: its last holder may have removed it before it was locked here."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    return False
