"""The index of words is made of whole pieces, a step at a time, and loses what its rows lose."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest

from contract.errors import Unavailable
from storage import retention
from storage import text_index as module
from storage.background import EVERY_S
from storage.retention import Limits, Policy
from storage.text_index import BUSY, RARE_USES, SOURCES, TextIndex, gaps, tile_ends
from storage.text_search import Range
from tests.support.living import Living, live
from tests.support.rows import START_NS, log_row, span_row
from tests.support.steps import STEP_S, rests

HOUR_NS = 3_600_000_000_000


async def fill(store: Living, count: int, text: str = "word{}", **columns: Any) -> None:
    """A span, a request and a trace each."""
    for number in range(count):
        await store.commit(span_row(f"{number}", trace_id=f"t{number}", input=text.format(number), **columns))
        await store.writer.visible()


async def made(store: Living, piece_rows: int = 4) -> int:
    """How many steps there were to do."""
    index, steps = TextIndex(store.database, store.writer, piece_rows=piece_rows), 0
    while await index.step():
        steps += 1
    return steps


async def ranges(store: Living, source: str = "span") -> list[tuple[int, int]]:
    rows = await store.rows("DISTINCT source, first_seq, last_seq, row_count", "text_words")
    return [(first, last) for found, first, last, _ in rows if found == source]


async def words(store: Living) -> set[str]:
    return {word for text in await store.rows("words", "text_words") for word in text.split("\n")} - {""}


def test_whole_pieces_are_indexed_and_the_newest_rows_wait_for_theirs(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await fill(store, 10)
        assert await made(store) == 2
        assert await ranges(store) == [(0, 4), (5, 8)]
        assert await store.rows("DISTINCT row_count", "text_words") == [4]
        assert {"word0", "word7", "span"} <= await words(store)
        assert "word8" not in await words(store)

    live(tmp_path / "x.duckdb", work)


def test_the_newest_request_is_not_indexed_since_more_of_it_may_come(tmp_path: Path) -> None:
    """Parts of a large request have the number of the one before, and what is tried again at a start the newest."""

    async def work(store: Living) -> None:
        await fill(store, 4)
        assert await made(store) == 0
        await fill(store, 1)
        assert await made(store) == 1

    live(tmp_path / "x.duckdb", work)


TEXTS = ("one x", "one", "two X", "x", "")


async def index_texts(store: Living) -> list[tuple[str, int, int, int]]:
    """(word, tiles, first and last time in microseconds) of what is stored for `TEXTS`, a tile each but the last."""
    for number, text in enumerate(TEXTS):
        await store.commit(span_row(f"{number}", trace_id="t", name="n", input=text, start=10 * number))
        await store.writer.visible()
    await made(store)
    columns = "words, tiles, epoch_ns(first_time), epoch_ns(last_time), tile_last_seqs"
    rows = await store.rows(columns, "text_words")
    assert {tuple(ends) for *_, ends in rows} == {(1, 2, 3, 4)}
    return sorted(
        (word, tiles, (first - START_NS) // 1000, (last - START_NS) // 1000)
        for words, tiles, first, last, _ in rows
        for word in words.strip("\n").split("\n")
    )


def test_a_frequent_word_is_there_once_with_the_tiles_that_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(store: Living) -> None:
        assert await index_texts(store) == [
            ("", 0, 0, 30), ("n", 15, 0, 30), ("one", 3, 0, 30), ("two", 4, 0, 30), ("x", 13, 0, 30)
        ]  # fmt: skip

    monkeypatch.setattr(module, "DISTINCT_SQL", module.DISTINCT_SQL.replace(f"<= {RARE_USES}", "<= 0"))
    live(":memory:", work)


def test_a_rare_word_is_there_for_each_tile_with_the_times_when_it_was_used() -> None:
    async def work(store: Living) -> None:
        assert await index_texts(store) == [
            ("", 0, 0, 30), ("n", 1, 0, 0), ("n", 2, 10, 10), ("n", 4, 20, 20), ("n", 8, 30, 30),
            ("one", 1, 0, 0), ("one", 2, 10, 10), ("two", 4, 20, 20),
            ("x", 1, 0, 0), ("x", 4, 20, 20), ("x", 8, 30, 30),
        ]  # fmt: skip

    live(":memory:", work)


def test_where_a_time_is_none_no_word_has_times_of_its_own() -> None:
    async def work(store: Living) -> None:
        for number in range(5):
            await store.commit(span_row(f"{number}", input=f"word{number}"))
            await store.writer.visible()
        store.database.cursor().execute("UPDATE span SET start_time = 'infinity' WHERE span_id = '2'").fetchall()
        await made(store)
        assert await store.rows("DISTINCT last_time", "text_words") == [None]
        assert {"word0", "word2"} <= await words(store)

    live(":memory:", work)


def test_rows_of_one_request_are_in_one_tile() -> None:
    assert tile_ends(Range(0, 9), [1, 1, 1, 2, 2, 9, 9, 9], 2) == [1, 2, 9]
    assert tile_ends(Range(0, 9), [9] * 8, 2) == [9]
    assert tile_ends(Range(0, 9), [*range(1, 10), 12], 2) == [2, 4, 6, 9]


def test_log_records_are_indexed_too() -> None:
    async def work(store: Living) -> None:
        for number in range(5):
            await store.commit(logs=(log_row("a", f"{number}", '{"content":"said"}', describes_span=False),))
            await store.writer.visible()
        await made(store)
        assert await ranges(store, "log_record") == [(0, 4)]
        assert "said" in await words(store)

    live(":memory:", work)


def test_the_words_of_a_deleted_trace_are_gone_with_it_and_its_neighbours_are_indexed_again(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await fill(store, 10)
        await made(store)
        await store.upkeep.delete_traces("default", ["t5"])
        assert await ranges(store) == [(0, 4)]
        assert "word5" not in await words(store)
        assert await made(store) == 1
        assert await ranges(store) == [(0, 4), (5, 9)]
        assert "word4" in await words(store)
        assert "word5" not in await words(store)

    live(tmp_path / "x.duckdb", work)


def test_what_retention_deletes_leaves_no_words() -> None:
    async def work(store: Living) -> None:
        for number in range(9):
            await store.commit(logs=(log_row("a", f"{number}", f"lone{number}", describes_span=False),))
            await store.commit(span_row(f"{number}", trace_id=f"t{number}", input=f"word{number}"))
            await store.writer.visible()
        await made(store)
        assert {"lone3", "word3"} <= await words(store)
        store.now_ns += 48 * HOUR_NS
        await store.upkeep.retention.sweep()
        assert await words(store) == set()
        await made(store)
        assert await words(store) == set()

    live(":memory:", work, Policy(Limits(max_age_s=3600)))


def test_log_records_are_deleted_with_their_words_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(store: Living) -> None:
        late = dict.fromkeys(("start_time", "end_time", "received_time"), store.now_ns + 48 * HOUR_NS - 1)
        for number in range(9):
            record = log_row("a", f"{number}", f"lone{number}", trace_id=None, describes_span=False)
            await store.commit(logs=(record,))
            await store.commit(span_row(f"{number}", trace_id=f"t{number}", input=f"word{number}", **late))
            await store.writer.visible()
        await made(store)
        store.now_ns += 48 * HOUR_NS
        with monkeypatch.context() as patched:
            patched.setattr(retention, "forget", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                await store.upkeep.retention.sweep()
        assert len(await store.rows("digest", "log_record")) == 9
        await store.upkeep.retention.sweep()
        assert await store.rows("digest", "log_record") == []
        assert "lone3" not in await words(store)
        assert "word3" in await words(store), "spans are of other pieces"

    live(":memory:", work, Policy(Limits(max_age_s=3600)))


def test_a_piece_that_rows_have_left_by_a_change_is_made_again(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await fill(store, 6)
        await made(store)
        await store.commit(span_row("2", trace_id="t2", input="word2", output="more"))
        await store.writer.visible()
        assert await ranges(store) == [(0, 4)]
        assert "word2" in await words(store)
        assert await made(store) == 2, "forgotten, then made of others"
        assert await ranges(store) == [(0, 5)]
        assert "word2" not in await words(store)

    live(tmp_path / "x.duckdb", work)


def test_pieces_are_looked_through_once_until_newer_rows_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a file of 10 M rows a look takes 12 ms, and nothing may come for weeks."""
    looks: list[int] = []
    counts = module.counts

    def counted(cursor: Any, source: str, ranges: Any) -> Any:
        looks.append(len(ranges))
        return counts(cursor, source, ranges)

    async def work(store: Living) -> None:
        await fill(store, 14)
        index = TextIndex(store.database, store.writer, piece_rows=4)
        while await index.step():
            pass
        monkeypatch.setattr(module, "counts", counted)
        for _ in range(6):
            assert not await index.step()
        assert sum(looks) <= 3
        await store.commit(span_row("9", trace_id="t9", input="word9", output="more"))
        await store.writer.visible()
        steps = [await index.step() for _ in range(4)]
        assert any(steps)
        while await index.step():
            pass
        assert "word9" not in await words(store)

    monkeypatch.setattr(module, "PIECES_SQL", module.PIECES_SQL.replace("LIMIT 16", "LIMIT 2"))
    live(":memory:", work)


