"""A request on its way to the tables, and work that runs between two groups of them."""

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from contract.errors import TracepondError
from contract.settling import TraceKey
from contract.translated import Translated


@dataclass(slots=True)
class Pending:
    """One request on its way to the tables. `done` is told how it went; null where it was acknowledged before."""

    seq: int
    translated: Translated
    done: Callable[[TracepondError | None], None] | None = None
    since: float = field(default_factory=time.monotonic)


class Call(NamedTuple):
    """Work for the writing connection, and who waits for it. `touches`: the traces it may change; null: any."""

    work: Callable[..., Any]
    touches: Collection[TraceKey] | None
    loop: asyncio.AbstractEventLoop
    done: "asyncio.Future[Any]"


def divided(request: Pending, spans: int) -> tuple[Pending, Pending]:
    """The first spans, and the rest. The first part counts as a part of the request before: when the process dies
    between the two, the whole request comes again from the journal, and what is stored already is not stored twice."""
    whole = request.translated
    size_bytes = whole.size_bytes * spans // len(whole.spans)
    first = Translated(whole.spans[:spans], size_bytes=size_bytes)
    rest = Translated(whole.spans[spans:], whole.logs, whole.metric_points, whole.size_bytes - size_bytes)
    return Pending(request.seq - 1, first, None, request.since), Pending(request.seq, rest, request.done, request.since)
