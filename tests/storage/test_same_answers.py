"""Lists say the same whatever is known of where rows and words lie, page after page, while rows come, change and go."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from contract.columns import Row
from contract.reading import Condition
from storage import parts, text_index, text_search, trace_page, trace_rows, windows
from storage import reader as reader_module
from storage.reader import DuckReader
from storage.text_index import TextIndex
from tests.support.living import Living, live
from tests.support.rows import START_NS, span_row

SMALL: tuple[tuple[Any, str, tuple[Any, ...]], ...] = (
    (windows, "FEWEST_ROWS", (1,)),
    (windows, "SAMPLES", (4, 16, 64, 256)),
    (windows, "NEWEST", (1, 2, 8)),
    (parts, "FIRST_LOOK", (1, 2, 8)),
    (parts, "FIRST_PART", (1, 2)),
    (parts, "RARE", (0.01, 0.5, 4)),
    (parts, "SPARE", (0.2, 1.2)),
    (parts, "NEAR_ROWS", (1, 2, 16)),
    (parts, "GROWTH", (2, 8)),
    (windows, "GROWTH", (2, 8)),
    (parts, "SAMPLES", (16, 256)),
    (parts, "SPREAD", (2, 16)),
    (parts, "FIRST_LOOK_ROWS", (1, 80_000)),
    (parts, "LOOK_SPARE", (1, 1.5)),
    (parts, "TOLD", (0.2, 1, 1.08, 3)),
    (text_search, "TOGETHER", (1, 8)),
    (text_search, "MOST_TOGETHER", (1.0, 4.0)),
    (parts, "TOLD_MORE", (0, 8)),
    (reader_module, "LARGE_ROWS", (1,)),
    (trace_page, "SPARE", (1, 1.25)),
    (trace_page, "SPARE_AT_LEAST", (0, 1, 8)),
    (trace_page, "RANGES", (1, 2, 4)),
    (trace_page, "SPANS_AT_MOST", (1, 20, 4096)),
    (trace_page, "LONG_BYTES", (20, 16_384)),
    (text_search, "JUDGED_BY", (1, 16)),
    (text_search, "RANGES_AT_MOST", (1, 3, 256)),
    (text_search, "NEWEST", (1, 3, 256)),
    (text_search, "RARE", (0.1, 0.5, 0.75)),
    (trace_rows, "SEQS_AT_MOST", (1, 2048)),
    (trace_rows, "RANGES_AT_MOST", (1, 2, 16)),
    (trace_rows, "OF_ONE_AT_MOST", (1, 4, 128)),
)
"""What decides how much is asked at a time, and the values that are drawn: most are reached by a hundred rows."""

ASKED = {
    "list_spans": ("start_time", ("trace_id", "span_id")),
    "list_traces": ("sort_ns", ("trace_id",)),
    "list_sessions": ("last_active_time", ("session_id",)),
    "list_users": ("last_active_time", ("user_id",)),
}
"""Query -> what orders a page, of which the next one's beginning is made."""
COMMON = ("the", "plain", "Über", "数据", "a-1")
TERMS = (*COMMON, "rare1", "RARE2", "are3", "the plain", "plain rare4", "据", "-", "nowhere", "rare5 the", "über")
MOMENTS = 200
"""Microseconds over which spans begin: several begin at the same time."""


