"""What `auto` means: memory that this process may use, from the container's limit where there is one.

cgroup v2: memory.max (kernel.org, admin-guide/cgroup-v2); v1: memory.limit_in_bytes.
"""

from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
MEMORY_FILES = ("memory.max", "memory/memory.limit_in_bytes")

PREFERRED_MEMORY_BYTES = 256 << 20
"""Enough to read 10 M spans (measured with DuckDB 2.0); more only delays the checkpoint of a small machine."""
LEAST_MEMORY_BYTES = 64 << 20
"""Below this DuckDB cannot compress a row group of long prompts."""


def memory_limit_bytes(cgroup: Path = CGROUP) -> int:
    """DuckDB's share: 256 MiB, at most half of the container's limit (the other half is the process itself)."""
    for name in MEMORY_FILES:
        try:
            limit = int((cgroup / name).read_text())
        except (OSError, ValueError):  # no such file, or the word `max`
            continue
        return max(LEAST_MEMORY_BYTES, min(PREFERRED_MEMORY_BYTES, limit // 2))
    return PREFERRED_MEMORY_BYTES
