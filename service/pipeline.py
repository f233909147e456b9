"""The whole program in one function: what arrives is translated and committed before anyone is told it arrived."""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from contract.sink import Outcome
from contract.span import Batch
from contract.threads import to_its_end
from contract.translated import Translated

INLINE_BYTES = 256 << 10
"""Above this a batch takes more than about 2 ms to translate: too long for the event loop."""

Translate = Callable[[Batch], Translated]
TakeOut = Callable[[Translated], tuple[int, list[str]]]
"""Leaves the rows that can be stored; returns how many it took out, and why."""
Commit = Callable[[Translated], Awaitable[None]]


class Pipeline:
    """The `contract.sink.Sink` that the receivers feed."""

    def __init__(self, translate: Translate, commit: Commit, take_out: TakeOut = lambda translated: (0, [])) -> None:
        self._translate = translate
        self._commit = commit
        self._take_out = take_out
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="translate")

    async def accept(self, batch: Batch) -> Outcome:
        """Return once the batch is committed. Raises what `contract.sink.Sink` says."""
        if batch.size_bytes > INLINE_BYTES:
            translated, outcome = await to_its_end(partial(self._made, batch), self._thread)
        else:
            translated, outcome = self._made(batch)
        for items in (batch.spans, batch.logs, batch.metric_points):
            items.clear()  # as large as the rows; while these are committed nobody needs it
        if translated.rows or not outcome.rejected:
            await self._commit(translated)
        return outcome

    def _made(self, batch: Batch) -> tuple[Translated, Outcome]:
        items = len(batch.spans) + len(batch.logs) + len(batch.metric_points) + len(batch.scores)
        translated = self._translate(batch)
        count, reasons = self._take_out(translated)
        translated.sent, batch.sent = None if reasons else batch.sent, None
        return translated, Outcome(min(count, items), reasons)

    def close(self) -> None:
        """The thread has ended; to be called when no `accept` runs any more."""
        self._thread.shutdown()
