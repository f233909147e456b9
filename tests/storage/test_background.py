"""Work between groups is done step by step, with rests, and outlives its faults."""

import asyncio
from typing import Any

import pytest

from contract.errors import Unavailable
from storage import background as module
from storage.background import EVERY_S, REST, Background
from storage.database import run
from tests.support.living import Living, live
from tests.support.rows import span_row


def test_work_goes_on_after_a_fault_and_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(store: Living) -> None:
        now, rests = [0.0], []
        work_done = Background(store.writer, lambda _: False, "it failed", clock=lambda: now[0])
        outcomes: list[Any] = [True, False, Unavailable("no", reason="x"), ValueError("a fault")]

        async def step() -> bool:
            now[0] += 0.25
            outcome = outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return bool(outcome)

        async def rest(seconds: float) -> None:
            rests.append(seconds)
            if not outcomes:
                raise asyncio.CancelledError

        monkeypatch.setattr(work_done, "step", step)
        monkeypatch.setattr(module.asyncio, "sleep", rest)
        with pytest.raises(asyncio.CancelledError):
            await work_done.run()
        assert rests == [EVERY_S, 0.25 * REST, EVERY_S, EVERY_S, EVERY_S]

    live(":memory:", work)


def test_a_step_runs_on_the_writing_connection() -> None:
    async def work(store: Living) -> None:
        await store.commit(span_row("1"))
        await store.writer.visible()
        steps = Background(store.writer, lambda writing: not run(writing, "DELETE FROM span"), "it failed")
        await steps.step()
        assert await store.rows() == []

    live(":memory:", work)
