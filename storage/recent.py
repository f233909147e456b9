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
"""Large traces have up to so many times the room beside it: a commit that touches one that is not there reads all of
it (64,000 calls: 1.5 s of CPU). 114,000 calls at 1 GiB, 53,000 at 384 MB, 26,000 at 256 MiB."""


class RecentTraces:
    """The traces touched last, complete, up to a number of spans; the large ones among them apart from the others."""

    def __init__(self, max_spans: int) -> None:
        self._large = max_spans // 4  # one large trace must not push out all others
        self._small = Newest(max_spans)
        self._giants = Newest(GIANT * max_spans)

    def get(self, key: TraceKey) -> Remembered | None:
        return self._small.traces.get(key) or self._giants.traces.get(key)

    def knows(self, key: TraceKey) -> bool:
        """Whether it is one of the small ones, and has spans."""
        return key in self._small.traces

    def put(self, key: TraceKey, trace: Remembered) -> None:
        self.forget(key)
        weight = weight_of(trace)
        (self._giants if weight > self._large else self._small).put(key, trace, weight)

    def forget(self, key: TraceKey) -> None:
        self._small.forget(key)
        self._giants.forget(key)

    def clear(self) -> None:
        self._small.clear()
        self._giants.clear()


class Newest:
    """Traces up to a weight: those put last stay. One that is too heavy by itself does not."""

    def __init__(self, capacity: int) -> None:
        self.traces: dict[TraceKey, Remembered] = {}
        self._weights: OrderedDict[TraceKey, int] = OrderedDict()
        """As they were when they were put: facts grow in place."""
        self._capacity = capacity
        self._weight = 0

    def put(self, key: TraceKey, trace: Remembered, weight: int) -> None:
        if weight > self._capacity:
            return
        self.traces[key], self._weights[key] = trace, weight
        self._weight += weight
        while self._weight > self._capacity:
            self.forget(next(iter(self._weights)))

    def forget(self, key: TraceKey) -> None:
        if key in self.traces:
            del self.traces[key]
            self._weight -= self._weights.pop(key)

    def clear(self) -> None:
        self.traces.clear()
        self._weights.clear()
        self._weight = 0


def weight_of(trace: Remembered) -> int:
    """In spans; a trace without any has a place too, and a call with its outline takes twice as much."""
    return len(trace.facts.parents) + 1 + (len(trace.facts.calls) if trace.outline is not None else 0)
