"""What a receiver hands its batches to, and what it may rely on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from contract.access import Identity
from contract.span import Batch, Extent, Sent


@dataclass(slots=True)
class Outcome:
    """What of an accepted batch was refused: how many items, and why (at most a few distinct reasons)."""

    rejected: int = 0
    reasons: list[str] = field(default_factory=list)


class Sink(Protocol):
    """The promise that holds the program together."""

    def holds(self, extent: Extent) -> bool:
        """Whether all of a request of this extent can be stored, so that it may come as it was sent."""
        return False

    async def accept(self, request: Batch | Sent) -> Outcome:
        """Return once every item that `Outcome` does not reject is committed to disk and visible to queries.

        Raises `Overloaded` or `Unavailable` when nothing of the request was stored and sending it again can help,
        `Refused` when it cannot. A batch belongs to the sink from here on, which may empty it.
        """
        ...


class PostScore(Protocol):
    """Takes one score in the form of Langfuse's API."""

    async def __call__(self, identity: Identity, score: Mapping[str, Any]) -> str:
        """Its id, once it is committed. Raises `Refused`, `Forbidden`, `Overloaded` or `Unavailable`."""
        ...
