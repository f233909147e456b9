"""Unix domain sockets as endpoints: what speaks against one, and whose file is removed at the end."""

import os
import socket
import stat
from collections.abc import Callable
from contextlib import suppress

LONGEST_PATH_BYTES = 107
"""`sun_path` has 108 bytes with the zero at its end (Linux, unix(7))."""

CONNECT_TIMEOUT_S = 2.0


def why_not(path: str) -> str | None:
    """What speaks against listening there; null when nothing does. A socket that nobody serves any more may stay: the
    servers replace it when they bind."""
    folder = os.path.dirname(path)
    if len(os.fsencode(path)) > LONGEST_PATH_BYTES:
        return f"cannot be bound (its path is longer than {LONGEST_PATH_BYTES} bytes)"
    if not os.path.isdir(folder):
        return "cannot be bound (its folder does not exist)"
    if not os.access(folder, os.W_OK | os.X_OK):
        return "cannot be bound (this user may not write in its folder)"
    if not os.path.lexists(path):
        return None
    if not stat.S_ISSOCK(os.lstat(path).st_mode):
        return "is there already and no socket"
    return "is in use by another program" if is_served(path) else None


def is_served(path: str) -> bool:
    """Whether somebody accepts connections, or may: only a refused connection says that nobody does."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(CONNECT_TIMEOUT_S)
        try:
            probe.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True


def removal(path: str) -> Callable[[], None]:
    """What removes the file that is there now, and not one that another server has put in its place since."""
    mine = _identity(path)

    def remove() -> None:
        with suppress(FileNotFoundError):
            if _identity(path) == mine:
                os.unlink(path)

    return remove


def _identity(path: str) -> tuple[int, int]:
    found = os.lstat(path)
    return found.st_dev, found.st_ino
