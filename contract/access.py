"""Who asks, and for which project."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

OWN_SCOPES = frozenset({"ingest", "read"})
"""What a key may do that names no scopes."""

SCOPES = OWN_SCOPES | {"admin", "operator"}
"""`admin` deletes in its project; `operator` copies the whole file, the other projects too. Both have to be named."""

SCORE = "score"
"""What a public key alone may do, and nothing else: pages in browsers, which have no secret, post scores with it."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The project that a key opens, and what it may do there (`SCOPES`); without one: everything."""

    project: str = "default"
    scopes: frozenset[str] = SCOPES


class Authenticate(Protocol):
    """From headers (or gRPC metadata, keys in lower case) to an identity; raises `Unauthorized`."""

    def __call__(self, headers: Mapping[str, str]) -> Identity: ...
