"""Memory that was freed goes back to the system, where the C library is glibc; elsewhere nothing is done.

glibc keeps up to eight arenas a CPU and gives back only what lies at their ends: what one thread freed after a large
request stays part of the process (456 MB of RSS with requests of 15 MB, 362 with two arenas that are trimmed).
"""

import asyncio
import ctypes
import os
from itertools import count
from pathlib import Path

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""malloc.h of glibc."""
ARENAS = 2
EVERY_S = 1.0
GROWN_BYTES = 16 << 20
"""Trimming takes up to 3 ms of CPU, while an arena waits: only when there may be something to give back."""
ALWAYS_EACH = 10
"""So often the process need not have grown: what a burst took is free when it is over."""
TIGHT = 0.85
"""Of what the process may have."""
STATM = Path("/proc/self/statm")


def _libc() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None


def set_up(kept_bytes: int) -> bool:
    """To be called before there are threads; false where the C library has no such setting.

    `kept_bytes` are neither given back with each free nor mapped anew with each buffer: 5 µs of what a span costs were
    the kernel's clearing of pages that the process had had a moment before. The trimmer gives back what stays free.
    """
    library = _libc()
    if library is None:
        return False
    library.mallopt(M_TRIM_THRESHOLD, kept_bytes)
    library.mallopt(M_MMAP_THRESHOLD, kept_bytes)
    return bool(library.mallopt(M_ARENA_MAX, ARENAS))


def resident_bytes() -> int:
    """The RSS of this process; 0 where the system does not say."""
    try:
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def is_tight(limit_bytes: int) -> bool:
    """Whether the process has nearly so much."""
    return resident_bytes() > TIGHT * limit_bytes


class Trimmer:
    """Looks every second whether the process has grown since it last gave memory back; does it at times anyway."""

    def __init__(self) -> None:
        self._library = _libc()
        self._after_bytes = 0

    def trim(self, *, always: bool = False) -> bool:
        """Give back what is free; false where that was not worth it."""
        has_grown = resident_bytes() >= self._after_bytes + GROWN_BYTES
        if self._library is None or not (has_grown or always):
            return False
        self._library.malloc_trim(0)
        self._after_bytes = resident_bytes()
        return True

    async def run(self) -> None:
        """Until cancelled."""
        for number in count(1):
            await asyncio.sleep(EVERY_S)
            await asyncio.to_thread(self.trim, always=number % ALWAYS_EACH == 0)
