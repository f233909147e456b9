"""Events that name an observation and not its trace."""

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from contract.columns import Row, S
from contract.translated import Translated
from storage.homes import is_homeless
from storage.lookback import stored_rows
from storage.pieces import LONGEST_IN_ROW
from tests.support.langfuse import event, rows_of
from tests.support.living import Living, live
from tests.support.rows import span_row

CREATE = event("generation-create", "e1", 0, id="o", traceId="t", name="llm", model="gpt-4o")
UPDATE = event("generation-update", "e2", 1, id="o", output="hi")
LATER = event("generation-update", "e3", 2, id="o", usage={"input": 1, "output": 2})
SHOWN = "trace_id, span_id, name, output, input_tokens"
WHOLE = [("t", "o", "llm", "hi", 1)]


async def send(store: Living, *groups: list[dict[str, Any]]) -> None:
    """Each group is a request of its own, and in the tables before the next comes."""
    for events in groups:
        await store.writer.commit(Translated(rows_of(*events), size_bytes=100))
        await store.writer.visible()


@pytest.mark.parametrize(
    "order", list(permutations([CREATE, UPDATE, LATER])), ids=lambda o: "".join(e["id"] for e in o)
)
@pytest.mark.parametrize("together", [True, False])
def test_updates_without_a_trace_find_it_whichever_comes_first(order: Any, together: bool, tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await send(store, *([list(order)] if together else [[each] for each in order]))
        assert await store.rows(SHOWN) == WHOLE
        await send(store, [UPDATE], [CREATE, LATER])
        assert await store.rows(SHOWN) == WHOLE

    live(tmp_path / "x.duckdb", work)


def test_they_find_it_after_a_restart_too(tmp_path: Path) -> None:
    for sent in (UPDATE, CREATE, LATER):
        live(tmp_path / "x.duckdb", lambda store, sent=sent: send(store, [sent]))

    async def look(store: Living) -> None:
        assert await store.rows(SHOWN) == WHOLE

    live(tmp_path / "x.duckdb", look)


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_long_parts_make_the_same_row_in_any_order(order: Any, tmp_path: Path) -> None:
    prompt, reply = "prompt " * LONGEST_IN_ROW, "reply " * LONGEST_IN_ROW
    events = (
        event("generation-create", "e1", 0, id="o", traceId="t", name="llm", input=prompt, metadata={"k": prompt}),
        event("generation-update", "e2", 1, id="o", output=prompt),
        event("generation-update", "e3", 2, id="o", output=reply, metadata={"l": reply}),
    )

    async def look(store: Living) -> list[Row]:
        await store.writer.visible()
        return list(stored_rows(store.database.cursor(), [("default", "t", "o")]).values())

    for place in order:
        live(tmp_path / "x.duckdb", lambda store, sent=events[place]: send(store, [sent]))
    [row] = live(tmp_path / "x.duckdb", look)
    assert (row[S.input], row[S.output]) == (prompt, reply)
    assert json.loads(row[S.metadata]) == {"k": prompt, "l": reply}


def test_without_a_trace_an_observation_is_a_trace_of_its_own(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await send(store, [UPDATE], [LATER])
        assert await store.rows("trace_id, span_id, output, input_tokens") == [("o", "o", "hi", 1)]

    live(tmp_path / "x.duckdb", work)


def test_what_is_left_of_the_wrapping_trace_is_settled_without_the_span(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await store.commit(span_row("other", trace_id="o"))
        await send(store, [UPDATE], [CREATE])
        assert await store.rows("trace_id, span_id") == [("o", "other"), ("t", "o")]
        await store.commit(span_row("other", trace_id="o", input="fuller"))
        assert await store.rows("trace_id, input") == [("o", "fuller"), ("t", None)]

    live(tmp_path / "x.duckdb", work)


def test_projects_do_not_share_observations(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await send(store, [CREATE])
        rows = rows_of(UPDATE)
        rows[0][0] = "another"
        await store.writer.commit(Translated(rows, size_bytes=1))
        assert await store.rows("project, trace_id") == [("another", "o"), ("default", "t")]

    live(tmp_path / "x.duckdb", work)


def test_ids_of_otlp_are_never_taken_for_parts_without_a_trace() -> None:
    assert not is_homeless(("p", "a" * 32, "a" * 16))
