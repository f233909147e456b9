"""The record of a trace made of its spans is the one that the store makes, of one trace and in a list."""

import random

import pytest

from contract.trace_of_spans import ENDLESS_NS, SAID_FIRST, TOKENS, roll_up, tokens, trace_of
from storage.database import Database
from storage.reader import DuckReader
from tests.support.random_traces import TRACES, random_rows
from tests.support.reading import ask, traces
from tests.support.stored import insert


@pytest.mark.parametrize("seed", range(6))
def test_it_is_the_one_of_the_store(database: Database, reader: DuckReader, seed: int) -> None:
    insert(database, "span", *random_rows(random.Random(seed)))
    for io in ("none", "preview", "full"):
        listed = traces(reader, io=io)
        assert len(listed) == TRACES
        for row in listed:
            asked = {"trace_id": row["trace_id"], "io": io}
            [one] = ask(reader, "get_trace", **asked)
            assert one == {name: value for name, value in row.items() if name not in ("cut", "scores")}
            made = trace_of(ask(reader, "get_spans", **asked, with_trace=True))
            assert made == {name: value for name, value in one.items() if name != "apart"}


def test_of_a_trace_that_is_not_there_the_store_knows_nothing(reader: DuckReader) -> None:
    assert ask(reader, "get_trace", trace_id="nobody", io="full") == []


def test_a_sum_that_cannot_be_stored_is_unknown() -> None:
    calls = [{"total_tokens": 2**63 - 1}, {"total_tokens": None}]
    assert tokens(calls, "total_tokens") == 2**63 - 1
    assert tokens([*calls, {"total_tokens": 1}], "total_tokens") is None


def test_rows_without_a_beginning_or_an_id_come_last() -> None:
    """Nothing stores them; the columns do not forbid them."""
    row = dict.fromkeys((*SAID_FIRST, *TOKENS, "trace_name", "tags", "metadata", "end_time", "duplicate_of"))
    row |= {
        "trace_id": "t",
        "kind": "agent",
        "status": "ok",
        "start_unknown": False,
        "public": False,
        "synthetic": False,
    }
    odd = [{**row, "span_id": None, "parent_span_id": None, "start_time": None, "name": f"odd {n}"} for n in (1, 2)]
    good = {**row, "span_id": "a", "parent_span_id": None, "start_time": 5, "name": "good"}
    rows = [{**each, "row_id": number} for number, each in enumerate([*odd, good])]
    made = roll_up(rows)
    assert (made["name"], made["sort_ns"], made["root_row"], made["span_count"]) == ("good", 5, 2, 3)
    assert roll_up(rows[:2])["sort_ns"] == ENDLESS_NS
