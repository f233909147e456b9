"""A trace and its spans from two questions."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from api.one_trace import TRIES, SpanPage, read_trace
from api.parameters import SpansQuestion
from contract.errors import NotFound

ASKED = {"project": "default", "trace_id": "t"}
ALL = SpansQuestion(io="none", limit=10, after=None, digest="d")


def span(number: int, **more: Any) -> dict[str, Any]:
    return {
        "span_id": f"s{number}",
        "start_time": number,
        "kind": "span",
        "duplicate_of": None,
        "status": "unset",
    } | more


def record(spans: int, generations: int = 0, errors: int = 0) -> dict[str, Any]:
    return {
        "span_count": spans,
        "generation_count": generations,
        "error_count": errors,
        "sort_ns": 0,
    }


class Growing:
    """A store whose trace changes with every question, as a writer beside it would have it."""

    def __init__(self, records: Sequence[dict[str, Any]], spans: Sequence[Sequence[dict[str, Any]]]) -> None:
        self._answers = {"get_trace": list(records), "get_spans": list(spans)}
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    async def read(self, query: str, parameters: Mapping[str, Any], _: Any = ()) -> list[Any]:
        self.asked.append((query, parameters))
        answers = self._answers[query]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return list(found)[: parameters["limit"]] if query == "get_spans" else [found] if found else []


def ask(store: Growing, question: SpansQuestion = ALL) -> tuple[dict[str, Any], SpanPage]:
    return asyncio.run(read_trace(store, ASKED, question))


CHANGES = [
    (record(2), [span(1), span(2)]),
    (record(1, generations=1), [span(1, kind="generation")]),
    (record(1, errors=1), [span(1, status="error")]),
    (record(2, generations=1), [span(1, kind="generation"), span(2, kind="generation", duplicate_of="s1")]),
]
"""What the trace is after the first question."""


@pytest.mark.parametrize(("later", "spans"), CHANGES)
def test_a_trace_that_changed_between_the_questions_is_asked_for_again(
    later: dict[str, Any], spans: list[dict[str, Any]]
) -> None:
    store = Growing([record(1), later], [spans])
    found, page = ask(store)
    assert (found, page.spans, page.next_cursor) == (later, spans, None)
    assert len(store.asked) == 4


def test_a_trace_at_rest_is_asked_for_once() -> None:
    store = Growing([record(1)], [[span(1)]])
    ask(store)
    assert [query for query, _ in store.asked] == ["get_trace", "get_spans"]


def test_a_trace_that_never_rests_is_answered_all_the_same() -> None:
    store = Growing([record(1)], [[span(1), span(2)]])
    _, page = ask(store)
    assert len(page.spans) == 2
    assert len(store.asked) == 2 * TRIES


def test_more_spans_than_asked_for_are_left_for_the_next_page() -> None:
    store = Growing([record(9)], [[span(n) for n in range(9)]])
    _, page = ask(store, SpansQuestion(io="none", limit=3, after=None, digest="d"))
    assert [each["span_id"] for each in page.spans] == ["s0", "s1", "s2"]
    assert page.next_cursor is not None
    assert store.asked[-1][1]["limit"] == 4


def test_a_trace_that_does_not_exist_is_named() -> None:
    with pytest.raises(NotFound, match="no trace 't'"):
        ask(Growing([{}], [[]]))
