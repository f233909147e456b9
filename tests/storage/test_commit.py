"""One transaction: what becomes of rows that are new, known, repeated, different, or settled later."""

import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from contract.columns import EMPTY_METRIC, L, M, Row, S
from contract.settling import Settle, SettledSpan, TraceFacts
from contract.translated import Translated
from storage import commit as commit_module
from storage.commit import SETTLED_COLUMNS, Committer
from storage.database import Database
from tests.support.rows import START_NS, generation_row, log_row, span_row
from tests.support.stored import opened
from translator.merge import merge_copies
from translator.settle import settle
from translator.twins import match

TIMES = {"now": START_NS, "never": 2**63 - 1}
MESSAGE = '{"content":"What is DuckDB?"}'


class Store:
    """A committer over a database in memory; each commit has the next number."""

    def __init__(self, database: Database, rule: Settle = settle) -> None:
        self.connection = database.cursor()
        self.committer = Committer(rule, merge_copies, match)
        self.seq = 0

    def commit(self, *rows: Row, logs: tuple[Row, ...] = (), points: tuple[Row, ...] = ()) -> None:
        self.commit_all(Translated(list(rows), list(logs), list(points)))

    def commit_all(self, *requests: Translated) -> None:
        self.seq += 1
        self.committer.commit(self.connection, list(requests), self.seq)

    def forget(self) -> None:
        """As after a restart: what is in the file is all that is known."""
        self.committer = Committer(settle, merge_copies, match)
        self.committer.recall(self.connection)

    def rows(self, columns: str, table: str = "span") -> list[tuple[Any, ...]]:
        return self.connection.execute(f"SELECT {columns} FROM {table} ORDER BY ALL").fetchall()


@pytest.fixture
def store() -> Iterator[Store]:
    database = opened()
    yield Store(database)
    database.close()


def metric_row(digest: str, **columns: Any) -> Row:
    row = list(EMPTY_METRIC)
    for name, value in {"project": "default", "name": "m", "time": START_NS, "digest": digest, **columns}.items():
        row[getattr(M, name)] = value
    return row


def wrapper(**columns: Any) -> Row:
    given = {"scope_name": "wrap", "request_model": "openai/gpt-4o", "model": "openai/gpt-4o", "input": "question"}
    return generation_row("w", **(given | {"output": "answer"} | columns))


def call(**columns: Any) -> Row:
    given = {"request_model": "gpt-4o", "model": "gpt-4o", "response_id": "r1", "input_tokens": 5, "output_tokens": 6}
    return generation_row("c", "w", **(given | columns))


def test_each_row_says_which_commit_made_or_changed_it(store: Store) -> None:
    store.commit(wrapper(), span_row("x", trace_id="t2"))
    store.commit(call())
    assert store.rows("span_id, commit_seq") == [("c", 2), ("w", 2), ("x", 1)]


@pytest.mark.parametrize("forgetful", [False, True])
def test_a_known_row_is_updated_when_its_repeat_comes_and_says_what_was_its_own(store: Store, forgetful: bool) -> None:
    store.commit(wrapper())
    if forgetful:
        store.forget()
    store.commit(call())
    _, (row, tokens, own, sources) = store.rows("span_id, input_tokens, own, settled_from")
    assert (row, tokens, own) == ("w", 5, None)
    assert json.loads(sources)["input_tokens"] == "span:c"
    assert store.rows("span_id, duplicate_of") == [("c", "w"), ("w", None)]


@pytest.mark.parametrize("forgetful", [False, True])
def test_settling_again_starts_from_own_values(store: Store, forgetful: bool) -> None:
    """A fuller copy of the donor brings other counts: the filled row must follow, not keep what it was given first."""
    store.commit(wrapper())
    store.commit(call(end_time=None))
    if forgetful:
        store.forget()
    store.commit(call(input_tokens=7, output_tokens=8, raw_attributes='{"more":1}'))
    assert store.rows("span_id, input_tokens, duplicate_of") == [("c", 7, "w"), ("w", 7, None)]


def covering(trace: TraceFacts) -> list[SettledSpan]:
    """A rule that knows better than the spans themselves."""
    return [
        SettledSpan(span_id, {"model": ("right", "rule")})
        for span_id, facts in trace.calls.items()
        if facts.settled.get("model") != ("right", "rule")
    ]


