"""Long texts apart from their rows: once, whole, and through everything that becomes of a row."""

import asyncio
import base64
import json
import random
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from contract.columns import LOG_COLUMNS, SPAN_COLUMNS, L, Row, S
from contract.formats import CONTENT_PATH
from contract.reading import INLINE, MEDIA, Condition
from contract.settling import SettledSpan, TraceFacts
from contract.translated import Translated
from storage import contents as module
from storage import pieces as pieces_module
from storage.commit import Committer
from storage.contents import HEAD_CHARACTERS, LOG_HEADS, SPAN_HEADS, Contents
from storage.database import Database
from storage.pieces import LONGEST_IN_ROW
from storage.reader import DuckReader
from tests.support.golden import CAPTURES, batches
from tests.support.rows import generation_row, log_row, span_row
from tests.support.stored import opened
from translator.merge import merge_copies
from translator.settle import settle
from translator.translate import Translator

RNG = random.Random(7)
LONG = " ".join(f"word{RNG.randrange(10_000)}" for _ in range(5000))
OTHER = LONG[::-1]
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + RNG.randbytes(30_000)).decode()
PICTURED = json.dumps([{"type": "image", "data": PNG}])


class Store:
    """A committer over a database in memory, and a reader of it."""

    def __init__(self, database: Database) -> None:
        self.connection = database.cursor()
        self.committer = Committer(settle, merge_copies)
        self.reader = DuckReader(database)
        self.seq = 0

    def commit(self, *rows: Row, logs: tuple[Row, ...] = ()) -> None:
        self.seq += 1
        self.committer.commit(self.connection, [Translated(list(rows), list(logs))], self.seq)

    def forget(self) -> None:
        self.committer = Committer(settle, merge_copies)
        self.committer.recall(self.connection)

    def sql(self, statement: str) -> list[Any]:
        return self.connection.execute(statement).fetchall()

    def read(self, query: str, *conditions: Condition, **parameters: Any) -> list[dict[str, Any]]:
        return asyncio.run(self.reader.read(query, {"project": "default", **parameters}, conditions))

    def spans(self, **parameters: Any) -> list[dict[str, Any]]:
        return self.read("get_spans", **{"trace_id": "t1", "io": "full", MEDIA: INLINE, **parameters})


@pytest.fixture
def store() -> Iterator[Store]:
    database = opened()
    made = Store(database)
    yield made
    made.reader.close()
    database.close()


def characters(store: Store) -> int:
    return int(store.sql("SELECT coalesce(sum(length(text)), 0) FROM content")[0][0])


def test_a_long_text_is_stored_once_however_many_rows_have_it(store: Store) -> None:
    store.commit(span_row("a", input=LONG), span_row("b", input=LONG, output=LONG, start=1))
    store.forget()
    store.commit(span_row("c", input=LONG, start=2))
    assert characters(store) == len(LONG)
    assert [(row["input"], row["output"]) for row in store.spans()] == [(LONG, None), (LONG, LONG), (LONG, None)]


def test_another_project_has_its_own_copy(store: Store) -> None:
    store.commit(span_row("a", input=LONG), span_row("a", input=LONG, project="other"))
    assert characters(store) == 2 * len(LONG)
    assert {row[0] for row in store.sql("SELECT DISTINCT project FROM content")} == {"default", "other"}


def test_a_text_that_is_not_long_stays_in_its_row(store: Store) -> None:
    store.commit(span_row("a", input="x" * LONGEST_IN_ROW), span_row("b", start=1))
    assert store.sql("SELECT length(input), apart FROM span ORDER BY span_id") == [(LONGEST_IN_ROW, None), (None, None)]
    assert characters(store) == 0


