"""The handlers of one trace and one span; over a socket they are asked in tests/api/test_routes.py too."""

import asyncio
import threading
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from api import traces, turns
from api.traces import grouped
from storage.database import Database
from storage.reader import DuckReader
from tests.support.asking import application
from tests.support.stored import insert, span, span_id, trace_id


def test_rows_are_grouped_in_order_and_those_without_a_value_left_out() -> None:
    rows = [{"k": "a", "n": 1}, {"k": None, "n": 2}, {"k": "b", "n": 3}, {"k": "a", "n": 4}]
    groups = grouped(rows, "k")
    assert {key: [row["n"] for row in members] for key, members in groups.items()} == {"a": [1, 4], "b": [3]}


def test_a_whole_span_is_rendered_beside_the_event_loop(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 30 MB it takes as long as a hundred acknowledgements."""
    real, threads = traces.dump, list[threading.Thread]()

    def dumped(value: Any) -> bytes:
        threads.append(threading.current_thread())
        return real(value)

    async def run() -> None:
        reader = DuckReader(database)
        try:
            async with TestClient(TestServer(application(reader))) as client:
                answer = await client.get(f"/api/v1/spans/{trace_id(1)}/{span_id(1)}")
                body = await answer.json()
                assert (answer.status, answer.content_type, body["input"]) == (200, "application/json", "asked"), body
        finally:
            reader.close()

    monkeypatch.setattr(traces, "dump", dumped)
    insert(database, "span", span(1, input="asked"))
    asyncio.run(run())
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


@pytest.mark.parametrize("form", ["", "/otlp"])
def test_who_reads_a_large_trace_slowly_keeps_nobody_from_small_ones(
    database: Database, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "WAIT_AT_MOST_S", 0.2)
    large = "x" * (turns.UNTAKEN_AT_MOST_BYTES + 1)
    attributes = f'{{"large":"{large}"}}'
    insert(database, "span", span(1, raw_attributes=attributes), span(2, trace=2))

    async def run() -> None:
        reader = DuckReader(database)
        path = "/api/v1/traces/"
        try:
            async with asyncio.timeout(20), TestClient(TestServer(application(reader))) as client:
                unread = await client.get(path + trace_id(1) + form)
                assert (await client.get(path + trace_id(2) + form)).status == 200
                assert len(await unread.read()) > len(large)
        finally:
            reader.close()

    asyncio.run(run())
