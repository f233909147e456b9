"""The index of words changes what is read and never what is answered."""

import itertools
import json
import random
from collections.abc import Sequence
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.columns import Row
from contract.reading import Condition
from storage import contents, windows
from storage import reader as reader_module
from storage.pieces import LONGEST_IN_ROW
from storage.reader import DuckReader
from storage.text_index import TextIndex
from storage.text_search import (
    NEWEST,
    NO_SEQ,
    RANGES_AT_MOST,
    TILE_BITS,
    Range,
    Search,
    joined,
    longest,
    mark,
    meets,
    outside,
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


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5)), max_size=6))
@settings(max_examples=50, deadline=None)
def test_the_condition_holds_for_numbers_in_none_of_the_ranges_and_for_null(drawn: list[tuple[int, int]]) -> None:
    ranges = joined(Range(first, first + more) for first, more in drawn)
    condition, values = outside(ranges, "e")
    sql = f"SELECT commit_seq FROM (SELECT unnest(range(50)::BIGINT[] || [NULL]) AS commit_seq) WHERE {condition}"
    kept = {seq for (seq,) in ENGINE.execute(sql, values).fetchall()}
    everything = [*range(50), None]
    within = {seq for first, last in ranges for seq in range(first, last + 1)}
    assert kept == {seq for seq in everything if seq not in within}
    assert kept == {seq for seq in everything if seq is None or not meets(ranges, Range(seq, seq))}


ENGINE = duckdb.connect()


def test_conditions_of_about_as_many_ranges_are_one_text() -> None:
    """A statement that comes again need not be parsed."""
    texts = [outside([Range(2 * number, 2 * number) for number in range(count)], "e")[0] for count in range(1, 66)]
    assert len(set(texts)) == 8, "1, 2, 4, ... 128 ranges"
    assert texts[32] == texts[63]


def test_ranges_meet_where_they_share_a_number() -> None:
    ranges = [Range(2, 4), Range(8, 8)]
    met = [(first, last) for first in range(11) for last in range(first, 11) if meets(ranges, Range(first, last))]
    assert met == [
        (first, last) for first in range(11) for last in range(first, 11) if {2, 3, 4, 8} & set(range(first, last + 1))
    ]


def test_a_statement_leaves_out_a_bounded_number_of_ranges_the_longest() -> None:
    ranges = [Range(10 * number, 10 * number + number % 7) for number in range(RANGES_AT_MOST * 2)]
    kept = longest(ranges)
    assert len(kept) == RANGES_AT_MOST
    assert kept == sorted(kept)
    assert min(last - first for first, last in kept) >= 3


def used(us: int, tiles: int) -> int:
    """As the index tells it."""
    return (us << TILE_BITS) + tiles