class Drawn:
    """Rows, changes and questions of one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self._drift = self.rng.choice((0, 3, 20))
        """How far the time moves on with each commit; 0: rows come in no order of time."""

    def spans(self, step: int) -> list[Row]:
        return [self.span(step) for _ in range(self.rng.randint(1, 12))]

    def span(self, step: int) -> Row:
        rng = self.rng
        number = rng.randrange(150)
        start = step * self._drift + rng.randrange(MOMENTS if self._drift == 0 else 8)
        if rng.random() < 0.1:
            start = rng.randrange(MOMENTS)
        return span_row(
            f"s{number}", rng.choice((None, "s1", "p")), trace_id=f"t{number % 37}", start=start, end=start + 9,
            project=rng.choice(("default", "default", "other")), kind=rng.choice(("span", "generation", "trace")),
            name=f"op{number % 3}", input=self.text(), output=rng.choice((None, self.text())),
            model=rng.choice((None, "m1", "m2")), session_id=rng.choice((None, f"c{number % 7}")),
            user_id=rng.choice((None, f"u{number % 5}")), input_tokens=rng.choice((None, number)),
        )  # fmt: skip

    def text(self) -> str:
        rare = [f"rare{self.rng.randrange(8)}"] if self.rng.random() < 0.3 else []
        words = self.rng.choices(COMMON, k=self.rng.randrange(4)) + rare
        self.rng.shuffle(words)
        return " ".join(words)

    def question(self) -> tuple[str, dict[str, Any], list[Condition]]:
        rng = self.rng
        query = rng.choice((*3 * ("list_spans", "list_traces"), "list_sessions", "list_users"))
        given: dict[str, Any] = {"project": rng.choice(("default", "default", "other"))}
        given["limit"] = rng.choice((1, 3, 5, 10, 20, 40, 200))
        if query in ("list_spans", "list_traces"):
            given["io"] = rng.choice(("none", "preview", "full"))
        for name in ("from_ns", "to_ns"):
            if rng.random() < 0.15:
                given[name] = START_NS + 1000 * rng.randrange(MOMENTS) + rng.randrange(2)
        if query in ("list_sessions", "list_users") and rng.random() < 0.5:
            given["id"] = f"c{rng.randrange(8)}" if query == "list_sessions" else f"u{rng.randrange(6)}"
            return query, given, []
        return query, given, list(self.conditions(query))

    def conditions(self, query: str) -> Iterator[Condition]:
        rng = self.rng
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
            yield Condition("q", "contains", (rng.choice(TERMS),))
        if rng.random() < 0.3:
            field = "span.model" if query == "list_traces" else "model"
            yield Condition(*rng.choice(((field, "eq", ("m1",)), (field, "ne", ("m1",)), (field, "exists", (False,)))))
        if rng.random() < 0.15 and query != "list_spans":
            yield Condition("span_count", "gt", (rng.randrange(4),))
        if rng.random() < 0.15 and query == "list_traces":
            yield Condition("user_id", "eq", (f"u{rng.randrange(5)}",))


@pytest.mark.parametrize("seed", [105, 106])
def test_every_page_is_that_of_one_statement_over_all_rows(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    compare_pages(seed, monkeypatch, questions=30)


def compare_pages(seed: int, monkeypatch: pytest.MonkeyPatch, questions: int) -> None:
    drawn = Drawn(seed)
    rng = drawn.rng
    few_times = text_index.DISTINCT_SQL.replace(f"ntile({text_index.TIMES})", f"ntile({rng.choice((1, 3, 256))})")
    few_uses = few_times.replace(f"<= {text_index.RARE_USES} AND", f"<= {rng.choice((0, 2, 64))} AND")
    monkeypatch.setattr(text_index, "DISTINCT_SQL", few_uses)

    async def work(store: Living) -> None:
        index = TextIndex(store.database, store.writer, piece_rows=rng.choice((4, 8, 20)))
        kept = DuckReader(store.database, visible=store.writer.visible, threads=1)
        for step in range(rng.choice((8, 14))):
            await store.commit(*drawn.spans(step))
            await store.writer.visible()
            await change(store, index, rng)
            if step % 4 == 3:
                await ask_some(store, kept, drawn, questions // 3)
        kept.close()

    live(":memory:", work)


async def change(store: Living, index: TextIndex, rng: random.Random) -> None:
    """Some of what happens between two commits."""
    if rng.random() < 0.2:
        await store.upkeep.delete_traces("default", [f"t{rng.randrange(37)}"])
    if rng.random() < 0.6:
        for _ in range(rng.randrange(1, 20)):
            await index.step()
    if rng.random() < 0.6:
        await store.writer.call(lambda connection: trace_rows.make(connection, 5), (), after_all=False)
    await store.writer.visible()


async def ask_some(store: Living, kept: DuckReader, drawn: Drawn, questions: int) -> None:
    """By a reader that knows the rows of a while ago, and by one that has just come."""
    fresh = DuckReader(store.database, visible=store.writer.visible, threads=1)
    plain = DuckReader(store.database, visible=store.writer.visible, threads=1)
    for _ in range(questions):
        await ask_pages(drawn.rng.choice((kept, fresh)), plain, drawn)
    fresh.close()
    plain.close()


async def ask_pages(reader: DuckReader, plain: DuckReader, drawn: Drawn) -> None:
    query, given, conditions = drawn.question()
    order, ids = ASKED[query]
    for _ in range(3):
        whole = without_cut(await plain.read(query, given, conditions))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(reader_module, "INDEXED", INDEXED)
            patched.setattr(trace_rows, "OF_ONE", OF_ONE)
            for module, name, values in SMALL:
                patched.setattr(module, name, drawn.rng.choice(values))
            found = without_cut(await reader.read(query, given, conditions))
        assert found == whole, (query, given, conditions)
        if len(whole) < given["limit"]:
            return
        given |= {"after_ns": whole[-1][order], **{f"after_{name}": whole[-1][name] for name in ids}}


INDEXED, OF_ONE = reader_module.INDEXED, trace_rows.OF_ONE


@pytest.fixture(autouse=True)
def without_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions are one statement over all rows unless a test says otherwise."""
    monkeypatch.setattr(reader_module, "INDEXED", {})
    monkeypatch.setattr(trace_rows, "OF_ONE", {})


def without_cut(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Whether there were more candidates in a part depends on where parts begin."""
    return [{name: value for name, value in row.items() if name != "cut"} for row in rows]
