"""A page of traces is the same in small statements as in one, and looks at fewer rows where the file is large."""

import asyncio
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest

from contract.errors import Unavailable
from contract.reading import Condition
from storage import reader as reader_module
from storage import trace_page, windows
from storage.asking import rows_of
from storage.database import Database, run
from storage.reader import DuckReader, load_queries
from storage.trace_page import page_of, used
from storage.trace_rows import MARK, make
from tests.support.stored import START_NS, insert, opened, span, trace_id

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


@pytest.mark.parametrize("spans_at_most", [0, 10_000])
@pytest.mark.parametrize("large_rows", [1, 10_000])
@pytest.mark.parametrize(("parameters", "conditions"), QUESTIONS)
def test_a_page_is_the_same(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    parameters: dict[str, Any],
    conditions: tuple[Condition, ...],
    large_rows: int,
    spans_at_most: int,
) -> None:
    """As one statement, as one for traces that were chosen, and as its records made here."""
    monkeypatch.setattr(windows, "FEWEST_ROWS", 1)
    reader, asked = DuckReader(database, threads=1), list[str]()
    parsed = reader._parsed

    def spied(cursor: Any, sql: str) -> Any:
        asked.append(sql)
        return parsed(cursor, sql)

    monkeypatch.setattr(reader, "_parsed", spied)
    monkeypatch.setattr(reader_module, "LARGE_ROWS", large_rows)
    monkeypatch.setattr(trace_page, "SPANS_AT_MOST", spans_at_most)

    def pages() -> list[dict[str, Any]]:
        rows = asyncio.run(reader.read("list_traces", {"project": "default", **parameters}, conditions))
        return [{name: value for name, value in row.items() if name != "cut"} for row in rows]

    try:
        divided = pages()
        monkeypatch.setattr(reader_module, "divisible", lambda *_: False)
        is_divided = bool(divided) and not any(condition.field == "span_count" for condition in conditions)
        statements = [sql for sql in asked if "$trace_ids::VARCHAR[]" in sql and "FROM score" not in sql]
        assert bool(statements) is is_divided, "traces that are judged by their record are too many to name"
        assert any("commit_seq BETWEEN" in sql for sql in statements) is (is_divided and large_rows == 1)
        assert divided == pages()
    finally:
        reader.close()


def test_only_the_rows_where_the_traces_lie_are_looked_at(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_page, "RANGES", 2)
    cursor, looked_up, asked = database.cursor(), list[str](), list[tuple[str, Any]]()

    def read(sql: str, values: Any) -> list[dict[str, Any]]:
        looked_up.append(sql)
        return rows_of(cursor.execute(sql, values))

    def parts(sql: str, values: Any) -> list[list[dict[str, Any]]]:
        asked.append((sql, values))
        return []

    reader = DuckReader(database, threads=1)
    question = reader.prepare("list_traces", {"project": "default", "limit": 1, "io": "none"}, ())
    spans_sql = load_queries()[trace_page.QUERY].sql
    bound = {**question.bound, "page_limit": 1}
    assert page_of(read, parts, question.sql, bound, spans_sql, is_large=True) == []
    monkeypatch.setattr(trace_page, "SPANS_AT_MOST", -1)
    page_of(read, lambda *_: [[{"text_bytes": 0}]], question.sql, bound, spans_sql, is_large=True)
    reader.close()
    cursor.close()
    [(sql, values)] = asked
    assert len(values["trace_ids"]) == 1
    assert sql.count("commit_seq BETWEEN") == looked_up[-1].count("commit_seq BETWEEN") == 2
    assert MARK not in sql + looked_up[-1]
    last = re.search(r"commit_seq > \$(\w+)", sql)
    assert last
    assert values[last[1]] == 200, "what came since is"
    assert sum("FROM trace_rows" in each for each in looked_up) == 2, "once a page, however it is made"


