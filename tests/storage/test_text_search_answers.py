"""The index of words changes what is read and never what is answered: searches through the reader."""

import itertools
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.columns import Row
from contract.reading import Condition
from storage import contents, text_search, windows
from storage import reader as reader_module
from storage.pieces import LONGEST_IN_ROW
from storage.reader import DuckReader
from storage.text_index import TextIndex
from storage.text_search import (
    NO_SEQ,
)
from tests.support.living import Living, live
from tests.support.rows import START_NS, log_row, span_row

WORDS = (
    "plain", "Plain", "ÜBER", "über", "straße", "\u03a3oφός", "你好世界", "你好", "数", "a-1", "A-12", "x" * 70,
    "e\u0301", "ไทย", "🚀", "\\", '"', "\x00", "\n", "\u017f", "\u212a",
)  # fmt: skip
TERMS = (
    "plai", "über", "SS", "\u03c3oφός", "oφό\u03c3", "好世", "你", "你好世", "a-1", "-", "xxx", "\u0301", "ไท", "🚀",
    "s", "k", "\\", "n", "span 1",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join) | st.text('abÄ你好 \\"', max_size=8)
WRITTEN = st.sampled_from([str, json.dumps, lambda text: json.dumps(text, ensure_ascii=False)])
TEXT = st.builds(lambda write, text: write(text), WRITTEN, TEXTS)
SPAN = st.tuples(st.integers(0, 12), TEXT, TEXTS | st.none())
STEP = st.one_of(
    st.tuples(st.just("spans"), st.lists(SPAN, min_size=1, max_size=4)),
    st.tuples(st.just("delete"), st.integers(0, 3)),
    st.tuples(st.just("index"), st.integers(1, 4)),
)
QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    ("list_spans", {"limit": 3, "io": "full"}),
    ("list_spans", {"limit": 50, "io": "none", "from_ns": 1_790_000_000_000_004_000}),
    ("list_traces", {"limit": 2, "io": "preview"}),
    ("list_sessions", {"limit": 5}),
    ("list_logs", {"limit": 50, "io": "full"}),
    ("metrics", {"limit": 5, "embeddings": False, "measures": ("span_count",), "groups": ()}),
]


@pytest.mark.parametrize("longest_in_row", [LONGEST_IN_ROW, 2], ids=["in their rows", "apart"])
@settings(max_examples=12, deadline=None)
@given(st.lists(TEXT, min_size=9, max_size=9), st.lists(STEP, max_size=5), st.data())
def test_answers_with_and_without_the_index_are_equal(
    longest_in_row: int, texts: list[str], steps: list[tuple[str, Any]], data: st.DataObject
) -> None:
    """Texts of any script, escaped or not, that are indexed; then sent again with others, deleted, indexed again."""
    piece = st.sampled_from(texts).flatmap(lambda text: st.tuples(*[st.integers(0, len(text))] * 2).map(
        lambda ends: text[min(ends) : max(ends)]
    ))  # fmt: skip
    searched = data.draw(
        st.lists(st.lists(piece | st.sampled_from(TERMS), min_size=1, max_size=2), min_size=3, max_size=3)
    )

    async def work(store: Living) -> None:
        index = TextIndex(store.database, store.writer, piece_rows=4)
        reader = DuckReader(store.database, visible=store.writer.visible, threads=1)
        for number, text in enumerate(texts):
            await store.commit(
                traced(number, text, None), logs=(log_row("1", f"d{number}", json.dumps(text), describes_span=False),)
            )
            await store.writer.visible()
        for step in [("index", 9), *steps]:
            await apply(store, index, *step)
        for terms in searched:
            conditions = [Condition("q", "contains", (term,)) for term in terms if term]
            await compare(reader, conditions, data.draw(st.sampled_from(QUESTIONS)))
        reader.close()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(windows, "FEWEST_ROWS", 1)
        patched.setattr(windows, "NEWEST", 1)
        patched.setattr(contents, "LONGEST_IN_ROW", longest_in_row)
        patched.setattr(contents, "HEAD_CHARACTERS", longest_in_row)
        live(":memory:", work)


async def compare(reader: DuckReader, conditions: list[Condition], question: tuple[str, dict[str, Any]]) -> None:
    query, parameters = question
    given_parameters = {"project": "default", **parameters}
    indexed = without_cut(await reader.read(query, given_parameters, conditions))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reader_module, "INDEXED", {})
        assert indexed == without_cut(await reader.read(query, given_parameters, conditions)), query


