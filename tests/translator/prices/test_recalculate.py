"""Costs after settling and after folding copies."""

from functools import partial
from typing import Any

import pytest

from contract.columns import Row, S
from contract.settling import TraceFacts, facts_of_row
from tests.support.rows import generation_row
from translator.merge import merge_copies
from translator.prices.book import COST_COLUMNS, PriceBook
from translator.prices.recalculate import settled_cost
from translator.settle import settle

BOOK = PriceBook()
MINI = {"provider": "openai", "model": "gpt-4o-mini", "response_model": "gpt-4o-mini", "response_id": "r1"}
TOKENS = {"input_tokens": 1000, "output_tokens": 100}


def arrived(span_id: str, parent: str | None = None, **columns: Any) -> Row:
    row = generation_row(span_id, parent, **columns)
    BOOK.price_row(row, {}, None)
    return row


def settled(*rows: Row) -> dict[str, dict[str, Any]]:
    """Span id -> what is shown of its cost columns and `duplicate_of` once the trace is settled."""
    trace = TraceFacts(
        parents={row[S.span_id]: row[S.parent_span_id] for row in rows},
        calls={row[S.span_id]: facts_of_row(row) for row in rows},
    )
    shown = {row[S.span_id]: {n: row[getattr(S, n)] for n in (*COST_COLUMNS, "duplicate_of")} for row in rows}
    for change in settle(trace, BOOK.priced):
        shown[change.span_id] |= {n: v for n, (v, _) in change.columns.items() if n in shown[change.span_id]}
    return shown


def test_a_call_that_takes_its_tokens_from_another_span_takes_their_cost() -> None:
    counted = arrived("a", **MINI, input="question", output="answer")
    donor = arrived("b", "a", scope_name="other", **MINI, **TOKENS)
    assert counted[S.total_cost] is None
    shown = settled(counted, donor)
    assert shown["b"]["duplicate_of"] == "a"
    assert shown["a"]["total_cost"] == pytest.approx((1000 * 0.15 + 100 * 0.6) / 1e6)
    assert shown["a"]["cost_source"] == "calculated"


def test_tokens_of_one_span_and_the_model_of_another_make_a_cost_together() -> None:
    counted = arrived("a", response_id="r1", **TOKENS, input="question", output="answer")
    donor = arrived("b", "a", scope_name="other", provider="openai", request_model="gpt-4o-mini", response_id="r1")
    assert (counted[S.total_cost], donor[S.total_cost]) == (None, None)
    assert settled(counted, donor)["a"]["total_cost"] == pytest.approx(0.00021)


def test_cached_tokens_that_only_the_other_span_tells_lower_the_cost() -> None:
    counted = arrived("a", **MINI, **TOKENS, input="question", output="answer")
    donor = arrived("b", "a", scope_name="other", **MINI, **TOKENS, cache_read_tokens=1000)
    assert settled(counted, donor)["a"]["total_cost"] == pytest.approx((1000 * 0.075 + 100 * 0.6) / 1e6)


def test_a_cost_that_the_other_span_reports_goes_before_a_calculated_one_and_stands_alone() -> None:
    counted = arrived("a", **MINI, **TOKENS, input="question", output="answer")
    donor = arrived("b", "a", scope_name="other", **MINI, total_cost=0.5, cost_source="reported")
    shown = settled(counted, donor)["a"]
    assert [shown[name] for name in COST_COLUMNS] == [None, None, 0.5, "reported", None]


def test_a_reported_cost_of_its_own_is_kept() -> None:
    own = {"total_cost": 0.25, "cost_source": "reported"}
    counted = arrived("a", **MINI, **own, input="question", output="answer")
    donor = arrived("b", "a", scope_name="other", **MINI, **TOKENS, total_cost=0.5, cost_source="reported")
    assert settled(counted, donor)["a"]["total_cost"] == 0.25


def test_a_call_that_takes_nothing_keeps_the_cost_it_has() -> None:
    first = arrived("a", **MINI, **TOKENS)
    second = arrived("b", **{**MINI, "response_id": "r2"}, **TOKENS)
    assert [one["total_cost"] for one in settled(first, second).values()] == pytest.approx([0.00021, 0.00021])
    values = {"kind": "generation", "cost_source": "calculated", "total_cost": 9.0}
    assert settled_cost(values, {"finish_reasons": ('["stop"]', "span:b")}, BOOK.priced) == {}


def test_the_tier_of_a_call_stays_with_it() -> None:
    late = {"start": (1_795_000_000_000_000_000 - 1_790_000_000_000_000_000) // 1000}
    counted = generation_row("a", **MINI, **TOKENS, **late, input="question", output="answer")
    BOOK.price_row(counted, {}, "priority")
    donor = arrived("b", "a", scope_name="other", **MINI, **TOKENS, **late, cache_read_tokens=1000)
    shown = settled(counted, donor)["a"]
    assert shown["total_cost"] == pytest.approx((1000 * 0.125 + 100 * 1) / 1e6)
    assert shown["price_version"].endswith(" tier=priority")


def test_the_order_of_spans_does_not_show() -> None:
    rows = [
        arrived("a", **MINI, input="question", output="answer"),
        arrived("b", "a", scope_name="other", **MINI, **TOKENS),
        arrived("c", "a", scope_name="third", **MINI, total_cost=0.5, cost_source="reported"),
    ]
    assert settled(*rows) == settled(*rows[::-1])


def test_without_prices_a_settled_cost_is_the_donors() -> None:
    columns = {"total_cost": (0.5, "span:b"), "cost_source": ("calculated", "span:b"), "input_tokens": (1, "span:b")}
    assert settled_cost({"kind": "generation"}, columns, None) == {}


def test_copies_are_priced_by_what_they_say_together() -> None:
    fold = partial(merge_copies, price=BOOK.priced)
    unpriced = arrived("a", **TOKENS, end=2000, raw_attributes='{"a":1,"b":2}')
    named = arrived("a", **MINI, raw_attributes="{}")
    for copies in ([unpriced, named], [named, unpriced]):
        assert fold(copies)[S.total_cost] == pytest.approx(0.00021)


def test_a_copy_that_reports_its_cost_goes_before_one_that_was_calculated() -> None:
    fold = partial(merge_copies, price=BOOK.priced)
    calculated = arrived("a", **MINI, **TOKENS, end=2000, raw_attributes='{"a":1,"b":2}')
    reported = arrived("a", **MINI, total_cost=0.5, cost_source="reported", raw_attributes="{}")
    merged = fold([calculated, reported])
    assert [merged[getattr(S, name)] for name in COST_COLUMNS] == [None, None, 0.5, "reported", None]
