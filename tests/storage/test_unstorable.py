"""Requests that the tables cannot hold are kept whole, or nothing happens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from contract.columns import S
from contract.span import Sent
from contract.translated import Translated
from storage import unstorable
from storage.database import Database
from storage.payload import recorded
from storage.pending import Pending
from tests.support.rows import span_row


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    database = Database(str(tmp_path / "x.duckdb"))
    database.open()
    yield database.cursor()
    database.close()


def flushed_seq(connection: duckdb.DuckDBPyConnection) -> int:
    return int(connection.execute("SELECT flushed_seq FROM store").fetchall()[0][0])


def never(sent: Sent) -> Translated:
    raise ValueError(sent.body)


def test_a_request_comes_back_as_it_was_until_it_is_taken_out(connection: duckdb.DuckDBPyConnection) -> None:
    request = Translated([span_row("a", total_tokens=2**64 - 2)])
    unstorable.keep(connection, Pending(7, request), "too large")
    assert flushed_seq(connection) == 7
    [(row, found)] = unstorable.kept(connection, never)
    assert found is not None
    assert (row[0], found.spans) == (7, request.spans)
    unstorable.take_out(connection, row)
    assert list(unstorable.kept(connection, never)) == []


def test_a_record_of_the_journal_stays_until_a_program_can_read_it(
    connection: duckdb.DuckDBPyConnection, caplog: pytest.LogCaptureFixture
) -> None:
    sent, made = Sent("traces", "default", 1, "http", b"\0\xff a prompt"), Translated([span_row("a")])
    unstorable.keep(connection, Pending(7, Translated(), unread=recorded(sent)), "odd")
    assert [found for _, found in unstorable.kept(connection, never)] == [None]
    assert "request 7 cannot be made into rows: ValueError" in caplog.text
    assert "a prompt" not in caplog.text
    asked: list[Sent] = []
    [(row, found)] = unstorable.kept(connection, lambda again: asked.append(again) or made)
    assert (row[0], found, asked) == (7, made, [sent])


@pytest.mark.parametrize(("columns", "made"), [({"input_tokens": 1 << 70}, ["a"]), ({"input": "\ud800"}, None)])
def test_rows_with_what_no_text_can_hold_stop_nobody(
    connection: duckdb.DuckDBPyConnection, columns: dict[str, Any], made: list[str] | None
) -> None:
    unstorable.keep(connection, Pending(7, Translated([span_row("a", **columns)])), "odd")
    assert flushed_seq(connection) == 7
    [(_, found)] = unstorable.kept(connection, never)
    assert (found and [row[S.span_id] for row in found.spans]) == made
    assert connection.execute("SELECT seq FROM unstorable").fetchall() == [(7,)]


def test_where_it_cannot_be_kept_the_tables_do_not_count_as_holding_it(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("ALTER TABLE unstorable RENAME TO elsewhere").fetchall()
    with pytest.raises(duckdb.Error):
        unstorable.keep(connection, Pending(7, Translated([span_row("a")])), "too large")
    assert flushed_seq(connection) == 0
    connection.execute("BEGIN").fetchall()  # none is open


def test_one_that_there_is_no_memory_for_stays_and_the_others_are_tried(
    connection: duckdb.DuckDBPyConnection, caplog: pytest.LogCaptureFixture
) -> None:
    for seq in (7, 8):
        sent = Sent("traces", "default", seq, "http", b"")
        unstorable.keep(connection, Pending(seq, Translated(), unread=recorded(sent)), "odd")
    made = Translated([span_row("a")])

    def again(sent: Sent) -> Translated:
        if sent.received_ns == 7:
            raise MemoryError
        return made

    stored: list[Translated] = []
    unstorable.retry(lambda: connection, again, lambda rows: stored.append(rows) is None)
    assert stored == [made]
    assert connection.execute("SELECT seq FROM unstorable").fetchall() == [(7,)]
    assert "request 7 stays in table unstorable: MemoryError" in caplog.text


def test_a_table_that_cannot_be_read_stops_nobody(
    connection: duckdb.DuckDBPyConnection, caplog: pytest.LogCaptureFixture
) -> None:
    connection.execute("ALTER TABLE unstorable RENAME TO elsewhere").fetchall()
    unstorable.retry(lambda: connection, never, lambda _: pytest.fail("there is nothing"))
    assert "table unstorable cannot be read now" in caplog.text


@pytest.mark.parametrize("can_be_made", [True, False])
def test_it_is_tried_for_as_long_as_a_start_may_take_and_begins_anywhere(
    connection: duckdb.DuckDBPyConnection,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    can_be_made: bool,
) -> None:
    tried: list[Sent] = []

    def again(sent: Sent) -> Translated:
        tried.append(sent)
        return Translated([span_row("a")]) if can_be_made else never(sent)

    for seq in (7, 8, 9):
        sent = Sent("traces", "default", seq, "http", b"")
        unstorable.keep(connection, Pending(seq, Translated(), unread=recorded(sent)), "odd")
    monkeypatch.setattr(unstorable, "RETRY_S", -1)
    monkeypatch.setattr(unstorable, "randrange", lambda places: places - 1)
    unstorable.retry(lambda: connection, again, lambda _: True)
    assert [sent.received_ns for sent in tried] == [9]
    left = [(7,), (8,)] if can_be_made else [(7,), (8,), (9,)]
    assert connection.execute("SELECT seq FROM unstorable ORDER BY ALL").fetchall() == left
    assert "the rest is at a later start" in caplog.text


def test_many_large_ones_are_read_one_at_a_time(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "y.duckdb"), memory_limit_bytes=64 << 20)
    database.open()
    connection = database.cursor()
    for seq in range(1, 121):
        row = span_row("a", input=f"{seq}" + "x" * 1_000_000)
        unstorable.keep(connection, Pending(seq, Translated([row])), "odd")
        if seq % 20 == 0:
            database.checkpoint()
    stored: list[int] = []
    unstorable.retry(lambda: connection, never, lambda rows: bool(stored.append(rows.rows)))
    assert stored == [1] * 120
    database.close()
