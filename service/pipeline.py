"""The whole program in one function: what arrives is translated and committed before anyone is told it arrived."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from contract.sink import Outcome
from contract.span import Batch
from contract.translated import Translated

INLINE_BYTES = 256 << 10
"""Above this a batch takes more than about 2 ms to translate: too long for the event loop."""

Translate = Callable[[Batch], Translated]
Commit = Callable[[Translated], Awaitable[None]]


class Pipeline:
    """The `contract.sink.Sink` that the receivers feed."""

    def __init__(self, translate: Translate, commit: Commit) -> None:
        self._translate = translate
        self._commit = commit
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="translate")

    async def accept(self, batch: Batch) -> Outcome:
        """Return once the batch is committed. Raises what `contract.sink.Sink` says."""
        if batch.size_bytes > INLINE_BYTES:
            loop = asyncio.get_running_loop()
            translated = await loop.run_in_executor(self._thread, self._translate, batch)
        else:
            translated = self._translate(batch)
        for items in (batch.spans, batch.logs, batch.metric_points):
            items.clear()  # as large as the rows; while these are committed nobody needs it
        await self._commit(translated)
        return Outcome()

    def close(self) -> None:
        """The thread has ended; to be called when no `accept` runs any more."""
        self._thread.shutdown()