def test_a_covered_value_of_a_new_or_a_known_row_is_kept_beside_the_settled_one() -> None:
    database = opened()
    store = Store(database, covering)
    store.commit(generation_row("known", model="own of known"))
    store.commit(generation_row("new", model="own of new"))
    assert store.rows("span_id, model, own, settled_from") == [
        ("known", "right", '{"model":"own of known"}', '{"model":"rule"}'),
        ("new", "right", '{"model":"own of new"}', '{"model":"rule"}'),
    ]
    database.close()


def test_any_order_and_grouping_of_commits_ends_in_the_same_rows() -> None:
    rows = [wrapper, call, lambda: span_row("root"), lambda: call(raw_attributes='{"k":"v"}', output_tokens=9)]
    columns = "span_id, duplicate_of, raw_attributes, own, settled_from, copies, " + ", ".join(SETTLED_COLUMNS)
    finals = []
    for order in ([[0], [1], [2], [3]], [[3], [2], [1], [0]], [[0, 1], [2, 3]], [[3, 1], [0, 2], [1]], [[1, 0, 3, 2]]):
        database = opened()
        store = Store(database)
        for group in order:
            store.commit(*(rows[place]() for place in group))
        finals.append(store.rows(columns))
        database.close()
    assert all(final == finals[0] for final in finals)
    assert len(finals[0]) == 3


def test_equal_copies_change_nothing_and_different_ones_replace_the_row(store: Store) -> None:
    store.commit(span_row("a"))
    store.commit(span_row("a", received_time=START_NS + 5), span_row("a"))
    assert store.rows("span_id, commit_seq, copies") == [("a", 1, None)]
    store.commit(span_row("a", raw_attributes='{"late":1}'))
    ((_, seq, copies, attributes),) = store.rows("span_id, commit_seq, copies, raw_attributes")
    assert (seq, len(json.loads(copies)), attributes) == (3, 2, '{"late":1}')
    store.commit(span_row("a"))
    assert store.rows("commit_seq") == [(3,)]


def test_a_start_that_nobody_sent_does_not_make_a_repeat_another_span(store: Store) -> None:
    """It is the time of arrival, which differs with each retry."""
    for start in (0, 40):
        store.commit(span_row("a", start=start, raw_rest='{"start_ns":0}'))
    assert store.rows("span_id, copies") == [("a", None)]
    store.commit(span_row("b", start=0))
    store.commit(span_row("b", start=40))
    assert store.rows("span_id, copies IS NULL") == [("a", True), ("b", False)]


@pytest.mark.parametrize("forgetful", [False, True])
def test_a_replaced_row_keeps_what_settling_says_of_it(store: Store, forgetful: bool) -> None:
    store.commit(wrapper(), call())
    if forgetful:
        store.forget()
    store.commit(wrapper(raw_attributes='{"more":1}'))
    assert store.rows("span_id, duplicate_of, input_tokens, response_id") == [
        ("c", "w", 5, "r1"),
        ("w", None, 5, "r1"),
    ]
    (merged,) = [copies for span_id, copies in store.rows("span_id, copies") if span_id == "w"]
    assert [copy[S.input_tokens] for copy in json.loads(merged)] == [None, None]


def test_a_log_record_or_point_of_the_last_time_there_is_is_stored_once_and_its_neighbours_too(store: Store) -> None:
    """2**63 - 1 is infinity to DuckDB, and no bound that a query can name by number."""
    for names in (["never"], ["now", "never"], ["never"]):
        store.commit(
            logs=tuple(log_row("a", name, time=TIMES[name]) for name in names),
            points=tuple(metric_row(name, time=TIMES[name]) for name in names),
        )
    assert store.rows("digest", "log_record") == store.rows("digest", "metric_point") == [("never",), ("now",)]


def test_a_span_that_turns_out_to_be_no_call_is_no_repeat_any_more(store: Store) -> None:
    store.commit(wrapper(), call())
    store.commit(wrapper(kind="agent", raw_attributes='{"kind":"agent","more":1}', end_time=START_NS + 2_000_000))
    assert store.rows("span_id, kind, duplicate_of") == [("c", "generation", None), ("w", "agent", None)]


def test_log_records_and_metric_points_are_stored_once(store: Store) -> None:
    for _ in range(2):
        store.commit(logs=(log_row("a", "d1"), log_row("a", "d1"), log_row("a", "d2")), points=(metric_row("p"),) * 2)
    assert store.rows("digest, commit_seq", "log_record") == [("d1", 1), ("d2", 1)]
    assert store.rows("digest, commit_seq", "metric_point") == [("p", 1)]


