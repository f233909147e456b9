"""Where the process has nearly all its memory, the file is opened again, and nobody notices but by waiting a moment."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.reading import Row
from storage import renewal
from storage.database import Database
from storage.reader import DuckReader
from storage.renewal import GROWN_ROWS, LATER_S, LEAST_S, LOOK_S, MOST_S, PUT_OFF_S, Renewal
from tests.support.flushing import Store
from tests.support.rows import generation_row, span_row

FILE = Database("never opened")
LIST = {"project": "default", "limit": 100, "io": "none"}


class Tight:
    """A process that has too much, and a clock."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.is_tight = True
        self.looks = 0

    def __call__(self) -> bool:
        self.looks += 1
        return self.is_tight

    def renewal(self) -> Renewal:
        return Renewal(self, lambda: self.now_s)

    def next_after_s(self, made: Renewal, rows: int) -> float:
        """How long it takes until the file is to be opened again, after so many rows were stored."""
        began, was_tight = self.now_s, self.is_tight
        self.is_tight = False
        made.stored(rows)
        self.is_tight = was_tight
        while not made.due():
            self.now_s += 0.5
        with made.alone(FILE) as alone:
            assert alone
        made.opened()
        return self.now_s - began


def test_it_is_due_half_a_minute_after_the_last_time_as_long_as_rows_come() -> None:
    tight = Tight()
    made = tight.renewal()
    assert [tight.next_after_s(made, GROWN_ROWS) for _ in range(6)] == [LEAST_S] * 6


def test_where_few_rows_came_it_is_due_later_each_time() -> None:
    tight = Tight()
    made = tight.renewal()
    waited = [tight.next_after_s(made, GROWN_ROWS - 1) for _ in range(5)]
    assert waited == [LATER_S, 2 * LATER_S, 4 * LATER_S, MOST_S, MOST_S]
    assert tight.next_after_s(made, GROWN_ROWS) == LEAST_S
    assert tight.next_after_s(made, 0) == LATER_S, "rows came: what fills the process may be another thing now"


def test_where_it_helped_the_next_time_is_due_as_soon_as_the_process_has_grown_again() -> None:
    tight = Tight()
    made = tight.renewal()
    assert [tight.next_after_s(made, 0) for _ in range(4)][-1] == MOST_S
    tight.now_s += 2 * MOST_S
    tight.is_tight = False
    assert not made.due()
    tight.is_tight = True
    assert tight.next_after_s(made, 0) == LOOK_S


def test_that_it_was_tight_for_a_moment_is_remembered_until_the_file_is_opened_again() -> None:
    """A group at its end has what it is made of beside all that stays; a moment later the process has that no more."""
    tight = Tight()
    made = tight.renewal()
    made.stored(GROWN_ROWS)
    tight.is_tight = False
    made.stored(1)
    assert tight.next_after_s(made, 0) == LEAST_S
    tight.now_s += MOST_S
    assert not made.due()


def test_the_process_is_looked_at_once_a_second() -> None:
    tight = Tight()
    tight.is_tight = False
    made = tight.renewal()
    tight.now_s += LATER_S
    for _ in range(40):
        assert not made.due()
        tight.now_s += LOOK_S / 4
    assert tight.looks == 10


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "x.duckdb")
    yield made
    made.close()


