"""What the writer remembers between commits, so that most look backs cost nothing.

`RecentTraces` holds the facts of traces in flight. It only saves queries: a trace that was seen (`storage/seen.py`) and
is not remembered is asked of the database.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from contract.settling import Outline, TraceFacts, TraceKey


@dataclass(slots=True)
class Remembered:
    """A trace as the file has it now. `described`: it has log records that describe spans (they are read again)."""

    facts: TraceFacts = field(default_factory=TraceFacts)
    described: bool = False
    outline: Outline | None = None
    """Of a long trace (`storage/reached.py`)."""


GIANT = 8
"""A trace of up to so many times the room is kept beside it until a commit does not touch it: a commit that does would
read it again (250,000 spans: 2 s)."""


class RecentTraces:
    """The traces touched last, complete, up to a number of spans; and those of the last commit that are giants."""

    def __init__(self, max_spans: int) -> None:
        self._max_spans = max_spans
        self._spans = 0
        self._traces: OrderedDict[TraceKey, Remembered] = OrderedDict()
        self._giants: dict[TraceKey, Remembered] = {}

    def get(self, key: TraceKey) -> Remembered | None:
        return self._traces.get(key) or self._giants.get(key)

    def drop_giants(self) -> None:
        """Those that the next commit puts are kept again."""
        self._giants.clear()

    def knows(self, key: TraceKey) -> bool:
        """Whether it is one of these, and has spans."""
        return key in self._traces

    def put(self, key: TraceKey, trace: Remembered) -> None:
        self.forget(key)
        weight = weight_of(trace)
        if weight > self._max_spans // 4:  # one giant trace must not push out all others
            if weight + sum(map(weight_of, self._giants.values())) <= GIANT * self._max_spans:
                self._giants[key] = trace
            return
        self._traces[key] = trace
        self._spans += weight
        while self._spans > self._max_spans:
            _, oldest = self._traces.popitem(last=False)
            self._spans -= weight_of(oldest)

    def forget(self, key: TraceKey) -> None:
        self._giants.pop(key, None)
        trace = self._traces.pop(key, None)
        if trace is not None:
            self._spans -= weight_of(trace)

    def clear(self) -> None:
        self._traces.clear()
        self._giants.clear()
        self._spans = 0


def weight_of(trace: Remembered) -> int:
    """In spans; a trace without any has a place too."""
    return len(trace.facts.parents) + 1