@pytest.mark.parametrize(
    ("bound", "most_bytes", "rows_copied"), [("LONG_BYTES", 2_999, 1), ("TEXTS_AT_MOST_BYTES", 100_000, 33)]
)
@pytest.mark.parametrize("text", ["name", "user_id", "metadata"])
def test_rows_with_large_texts_are_not_copied_but_rolled_up_by_the_engine(
    monkeypatch: pytest.MonkeyPatch, text: str, bound: str, most_bytes: int, rows_copied: int
) -> None:
    """4,000 spans with an id of a user of 25 kB each took 200 MB a page."""
    monkeypatch.setattr(trace_page, bound, most_bytes)
    database = opened()
    insert(database, "span", *(span(n + 1, trace=n % 5, **{text: f"{n:03d}" * 1_000}) for n in range(400)))
    reader, copied = DuckReader(database, threads=1), list[int]()
    parts = reader._parts

    def spied(*given: Any) -> Any:
        for rows in parts(*given):
            copied.append(len(rows))
            yield rows

    monkeypatch.setattr(reader, "_parts", spied)
    asked = {"project": "default", "limit": 3, "io": "none"}
    rows = asyncio.run(reader.read("list_traces", asked))
    assert rows_copied <= sum(copied) < rows_copied + reader_module.ROWS_A_PART
    monkeypatch.setattr(trace_page, bound, 1 << 30)
    assert rows == asyncio.run(reader.read("list_traces", asked))
    assert sum(copied) > 400
    reader.close()
    database.close()


def test_each_trace_has_its_scores_the_oldest_first_whatever_their_values(database: Database) -> None:
    cursor = database.cursor()
    for number, trace, value in ((2, 1, "nan"), (1, 1, "0.5"), (3, 2, "inf")):
        cursor.execute(
            "INSERT INTO score (project, score_id, trace_id, name, value, time) "
            "VALUES ('default', ?, ?, 'good', ?::DOUBLE, make_timestamp_ns(?))",
            [f"s{number}", trace_id(trace), value, number],
        ).fetchall()
    reader = DuckReader(database, threads=1)
    rows = asyncio.run(reader.read("list_traces", {"project": "default", "limit": 50, "io": "none"}))
    reader.close()
    cursor.execute("DELETE FROM score").fetchall()
    cursor.close()
    scores = {row["trace_id"]: [score["id"] for score in row["scores"]] for row in rows}
    assert {trace: some for trace, some in scores.items() if some} == {trace_id(1): ["s1", "s2"], trace_id(2): ["s3"]}


def test_scores_for_which_an_answer_has_no_room_are_refused_with_the_cure(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = database.cursor()
    for number in range(40):
        cursor.execute(
            "INSERT INTO score (project, score_id, trace_id, name, comment, time) "
            "VALUES ('default', ?, ?, 'good', ?, make_timestamp_ns(1))",
            [f"s{number}", trace_id(number % 4), "c" * 1_000],
        ).fetchall()
    reader = DuckReader(database, threads=1)

    def listed(limit: int) -> int:
        rows = asyncio.run(reader.read("list_traces", {"project": "default", "limit": limit, "io": "none"}))
        return sum(len(row["scores"]) for row in rows)

    monkeypatch.setattr(trace_page, "SCORES_AT_MOST_BYTES", 30_000)
    try:
        with pytest.raises(Unavailable, match="ask for fewer traces"):
            listed(50)
        assert listed(1) <= 10
        monkeypatch.setattr(trace_page, "SCORES_AT_MOST_BYTES", 100_000)
        assert listed(50) == 40
    finally:
        reader.close()
        cursor.execute("DELETE FROM score").fetchall()
        cursor.close()


def test_a_statement_is_given_the_values_that_it_names() -> None:
    assert used("SELECT $a, $b_c -- $d\n  -- $e", {"a": 1, "b": 2, "b_c": 3, "e": 4}) == {"a": 1, "b_c": 3}
