"""The whole program in one function: what arrives is committed before anyone is told it arrived.

A batch is translated first; what comes as it was sent is known to be storable and translated after (docs/adr/0025).
"""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from contract.sink import Outcome
from contract.span import Batch, Extent, Sent
from contract.threads import to_its_end
from contract.translated import Translated

INLINE_BYTES = 256 << 10
"""Above this a batch takes more than about 2 ms to translate: too long for the event loop."""

Translate = Callable[[Batch], Translated]
TakeOut = Callable[[Translated], tuple[int, list[str]]]
"""Leaves the rows that can be stored; returns how many it took out, and why."""
Holds = Callable[[Extent], bool]
"""Whether it would take out nothing of a request of this extent."""
Commit = Callable[[Translated | Sent], Awaitable[None]]


class Pipeline:
    """The `contract.sink.Sink` that the receivers feed."""

    def __init__(
        self,
        translate: Translate,
        commit: Commit,
        take_out: TakeOut = lambda translated: (0, []),
        holds: Holds = lambda extent: True,
    ) -> None:
        self._translate = translate
        self._commit = commit
        self._take_out = take_out
        self._holds = holds
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="translate")

    def holds(self, extent: Extent) -> bool:
        """See `contract.sink.Sink`."""
        return self._holds(extent)

    async def accept(self, request: Batch | Sent) -> Outcome:
        """Return once the request is committed. Raises what `contract.sink.Sink` says."""
        if isinstance(request, Sent):
            await self._commit(request)
            return Outcome()
        return await self._accept(request)

    async def _accept(self, batch: Batch) -> Outcome:
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
        return translated, Outcome(min(count, items), reasons)

    def close(self) -> None:
        """The thread has ended; to be called when no `accept` runs any more."""
        self._thread.shutdown()
