"""What `service.memory_limit: auto` means: the container's limit less a margin, else a share of the machine's memory.

cgroup v2: memory.max (kernel.org, admin-guide/cgroup-v2); v1: memory.limit_in_bytes. A limit holds for the group and
all groups below it, so the least on the way up counts. Inside a container its own group is the root that one sees.
"""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

CGROUP = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
MARGIN = 16
"""One sixteenth of a container's limit is left to what the kernel counts beside the process (sockets, page tables)."""
MACHINE_SHARE = 2
MACHINE_MOST_BYTES = 1 << 30
"""Without a limit: half of the machine, and no more than has a use. Every size is at its largest from here on."""


class Found(NamedTuple):
    """A limit, and where it comes from."""

    limit_bytes: int
    origin: str


def memory_limit(cgroup: Path = CGROUP, membership: Path = MEMBERSHIP, machine_bytes: int | None = None) -> Found:
    """How much memory this process should keep to."""
    machine = machine_bytes or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = min(limits(cgroup, membership), default=machine)
    if limit < machine:
        return Found(limit - limit // MARGIN, f"the container's limit of {limit >> 20} MiB less a margin")
    share = min(machine // MACHINE_SHARE, MACHINE_MOST_BYTES)
    return Found(share, f"the machine has {machine >> 20} MiB and sets no limit")


def limits(cgroup: Path, membership: Path) -> Iterator[int]:
    """Every limit that holds for this process."""
    for file in limit_files(cgroup, membership):
        try:
            yield int(file.read_text())
        except (OSError, ValueError):  # no such file, or the word `max`
            continue


def limit_files(cgroup: Path, membership: Path) -> Iterator[Path]:
    """Where limits may stand: at the roots, and along the way to this process's group."""
    yield from (cgroup / "memory.max", cgroup / "memory/memory.limit_in_bytes")
    try:
        groups = membership.read_text().splitlines()
    except OSError:
        return
    for line in groups:  # hierarchy:controllers:path
        _, controllers, path = line.split(":", 2)
        root, name = (cgroup, "memory.max") if not controllers else (cgroup / "memory", "memory.limit_in_bytes")
        if not controllers or controllers == "memory":
            inner = PurePosixPath(path.lstrip("/"))
            yield from (root / part / name for part in (inner, *inner.parents))
