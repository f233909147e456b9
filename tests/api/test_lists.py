"""Pages and their cursors; the routes themselves are asked in tests/api/test_routes.py."""

import asyncio
import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from api import lists
from api.cursor import After, decode_cursor
from api.lists import METRIC_POINTS, SPANS, answer_list, next_cursor, page_parameters, read_whole, text_length
from api.parameters import ListQuestion
from api.turns import AT_A_TIME, Turns
from contract.reading import Row
from storage.database import Database
from storage.reader import DuckReader
from tests.support.asking import Get, asking

QUESTION = ListQuestion(2, "none", 5, None, None, (), "digest")


def test_one_row_more_than_the_page_is_asked_for_and_io_where_it_is_taken() -> None:
    asked = page_parameters("p", SPANS, QUESTION, generations=True)
    assert asked == {"project": "p", "limit": 3, "generations": True, "io": "none", "from_ns": 5, "to_ns": None}
    assert "io" not in page_parameters("p", METRIC_POINTS, QUESTION)


def test_a_page_begins_behind_the_last_row_of_the_one_before() -> None:
    question = ListQuestion(2, "none", None, None, After(7, ("t", "s")), (), "digest")
    asked = page_parameters("p", SPANS, question)
    assert (asked["after_ns"], asked["after_trace_id"], asked["after_span_id"]) == (7, "t", "s")


def test_the_cursor_names_the_last_row_of_the_page_and_the_last_page_has_none() -> None:
    rows = [{"start_time": 9 - n, "trace_id": "t", "span_id": f"s{n}"} for n in range(3)]
    cursor = next_cursor(rows, QUESTION, SPANS, "start_time")
    assert cursor is not None
    assert decode_cursor(cursor, "digest", 2) == After(8, ("t", "s1"))
    assert next_cursor(rows[:2], QUESTION, SPANS, "start_time") is None


def row(number: int, text: str) -> Row:
    return {"start_time": 1000 - number, "trace_id": "t", "span_id": f"s{number:03}", "input": text}


def read_in_parts(stored: list[Row], limit: int) -> tuple[int, list[Row], list[int]]:
    """The limit of the page that was made, its rows with the one more, and the rows that were asked for at a time."""
    asked: list[int] = []

    async def read(part: ListQuestion) -> list[Row]:
        asked.append(part.limit)
        first = (
            0 if part.after is None else next(n for n, each in enumerate(stored) if each["start_time"] < part.after[0])
        )
        return stored[first : first + part.limit + 1]

    question, rows = asyncio.run(read_whole(read, replace(QUESTION, limit=limit), SPANS, "start_time"))
    return question.limit, rows, asked


def test_a_large_page_of_short_rows_is_whole_after_two_questions() -> None:
    stored = [row(n, "x") for n in range(300)]
    assert read_in_parts(stored, 200) == (200, stored[:201], [50, 150])
    assert read_in_parts(stored, 300) == (300, stored, [50, 250])
    assert read_in_parts(stored[:30], 300) == (30, stored[:30], [50])
    assert read_in_parts(stored, 20) == (20, stored[:21], [20])


def test_a_large_page_ends_where_its_texts_are_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "PAGE_BYTES", 6600)
    stored = [row(n, "x" * 95) for n in range(300)]  # with the ids 100 each
    limit, rows, asked = read_in_parts(stored, 300)
    assert (limit, asked) == (66, [50, 16])
    assert rows == stored[:67]
    question = replace(QUESTION, limit=limit)
    cursor = next_cursor(rows, question, SPANS, "start_time")
    assert cursor is not None
    assert decode_cursor(cursor, "digest", 2) == After(stored[65]["start_time"], ("t", "s065"))


def test_a_page_has_its_first_part_and_a_next_one_however_long_the_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "PAGE_BYTES", 1)
    stored = [row(n, "x" * 95) for n in range(60)]
    limit, rows, _ = read_in_parts(stored, 300)
    assert (limit, len(rows)) == (50, 51)


class Counting:
    """A reader that says how many questions were in work at a time."""

    def __init__(self, reader: DuckReader) -> None:
        self._reader = reader
        self._now = self.most = 0

    async def read(self, *question: Any) -> list[Row]:
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            return await self._reader.read(*question)
        finally:
            self._now -= 1


@pytest.mark.parametrize(
    ("io", "limit", "most"), [("full", 60, AT_A_TIME), ("full", 10, AT_A_TIME), ("preview", 60, 6)]
)
def test_pages_of_whole_rows_are_made_a_few_at_a_time_however_many_rows_are_asked_for(
    filled: Database, io: str, limit: int, most: int
) -> None:
    """Ten rows may have ten megabytes each."""
    reader = DuckReader(filled)
    counting = Counting(reader)

    async def talk(get: Get) -> None:
        answers = await asyncio.gather(*(get("/api/v1/spans", io=io, limit=limit) for _ in range(6)))
        assert [len(answer.json["data"]) for answer in answers] == [4] * 6

    asking(filled, talk, reader=counting)
    reader.close()
    assert counting.most == most


def test_who_goes_away_has_the_place_until_what_was_begun_for_them_is_made() -> None:
    """A thread goes on by itself: six clients that went away had six answers made at a time."""
    making: set[int] = set()
    most = 0
    go_on = threading.Event()
    api: Any = SimpleNamespace(shown=Turns(), large_lists=Turns())
    question = ListQuestion(10, "full", None, None, None, (), "")

    async def read(_: ListQuestion) -> list[Row]:
        return []

    async def ask_and_go(number: int) -> None:
        def render(*_: object) -> web.Response:
            making.add(number)
            go_on.wait(10)
            making.discard(number)
            return web.Response()

        route: Any = None
        asking = asyncio.ensure_future(
            answer_list(api, make_mocked_request("GET", "/"), question, read, render, (route, ""))
        )
        while number not in making and not go_on.is_set():  # noqa: ASYNC110 - a thread begins
            await asyncio.sleep(0.001)
        asking.cancel()
        await asyncio.wait([asking])

    async def run() -> None:
        nonlocal most
        async with asyncio.TaskGroup() as clients:
            for number in range(6):
                clients.create_task(ask_and_go(number))
            for _ in range(50):  # enough for all to begin
                await asyncio.to_thread(int)
            most = len(making)
            go_on.set()

    asyncio.run(run())
    assert most == AT_A_TIME


def test_all_texts_of_a_row_count_those_of_its_scores_too() -> None:
    scores = [{"comment": "four", "value": 1.0, "metadata": None}, {"comment": "5char"}]
    assert text_length({"input": "ab", "metadata": ["c", "de"], "scores": scores, "span_count": 7}) == 14
