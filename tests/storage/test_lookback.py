"""What the file knows of a trace: own values beside settled ones."""

from contract.columns import SPAN_COLUMNS, L, S
from storage.database import Database
from storage.lookback import describing_logs, look_back, stored_rows, trace_keys, uncover
from tests.support.rows import generation_row
from tests.support.stored import insert, log, span, span_id, trace_id

PROJECT = "default"
SETTLED = {
    "kind": "generation",
    "model": "gpt-4o",
    "request_model": "gpt-4o",
    "input_tokens": 5,
    "output_tokens": 6,
    "input": "question",
    "output": "answer of another span",
    "own": {"model": "openai/gpt-4o"},
    "settled_from": {"model": "span:x", "input_tokens": "span:x", "output": "span:x", "duplicate_of": "rule"},
    "duplicate_of": "x",
}
"""A row whose model was covered and whose gaps were filled."""


def key(trace: int, project: str = PROJECT) -> tuple[str, str]:
    return project, trace_id(trace)


def test_settled_values_are_not_taken_for_own_ones(database: Database) -> None:
    insert(database, "span", span(1, **SETTLED))
    facts = look_back(database.cursor(), [key(1)])[key(1)].facts.calls[span_id(1)]
    own = ("model", "request_model", "input_tokens", "output_tokens", "duplicate_of", "own", "settled_from")
    assert [facts.values[name] for name in own] == ["openai/gpt-4o", "gpt-4o", None, 6, None, None, None]
    assert (facts.input_length, facts.output_length) == (len("question"), None)
    assert facts.settled == {
        "model": ("gpt-4o", "span:x"),
        "input_tokens": (5, "span:x"),
        "output": (None, "span:x"),
        "duplicate_of": ("x", "rule"),
    }


def test_a_row_comes_back_as_it_was_translated(database: Database) -> None:
    insert(database, "span", span(1, **SETTLED), span(2))
    rows = stored_rows(database.cursor(), [(*key(1), span_id(1)), (*key(1), span_id(3))])
    assert rows.keys() == {(*key(1), span_id(1))}
    (row,) = rows.values()
    assert len(row) == len(SPAN_COLUMNS)
    own = [row[place] for place in (S.model, S.input_tokens, S.output, S.duplicate_of, S.own, S.settled_from)]
    assert own == ["openai/gpt-4o", None, None, None, None, None]
    assert (row[S.input], row[S.output_tokens]) == ("question", 6)


def test_a_row_that_was_never_settled_is_left_alone() -> None:
    row = generation_row("a", model="m", output="answer")
    before = list(row)
    uncover(row)
    assert row == before


def test_every_span_tells_its_parent_and_only_calls_their_facts(database: Database) -> None:
    insert(
        database,
        "span",
        span(1, kind="agent"),
        span(2, kind="generation", parent_span_id=span_id(1)),
        span(3, kind="embedding", parent_span_id=span_id(1)),
        span(4, trace=2, kind="generation"),
        span(5, kind="generation", project="other"),
    )
    facts = look_back(database.cursor(), [key(1)])[key(1)].facts
    assert facts.parents == {span_id(1): None, span_id(2): span_id(1), span_id(3): span_id(1)}
    assert facts.calls.keys() == {span_id(2), span_id(3)}


def test_a_trace_that_the_file_does_not_know_is_empty_and_not_left_out(database: Database) -> None:
    known = look_back(database.cursor(), [key(7)])
    assert known[key(7)].facts.parents == {}
    assert not known[key(7)].described
    assert look_back(database.cursor(), []) == {}


def test_only_log_records_that_describe_spans_are_looked_back_at(database: Database) -> None:
    ids = {"trace_id": trace_id(1), "span_id": span_id(1)}
    insert(
        database,
        "log_record",
        log(1, describes_span=True, **ids),
        log(2, **ids),
        log(3, describes_span=True, trace_id=trace_id(2)),
        log(4, describes_span=True, trace_id=trace_id(4), span_id=span_id(4)),
        log(5, describes_span=True, trace_id=trace_id(4), span_id=span_id(5)),
    )
    cursor = database.cursor()
    assert [row[L.digest] for row in describing_logs(cursor, [key(1), key(3)])] == ["d1"]
    assert [row[L.digest] for row in describing_logs(cursor, [key(1)], [(*key(4), span_id(5))])] == ["d1", "d5"]
    known = look_back(database.cursor(), [key(1), key(3)])
    assert [known[key(1)].described, known[key(3)].described] == [True, False]


def test_trace_keys_are_every_trace_with_spans_or_records_that_wait_for_theirs(database: Database) -> None:
    insert(database, "span", span(1), span(2), span(3, trace=2), span(4, project="other"))
    insert(
        database,
        "log_record",
        log(1, describes_span=True, trace_id=trace_id(3)),
        log(2, trace_id=trace_id(4)),
        log(3),
    )
    expected = [key(1), key(2), key(3), key(1, "other")]
    assert sorted(trace_keys(database.cursor())) == sorted(expected)
    for rows_at_a_time in (1, 2, 3, 4, 5):
        assert set(trace_keys(database.cursor(), rows_at_a_time)) == set(expected)