def test_rows_keep_what_lists_show_and_filters_find(store: Store) -> None:
    attributes = {"short": "yes", "number": 7, "long": LONG}
    columns = {"raw_attributes": json.dumps(attributes), "raw_events": json.dumps([[1, "e", {"k": LONG}, 0]])}
    body = log_row("a", "d", json.dumps({"content": LONG}))
    store.commit(span_row("a", input=LONG, **columns), logs=(body,))
    [(text, kept, events)] = store.sql("SELECT input, raw_attributes, raw_events FROM span")
    assert (text, json.loads(kept), events) == (LONG[:HEAD_CHARACTERS], {"short": "yes", "number": 7}, None)
    [(shown,)] = store.sql("SELECT json_extract_string(raw_body, '$') FROM log_record")
    assert shown == json.dumps({"content": LONG})[:HEAD_CHARACTERS]
    [listed] = store.read("list_spans", Condition("attr.short", "eq", ("yes",)), limit=5, io="preview")
    assert (listed["input"], listed["apart"]) == (LONG[:301], None)
    [whole] = store.spans()
    assert {name: whole[name] for name in columns} == columns
    assert store.read("get_trace_logs", trace_id="t1", of_each=9)[0]["raw_body"] == body[L.raw_body]


def test_a_preview_of_a_log_record_says_that_its_long_attributes_are_cut(store: Store) -> None:
    long = json.dumps({"short": "yes", "long": LONG})
    store.commit(logs=(log_row("a", "d", json.dumps(LONG), raw_attributes=long), log_row("a", "e")))
    first, second = sorted(store.read("list_logs", limit=5, io="preview"), key=lambda row: row["digest"])
    assert (first["attributes_cut"], first["raw_attributes"], first["body_preview"]) == (True, None, LONG[:300])
    assert (second["attributes_cut"], second["raw_attributes"], second["raw_body"]) == (False, "{}", "{}")
    assert (
        store.read("list_logs", Condition("attr.short", "eq", ("yes",)), limit=5, io="full")[0]["raw_attributes"]
        == long
    )


def test_attributes_stay_in_the_row_up_to_a_bound(store: Store) -> None:
    many = {f"key{number}": "v" * 100 for number in range(10_000)}
    store.commit(
        span_row("a", raw_attributes=json.dumps(many)),
        span_row("b", raw_attributes='{"$m":[["k","' + LONG + '"]]}', start=1),
    )
    kept = [json.loads(text) for (text,) in store.sql("SELECT raw_attributes FROM span ORDER BY span_id")]
    assert 20 < len(kept[0]) < 100
    assert kept[1] == {}
    assert json.loads(store.spans()[0]["raw_attributes"]) == many


def test_every_column_that_may_lie_apart_comes_back_and_the_row_given_stays_as_it_was(store: Store) -> None:
    texts = {name: json.dumps([LONG, name]) for name in ("raw_events", "raw_links")} | {"status_message": LONG}
    texts["metadata"] = json.dumps({"short": 1, "long": LONG})
    row = span_row("a", input=LONG, output=OTHER, raw_attributes=json.dumps({"k": LONG}), **texts)
    before = list(row)
    store.commit(row)
    before[S.commit_seq] = 1
    assert row == before
    [listed] = store.read("list_spans", limit=5, io="preview")
    assert (listed["metadata"], listed["status_message"]) == ('{"short":1}', LONG[:HEAD_CHARACTERS])
    [found] = store.spans()
    named = {column.name: place for place, column in enumerate(SPAN_COLUMNS)}
    assert {name: found[name] for name in SPAN_HEADS if name != "copies"} == {
        name: before[named[name]] for name in SPAN_HEADS if name != "copies"
    }
    assert LOG_HEADS.keys() <= {column.name for column in LOG_COLUMNS}


