"""A trace and its spans: one question where all are asked for, a page and the record where they are more."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from api import one_trace, traces
from api.cursor import After
from api.one_trace import SpanPage, read_scores, read_trace
from api.parameters import SpansQuestion
from contract.columns import TRACE_KIND
from contract.errors import NotFound
from contract.reading import Condition
from storage.database import Database
from storage.reader import DuckReader
from tests.support.asking import application
from tests.support.stored import insert, span, trace_id

ASKED = {"project": "default", "trace_id": trace_id(1)}
SAID = {"kind": TRACE_KIND, "span_id": "(trace)", "duplicate_of": "(trace)", "synthetic": True}


class Watched:
    """A store that tells what it was asked."""

    def __init__(self, reader: DuckReader) -> None:
        self._reader = reader
        self.asked: list[str] = []

    async def read(self, query: str, parameters: Mapping[str, Any], conditions: Sequence[Condition] = ()) -> list[Any]:
        self.asked.append(query)
        return await self._reader.read(query, parameters, conditions)


def ask(database: Database, limit: int, after: After | None = None) -> tuple[dict[str, Any], SpanPage, list[str]]:
    """The record, the page, and the queries that were asked."""
    question = SpansQuestion(io="none", limit=limit, after=after, digest="d")
    reader = DuckReader(database)
    store = Watched(reader)
    try:
        return *asyncio.run(read_trace(store, ASKED, question)), store.asked
    finally:
        reader.close()


def span_ids(page: SpanPage) -> list[int]:
    return [int(row["span_id"], 16) for row in page.spans]


def test_as_many_spans_as_are_asked_for_are_one_question_with_what_was_said_of_the_trace(database: Database) -> None:
    insert(database, "span", *(span(n, at_ms=n) for n in (1, 2, 3)), span(9, **SAID, trace_name="said"))
    record, page, asked = ask(database, limit=3)
    assert (record["name"], record["span_count"], page.next_cursor) == ("said", 3, None)
    assert (span_ids(page), asked) == ([1, 2, 3], ["get_spans"])


def test_more_spans_than_asked_for_are_left_for_the_next_page_and_counted(database: Database) -> None:
    insert(database, "span", *(span(n, at_ms=n) for n in (1, 2, 3, 4)))
    record, page, asked = ask(database, limit=3)
    assert (record["span_count"], page.next_cursor is None) == (4, False)
    assert (span_ids(page), asked) == ([1, 2, 3], ["get_spans", "get_trace"])


def test_a_later_page_has_the_record_of_the_whole_trace(database: Database) -> None:
    insert(database, "span", *(rows := [span(n, at_ms=n) for n in (1, 2, 3)]), span(9, **SAID))
    record, page, _ = ask(database, limit=3, after=After(rows[1]["start_time"], (rows[1]["span_id"],)))
    assert (record["span_count"], span_ids(page), page.next_cursor) == (3, [3], None)


def test_a_trace_of_which_only_something_was_said_has_no_spans(database: Database) -> None:
    insert(database, "span", span(9, **SAID, input="question"))
    record, page, _ = ask(database, limit=3)
    assert (record["span_count"], page.spans, page.next_cursor) == (0, [], None)


def test_no_span_is_lost_where_more_is_said_of_the_trace_than_one_row(database: Database) -> None:
    """The schema does not forbid it, and nothing writes it."""
    insert(database, "span", *(span(n, at_ms=n) for n in (1, 2, 3)), span(9, **SAID), span(9, **SAID))
    pages = [ask(database, limit) for limit in (1, 2, 3, 4)]
    assert [(span_ids(page), page.next_cursor is None) for _, page, _ in pages] == [
        ([1], False), ([1, 2], False), ([1, 2, 3], True), ([1, 2, 3], True),
    ]  # fmt: skip
    assert {record["span_count"] for record, _, _ in pages} == {3}


@pytest.mark.parametrize(("module", "name"), [(one_trace, "trace_of"), (traces, "trace_record")])
def test_the_record_is_made_beside_the_event_loop(
    database: Database, module: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand spans, a text of 30 MB or thousands of scores take a while, in which nothing is acknowledged."""
    real, threads = getattr(module, name), list[threading.Thread]()

    def made(*arguments: Any) -> Any:
        threads.append(threading.current_thread())
        return real(*arguments)

    async def get(path: str) -> int:
        async with TestClient(TestServer(application(reader))) as client:
            return (await client.get(path)).status

    monkeypatch.setattr(module, name, made)
    insert(database, "span", span(1))
    reader = DuckReader(database)
    try:
        assert asyncio.run(get("/api/v1/traces/" + trace_id(1))) == 200
    finally:
        reader.close()
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


def test_a_trace_that_does_not_exist_is_named(database: Database) -> None:
    with pytest.raises(NotFound, match=f"no trace '{trace_id(1)}'"):
        ask(database, limit=3)


def test_scores_are_those_of_the_trace_the_oldest_first(database: Database) -> None:
    columns = "(project, score_id, trace_id, name, value, time)"
    for project, number, trace in (("default", 2, 1), ("default", 1, 1), ("default", 3, 2), ("other", 4, 1)):
        database.cursor().execute(
            f"INSERT INTO score {columns} VALUES (?, ?, ?, 'good', 1, make_timestamp_ns(?))",
            [project, f"s{number}", trace_id(trace), number],
        )
    reader = DuckReader(database)
    try:
        found = asyncio.run(read_scores(reader, **ASKED))
    finally:
        reader.close()
    assert [row["id"] for row in found] == ["s1", "s2"]
