"""How stages report numbers about themselves; `/metrics` prints them."""

from typing import NamedTuple, Protocol


class Sample(NamedTuple):
    """One value of one metric; the name without its `tracepond_` prefix, as in docs/metrics.md."""

    name: str
    labels: dict[str, str]
    value: float


class HasStats(Protocol):
    """A stage that counts."""

    def stats(self) -> list[Sample]:
        """The present values, from plain numbers the stage owns; cheap, never blocks."""
        ...
