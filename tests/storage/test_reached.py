"""What a commit settles of a trace: all of a short one, what it reaches of a long one."""

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any

import duckdb
import pytest

from contract.settling import SettledSpan, TraceFacts
from contract.translated import Translated
from storage import reached
from storage.commit import Committer
from storage.database import Database
from tests.support.rows import generation_row, log_row
from translator.merge import merge_copies

LONG = 3


class Newest:
    """An outline that says that each call is by itself."""

    def __init__(self, trace: TraceFacts, made: list[int]) -> None:
        made.append(len(trace.calls))

    def learn(self, trace: TraceFacts, touched: Mapping[str, str | None]) -> Collection[str]:
        return touched.keys() & trace.calls.keys()


class Recorder:
    """A settler that remembers what it was asked to settle, and covers nothing."""

    def __init__(self) -> None:
        self.asked: list[tuple[set[str], dict[str, int]]] = []

    def __call__(self, trace: TraceFacts) -> list[SettledSpan]:
        self.asked.append((set(trace.calls), {i: len(rows) for i, rows in trace.logs.items()}))
        return []


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[duckdb.DuckDBPyConnection]:
    monkeypatch.setattr(reached, "LONG", LONG)
    database = Database(":memory:")
    database.open()
    connection = database.cursor()
    yield connection
    connection.close()
    database.close()


def calls(*numbers: int) -> Translated:
    return Translated([generation_row(f"s{number}") for number in numbers])


@pytest.mark.parametrize("restart", [False, True])
def test_a_trace_is_settled_whole_until_it_is_long_then_where_it_changes(
    connection: duckdb.DuckDBPyConnection, restart: bool
) -> None:
    settle, made = Recorder(), list[int]()
    committer = Committer(settle, merge_copies, outline=partial(Newest, made=made))
    for seq, request in enumerate((calls(1, 2), calls(3, 4), calls(5, 6), calls(7, 8))):
        if restart:
            committer = Committer(settle, merge_copies, outline=partial(Newest, made=made))
            committer.recall(connection)
        committer.commit(connection, [request], seq)
    assert [len(ids) for ids, _ in settle.asked] == [2, 4, 2, 2]
    assert settle.asked[-1][0] == {"s7", "s8"}
    assert made == ([4, 6] if restart else [4])


def test_of_a_long_trace_the_log_records_of_what_is_settled_are_read_and_no_others(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    settle = Recorder()
    committer = Committer(settle, merge_copies, outline=partial(Newest, made=[]))
    every = calls(1, 2, 3, 4)
    every.logs += [log_row(f"s{number}", f"d{number}") for number in (1, 2, 3, 4)]
    committer.commit(connection, [every], 1)
    committer.commit(connection, [Translated(logs=[log_row("s2", "more")])], 2)
    assert settle.asked[-1] == ({"s2"}, {"s2": 2})


def test_without_an_outline_of_ones_own_everything_is_reached(connection: duckdb.DuckDBPyConnection) -> None:
    settle: Any = Recorder()
    committer = Committer(settle, merge_copies)
    every = calls(1, 2, 3, 4)
    every.logs += [log_row("s1", "d1")]
    committer.commit(connection, [every], 1)
    committer.commit(connection, [calls(5)], 2)
    assert settle.asked[-1] == ({"s1", "s2", "s3", "s4", "s5"}, {"s1": 1})
