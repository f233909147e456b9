"""A page of traces is the same in two steps as in one statement, and looks at fewer rows."""

import asyncio
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest

from contract.reading import Condition
from storage import candidates, windows
from storage import reader as reader_module
from storage.candidates import chosen, used
from storage.database import Database, run
from storage.reader import DuckReader
from storage.trace_rows import MARK, make
from tests.support.stored import START_NS, insert, opened, span

ROWS = 240
QUESTIONS: list[tuple[dict[str, Any], tuple[Condition, ...]]] = [
    ({"limit": 5, "io": "preview"}, ()),
    ({"limit": 50, "io": "full"}, ()),
    ({"limit": 3, "io": "none", "from_ns": START_NS + 30_000_000_000, "to_ns": START_NS + 90_000_000_000}, ()),
    ({"limit": 5, "io": "preview"}, (Condition("q", "contains", ("word3",)),)),
    ({"limit": 5, "io": "preview"}, (Condition("q", "contains", ("nowhere",)),)),
    ({"limit": 5, "io": "none"}, (Condition("model", "eq", ("m1",)),)),
    ({"limit": 5, "io": "none"}, (Condition("span_count", "gt", (3,)), Condition("q", "contains", ("word2",)))),
]


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    """Forty traces in no order of time, of which it is known where the first ones lie."""
    rng = random.Random(5)
    made = opened()
    rows = [
        span(
            n + 1, trace=n % 40, at_ms=rng.randrange(120_000), model=f"m{n % 3}", input=f"word{n % 7}", commit_seq=n + 1
        )
        for n in range(ROWS)
    ]
    insert(made, "span", *rows)
    cursor = made.cursor()
    run(cursor, f"UPDATE store SET flushed_seq = {ROWS}")
    while make(cursor, 50):
        pass
    cursor.close()
    yield made
    made.close()


@pytest.mark.parametrize(("parameters", "conditions"), QUESTIONS)
def test_a_page_is_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch, parameters: dict[str, Any], conditions: tuple[Condition, ...]
) -> None:
    monkeypatch.setattr(windows, "FEWEST_ROWS", 1)
    reader = DuckReader(database, threads=1)
    given = {"project": "default", **parameters}
    whole = asyncio.run(reader.read("list_traces", given, conditions))
    asked: list[str] = []

    def spied(*given: Any) -> Any:
        sql, values = chosen(*given)
        asked.append(sql)
        return sql, values

    monkeypatch.setattr(reader_module, "LARGE_ROWS", 1)
    monkeypatch.setattr(reader_module, "chosen", spied)
    try:
        assert asyncio.run(reader.read("list_traces", given, conditions)) == whole
    finally:
        reader.close()
    is_judged_whole = any(condition.field == "span_count" for condition in conditions)
    assert bool(asked) is not is_judged_whole, "traces that are judged by their record are too many to name"
    assert not any(MARK in sql for sql in asked)


def test_only_the_rows_where_the_traces_lie_are_looked_at(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "RANGES", 2)
    cursor = database.cursor()
    reader = DuckReader(database, threads=1)
    question = reader.prepare("list_traces", {"project": "default", "limit": 1, "io": "none"}, ())
    sql, values = chosen(
        lambda sql, bound: cursor.execute(sql, bound).fetchall(), question.sql, {**question.bound, "page_limit": 1}
    )
    reader.close()
    assert len(values["trace_ids"]) == 1
    assert sql.count("commit_seq BETWEEN") == 2
    last = re.search(r"commit_seq > \$(\w+)", sql)
    assert last
    assert values[last[1]] == 200, "what came since is"
    cursor.close()


def test_a_statement_is_given_the_values_that_it_names() -> None:
    assert used("SELECT $a, $b_c -- $d\n  -- $e", {"a": 1, "b": 2, "b_c": 3, "e": 4}) == {"a": 1, "b_c": 3}
