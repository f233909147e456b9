"""Work is done step by step, with rests, and outlives its faults."""

import asyncio
from typing import Any

import pytest

from contract.errors import Unavailable
from storage.background import EVERY_S, REST, Background, Steps
from storage.database import run
from tests.support.living import Living, live
from tests.support.rows import span_row
from tests.support.steps import STEP_S, rests


class Nothing(Steps):
    async def step(self) -> bool:
        return False


def test_work_goes_on_after_a_fault_and_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes: list[Any] = [True, False, Unavailable("no", reason="x"), ValueError("a fault"), True]
    found = asyncio.run(rests(monkeypatch, Nothing("it failed"), outcomes, [1.0]))
    assert found == [EVERY_S, REST * STEP_S, EVERY_S, EVERY_S, EVERY_S, REST * STEP_S]


def test_work_that_gives_way_waits_while_the_process_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    found = asyncio.run(rests(monkeypatch, Nothing("", rest=2, busy=0.5), [True, True], [0.5, 0.4, 2.0]))
    assert found == [EVERY_S, EVERY_S, 2 * STEP_S, EVERY_S, 2 * STEP_S]


def test_a_step_runs_on_the_writing_connection() -> None:
    async def work(store: Living) -> None:
        await store.commit(span_row("1"))
        await store.writer.visible()
        steps = Background(store.writer, lambda writing: not run(writing, "DELETE FROM span"), "it failed")
        await steps.step()
        assert await store.rows() == []

    live(":memory:", work)