@pytest.mark.parametrize("what", ["counts", "forget"])
def test_a_look_that_fails_is_made_again(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """What rows have left would stay in the file otherwise, until something newer comes."""
    failed: list[str] = []

    async def work(store: Living) -> None:
        await fill(store, 14)
        index, real = TextIndex(store.database, store.writer, piece_rows=4), getattr(module, what)
        for _ in range(9):
            await index.step()

        def failing(*given: Any, **more: Any) -> Any:
            if not failed:
                failed.append(what)
                raise Unavailable("not now", reason="store")
            return real(*given, **more)

        await store.commit(span_row("9", trace_id="t9", input="word9", output="more"))
        await store.commit(span_row("99", trace_id="t99", input="later"))
        await store.writer.visible()
        monkeypatch.setattr(module, what, failing)
        for _ in range(20):
            with suppress(Unavailable):
                await index.step()
        assert failed
        assert "word9" not in await words(store)

    live(":memory:", work)


def test_what_was_deleted_while_its_words_were_gathered_is_not_stored() -> None:
    async def work(store: Living) -> None:
        await fill(store, 6)
        index, call = TextIndex(store.database, store.writer, piece_rows=4), store.writer.call

        async def late(*given: Any, **more: Any) -> Any:
            store.writer.call = call  # type: ignore[method-assign]
            await store.upkeep.delete_traces("default", ["t1"])
            return await call(*given, **more)

        store.writer.call = late  # type: ignore[method-assign, assignment]
        await index.step()
        assert await words(store) == set()
        await index.step()
        assert "word0" in await words(store)

    live(":memory:", work)


def test_large_texts_make_smaller_pieces_and_one_that_is_too_large_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(store: Living) -> None:
        await fill(store, 4, "word{} " + "x" * 80)
        await store.commit(span_row("big", trace_id="big", input="y" * 400))
        await fill(store, 8, "small{}", project="other")
        await made(store, 8)
        found = await words(store)
        assert {"word0", "word3", "small6"} <= found
        assert "y" * 400 not in found
        assert (0, 2) in await ranges(store)

    monkeypatch.setattr(module, "PIECE_BYTES", 300)
    live(":memory:", work)


def test_texts_that_are_no_words_are_left_out_once_and_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(store: Living) -> None:
        await fill(store, 5, "{}" + "x" * 50)
        index = TextIndex(store.database, store.writer, piece_rows=4)
        assert await index.step()
        assert not await index.step()
        assert await words(store) == set()

    monkeypatch.setattr(module, "SMALL_BYTES", 10)
    live(":memory:", work)


def test_too_little_memory_makes_the_piece_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(store: Living) -> None:
        await fill(store, 9)
        real, asked = module.made, []

        def short(cursor: Any, source: str, rows: Range, ends: Any) -> Any:
            asked.append(rows)
            if rows.last - rows.first > 4:
                raise duckdb.OutOfMemoryException("none left")
            return real(cursor, source, rows, ends)

        monkeypatch.setattr(module, "made", short)
        await made(store, 8)
        assert asked[:2] == [Range(0, 8), Range(0, 4)]
        assert (0, 4) in await ranges(store)

    live(":memory:", work)


def test_gaps_are_what_no_range_covers() -> None:
    assert gaps([], 5) == [Range(0, 5)]
    assert gaps([Range(0, 5)], 5) == []
    assert gaps([Range(7, 8), Range(2, 3), Range(3, 4)], 9) == [Range(0, 1), Range(5, 6), Range(9, 9)]
    assert gaps([], -1) == []


def test_the_index_waits_while_the_process_is_busy_and_rests_as_long_as_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(store: Living) -> None:
        index = TextIndex(store.database, store.writer)
        assert await rests(monkeypatch, index, [True, False], [BUSY]) == [EVERY_S, EVERY_S, STEP_S, EVERY_S]

    live(":memory:", work)


def test_every_column_that_is_searched_is_indexed() -> None:
    from storage.conditions import INDEXED, SEARCHED

    for query, source in INDEXED.items():
        assert set(SEARCHED[query]) <= set(SOURCES[source].columns), query
