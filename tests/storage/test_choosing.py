"""A page of traces in two statements is the page that one statement gives."""

import pytest

from storage import reader as module
from storage.choosing import CHOICE, declared, only
from storage.reader import DuckReader, load_queries
from tests.support.living import Living, live
from tests.support.rows import span_row


def test_the_query_has_one_part_that_chooses() -> None:
    [choice] = CHOICE.findall(load_queries()["list_traces"].sql)
    assert {"project", "page_limit"} <= declared(choice)


def test_names_in_comments_and_texts_are_no_values() -> None:
    assert declared("-- $a\nSELECT $b, 'it costs $c'") == {"b"} | ({"c"} & declared("'it costs $c'"))
    assert only({"b": 1, "a": 2}, "SELECT $b") == {"b": 1}


@pytest.mark.parametrize("limit", [1, 3, 10])
def test_the_page_is_that_of_one_statement(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(store: Living) -> None:
        rows = (span_row(f"s{n}", trace_id=f"t{n % 7}", start=n * 1000, end=n * 1000 + 9) for n in range(40))
        await store.commit(*rows)
        asked = {"project": "default", "limit": limit, "io": "preview", "from_ns": None, "to_ns": None}
        reader = DuckReader(store.database, visible=store.writer.visible, threads=1)
        in_turn = await reader.read("list_traces", asked)
        monkeypatch.setattr(module, "ask_in_turn", lambda ask, sql, values: (sql, dict(values)))
        at_once = await reader.read("list_traces", asked)
        assert in_turn == at_once
        assert len(in_turn) == min(limit, 7)
        reader.close()

    live(":memory:", work)
