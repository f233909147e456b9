"""Who asks, and for which project."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Identity:
    """The project that a key opens, and what it may do there (`ingest`, `read`)."""

    project: str = "default"
    scopes: frozenset[str] = frozenset({"ingest", "read"})


class Authenticate(Protocol):
    """From headers (or gRPC metadata, keys in lower case) to an identity; raises `Unauthorized`."""

    def __call__(self, headers: Mapping[str, str]) -> Identity: ...