def test_a_repeat_changes_nothing_and_a_fuller_copy_completes_the_row_in_either_order(store: Store) -> None:
    placeholder = span_row("a", input=LONG, end=0, raw_attributes='{"k":1}')
    placeholder[S.end_time] = None
    full = span_row("a", input=LONG, output=OTHER, raw_attributes=json.dumps({"k": 1, "text": {"$c": "input"}}))
    found = []
    for trace, copies in (("t1", (placeholder, full, placeholder)), ("t2", (full, placeholder, full))):
        for copy in copies:
            mine = list(copy)
            mine[S.trace_id] = trace
            store.commit(mine)
            store.forget()
        [row] = store.spans(trace_id=trace)
        found.append((row["input"], row["output"], row["raw_attributes"]))
    assert found[0] == found[1]
    assert found[0][:2] == (LONG, OTHER)
    assert json.loads(found[0][2])["text"] == LONG


def test_a_call_takes_a_long_text_from_its_duplicate_and_gives_it_back(store: Store) -> None:
    same = {"response_id": "r1", "model": "m"}
    store.commit(generation_row("a", output="answer", raw_attributes=json.dumps({"k": LONG}), **same))
    store.commit(generation_row("b", "a", input=LONG, scope_name="inner", **same))
    counted, _ = store.spans()
    assert (counted["input"], counted["output"], json.loads(counted["raw_attributes"])) == (LONG, "answer", {"k": LONG})
    store.forget()
    store.commit(
        generation_row("b", "a", input=LONG, output="other", scope_name="inner", **same | {"response_id": "r2"})
    )
    assert characters(store) < 2 * len(LONG) + 1000


def test_a_rule_that_withdraws_a_text_leaves_no_recipe_behind(store: Store) -> None:
    def rule(trace: TraceFacts) -> list[SettledSpan]:
        return [SettledSpan("a", {} if len(trace.calls) > 1 else {"input": (LONG, "log:1")})]

    store.committer = Committer(rule, merge_copies)
    store.commit(generation_row("a", raw_attributes=json.dumps({"k": OTHER})), logs=(log_row("a", "d"),))
    assert store.spans()[0]["input"] == LONG
    store.commit(generation_row("b", start=5))
    first, _ = store.spans()
    assert (first["input"], json.loads(first["raw_attributes"])) == (None, {"k": OTHER})
    assert store.sql("SELECT json_keys(apart) FROM span WHERE span_id = 'a'") == [(["raw_attributes"],)]


def test_long_log_records_complete_their_span_before_or_after_it(store: Store) -> None:
    message = log_row("a", "d", json.dumps({"content": LONG}))
    store.commit(logs=(message,))
    store.forget()
    store.commit(generation_row("a", model="m"))
    [row] = store.spans()
    assert LONG in row["input"]


def test_media_is_a_reference_unless_it_is_asked_for(store: Store) -> None:
    store.commit(span_row("a", input=PICTURED, output=LONG))
    [shown] = store.spans(**{MEDIA: None})
    [(content_id, size)] = shown["media"].items()
    assert size == len(base64.b64decode(PNG))
    assert json.loads(shown["input"]) == [{"type": "image", "data": CONTENT_PATH + content_id}]
    assert shown["output"] == LONG
    [inline] = store.spans()
    assert inline["input"] == PICTURED
    parts = store.read("get_content", content_id=content_id)
    assert "".join(part["text"] for part in parts) == PNG
    assert len(parts) > 1


def test_the_record_of_a_trace_shows_the_whole_text_of_root_or_generation(store: Store) -> None:
    store.commit(span_row("a"), generation_row("b", "a", input=LONG, output=OTHER, start=1))
    store.commit(span_row("c", trace_id="t2", input=OTHER, output="short", start=9))
    store.commit(generation_row("d", "c", trace_id="t2", input=LONG, output=LONG, start=10))
    listed = store.read("list_traces", limit=5, io="full")
    assert [(row["input"], row["output"]) for row in listed] == [(OTHER, "short"), (LONG, OTHER)]
    assert [row["input"] for row in store.read("get_trace", trace_id="t1", io="full")] == [LONG]
    assert [row["input"] for row in store.read("list_spans", limit=1, io="full")] == [LONG]