def test_the_index_is_asked_once_for_what_it_was_asked_and_not_at_all_for_what_it_cannot_tell() -> None:
    asked: list[dict[str, Any]] = []

    def ask(sql: str, bound: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        asked.append(bound)
        return [("a",)] if "parts" in bound else [(1, [5, 9], 2, [used(70, 2)])]

    search = Search(ask, "span", [["a"]], f"SELECT {mark(0)}", every=True, to_ns=7)  # type: ignore[arg-type]
    assert search.statement(None) == ("SELECT true", {})
    for from_ns in (5000, 6000):
        search.look_up(from_ns)
    assert "commit_seq" in search.statement(5000)[0]
    assert search.statement(4999) == search.statement(None) == ("SELECT true", {}), "a tile may have had it before"
    for earlier_ns in (None, 3000):
        search.look_up(earlier_ns)
    assert "commit_seq" in search.statement(None)[0]
    assert [bound["from_ns"] for bound in asked if "from_ns" in bound] == [5000, None]
    assert asked[1]["to_ns"] == 7
    assert [seq for seq in range(12) if search.may_match(seq)] == [0, 6, 7, 8, 9, 10, 11]
    assert (search.possible, search.is_rare) == (1, False), "one of two tiles has it"
    asked.clear()
    search = Search(ask, "span", [["-"]], "", every=True, to_ns=None)  # type: ignore[arg-type]
    search.look_up(None)
    assert asked == []
    assert search.may_match(1)


def test_what_was_told_is_enough_to_leave_out_tiles_that_have_the_term_in_older_rows_only() -> None:
    asked: list[dict[str, Any]] = []

    def ask(sql: str, bound: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        asked.append(bound)
        many = [used(10, 1)] * NEWEST
        return [("a",)] if "parts" in bound else [(1, [5, 9], 3, [used(70, 2), used(60, 1)]), (10, [15], 1, many)]

    search = Search(ask, "span", [["a"]], mark(0), every=True, to_ns=None)  # type: ignore[arg-type]
    search.look_up(4000)
    for since_ns, possible in ((70_999, [6, 7, 8, 9]), (71_000, []), (60_000, list(range(1, 10)))):
        search.narrow(since_ns)
        told = [*possible, *range(10, 16)]
        assert [seq for seq in range(1, 16) if search.may_match(seq)] == told, "of many rows not all are told"
        assert search.statement(since_ns - 1) == ("true", {})
    search.narrow(70_000)
    search.look_up(4000)
    assert [seq for seq in range(1, 16) if search.may_match(seq)] == list(range(1, 16))
    assert len(asked) == 2, "what a part is folded to, and the index once"


def test_a_sample_row_counts_where_one_row_must_have_all_terms_or_some_row_each() -> None:
    def ask(sql: str, bound: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        return [("a",), ("b",)] if "parts" in bound else [(1, [5, 9], 1, None, 2, None)]

    for every, seqs in ((True, [0, 10]), (False, list(range(11)))):
        search = Search(ask, "span", [["a"], ["b"]], "", every=every, to_ns=None)  # type: ignore[arg-type]
        search.look_up(None)
        assert [seq for seq in range(11) if search.may_match(seq)] == seqs
        assert search.may_match(None)


def with_times(hits: Sequence[int]) -> list[Any]:
    return [value for tiles in hits for value in (tiles, None)]


def test_one_form_of_a_term_is_enough_and_a_form_without_words_may_be_anywhere() -> None:
    for forms, hits, expected in (
        (["a", "b"], (0, 1), True),
        (["a", "-"], (0,), True),
        (["a", "a b"], (0, 1, 1), True),
        (["a", "a b"], (0, 1, 0), False),
        (["a b"], (0, 1), False),
    ):

        def ask(sql: str, bound: dict[str, Any], hits: tuple[int, ...] = hits) -> Sequence[tuple[Any, ...]]:
            return [(part,) for part in bound["parts"]] if "parts" in bound else [(1, [5], *with_times(hits))]

        search = Search(ask, "span", [forms], "", every=True, to_ns=None)  # type: ignore[arg-type]
        search.look_up(None)
        assert search.may_match(3) is expected, forms


@pytest.mark.parametrize(
    ("terms", "pieces", "nth"),
    [
        (
            [["a"]], [(1, [5, 9], 3, [used(70, 1), used(60, 2)]), (10, [15], 1, [used(65, 1)])],
            {1: 70_000, 2: 65_000, 3: 60_000, 4: None},
        ),
        ([["a"]], [(1, [5, 9], 3, [used(70, 3)])], {1: None}),  # a frequent word: one time for both tiles
        ([["a", "b"]], [(1, [5, 9], 1, [used(70, 1)], 2, [used(60, 2)])], {1: 70_000, 2: 60_000, 3: None}),  # either
        (
            [["a"], ["b"]], [(1, [5, 9], 3, [used(80, 1), used(70, 2)], 2, [used(60, 2)])], {1: 60_000, 2: None},
        ),  # the rarer of two terms
        ([["a"], ["-"]], [(1, [5], 1, [used(70, 1)])], {1: 70_000}),  # words tell nothing of the other
        ([["-"]], [], {1: None}),
    ],
)  # fmt: skip
def test_it_is_known_since_when_so_many_tiles_may_have_the_terms(
    terms: list[list[str]], pieces: list[tuple[Any, ...]], nth: dict[int, int | None]
) -> None:
    def ask(sql: str, bound: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        return [(part,) for part in bound["parts"]] if "parts" in bound else pieces

    search = Search(ask, "span", terms, "", every=True, to_ns=None)  # type: ignore[arg-type]
    search.look_up(None)
    assert {tiles: search.nth_ns(tiles) for tiles in nth} == nth


def test_since_when_tiles_have_a_term_before_a_time_is_told_by_those_that_do_not_have_it_later_too() -> None:
    def ask(sql: str, bound: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        return [("a",)] if "parts" in bound else [(1, [5, 9], 3, [used(70, 1), used(60, 2)])]

    search = Search(ask, "span", [["a"]], "", every=True, to_ns=None)  # type: ignore[arg-type]
    search.look_up(None)
    assert [search.nth_ns(1, below_ns) for below_ns in (None, 70_001, 70_000, 60_000)] == [70_000, 70_000, 60_000, None]


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
        assert len(edges) > 10, "most tiles are left out"

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
