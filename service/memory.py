"""What each part of the process may take of `service.memory_limit`: one table, from which all sizes are derived.

The parts are shares of what is left beside a process that does nothing. They add up to more than all of it, since not
every part is at its largest at a time; `python -m bench.memory` shows that the sum holds (docs/performance.md).
"""

from dataclasses import dataclass
from typing import NamedTuple

MIB = 1 << 20

IDLE_BYTES = 120 * MIB
"""The process before the first request: 116 MB, of which DuckDB's library is 36 and the interpreter's modules 60."""
LEAST_BYTES = 240 * MIB
"""With less DuckDB would get under 64 MiB, in which it cannot compress a row group of long prompts. A container of
256 MiB has this (`service/resources.py`)."""


class Share(NamedTuple):
    """One line of the table: the size is `part` of what is left (but for `beside`), divided by `unit_bytes`, within the
    bounds."""

    name: str
    part: float
    unit_bytes: float
    least: int
    most: int
    help: str
    beside: int = 0
    """Bytes of what is left that others have first."""


SHARES = (
    Share("engine_bytes", 0.42, 1, 64 * MIB, 256 * MIB, "DuckDB: cached blocks, joins, sorts, rows not in the file"),
    Share("engine_threads", 0.42, 128 * MIB, 1, 2, "of DuckDB, where there are as many CPUs"),
    Share("checkpoint_wal_bytes", 0.075, 1, 16 * MIB, 40 * MIB, "DuckDB's log; its rows are held until a checkpoint"),
    Share("body_bytes", 0.5, 6, 3 * MIB, 64 * MIB, "largest request; parsed, decoded and translated it takes 6 times",
          beside=133 * MIB),
    Share("in_flight_bytes", 0.085, 1, 8 * MIB, 64 * MIB, "requests received and not yet answered", beside=120 * MIB),
    Share("queue_bytes", 0.20, 4.5, 5 * MIB, 12 * MIB, "requests that wait for the tables; as rows 4.5 times as much"),
    Share("group_bytes", 0.15, 4, 4 * MIB, 16 * MIB, "requests of one transaction; as columns and blocks 4 times"),
    Share("kept_bytes", 0.036, 1, 4 * MIB, 32 * MIB, "freed by the program and kept for what comes next"),
    Share("recent_spans", 0.075, 1_300, 5_000, 30_000, "spans remembered between transactions"),
    Share("recent_ids", 0.019, 850, 2_000, 20_000, "response ids remembered likewise, to find calls told of twice"),
    Share("readers", 0.42, 32 * MIB, 1, 4, "queries that run at a time, beside the writer", beside=48 * MIB),
    Share("max_items", 0.40, 3_600, 10_000, 100_000, "spans, log records or data points of one request"),
    Share("max_objects", 0.40, 360, 100_000, 1_000_000, "objects and lists of one JSON request"),
    Share("max_messages", 0.50, 189, 250_000, 2_500_000, "messages inside one protobuf request; an attribute is two"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Memory:
    """Sizes of one process; the names are those of `SHARES`."""

    limit_bytes: int
    origin: str
    """Who said so, for messages."""
    engine_bytes: int
    engine_threads: int
    body_bytes: int
    in_flight_bytes: int
    queue_bytes: int
    group_bytes: int
    checkpoint_wal_bytes: int
    kept_bytes: int
    recent_spans: int
    recent_ids: int
    readers: int
    max_items: int
    max_objects: int
    max_messages: int


def divided(limit_bytes: int, origin: str, *, cpus: int) -> Memory:
    """The sizes that fit into the limit. Raises ValueError when it is too little to work with."""
    if limit_bytes < LEAST_BYTES:
        raise ValueError(
            f"{shown(limit_bytes)} of memory ({origin}) are too little: at least {shown(LEAST_BYTES)} are needed, "
            f"of which the idle program takes {shown(IDLE_BYTES)}"
        )
    rest = limit_bytes - IDLE_BYTES
    sizes = {share.name: size_of(share, rest) for share in SHARES}
    return Memory(limit_bytes, origin, **sizes | {"engine_threads": min(sizes["engine_threads"], cpus)})


def size_of(share: Share, rest_bytes: int) -> int:
    """The share's size where `rest_bytes` are left beside the idle process."""
    size = rounded((rest_bytes - share.beside) * share.part / share.unit_bytes)
    return min(max(size, share.least), share.most)


def rounded(size: float) -> int:
    """Bytes to whole MiB, counts to something a person can read; downwards."""
    step = MIB if size >= 4 * MIB else 1000 if size >= 1000 else 1
    return int(size / step) * step


def shown(size_bytes: int) -> str:
    return f"{size_bytes / MIB:.0f} MiB"


def lines(memory: Memory) -> list[str]:
    """The table with its values, for a person."""
    told = [f"service.memory_limit is {shown(memory.limit_bytes)} ({memory.origin}); of it:"]
    for share in SHARES:
        size = size_shown(share.name, getattr(memory, share.name))
        told.append(f"  {share.name:<21}{size:>9}  {share.help}")
    return told


def size_shown(name: str, value: int) -> str:
    """Of the share of that name: bytes, or a number of things."""
    return shown(value) if name.endswith("_bytes") else f"{value:,}"
