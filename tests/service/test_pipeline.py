"""accept = commit(translate(batch))."""

import asyncio
import threading

import pytest

from contract.errors import Unavailable
from contract.sink import Outcome
from contract.span import Batch, Extent, Sent
from contract.translated import Translated
from service.pipeline import INLINE_BYTES, Pipeline
from tests.support.spans import span


class Stages:
    """A translator and a writer that note what they were given, and in which thread."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.committed: list[int] = []
        self.thread: int | None = None

    def translate(self, batch: Batch) -> Translated:
        self.thread = threading.get_ident()
        return Translated(size_bytes=batch.size_bytes)

    async def commit(self, translated: Translated | Sent) -> None:
        assert isinstance(translated, Translated)
        if self.error:
            raise self.error
        self.committed.append(translated.size_bytes)


def accept(stages: Stages, size_bytes: int) -> Outcome:
    pipeline = Pipeline(stages.translate, stages.commit)
    try:
        return asyncio.run(pipeline.accept(Batch("default", 1, "http", size_bytes=size_bytes)))
    finally:
        pipeline.close()


def test_accept_returns_after_the_commit_and_rejects_nothing() -> None:
    stages = Stages()
    assert accept(stages, 10) == Outcome()
    assert stages.committed == [10]


def test_what_cannot_be_stored_is_told_and_the_rest_is_committed() -> None:
    async def commit(translated: Translated | Sent) -> None:
        assert isinstance(translated, Translated)
        committed.append([row[0] for row in translated.spans])

    def take_out(translated: Translated) -> tuple[int, list[str]]:
        before = len(translated.spans)
        translated.spans = [row for row in translated.spans if row[0] != "bad"]
        return before - len(translated.spans), ["too much"]

    async def run(*names: str) -> Outcome:
        batch = Batch("default", 1, "http", spans=[span() for _ in names])
        return await Pipeline(lambda _: Translated([[name] for name in names]), commit, take_out).accept(batch)

    committed: list[list[str]] = []
    assert asyncio.run(run("good", "bad")) == Outcome(1, ["too much"])
    assert asyncio.run(run("bad")) == Outcome(1, ["too much"])
    assert committed == [["good"]]


def test_what_comes_as_it_was_sent_is_committed_as_it_is() -> None:
    committed: list[Translated | Sent] = []

    async def commit(request: Translated | Sent) -> None:
        committed.append(request)

    def never(batch: Batch) -> Translated:
        raise AssertionError

    sent, asked = Sent("logs", "default", 1, "http", b"body"), Extent(3)
    pipeline = Pipeline(never, commit, holds=lambda extent: extent is asked)
    assert pipeline.holds(asked)
    assert not pipeline.holds(Extent(3))
    assert asyncio.run(pipeline.accept(sent)) == Outcome()
    pipeline.close()
    assert committed == [sent]


def test_what_the_writer_raises_reaches_the_receiver() -> None:
    with pytest.raises(Unavailable, match="disk"):
        accept(Stages(Unavailable("disk", reason="store")), 10)


def test_a_small_batch_stays_on_the_loop_and_a_big_one_leaves_it() -> None:
    small, big = Stages(), Stages()
    accept(small, INLINE_BYTES)
    accept(big, INLINE_BYTES + 1)
    assert small.thread == threading.get_ident()
    assert big.thread != threading.get_ident()


def test_what_was_decoded_is_let_go_before_its_rows_are_committed() -> None:
    spans = [span(), span()]
    batch = Batch("default", 1, "http", spans=spans)

    async def commit(_: Translated | Sent) -> None:
        assert spans == batch.spans == []

    pipeline = Pipeline(lambda taken: Translated(size_bytes=len(taken.spans)), commit)
    assert asyncio.run(pipeline.accept(batch)) == Outcome()
    pipeline.close()
    assert spans == []


def test_a_request_that_is_cancelled_while_it_is_translated_ends_when_that_has_ended() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), []

    def translate(batch: Batch) -> Translated:
        begun.set()
        may_end.wait()
        ended.append(batch.size_bytes)
        return Translated()

    async def run() -> None:
        pipeline = Pipeline(translate, Stages().commit)
        accepting = asyncio.ensure_future(pipeline.accept(Batch("default", 1, "http", size_bytes=INLINE_BYTES + 1)))
        await asyncio.to_thread(begun.wait)
        accepting.cancel()
        await asyncio.sleep(0)
        assert not accepting.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await accepting
        assert ended == [INLINE_BYTES + 1]
        pipeline.close()

    asyncio.run(run())
