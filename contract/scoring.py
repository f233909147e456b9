"""What a configuration of scores allows: scores that name one are held to it where they are taken."""

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol


class ScoreConfig(NamedTuple):
    """A configuration; `data_type` is NUMERIC, BOOLEAN, CATEGORICAL or TEXT."""

    id: str
    name: str
    data_type: str
    is_archived: bool = False
    least: float | None = None
    most: float | None = None
    categories: Mapping[str, float] = {}
    """Label -> the number that stands for it."""


class ScoreConfigs(Protocol):
    """Finds the configurations of a project."""

    async def __call__(self, project: str, ids: Collection[str]) -> Mapping[str, ScoreConfig]:
        """Id -> configuration, of those that there are. Raises `Unavailable`, `Overloaded`."""
        ...
