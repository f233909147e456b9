"""Sinks for receiver tests."""

from collections.abc import Callable

from contract.sink import Outcome
from contract.span import Batch


class ListSink:
    """Keeps every batch; then answers what it is told to: an `Outcome`, or an exception to raise."""

    def __init__(self, answer: Outcome | Exception | Callable[[Batch], Outcome] | None = None) -> None:
        self.answer = answer
        self.batches: list[Batch] = []

    async def accept(self, batch: Batch) -> Outcome:
        """Take the batch, unless told to raise."""
        if isinstance(self.answer, Exception):
            raise self.answer
        self.batches.append(batch)
        if callable(self.answer):
            return self.answer(batch)
        return self.answer or Outcome()