def test_the_record_of_a_trace_has_the_long_metadata_of_each_span(store: Store) -> None:
    long, short = json.dumps({"k": LONG, "n": 1}), json.dumps({"k": "v"})
    store.commit(span_row("a", metadata=long), span_row("b", "a", start=1), span_row("c", "a", start=2, metadata=short))
    for query in ("get_trace", "list_traces"):
        parameters = {"trace_id": "t1"} if query == "get_trace" else {"limit": 5}
        [whole] = store.read(query, io="full", **parameters)
        assert whole["metadata"] == [long, short]
        [shown] = store.read(query, io="preview", **parameters)
        assert shown["metadata"] == ['{"n":1}', short]
        assert "metadata_apart" not in whole.keys() | shown.keys()


@pytest.mark.parametrize("place", [0, 10_000, len(LONG)])
def test_words_are_found_wherever_they_stand_in_a_long_text(store: Store, place: int) -> None:
    store.commit(span_row("a", input=LONG[:place] + " kumquat " + LONG[place:]), span_row("b", output=LONG, start=1))
    for query in ("list_spans", "list_traces"):
        found = store.read(query, Condition("q", "contains", ("KUMQUAT",)), limit=5, io="preview")
        assert len(found) == 1
    assert store.read("list_spans", Condition("q", "contains", ("grapefruit",)), limit=5, io="preview") == []


def test_only_input_and_output_are_searched_and_bodies_of_log_records(store: Store) -> None:
    text = LONG + " kumquat"
    body = log_row("a", "d", json.dumps({"content": text}), describes_span=False)
    store.commit(span_row("a", raw_attributes=json.dumps({"k": text})), logs=(body,))
    asked = Condition("q", "contains", ("kumquat",))
    assert store.read("list_spans", asked, limit=5, io="preview") == []
    assert len(store.read("list_logs", asked, limit=5, io="preview")) == 1


def test_a_failed_commit_stores_no_text_and_the_next_try_does(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    row = span_row("a", input=LONG)
    with monkeypatch.context() as patched:
        patched.setattr(Contents, "store", lambda *_: store.sql("SELECT * FROM nowhere"))
        with pytest.raises(duckdb.Error):
            store.commit(row)
    assert characters(store) == 0
    store.commit(row)
    assert store.spans()[0]["input"] == LONG


@pytest.mark.parametrize("capture", CAPTURES[:: max(1, len(CAPTURES) // 12)])
def test_recorded_traffic_reads_the_same_with_every_text_apart(
    capture: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    translated = [Translator().translate(batch) for batch in batches(capture)]
    plain = opened()
    committer, connection = Committer(settle, merge_copies), plain.cursor()
    committer.commit(connection, [copied(request) for request in translated], 1)
    for name, value in (("LONGEST_IN_ROW", 40), ("PIECE_CHARACTERS", 200)):
        monkeypatch.setattr(pieces_module, name, value)
    monkeypatch.setattr(module, "LONGEST_IN_ROW", 40)
    for request in translated:
        store.commit(*request.spans, logs=tuple(request.logs))
        store.forget()
    assert store.sql("SELECT count(*) > 0 FROM content") == [(True,)]
    for query in ("get_spans", "get_trace_logs"):
        reader = DuckReader(plain)
        for (trace_id,) in store.sql("SELECT DISTINCT trace_id FROM span"):
            asked = {"project": "default", "trace_id": trace_id, MEDIA: INLINE}
            asked |= {"io": "full"} if query == "get_spans" else {"of_each": 99}
            expected = asyncio.run(reader.read(query, asked))
            assert store.read(query, **asked) == expected
        reader.close()
    plain.close()


def copied(request: Translated) -> Translated:
    return Translated(*([list(row) for row in rows] for rows in (request.spans, request.logs, request.metric_points)))
