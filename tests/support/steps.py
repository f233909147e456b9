"""Work in steps, run by a clock of the test's own."""

import asyncio
from collections.abc import Sequence

import pytest

from storage import background
from storage.background import Steps

STEP_S = 0.25


async def rests(
    monkeypatch: pytest.MonkeyPatch,
    work: Steps,
    outcomes: Sequence[bool | Exception],
    busy: Sequence[float] = (),
) -> list[float]:
    """How long `work.run()` rests before each of the steps that have these outcomes and take `STEP_S`, and after the
    last one. `busy`: of a core, what the process uses in each rest; nothing in those after."""
    now, used, rested = [0.0], [0.0], []
    to_come, shares = list(outcomes), list(busy)

    async def step() -> bool:
        now[0] += STEP_S
        outcome = to_come.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def rest(seconds: float) -> None:
        rested.append(seconds)
        if not to_come:
            raise asyncio.CancelledError
        now[0] += seconds
        used[0] += seconds * (shares.pop(0) if shares else 0.0)

    monkeypatch.setattr(work, "step", step)
    monkeypatch.setattr(work, "clock", lambda: now[0])
    monkeypatch.setattr(work, "cpu", lambda: used[0])
    monkeypatch.setattr(background.asyncio, "sleep", rest)
    with pytest.raises(asyncio.CancelledError):
        await work.run()
    return rested
