"""A sample of the file stands for it while most of its rows are those that it had."""

import pytest

from storage import windows
from storage.parts import SAMPLES, Sampled
from storage.windows import Windows, are_scattered, sample
from tests.support.sampled import sampled
from tests.support.stored import START_NS, insert, opened, span


def test_a_small_file_is_not_sampled_and_is_looked_at_after_a_while() -> None:
    now = [0.0]
    asked: list[str] = []
    bound = {"limit": 1, "from_ns": None, "to_ns": None, "after_ns": None}

    def run(sql: str) -> list[tuple[int, ...]]:
        asked.append(sql)
        return [(windows.FEWEST_ROWS - 1, 1)]

    made = Windows(clock=lambda: now[0])
    assert made.parts(run, bound).is_last
    assert made.parts(run, bound).is_last
    assert len(asked) == 1
    now[0] = windows.LOOK_AGAIN_S
    made.parts(run, bound)
    assert len(asked) == 2


class File:
    """One that came in no order of time, as `Windows` asks it."""

    def __init__(self, rows: int) -> None:
        self.rows, self.newest, self.now = rows, rows, 0.0
        self.sampled = self.sought = 0

    def run(self, sql: str) -> list[tuple[int, ...]]:
        if sql == windows.FILE_SQL:
            return [(self.rows, self.newest)]
        if sql == windows.ENDS_SQL:
            return [(0, self.rows - 1)]
        if "rowid IN" in sql:
            self.sampled += 1
            return [(number * 7919 % SAMPLES, number * self.newest // SAMPLES) for number in range(SAMPLES)]
        self.sought += 1
        return [(SAMPLES - 1,)]


@pytest.mark.parametrize(
    ("more", "newer", "times"),
    [(0, 0, 1), (3000, 3000, 1), (5000, 5000, 2), (0, 5000, 2), (-10_000, 0, 1), (-30_000, 0, 2)],
)
def test_a_sample_is_taken_again_when_many_rows_have_come_or_gone(more: int, newer: int, times: int) -> None:
    """Retention may keep as many as there were."""
    bound = {"limit": 1, "from_ns": None, "to_ns": None, "after_ns": None}
    file = File(1_000_000)
    made = Windows(clock=lambda: file.now)
    made.parts(file.run, bound)
    file.rows, file.newest, file.now = file.rows + more, file.newest + newer, windows.LOOK_AGAIN_S
    made.parts(file.run, bound)
    assert file.sampled == times
    assert made.row_count == file.rows


def test_where_the_nth_newest_row_lies_is_looked_for_once_in_a_while() -> None:
    bound = {"limit": 1, "from_ns": None, "to_ns": None, "after_ns": None}
    file = File(1_000_000)
    made = Windows(clock=lambda: file.now)
    for _ in range(3):
        made.parts(file.run, bound)
    assert file.sought == 1
    made.parts(file.run, bound | {"to_ns": SAMPLES})
    assert file.sought == 2
    file.now = windows.LOOK_AGAIN_S
    made.parts(file.run, bound)
    assert file.sought == 3


def test_a_file_whose_first_rows_were_deleted_is_sampled_where_it_has_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "FEWEST_ROWS", 1)
    file = opened()
    insert(file, "span", *(span(number, at_ms=number) for number in range(1, 101)))
    cursor = file.cursor()
    cursor.execute("DELETE FROM span WHERE rowid < 90").fetchall()
    rows = sample(lambda sql: cursor.execute(sql).fetchall(), 10)
    assert [row.start_ns for row in rows] == [START_NS + at * 1_000_000 for at in range(91, 101)]
    file.close()


def test_rows_are_scattered_where_one_of_the_newest_came_early() -> None:
    assert not are_scattered(sampled(100))
    jumbled = [Sampled(number, number ^ 7) for number in range(100)]
    assert not are_scattered(jumbled), "hardly"
    assert are_scattered([*sampled(99), Sampled(99, 80)])
    assert not are_scattered(sampled(2 * windows.NEWEST - 1))
