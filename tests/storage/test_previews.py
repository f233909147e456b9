"""Lists of traces read the beginnings that rows keep of their texts, and show what the texts themselves say."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contract.columns import Row, S
from contract.reading import INLINE, MEDIA
from contract.settling import SettledSpan, TraceFacts
from contract.translated import Translated
from storage.commit import Committer
from storage.database import Database
from storage.pieces import LONGEST_IN_ROW
from storage.previews import PREVIEW_CHARACTERS, preview
from storage.reader import DuckReader
from tests.support.rows import generation_row, span_row
from tests.support.stored import opened
from translator.merge import merge_copies
from translator.settle import settle

TEXT = st.none() | st.sampled_from(
    ["", ":", "5:", "\x00", "é你🚀" * 200, "x" * 300, "y" * 301, "z" * (LONGEST_IN_ROW + 9)]
)
PARENT = st.sampled_from([None, "p"])
KIND = st.sampled_from(["agent", "generation", "trace"])


def commit(database: Database, *rows: Row, settled: Any = settle, seq: int = 1) -> None:
    cursor = database.cursor()
    committer = Committer(settled, merge_copies)
    committer.recall(cursor)
    committer.commit(cursor, [Translated(list(rows))], seq)
    cursor.close()


def listed(database: Database, io: str = "preview") -> list[tuple[str | None, str | None]]:
    """(input, output) of each trace."""
    reader = DuckReader(database)
    asked = {"project": "default", "limit": 50, "io": io, MEDIA: INLINE}
    rows = asyncio.run(reader.read("list_traces", asked))
    reader.close()
    return [(row["input"], row["output"]) for row in rows]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), PARENT, KIND, TEXT, TEXT), min_size=1, max_size=10))
def test_what_is_shown_is_what_the_texts_begin_with(drawn: list[Any]) -> None:
    """Of traces whose root, or whatever else speaks for them, has both texts, one or none."""
    database = opened()
    rows = [
        span_row(f"{number}", parent, trace_id=f"t{trace}", start=number, kind=kind, input=before, output=after)
        for number, (trace, parent, kind, before, after) in enumerate(drawn)
    ]
    commit(database, *rows)
    shown = listed(database)
    cursor = database.cursor()
    cursor.execute("UPDATE span SET preview = NULL").fetchall()
    cursor.close()
    assert shown == listed(database)
    whole = listed(database, "full")
    cut = [tuple(None if text is None else text[:PREVIEW_CHARACTERS] for text in texts) for texts in whole]
    assert shown == cut
    database.close()


def test_the_text_of_a_root_is_not_read_for_its_preview(database: Database) -> None:
    """Shown by texts that are changed behind the back of what is kept."""
    commit(database, span_row("a", input="asked", output="said"), span_row("b", trace_id="t2", start=-1, input="asked"))
    commit(database, generation_row("c", "b", trace_id="t2", input="more", output="answered"), seq=2)
    cursor = database.cursor()
    cursor.execute("UPDATE span SET input = 'other', output = 'other'").fetchall()
    cursor.close()
    assert listed(database) == [("asked", "said"), ("asked", "other")]


def test_rows_below_a_root_keep_no_beginnings_and_the_row_given_stays_as_it_was(database: Database) -> None:
    rows = [span_row("a", input="asked"), span_row("b", "a", input="asked")]
    commit(database, *rows)
    cursor = database.cursor()
    assert cursor.execute("SELECT preview FROM span ORDER BY span_id").fetchall() == [("5::asked",), (None,)]
    cursor.close()
    assert [row[S.preview] for row in rows] == [None, None]
    commit(database, span_row("a", "z", input="asked", output="said"), seq=2)
    assert listed(database) == [(None, None)], "a span that has a parent after all"


def test_a_text_that_settling_fills_is_shown(database: Database) -> None:
    def filled(facts: TraceFacts) -> list[SettledSpan]:
        change = {"output": ("said by b", "log:b")}
        return [SettledSpan("a", change)] if "b" in facts.calls else []  # type: ignore[arg-type]

    commit(database, generation_row("a", input="asked"), generation_row("x", "a"))
    assert listed(database) == [("asked", None)]
    commit(database, generation_row("b", "a"), settled=filled, seq=2)
    assert listed(database) == [("asked", "said by b")]


def test_lengths_tell_where_each_text_begins() -> None:
    assert preview("a:b", "c") == "3:1:a:bc"
    assert preview(None, "") == ":0:"
    assert preview("x" * 400, None) == "301::" + "x" * 301
