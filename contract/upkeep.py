"""What the query side may have done to the store: traces deleted, the file copied."""

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Erased:
    """What was deleted, or would be."""

    traces: int = 0
    spans: int = 0
    log_records: int = 0

    def __add__(self, other: "Erased") -> "Erased":
        return Erased(self.traces + other.traces, self.spans + other.spans, self.log_records + other.log_records)

    @property
    def rows(self) -> int:
        return self.spans + self.log_records


class Upkeep(Protocol):
    """Deletes and copies; both see everything that was acknowledged before."""

    @property
    def path(self) -> str:
        """Where the file is."""
        ...

    async def delete_traces(self, project: str, trace_ids: Collection[str], *, dry_run: bool = False) -> Erased:
        """These traces are gone with their log records; ids that the store does not have count as nothing.

        A copy of one of their spans that arrives later is a new trace. With `dry_run` nothing is deleted.
        Raises `Unavailable` when the store cannot do it now.
        """
        ...

    async def delete_scores(self, project: str, score_ids: Collection[str]) -> int:
        """These scores are gone; returns how many there were. One that is sent again later is a new one.

        Raises `Unavailable` when the store cannot do it now.
        """
        ...

    def snapshot(self) -> AbstractAsyncContextManager[Path]:
        """A copy of the whole database file, all projects, that lives as long as the context.

        Raises `Unavailable` (no room, the store is down), `Overloaded` (one is being taken), `Refused` (in memory).
        """
        ...
