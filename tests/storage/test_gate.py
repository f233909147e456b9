"""With little memory, who reads and who stores wait for each other, in bounded time; with much of it nobody does."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from storage import gate as gates
from storage.commit import Committer
from storage.gate import Gate
from storage.memory_limit import AMPLE_BYTES
from tests.support.flushing import Store
from tests.support.rows import span_row

SOON_S = 0.05
LONG_S = 30.0


def made(*, closes: bool = True) -> Gate:
    return Gate(lambda all_threads: None, closes=closes)


@contextmanager
def reading(gate: Gate) -> Iterator[tuple[threading.Event, Callable[[], None]]]:
    """Somebody who asks in a thread of its own: the event is set when it has begun, the function lets it end."""
    began, may_end = threading.Event(), threading.Event()

    def read() -> None:
        with gate.read():
            began.set()
            assert may_end.wait(LONG_S)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield began, may_end.set
    finally:
        may_end.set()
        thread.join(LONG_S)
        assert not thread.is_alive()


def test_who_begins_to_read_while_a_group_is_stored_waits_for_its_end() -> None:
    gate = made()
    with ExitStack() as stack:
        with gate.closed():
            began, _ = stack.enter_context(reading(gate))
            assert not began.wait(SOON_S)
        assert began.wait(LONG_S)


@contextmanager
def storing(gate: Gate) -> Iterator[threading.Event]:
    """A group in a thread of its own: the event is set when it is stored."""
    stored = threading.Event()

    def store() -> None:
        with gate.closed():
            stored.set()

    thread = threading.Thread(target=store)
    thread.start()
    try:
        yield stored
    finally:
        thread.join(LONG_S)
        assert not thread.is_alive()


def test_a_group_waits_for_who_reads() -> None:
    gate = made()
    with reading(gate) as (began, end):
        assert began.wait(LONG_S)
        with storing(gate) as stored:
            assert not stored.wait(SOON_S)
            end()
            assert stored.wait(LONG_S)


def test_it_does_not_wait_longer_than_half_a_second_and_nobody_else_begins_then() -> None:
    gate = made()
    with reading(gate) as (began, _), ExitStack() as stack:
        assert began.wait(LONG_S)
        started = time.monotonic()
        with gate.closed():
            assert gates.ENDING_S <= time.monotonic() - started < LONG_S
            another, _ = stack.enter_context(reading(gate))
            assert not another.wait(SOON_S)
        assert another.wait(LONG_S)


def test_it_waits_once_for_a_question_however_many_groups_come_while_that_lasts() -> None:
    gate = made()
    with reading(gate) as (began, _):
        assert began.wait(LONG_S)
        with gate.closed():
            pass
        gate._closed_s = 0.0
        started = time.monotonic()
        for _ in range(10):
            with gate.closed():
                pass
        assert time.monotonic() - started < 10 * gates.ENDING_S / 2


def after_a_long_group() -> Gate:
    gate = made()
    gate._opened_at, gate._closed_s = time.monotonic(), LONG_S
    return gate


def test_while_somebody_reads_it_stays_open_for_who_else_begins() -> None:
    gate = after_a_long_group()
    with reading(gate) as (began, end):
        assert began.wait(LONG_S)
        with storing(gate) as stored, reading(gate) as (another, end_too):
            assert another.wait(LONG_S)
            assert not stored.is_set(), "it is the turn of those who read"
            end()
            end_too()
            assert stored.wait(LONG_S)


def test_after_half_a_second_it_is_the_turn_of_the_group_however_long_the_one_before_took() -> None:
    gate = after_a_long_group()
    with reading(gate) as (began, _):
        assert began.wait(LONG_S)
        with storing(gate) as stored:
            assert stored.wait(LONG_S / 2)


def test_it_stays_open_for_a_question_that_was_told_that_its_rows_are_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "OPEN_S", LONG_S)
    gate = after_a_long_group()
    gate.expect(1)
    with storing(gate) as stored:
        assert not stored.wait(2 * gates.PAUSE_S)
        with reading(gate) as (began, end):
            assert began.wait(LONG_S)
            assert not stored.is_set()
            end()
        assert stored.wait(LONG_S / 2), "nobody else was told"


def test_where_nobody_reads_it_closes_at_once() -> None:
    gate = after_a_long_group()
    started = time.monotonic()
    with gate.closed():
        assert time.monotonic() - started < gates.OPEN_S


def test_a_question_does_not_wait_for_ever_for_a_group_that_is_stored_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gates, "HELD_S", 2 * SOON_S)
    gate = made()
    with gate.closed(), reading(gate) as (began, _):
        assert began.wait(LONG_S)


def test_it_opens_again_where_the_group_failed() -> None:
    gate = made()
    with pytest.raises(RuntimeError), gate.closed():
        raise RuntimeError
    with reading(gate) as (began, _):
        assert began.wait(LONG_S)


def test_with_enough_memory_nobody_waits() -> None:
    gate = made(closes=False)
    with gate.closed(), reading(gate) as (began, _):
        assert began.wait(LONG_S)
        started = time.monotonic()
        with gate.closed():
            assert time.monotonic() - started < gates.ENDING_S


def test_who_begins_to_read_while_somebody_is_alone_waits_however_long_that_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gates, "HELD_S", 0.0)
    gate = made()
    with ExitStack() as stack:
        with gate.closed(), gate.alone(1.0) as alone:
            assert alone
            began, _ = stack.enter_context(reading(gate))
            assert not began.wait(SOON_S)
        assert began.wait(LONG_S)


@pytest.mark.parametrize(("memory_limit_bytes", "waits"), [(100 << 20, True), (AMPLE_BYTES, False)])
def test_where_duckdb_has_little_groups_are_stored_while_nobody_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory_limit_bytes: int, waits: bool
) -> None:
    store = Store(tmp_path / "x.duckdb", memory_limit_bytes=memory_limit_bytes)
    began: list[bool] = []
    commit = Committer.commit

    def committing(committer: Committer, *arguments: Any) -> None:
        event, _ = stack.enter_context(reading(store.database.gate))
        began.append(event.wait(SOON_S if waits else LONG_S))
        commit(committer, *arguments)

    monkeypatch.setattr(Committer, "commit", committing)
    with ExitStack() as stack:
        store.flusher.recover([store.request(span_row("a"))])
    assert began == [not waits]
    assert store.rows() == [("a",)]
    store.close()


def test_the_gate_expects_as_many_questions_as_were_told_that_a_group_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "x.duckdb")
    told: list[int] = []
    monkeypatch.setattr(store.database.gate, "expect", told.append)

    async def run(span_id: str, questions: int) -> None:
        request = store.request(span_row(span_id))
        store.flusher.add([request])
        async with asyncio.TaskGroup() as waiting:
            for _ in range(questions):
                waiting.create_task(store.flusher.visible())
            await asyncio.sleep(0)
            store.flusher.recover([])

    for span_id, questions in (("a", 2), ("b", 0), ("c", 1)):
        asyncio.run(run(span_id, questions))
    store.close()
    assert told == [2, 0, 1]
