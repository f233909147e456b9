"""What the writer remembers between commits, so that most look backs cost nothing.

`RecentTraces` holds the facts of traces in flight. It only saves queries: a trace that was seen (`storage/seen.py`) and
is not remembered is asked of the database.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from contract.settling import TraceFacts, TraceKey


@dataclass(slots=True)
class Remembered:
    """A trace as the file has it now. `described`: it has log records that describe spans (they are read again)."""

    facts: TraceFacts = field(default_factory=TraceFacts)
    described: bool = False


class RecentTraces:
    """The traces touched last, complete, up to a number of spans."""

    def __init__(self, max_spans: int) -> None:
        self._max_spans = max_spans
        self._spans = 0
        self._traces: OrderedDict[TraceKey, Remembered] = OrderedDict()

    def get(self, key: TraceKey) -> Remembered | None:
        return self._traces.get(key)

    def knows(self, key: TraceKey) -> bool:
        """Whether it is one of these, and has spans."""
        return key in self._traces

    def put(self, key: TraceKey, trace: Remembered) -> None:
        self.forget(key)
        weight = len(trace.facts.parents) + 1
        if weight > self._max_spans // 4:  # one giant trace must not push out all others
            return
        self._traces[key] = trace
        self._spans += weight
        while self._spans > self._max_spans:
            _, oldest = self._traces.popitem(last=False)
            self._spans -= len(oldest.facts.parents) + 1

    def forget(self, key: TraceKey) -> None:
        trace = self._traces.pop(key, None)
        if trace is not None:
            self._spans -= len(trace.facts.parents) + 1

    def clear(self) -> None:
        self._traces.clear()
        self._spans = 0