@pytest.fixture
def opened(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was opened since."""
    paths: list[str] = []
    was = Database.open

    def opening(database: Database) -> None:
        paths.append(database.path)
        was(database)

    monkeypatch.setattr(Database, "open", opening)
    return paths


def renewed_each_time(store: Store) -> Tight:
    tight = Tight()
    store.flusher._renewal = Renewal(tight, iter(range(0, 1_000_000, 1000)).__next__)
    return tight


def test_the_file_is_opened_again_between_two_groups_and_what_is_known_of_its_traces_holds(
    store: Store, opened: list[str]
) -> None:
    tight = renewed_each_time(store)
    store.flusher.recover([store.request(span_row("a"), generation_row("g", parent_span_id="a"))])
    assert opened == [store.database.path]
    late = generation_row("h", parent_span_id="g")
    store.flusher.recover([store.request(late), store.request(span_row("a"))])
    assert len(opened) == 2
    tight.is_tight = False
    store.flusher.recover([store.request(span_row("b"))])
    assert len(opened) == 2
    assert store.rows() == [("a",), ("b",), ("g",), ("h",)]
    assert store.flusher.broken is None
    assert store.flusher.flushed_seq == 4


def test_who_reads_all_the_while_is_told_nothing_but_rows(store: Store, opened: list[str]) -> None:
    renewed_each_time(store)
    reader, asked = DuckReader(store.database, threads=2), threading.Event()
    answers: list[list[str]] = []

    async def ask_on() -> None:
        while not stored.is_set() or len(answers) < 5:
            rows: list[Row] = await reader.read("list_spans", LIST)
            answers.append(sorted(row["span_id"] for row in rows))
            asked.set()

    stored = threading.Event()
    asking = threading.Thread(target=asyncio.run, args=(ask_on(),))
    asking.start()
    assert asked.wait(30)
    names = [f"{number:02d}" for number in range(12)]
    for name in names:
        store.flusher.recover([store.request(span_row(name))])
    stored.set()
    asking.join(30)
    reader.close()
    assert not asking.is_alive()
    assert len(opened) == len(names)
    assert answers[-1] == names
    assert all(names[: len(answer)] == answer for answer in answers)


def test_while_a_question_does_not_end_the_file_stays_as_it_is(
    store: Store, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "ALONE_S", 0.01)
    renewed_each_time(store)
    with store.database.gate.read():
        store.flusher.recover([store.request(span_row("a"))])
        assert opened == []
    store.flusher.recover([store.request(span_row("b"))])
    assert len(opened) == 1
    assert store.rows() == [("a",), ("b",)]


def test_where_it_was_put_off_it_is_due_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "ALONE_S", 0.0)
    tight = Tight()
    made = tight.renewal()
    made.stored(GROWN_ROWS)
    tight.now_s += LEAST_S
    assert made.due()
    with FILE.gate.read(again=False), made.alone(FILE) as alone:
        assert not alone
    tight.is_tight = False
    assert tight.next_after_s(made, 0) == PUT_OFF_S, "it was tight, and nothing was done about it"
    tight.is_tight = True
    assert tight.next_after_s(made, GROWN_ROWS) == LEAST_S, "nor was it of no help"


def test_where_the_log_could_not_go_into_the_file_that_is_tried_again_soon(
    store: Store, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tight = Tight()
    made = store.flusher._renewal = tight.renewal()
    made.stored(GROWN_ROWS)
    tight.now_s += LEAST_S
    with monkeypatch.context() as disk:
        disk.setattr(store.flusher.checkpoints, "run", lambda: False)
        store.flusher.recover([store.request(span_row("a"))])
    tight.is_tight = False
    tight.now_s += PUT_OFF_S - 1
    store.flusher.recover([store.request(span_row("b"))])
    assert opened == []
    tight.now_s += 1
    store.flusher.recover([store.request(span_row("c"))])
    assert len(opened) == 1
    assert store.rows() == [("a",), ("b",), ("c",)]


def test_while_a_copy_of_the_file_is_made_it_stays_as_it_is(store: Store, opened: list[str]) -> None:
    renewed_each_time(store)
    store.flusher.checkpoints.held = True
    store.flusher.recover([store.request(span_row("a"))])
    assert opened == []


def test_a_database_in_memory_is_never_closed() -> None:
    database = Database(":memory:")
    database.open()
    tight = Tight()
    made = tight.renewal()
    with made.alone(database) as alone:
        assert not alone
    tight.now_s += 10 * MOST_S
    assert not made.due(), "nor does anybody wait for it"
    database.close()
