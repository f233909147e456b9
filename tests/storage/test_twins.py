"""One call that two traces tell of counts once: in any order, after a restart, when one of them is deleted."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.columns import Row, S
from contract.settling import ID_CHARACTERS, SAME_ID_AT_MOST
from contract.translated import Translated
from storage import twins as module
from storage.commit import Committer
from storage.database import Database
from tests.support.living import Living, live
from tests.support.rows import generation_row, log_row, span_row
from tests.support.stored import opened
from translator.merge import merge_copies
from translator.settle import settle
from translator.twins import match

ID = "chatcmpl-" + "A" * 20
GATEWAY = {"scope_name": "litellm", "service_name": "gateway"}
MARKS = "SELECT trace_id, span_id, duplicate_of_trace, duplicate_of FROM span WHERE kind = 'generation' ORDER BY ALL"


class Store:
    """Commits rows; `restart` forgets everything that is not in the file."""

    def __init__(self, database: Database) -> None:
        self.connection = database.cursor()
        self.restart()
        self.seq = 0

    def restart(self) -> None:
        self.committer = Committer(settle, merge_copies, match)
        self.committer.recall(self.connection)

    def commit(self, *rows: Row, logs: tuple[Row, ...] = ()) -> None:
        self.seq += 1
        copies = [list(row) for row in rows]
        self.committer.commit(self.connection, [Translated(copies, [list(row) for row in logs])], self.seq)

    def marks(self) -> dict[str, str]:
        """trace/span -> trace/span"""
        rows = self.connection.execute(MARKS).fetchall()
        return {f"{row[0]}/{row[1]}": f"{row[2]}/{row[3]}" for row in rows if row[2] is not None}

    def state(self) -> list[tuple[Any, ...]]:
        return self.connection.execute("SELECT * EXCLUDE (commit_seq) FROM span ORDER BY ALL").fetchall()


@pytest.fixture
def store() -> Iterator[Store]:
    database = opened()
    yield Store(database)
    database.close()


def call(trace_id: str, span_id: str = "c", parent: str | None = None, **columns: Any) -> Row:
    given = {"trace_id": trace_id, "response_id": ID, "service_name": "app", "input": "question", "output": "answer"}
    return generation_row(span_id, parent, **(given | {"input_tokens": 5, "output_tokens": 6, "model": "m"} | columns))


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("gateway_first", [False, True])
def test_a_call_of_two_traces_counts_once_in_either_order(store: Store, gateway_first: bool, restarted: bool) -> None:
    rows = [call("app"), call("gate", start=10, **GATEWAY)]
    for row in reversed(rows) if gateway_first else rows:
        store.commit(row, span_row("s", trace_id=row[1]))
        if restarted:
            store.restart()
    assert store.marks() == {"gate/c": "app/c"}
    assert store.connection.execute("SELECT count(*) FROM generations").fetchall() == [(1,)]
    assert store.connection.execute("SELECT sum(total_tokens), sum(input_tokens) FROM traces").fetchall() == [(None, 5)]


def test_both_in_one_commit_are_one(store: Store) -> None:
    store.commit(
        call("app"), call("gate", start=10, **GATEWAY), call("gate", "x", response_id="another" + ID, **GATEWAY)
    )
    assert store.marks() == {"gate/c": "app/c"}


def test_another_project_and_short_ids_are_left_alone(store: Store) -> None:
    short = "9" * (ID_CHARACTERS - 1)
    store.commit(call("app"), call("gate", project="other", **GATEWAY))
    store.commit(call("app2", response_id=short), call("gate2", response_id=short, **GATEWAY))
    store.commit(call("app3", response_id=None), call("gate3", response_id=None, **GATEWAY))
    assert store.marks() == {}


@pytest.mark.parametrize("restarted", [False, True])
def test_a_start_that_no_clock_shows_harms_nobody(store: Store, restarted: bool) -> None:
    never = call("never", scope_name="third")
    never[S.start_time] = never[S.end_time] = 2**63 - 1
    store.commit(never)
    if restarted:
        store.restart()
    store.commit(call("app"), call("gate", start=10, **GATEWAY))
    assert store.marks() == {"gate/c": "app/c"}


def test_a_repeat_within_its_trace_is_not_matched_and_says_so_when_its_counted_span_comes_late(store: Store) -> None:
    store.commit(call("app", "inner", "outer", output=None))
    store.commit(call("gate", start=10, **GATEWAY, output=None))
    assert store.marks() == {"gate/c": "app/inner"}
    store.commit(call("app", "outer", scope_name="wrapper"))
    assert store.marks() == {"gate/c": "app/outer"}
    [(within,)] = store.connection.execute("SELECT duplicate_of FROM span WHERE span_id = 'inner'").fetchall()
    assert within == "outer"


def test_a_fuller_copy_takes_the_count_over_and_what_it_marked_is_freed(store: Store) -> None:
    store.commit(call("app", output=None), call("gate", start=10, **GATEWAY))
    assert store.marks() == {"app/c": "gate/c"}
    store.commit(call("app"))
    assert store.marks() == {"gate/c": "app/c"}


def test_an_id_that_log_records_bring_is_matched(store: Store) -> None:
    store.commit(call("gate", start=10, **GATEWAY), call("app", response_id=None))
    said = {"event_name": "gen_ai.client.inference.operation.details", "trace_id": "app"}
    store.commit(logs=(log_row("c", "1", raw_attributes=json.dumps({"gen_ai.response.id": ID}), **said),))
    assert store.marks() == {"gate/c": "app/c"}


@pytest.mark.parametrize("restarted", [False, True])
def test_an_id_that_too_many_calls_carry_marks_none_until_one_leaves(store: Store, restarted: bool) -> None:
    store.commit(call("app"), call("gate", start=10, **GATEWAY))
    for number in range(SAME_ID_AT_MOST - 3):
        store.commit(call(f"t{number}", start=20 + number))
    store.commit(call("last", "outer", start=90))
    assert store.marks() == {"gate/c": "app/c"}
    store.commit(call("last", "inner", "middle", start=91))
    assert store.marks() == {}
    if restarted:
        store.restart()
    store.commit(span_row("middle", "outer", trace_id="last"))  # now the inner is seen to repeat the outer
    assert store.marks() == {"gate/c": "app/c"}


def test_of_ids_that_are_not_remembered_the_file_is_asked(store: Store) -> None:
    store.committer = Committer(settle, merge_copies, match, recent_ids=2)
    for number in range(5):
        store.commit(call(f"app{number}", response_id=f"{number}{ID}"))
    for number in range(5):
        store.commit(call(f"gate{number}", response_id=f"{number}{ID}", start=10, **GATEWAY))
    assert store.marks() == {f"gate{number}/c": f"app{number}/c" for number in range(5)}


def test_new_ids_cost_no_question(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(module, "stage", lambda *given: asked.append(given) or [])
    for number in range(20):
        store.commit(call(f"app{number}", response_id=f"{number:04}{ID}"), span_row("x", trace_id=f"app{number}"))
    store.commit(call("gate3", response_id=f"0003{ID}", start=10, **GATEWAY))
    assert asked == []
    assert store.marks() == {"gate3/c": "app3/c"}


def test_a_commit_that_failed_leaves_nothing_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.commit(call("app"))
    with monkeypatch.context() as patch:
        patch.setattr("storage.commit.write", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store.commit(call("gate", start=10, **GATEWAY))
    store.commit(call("late", start=20, scope_name="late"))
    assert store.marks() == {"late/c": "app/c"}
    store.commit(call("gate", start=10, **GATEWAY))
    assert store.marks() == {"late/c": "app/c", "gate/c": "app/c"}


def pieces() -> list[Row]:
    """Ids that two and three traces carry, within traces of two layers, incomplete copies, a crowded id."""
    crowded = [call(f"n{i}", response_id="0" * 20, start=i, service_name=f"s{i % 3}") for i in range(18)]
    return [
        call("app", "outer", scope_name="wrapper", response_id=None, input_tokens=None, output_tokens=None),
        call("app", "inner", "outer", output=None), call("app", "inner", "outer", output=None, response_id=None, end=0),
        call("gate", start=10, **GATEWAY), call("gate", start=10, output=None, response_id=None, end=0, **GATEWAY),
        call("far", start=3 * 10**9, end=4 * 10**9, service_name="far"),
        call("two", "c", start=11, **GATEWAY, input_tokens=None),
        call("one", response_id="1" * 20), call("ones", response_id="1" * 20, service_name="x", end=0, output=None),
        call("ones", response_id="1" * 20, service_name="x"), *crowded,
    ]  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_the_order_and_grouping_of_commits_and_restarts_do_not_show(seed: int) -> None:
    rows, chooser = pieces(), random.Random(seed)
    database, other = opened(), opened()
    at_once, shuffled = Store(database), Store(other)
    at_once.commit(*rows)
    rows += chooser.sample(rows, 5)
    chooser.shuffle(rows)
    while rows:
        size = chooser.choice([1, 2, 7])
        shuffled.commit(*rows[:size])
        rows = rows[size:]
        if chooser.random() < 0.3:
            shuffled.restart()
    assert shuffled.state() == at_once.state()
    assert {"gate/c", "ones/c"} & at_once.marks().keys()
    database.close()
    other.close()


@pytest.mark.parametrize("gone", ["app", "gate"])
def test_when_a_trace_is_deleted_its_twins_are_matched_anew(tmp_path: Path, gone: str) -> None:
    async def work(store: Living) -> None:
        await store.commit(call("app"), call("gate", start=10, **GATEWAY), call("third", start=20, scope_name="third"))
        await store.upkeep.delete_traces("default", [gone])
        first = "gate" if gone == "app" else "app"
        marks = await store.rows("trace_id, duplicate_of_trace")
        assert sorted(marks, key=str) == sorted([(first, None), ("third", first)], key=str)
        await store.commit(call("fourth", start=30, scope_name="fourth"))
        marks = await store.rows("trace_id, duplicate_of_trace")
        assert [mark for mark in marks if mark[0] == "fourth"] == [("fourth", first)]

    live(tmp_path / "x.duckdb", work)


@pytest.mark.parametrize("rows_at_a_time", [1, 2, 100])
def test_ids_of_the_file_are_all_known_again_whatever_is_in_them(
    store: Store, rows_at_a_time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROWS_AT_A_TIME", rows_at_a_time)
    ids = [("default", ID), ("default", f"{ID}\x1f{ID}"), ("other", ID), ("other", f"{ID}\n'2")]
    rows = [generation_row(f"{n}", project=each[0], response_id=each[1]) for n, each in enumerate(ids)]
    store.commit(*rows, generation_row("short", response_id="x"), span_row("none"))
    assert sorted(module.stored_ids(store.connection)) == sorted(ids)
