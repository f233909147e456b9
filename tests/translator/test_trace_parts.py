"""What spans say of their trace's input and output."""

from itertools import permutations
from typing import Any

import pytest

from contract.columns import TRACE_KIND, Row, S
from contract.span import TRACE_SPAN_ID, Batch, Span
from tests.support.langfuse import event, rows_of
from tests.support.langfuse import translator as shared_translator
from tests.support.spans import SECOND, START_NS, span
from translator.merge import merge_copies
from translator.trace_parts import INPUT, OUTPUT, trace_parts

ROOT = span({INPUT: '{"q":1}', "langfuse.observation.input": "own"}, span_id="a" * 16)
CHILD = span(
    {INPUT: "later", OUTPUT: "answer"}, span_id="b" * 16, parent_span_id="a" * 16, end_ns=START_NS + 9 * SECOND
)
LATER_NS = 1_800_000_000_000_000_000
SILENT = span({"langfuse.observation.input": "own"}, span_id="c" * 16)


def rows(*spans: Span) -> list[Row]:
    return shared_translator().translate(Batch("default", START_NS, "http", list(spans))).spans


def test_the_trace_has_a_row_of_its_own_beside_the_span_that_spoke_of_it() -> None:
    own, trace = rows(ROOT)
    assert (own[S.span_id], own[S.kind], own[S.input]) == ("a" * 16, "span", "own")
    assert (trace[S.span_id], trace[S.kind], trace[S.input]) == (TRACE_SPAN_ID, TRACE_KIND, '{"q":1}')
    assert (trace[S.start_time], trace[S.end_time], trace[S.raw_scope]) == (START_NS, None, None)
    assert len(rows(SILENT)) == 1


def test_of_several_spans_the_one_that_ended_last_counts_in_any_order_and_however_often() -> None:
    said = [row for row in rows(ROOT, SILENT, CHILD, ROOT) if row[S.kind] == TRACE_KIND]
    assert len(said) == 3
    for order in permutations(said):
        merged = merge_copies(list(order))
        assert (merged[S.input], merged[S.output], merged[S.start_time]) == ("later", "answer", START_NS)


def test_a_trace_is_missed_until_its_root_comes() -> None:
    assert [row[S.parent_span_id] for row in rows(CHILD)] == ["a" * 16, "a" * 16]


def test_an_event_about_the_trace_keeps_the_name_of_its_sender_whatever_spans_say() -> None:
    told = rows_of(event("trace-create", "e1", id="a" * 32, name="chat", input="first"))
    later = span({INPUT: "later"}, start_ns=LATER_NS, end_ns=LATER_NS)
    for order in permutations([*told, rows(later)[1], rows(CHILD)[1]]):
        merged = merge_copies(list(order))
        assert (merged[S.trace_name], merged[S.scope_name]) == ("chat", "langfuse-ingestion")
        assert (merged[S.input], merged[S.output]) == ("later", "answer")


@pytest.mark.parametrize(
    "odd",
    [span({INPUT: b"\x00"}), span({INPUT: {"a": 1}, OUTPUT: "x"}), span({INPUT: "x"}, start_ns=0)],
)
def test_odd_values_and_spans_without_a_start_say_nothing_of_the_trace(odd: Any) -> None:
    assert list(trace_parts([odd])) == []