def without_cut(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Whether there were more candidates in a part depends on where parts begin."""
    return [{name: value for name, value in row.items() if name != "cut"} for row in rows]


def traced(number: int, first: str, second: str | None) -> Row:
    return span_row(
        f"{number}", trace_id=f"t{number % 4}", start=number, session_id="s", name="", input=first, output=second
    )


async def apply(store: Living, index: TextIndex, what: str, value: Any) -> None:
    if what == "spans":
        await store.commit(*(traced(*span) for span in value))
    elif what == "delete":
        await store.upkeep.delete_traces("default", [f"t{value}"])
    else:
        for _ in range(value):
            await index.step()
    await store.writer.visible()


def test_rows_known_to_be_without_the_term_are_not_searched() -> None:
    """Shown by a row whose text is changed behind the back of the index: it is not looked at any more."""

    async def work(store: Living) -> None:
        for number in range(9):
            await store.commit(span_row(f"{number}", trace_id=f"t{number}", input="needle" if number == 5 else "hay"))
            await store.writer.visible()
        assert await TextIndex(store.database, store.writer, piece_rows=8).step()
        store.database.cursor().execute("UPDATE span SET output = 'needle'").fetchall()
        assert await found(store, "needle") == ["8", "5", "4"], "the newest is not indexed, and 4 and 5 are in one tile"
        assert await found(store, "EEDL", "ha") == ["8", "4"]
        store.database.cursor().execute("DELETE FROM text_words").fetchall()
        assert len(await found(store, "needle")) == 9

    live(":memory:", work)


def test_a_tile_whose_rare_words_are_all_older_is_not_searched() -> None:
    """Shown in the same way, with all rows in one tile."""

    async def work(store: Living) -> None:
        rows = [span_row(f"{number}", start=number, input="needle" if number == 5 else "hay") for number in range(9)]
        await store.commit(*rows)
        await store.commit(span_row("9", start=99))
        await store.writer.visible()
        assert await TextIndex(store.database, store.writer, piece_rows=9).step()
        store.database.cursor().execute("UPDATE span SET output = 'needle'").fetchall()
        assert await found(store, "needle", from_ns=START_NS + 6000) == ["9"], "the newest is not indexed"
        assert await found(store, "needle", from_ns=START_NS + 5000) == ["9", "8", "7", "6", "5"]

    live(":memory:", work)


def test_the_words_of_long_texts_are_known_too() -> None:
    """Shown in the same way: a word far behind the beginning that a row keeps, and rows that are not looked at."""
    shared = "straw " * LONGEST_IN_ROW

    async def work(store: Living) -> None:
        for number in range(9):
            text = shared + ("needle" if number == 5 else "hay")
            await store.commit(span_row(f"{number}", trace_id=f"t{number}", input=text))
            await store.writer.visible()
        assert await found(store, "needle") == ["5"]
        assert await TextIndex(store.database, store.writer, piece_rows=8).step()
        assert await found(store, "needle") == ["5"]
        assert await found(store, "HAY") == [f"{number}" for number in reversed(range(9)) if number != 5]
        store.database.cursor().execute("UPDATE span SET output = 'needle'").fetchall()
        assert await found(store, "needle") == ["8", "5", "4"]

    live(":memory:", work)


def test_every_part_of_a_text_is_found_through_the_index() -> None:
    """In a tile of its own, whatever the script, the case and the way of writing it."""
    texts = ["Grüße, Welt", "你好世界 GPT模型", json.dumps('say "数据" now'), "ภาษาไทย", "a-12/b_3", "🚀🌍 up", "oφός"]

    async def work(store: Living) -> None:
        for number, text in enumerate([*texts, "", ""]):
            await store.commit(span_row(f"{number}", trace_id=f"t{number}", name="", input=text))
            await store.writer.visible()
        index = TextIndex(store.database, store.writer, piece_rows=4)
        while await index.step():
            pass
        for terms, expected in (
            (("RÜSSE, w",), []), (("RÜßE, w",), ["0"]), (("好世",), ["1"]), (("世界 g",), ["1"]), (("t模",), ["1"]),
            (('say "数据" n',), ["2"]), (("数据",), ["2"]), (("数据", "now"), ["2"]), (("าษาไ",), ["3"]),
            (("-12/B",), ["4"]), (("_",), ["4"]), (("🌍",), ["5"]), (("🌍 U",), ["5"]), (("φόΣ",), ["6"]),
            (("世好",), []),
        ):  # fmt: skip
            assert await found(store, *terms) == expected, terms

    live(":memory:", work)


async def found(store: Living, *terms: str, from_ns: int | None = None) -> list[str]:
    reader = DuckReader(store.database, threads=1)
    conditions = [Condition("q", "contains", (term,)) for term in terms]
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(windows, "worth_it", lambda *_: False)
            patched.setattr(reader_module, "worth_it", lambda *_: False)
            asked = {"project": "default", "limit": 50, "io": "none", "from_ns": from_ns}
            rows = await reader.read("list_spans", asked, conditions)
    finally:
        reader.close()
    return [row["span_id"] for row in rows]


def test_a_page_of_a_rare_term_looks_at_as_many_tiles_as_it_needs() -> None:
    """Rows in no order of time, the term in every tile: shown by hits that are gone from the index behind its back."""

    async def work(store: Living) -> None:
        for number in range(96):
            text = f"w{number} needle" if number % 4 == 0 else f"w{number}"
            await store.commit(span_row(f"{number}", trace_id=f"t{number}", start=7 * number % 97, input=text))
            await store.writer.visible()
        index = TextIndex(store.database, store.writer, piece_rows=16)
        while await index.step():
            pass
        reader = DuckReader(store.database, threads=1)
        asked: list[dict[str, Any]] = []
        cursor = reader._cursor

        class Heard:
            def __getattr__(self, name: str) -> Any:
                return getattr(cursor(), name)

            def execute(self, sql: Any, *bound: Any) -> Any:
                asked.extend(bound)
                return cursor().execute(sql, *bound)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(windows, "FEWEST_ROWS", 1)
            patched.setattr(text_search, "MOST_TOGETHER", 1.0)  # one row a tile has it
            patched.setattr(reader, "_cursor", Heard)
            rows = await reader.read(
                "list_spans",
                {"project": "default", "limit": 4, "io": "none"},
                [Condition("q", "contains", ("needle",))],
            )
        reader.close()
        starts = sorted((7 * number % 97 for number in range(0, 96, 4)), reverse=True)
        assert [7 * int(row["span_id"]) % 97 for row in rows] == starts[:4]
        [searched] = [bound for bound in asked if "limit" in bound]
        edges = [edge for name, edge in searched.items() if name.startswith("w0_") and edge != NO_SEQ]
        assert len(edges) == 10, "what lies around four tiles is left out"

    live(":memory:", work)


@pytest.mark.parametrize("last_ns", [START_NS + 50_000, 2**63 - 2], ids=["soon", "the last time there is"])
def test_tiles_that_have_a_term_also_behind_the_range_do_not_widen_it(last_ns: int) -> None:
    """Shown by pages of one row, in rows of no order of time of which each tile has the term early and late."""

    async def work(store: Living) -> None:
        for number in range(96):
            start_ns = last_ns if number % 4 == 3 else START_NS + 1000 * (7 * number % 29)
            text = "needle" if number % 4 else f"hay {number}"
            await store.commit(
                span_row(f"{number}", trace_id=f"t{number}", start_time=start_ns, end_time=start_ns, input=text),
                logs=(log_row("1", f"d{number}", text, time=start_ns, describes_span=False),),
            )
            await store.writer.visible()
        index = TextIndex(store.database, store.writer, piece_rows=16)
        while await index.step():
            pass
        reader = DuckReader(store.database, threads=1)
        ranges = (
            {},
            {"to_ns": START_NS + 20_000},
            {"after_ns": last_ns, "after_trace_id": "t11", "after_span_id": "z"},
        )
        logs = ({}, {"to_ns": START_NS + 20_000}, {"after_ns": last_ns, "after_digest": "d11"})
        for query, limit in itertools.product(("list_spans", "list_traces", "list_logs"), (1, 2, 5)):
            for asked in logs if query == "list_logs" else ranges:
                given = {name: value for name, value in asked.items() if query != "list_traces" or "span" not in name}
                with pytest.MonkeyPatch.context() as patched:
                    patched.setattr(windows, "FEWEST_ROWS", 1)
                    patched.setattr(windows, "NEWEST", 2)
                    patched.setattr(windows, "SAMPLES", 24)
                    conditions = [Condition("q", "contains", ("needle",))]
                    await compare(reader, conditions, (query, {"limit": limit, "io": "none", **given}))
        reader.close()

    live(":memory:", work)


@pytest.mark.parametrize("scattered", [False, True])
def test_rows_older_than_what_the_index_was_asked_about_are_found_too(scattered: bool) -> None:
    """A tile may have the term in its older rows only, and a page goes on to older rows without asking the index."""
    chooser = random.Random(1)
    starts = list(range(0, 3000, 10))
    if scattered:
        chooser.shuffle(starts)

    async def work(store: Living) -> None:
        for number, start in enumerate(starts):
            text = "needle" if chooser.random() < 0.25 else "hay"
            await store.commit(span_row(f"{number}", trace_id=f"t{number}", start=start, input=text))
            if number % 5 == 0:
                await store.writer.visible()
        await store.writer.visible()
        index = TextIndex(store.database, store.writer, piece_rows=16)
        while await index.step():
            pass
        reader = DuckReader(store.database, threads=1)
        for query, limit in itertools.product(("list_spans", "list_traces"), (3, 20, 60, 100)):
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(windows, "FEWEST_ROWS", 1)
                patched.setattr(windows, "SAMPLES", 24)
                await compare(
                    reader, [Condition("q", "contains", ("needle",))], (query, {"limit": limit, "io": "none"})
                )
        reader.close()

    live(":memory:", work)