def test_a_log_record_that_describes_no_span_costs_its_trace_nothing(store: Store) -> None:
    plain = log_row("a", "d1", MESSAGE)
    plain[L.describes_span] = False
    store.commit(generation_row("a"), logs=(plain,))
    assert store.rows("input, settled_from") == [(None, None)]


@pytest.mark.parametrize("forgetful", [False, True])
def test_a_log_record_of_a_later_commit_completes_a_stored_span(store: Store, forgetful: bool) -> None:
    store.commit(generation_row("a"))
    if forgetful:
        store.forget()
    store.commit(logs=(log_row("a", "d1", MESSAGE),))
    ((text, sources),) = store.rows("input, settled_from")
    assert "What is DuckDB?" in text
    assert json.loads(sources)["input"].startswith("log")


@pytest.mark.parametrize("forgetful", [False, True])
def test_a_record_gives_a_span_the_session_and_user_that_it_lacks(store: Store, forgetful: bool) -> None:
    store.commit(generation_row("a"), generation_row("b", session_id="own"))
    if forgetful:
        store.forget()
    said = {"session_id": "s", "user_id": "u"}
    store.commit(logs=(log_row("a", "d1", MESSAGE, **said), log_row("b", "d2", MESSAGE, **said)))
    assert store.rows("span_id, session_id, user_id") == [("a", "s", "u"), ("b", "own", "u")]
    if forgetful:
        store.forget()
    store.commit(logs=(log_row("a", "d3", MESSAGE, **said),))
    assert store.rows("span_id, session_id, user_id") == [("a", "s", "u"), ("b", "own", "u")]


def failing_once(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """The next call of a function of the module works and then fails, as a COMMIT on a full disk does."""
    real = getattr(commit_module, place)

    def fail(*arguments: Any) -> None:
        monkeypatch.undo()
        real(*arguments)
        raise duckdb.IOException("No space left on device")

    monkeypatch.setattr(commit_module, place, fail)


def test_after_a_failed_commit_the_same_rows_do_not_take_settled_values_for_their_own(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer commits the rows of a failed group again, one request at a time."""
    rows = wrapper(), call()
    untouched = [list(row) for row in rows]
    failing_once(monkeypatch, "write")
    with pytest.raises(duckdb.IOException):
        store.commit(*rows)
    assert store.rows("span_id") == []
    for row, before in zip(rows, untouched, strict=True):
        row[S.commit_seq] = None
        assert row == before
    store.commit(rows[0])
    assert store.rows("input_tokens, duplicate_of, settled_from") == [(None, None, None)]
    store.commit(rows[1])
    assert store.rows("span_id, input_tokens, duplicate_of") == [("c", 5, "w"), ("w", 5, None)]


def test_a_failed_commit_is_forgotten_with_all_that_it_had_taught(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the rows of the file would be taken for settled, and the retry would change nothing."""
    store.commit(wrapper())
    failing_once(monkeypatch, "write")
    with pytest.raises(duckdb.IOException):
        store.commit(call(), logs=(log_row("w", "d1", MESSAGE),), points=(metric_row("p"),))
    assert store.rows("span_id, duplicate_of, input_tokens") == [("w", None, None)]
    assert store.rows("digest", "log_record") == store.rows("digest", "metric_point") == []
    store.commit(call(), logs=(log_row("w", "d1", MESSAGE),), points=(metric_row("p"),))
    assert store.rows("span_id, duplicate_of, input_tokens") == [("c", "w", 5), ("w", None, 5)]
    assert len(store.rows("digest", "log_record")) == len(store.rows("digest", "metric_point")) == 1


def test_rows_of_several_requests_are_one_transaction(store: Store) -> None:
    store.commit_all(Translated([wrapper()]), Translated([call()]), Translated([wrapper()]))
    assert store.rows("span_id, commit_seq, duplicate_of") == [("c", 1, "w"), ("w", 1, None)]


def test_parts_of_a_large_group_have_numbers_of_their_own_above_all_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit_module, "NUMBERED_ROWS", 2)
    for seq, numbers in ((1, [1, 1, 1, 1, 1]), (10, [8, 8, 9, 9, 10]), (12, [11, 11, 11, 11, 11, 11, 12])):
        store.seq = seq - 1
        store.commit(*(span_row(f"{seq:02} {place}") for place in range(len(numbers))))
        stored = store.rows("span_id, commit_seq")
        assert [found for span_id, found in stored if span_id.startswith(f"{seq:02} ")] == numbers
