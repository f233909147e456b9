"""Sinks for receiver tests."""

from collections.abc import Callable

from contract.sink import Outcome, Sink
from contract.span import Batch, Extent, Sent


class ListSink(Sink):
    """Keeps every batch; then answers what it is told to: an `Outcome`, or an exception to raise."""

    def __init__(self, answer: Outcome | Exception | Callable[[Batch], Outcome] | None = None) -> None:
        self.answer = answer
        self.batches: list[Batch] = []

    async def accept(self, request: Batch | Sent) -> Outcome:
        """Take the batch, unless told to raise."""
        if isinstance(self.answer, Exception):
            raise self.answer
        assert isinstance(request, Batch)
        self.batches.append(request)
        if callable(self.answer):
            return self.answer(request)
        return self.answer or Outcome()


class SentSink(Sink):
    """Takes what may come as it was sent, if told to, and keeps it."""

    def __init__(self, *, holds: bool = True) -> None:
        self.extents: list[Extent] = []
        self.requests: list[Batch | Sent] = []
        self._holds = holds

    def holds(self, extent: Extent) -> bool:
        """What it was made with."""
        self.extents.append(extent)
        return self._holds

    async def accept(self, request: Batch | Sent) -> Outcome:
        """Take it."""
        self.requests.append(request)
        return Outcome()
