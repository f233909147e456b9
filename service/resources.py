"""What `service.memory_limit: auto` means: the container's limit less a margin, else a share of the machine's memory.
And how many CPUs there are.

cgroup v2: memory.max, cpu.max (kernel.org, admin-guide/cgroup-v2); v1: memory.limit_in_bytes, cpu.cfs_quota_us
(scheduler/sched-bwc). A limit holds for the group and all groups below it, so the least on the way up counts. Inside a
container its own group is the root that one sees.
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
    yield from (cgroup / group / "memory.max" for group in groups(membership, ""))
    yield from (cgroup / "memory" / group / "memory.limit_in_bytes" for group in groups(membership, "memory"))


def groups(membership: Path, controller: str) -> Iterator[PurePosixPath]:
    """This process's groups of this controller (empty: of version 2), each with those around it."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, named, path = line.split(":", 2)
        if controller in named.split(","):
            inner = PurePosixPath(path.lstrip("/"))
            yield from (inner, *inner.parents)


def cpus(cgroup: Path = CGROUP, membership: Path = MEMBERSHIP, machine: int | None = None) -> int:
    """How many this process may use at a time: those it may run on, or whole ones of its quota; at least one."""
    allowed = machine or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    return max(1, min([allowed, *quotas(cgroup, membership)]))


def quotas(cgroup: Path, membership: Path) -> Iterator[int]:
    """Whole CPUs of each quota that holds for this process."""
    for folder in (cgroup, *(cgroup / group for group in groups(membership, ""))):
        yield from whole(folder / "cpu.max")
    old = cgroup / "cpu"
    for folder in (old, *(old / group for group in groups(membership, "cpu"))):
        yield from whole(folder / "cpu.cfs_quota_us", folder / "cpu.cfs_period_us")


def whole(*files: Path) -> Iterator[int]:
    """Of a quota and the period it is for; nothing where there is none."""
    try:
        quota, period = " ".join(file.read_text() for file in files).split()
        found = int(quota) // int(period)
    except (OSError, ValueError):  # no such file, or the word `max`
        return
    if found >= 0:  # version 1 says -1 for none
        yield found
