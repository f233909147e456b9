"""Costs in the file made anew."""

from collections.abc import Mapping
from typing import Any

import pytest

import storage.reprice as module
from storage.changed_hours import state
from storage.database import Database
from storage.reprice import COST_COLUMNS, READ_COLUMNS, Repriced, reprice
from tests.support.stored import MS, START_NS, insert, span
from translator.prices import book

TOKENS = {"kind": "generation", "model": "m", "input_tokens": 10, "output_tokens": 5}


def dollar_a_token(call: Mapping[str, Any]) -> dict[str, Any]:
    """A price for model `m`."""
    if call["model"] != "m":
        return dict.fromkeys(COST_COLUMNS)
    total = float(call["input_tokens"] + (call["output_tokens"] or 0))
    return dict(zip(COST_COLUMNS, (total, 0.0, total, "calculated", "new"), strict=True))


def totals(database: Database) -> list[tuple[Any, ...]]:
    cursor = database.cursor()
    return cursor.execute("SELECT total_cost, price_version FROM span ORDER BY span_id").fetchall()


def test_a_call_without_a_cost_gets_one(database: Database) -> None:
    insert(database, "span", span(1, **TOKENS), span(2, **{**TOKENS, "model": "other"}))
    assert reprice(database, dollar_a_token) == Repriced(looked_at=2, changed=1, without=1)
    assert totals(database) == [(15.0, "new"), (None, None)]


def test_hours_are_added_up_anew_where_a_cost_has_changed(database: Database) -> None:
    insert(database, "span", span(1, **TOKENS))
    cursor = database.cursor()
    for last in (7, 0):
        cursor.execute("UPDATE summed SET last_seq = 7").fetchall()
        if last:
            reprice(database, dollar_a_token, to_ns=START_NS)
        else:
            reprice(database, dollar_a_token)
        assert state(cursor) == (last, [])


def test_a_reported_cost_is_never_touched_and_a_calculated_one_only_when_asked(database: Database) -> None:
    old = {"total_cost": 1.0, "price_version": "old"}
    insert(
        database,
        "span",
        span(1, **TOKENS, **old, cost_source="reported"),
        span(2, **TOKENS, **old, cost_source="calculated"),
    )
    assert reprice(database, dollar_a_token).looked_at == 0
    assert totals(database) == [(1.0, "old"), (1.0, "old")]
    assert reprice(database, dollar_a_token, everything=True) == Repriced(looked_at=1, changed=1)
    assert totals(database) == [(1.0, "old"), (15.0, "new")]
    assert reprice(database, dollar_a_token, everything=True) == Repriced(looked_at=1, changed=0)


def test_a_known_cost_is_not_taken_away_when_nobody_knows_the_price_any_more(database: Database) -> None:
    gone = {**TOKENS, "model": "gone", "total_cost": 1.0, "cost_source": "calculated", "price_version": "old"}
    insert(database, "span", span(1, **gone))
    assert reprice(database, dollar_a_token, everything=True) == Repriced(looked_at=1)
    assert totals(database) == [(1.0, "old")]


def test_only_calls_with_tokens_are_looked_at(database: Database) -> None:
    insert(database, "span", span(1, **{**TOKENS, "kind": "agent"}), span(2, **{**TOKENS, "input_tokens": None}))
    assert reprice(database, dollar_a_token) == Repriced()


def test_the_time_range_is_half_open(database: Database) -> None:
    insert(database, "span", *(span(n, at_ms=n, **TOKENS) for n in (1, 2, 3)))
    reprice(database, dollar_a_token, from_ns=START_NS + 2 * MS, to_ns=START_NS + 3 * MS)
    assert [total for total, _ in totals(database)] == [None, 15.0, None]


def test_a_file_of_many_pieces_is_repriced_whole(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_A_TIME", 2)
    insert(database, "span", *(span(n, **TOKENS) for n in range(1, 8)))
    assert reprice(database, dollar_a_token) == Repriced(looked_at=7, changed=7)
    assert totals(database) == [(15.0, "new")] * 7


def test_a_price_that_fails_changes_nothing_of_its_piece(database: Database) -> None:
    insert(database, "span", span(1, **TOKENS), span(2, **TOKENS))

    def fails(_: Mapping[str, Any]) -> dict[str, Any]:
        return dict(zip(COST_COLUMNS, ("no number", 0.0, 1.0, "calculated", "new"), strict=True))

    with pytest.raises(Exception, match="number"):
        reprice(database, fails)
    assert totals(database) == [(None, None), (None, None)]


def test_storage_and_translator_mean_the_same_columns() -> None:
    assert READ_COLUMNS == book.INPUTS
    assert COST_COLUMNS == book.COST_COLUMNS
