"""From acknowledged to readable: what happens when the tables cannot, or can never, take a request."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from contract.columns import S
from contract.errors import TracepondError, Unavailable
from contract.settling import SettledSpan, TraceFacts
from contract.span import Sent
from contract.translated import Translated
from storage.commit import Committer
from storage.flusher import RECOVERY
from storage.pace import GROUP_ROWS, Pace
from storage.payload import MakeAgain, decode
from storage.pending import Call, Pending
from storage.writer import nothing_was_sent
from tests.support.flushing import Store
from tests.support.rows import generation_row, log_row, span_row

SET_ASIDE = "SELECT string_agg(text, '' ORDER BY place) FROM unstorable_piece GROUP BY payload"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "x.duckdb")
    yield made
    made.close()


def test_the_file_knows_up_to_which_request_it_holds_the_journal(tmp_path: Path) -> None:
    store = Store(tmp_path / "x.duckdb")
    store.flusher.recover([store.request(span_row("a")), store.request(span_row("b"))])
    store.close()
    store = Store(tmp_path / "x.duckdb")
    assert store.flusher.flushed_seq == 2
    store.close()


def test_a_request_of_repeats_only_counts_as_stored_too(store: Store) -> None:
    store.flusher.recover([store.request(span_row("a")), store.request(span_row("a"))])
    store.flusher.recover([store.request(span_row("a"))])
    assert store.rows("SELECT flushed_seq FROM store") == [(3,)]
    assert store.rows() == [("a",)]


def test_a_request_that_can_never_be_stored_is_kept_whole_and_its_neighbours_are_stored(store: Store) -> None:
    bad = store.request(span_row("bad", start_time="never"))
    store.flusher.recover([store.request(span_row("a")), bad, store.request(span_row("b")), store.request()])
    assert store.rows() == [("a",), ("b",)]
    ((seq,),) = store.rows("SELECT seq FROM unstorable")
    ((payload,),) = store.rows(SET_ASIDE)
    assert seq == bad.seq
    assert '"never"' in payload
    assert store.flusher.flushed_seq == 4


def test_what_a_broken_rule_could_not_settle_is_stored_by_a_program_without_the_fault(tmp_path: Path) -> None:
    def broken(trace: TraceFacts) -> list[SettledSpan]:
        raise ValueError("broken rule")

    store = Store(tmp_path / "x.duckdb", broken)
    twice = [generation_row("w", input="q"), generation_row("c", "w", output="a")]
    store.flusher.recover([store.request(*twice), store.request(span_row("a", trace_id="t2"))])
    assert store.rows() == [("a",), ("w",)]
    store.close()

    store = Store(tmp_path / "x.duckdb")
    store.flusher.retry_unstorable()
    assert store.rows("SELECT span_id, duplicate_of FROM span ORDER BY ALL") == [("a", None), ("c", "w"), ("w", None)]
    assert store.rows("SELECT * FROM unstorable") == []
    store.close()


def test_one_odd_row_is_set_aside_and_the_rest_of_its_request_is_stored(store: Store) -> None:
    """Promise 8 for what is found out after the acknowledgement."""
    odd = store.request(
        span_row("a"), span_row("bad", total_tokens=2**64 - 2), span_row("b"), logs=(log_row("b", "d"),)
    )
    store.flusher.recover([store.request(span_row("c")), odd, store.request(span_row("e"))])
    assert store.rows() == [("a",), ("b",), ("c",), ("e",)]
    assert store.rows("SELECT digest FROM log_record") == [("d",)]
    ((payload,),) = store.rows(SET_ASIDE)
    assert [row[S.span_id] for row in decode(payload.encode()).spans] == ["bad"]
    assert store.rows("SELECT flushed_seq FROM store") == [(3,)]


def test_many_odd_rows_are_not_looked_for_one_by_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []
    monkeypatch.setattr(store.flusher, "_try", spied(store.flusher._try, tries))
    odd = store.request(*(span_row(str(n), total_tokens=2**64 - 2) for n in range(1000)))
    store.flusher.recover([store.request(span_row("a")), odd, store.request(span_row("b"))])
    assert store.rows() == [("a",), ("b",)]
    assert len(tries) < 100
    kept = [decode(payload.encode()) for (payload,) in store.rows(SET_ASIDE)]
    assert sum(request.rows for request in kept) == 1000


def spied(real: Callable[[list[Pending]], TracepondError | None], calls: list[int]) -> Any:
    def called(group: list[Pending]) -> TracepondError | None:
        calls.append(len(group))
        return real(group)

    return called


def short_of_memory(committer: Committer, at_most: int) -> Callable[..., None]:
    """A `commit` that has no memory for more than so many spans, nor for one that is called `huge`."""
    real = committer.commit

    def commit(connection: duckdb.DuckDBPyConnection, requests: list[Translated], seq: int, *more: Any) -> None:
        spans = [row[S.span_id] for request in requests for row in request.spans]
        if len(spans) > at_most or "huge" in spans:
            raise duckdb.OutOfMemoryException("could not allocate block")
        real(connection, requests, seq, *more)

    return commit


def test_what_the_memory_does_not_hold_at_once_is_stored_in_parts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    committer = store.flusher._committer
    monkeypatch.setattr(committer, "commit", short_of_memory(committer, at_most=2))
    store.flusher.recover([store.request(*(span_row(str(n)) for n in range(5))), store.request(span_row("x"))])
    assert store.rows() == [(name,) for name in "01234x"]
    assert store.rows("SELECT * FROM unstorable") == []


def test_a_row_that_the_memory_never_holds_does_not_keep_all_that_follows_from_the_tables(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    committer = store.flusher._committer
    monkeypatch.setattr(committer, "commit", short_of_memory(committer, at_most=100))
    store.flusher.recover([store.request(span_row("a"), span_row("huge"), span_row("b")), store.request(span_row("c"))])
    assert store.rows() == [("a",), ("b",), ("c",)]
    assert store.rows("SELECT count(*) FROM unstorable") == [(1,)]
    assert store.flusher.flushed_seq == 2


def test_what_a_newer_program_set_aside_stays_where_it_is(store: Store) -> None:
    store.rows("INSERT INTO unstorable VALUES (1, now()::TIMESTAMP, 'x', '[99, [], [], []]')")
    store.flusher.retry_unstorable()
    assert store.rows("SELECT seq FROM unstorable") == [(1,)]


def test_after_each_group_blocks_that_nobody_reads_may_leave_memory(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back: list[object] = []
    monkeypatch.setattr(store.flusher._unread, "give_back", given_back.append)
    store.flusher.recover([store.request(span_row("a"))])
    assert given_back == [store.flusher._connection]
    store.flusher._look_after()
    assert given_back == 2 * [store.flusher._connection], "and after each step that looks after the file"


def test_when_the_store_cannot_take_data_it_stays_first_in_the_queue(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise duckdb.IOException("No space left on device")

    requests = [store.request(span_row("a")), store.request(span_row("b"))]
    with monkeypatch.context() as patch:
        patch.setattr(store.flusher._committer, "commit", full)
        with pytest.raises(Unavailable, match="disk full"):
            store.flusher.recover(requests)
    assert store.flusher.flushed_seq == 0
    assert store.flusher.waiting.size_bytes == 200
    with pytest.raises(Unavailable):
        asyncio.run(store.flusher.visible())
    store.flusher.broken = None
    store.flusher.recover([store.request(span_row("c"))])
    assert store.rows() == [("a",), ("b",), ("c",)]
    assert store.flusher.flushed_seq == 3


def test_one_who_waits_for_the_answer_is_told_why_not(store: Store) -> None:
    told: list[TracepondError | None] = []
    bad, good = store.request(span_row("bad", start_time="never")), store.request(span_row("good"))
    bad.done = good.done = told.append
    store.flusher.recover([bad, good])
    assert [type(answer).__name__ for answer in told] == ["Refused", "NoneType"]
    assert store.rows("SELECT * FROM unstorable") == []


def at_full_pace(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long this machine takes."""
    store.flusher._pace.rows = GROUP_ROWS
    monkeypatch.setattr(Pace, "took", lambda *_: None)


def test_groups_are_whole_row_groups_and_bypass_the_wal(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [span_row(f"{i:06}", trace_id=f"t{i // 10}", input="word " * 40) for i in range(2 * GROUP_ROWS + 300)]
    requests = [store.request(*rows[i : i + 100]) for i in range(0, len(rows), 100)]
    at_full_pace(store, monkeypatch)
    store.flusher.add(requests)
    sizes = []
    while store.flusher.waiting:
        group: list[Pending] = []
        store.flusher._pace.room().fill(group, store.flusher.waiting, nothing_was_sent)
        sizes.append(sum(len(request.translated.spans) for request in group))
        store.flusher.flush(group)
        if sizes[-1] == GROUP_ROWS:
            assert store.database.wal_bytes() < 200_000
            assert store.rows("SELECT flushed_seq FROM store")[0][0] == sum(sizes) // 100
    assert sizes == [GROUP_ROWS, GROUP_ROWS, 300]
    assert store.rows("SELECT count(*), count(DISTINCT span_id) FROM span") == [(len(rows), len(rows))]
    assert store.flusher.waiting.size_bytes == 0
    assert [sample.value for sample in store.flusher.stats() if sample.name == "unflushed_rows"] == [0]


def made_of(rows: int) -> MakeAgain:
    """So many spans of each request, called by its body."""
    return lambda sent: Translated([span_row(f"{sent.body.decode()}{n}") for n in range(rows)], size_bytes=100)


def test_what_was_sent_is_made_into_rows_once_and_divided_by_what_it_is_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []
    make = made_of(GROUP_ROWS // 2)
    store = Store(tmp_path / "x.duckdb", make_again=lambda sent: asked.append(sent.body) or make(sent))
    at_full_pace(store, monkeypatch)
    sizes: list[int] = []
    monkeypatch.setattr(store.flusher, "_try", spied(store.flusher._try, sizes))
    store.flusher.add([store.sent(body) for body in (b"a", b"b", b"c")])
    store.flusher._wanted_seq = 3
    store.flusher.start()
    store.close()
    assert asked == [b"a", b"b", b"c"]
    assert sizes == [2, 1], "a whole row group, though each counted as one row before"
    assert store.flusher.flushed_seq == 3
    assert store.flusher.waiting.size_bytes == store.flusher.waiting.rows == 0


def test_of_a_request_that_turns_out_larger_than_a_group_the_rest_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "x.duckdb", make_again=made_of(GROUP_ROWS // RECOVERY + 5))
    at_full_pace(store, monkeypatch)
    store.flusher._pace.rows = GROUP_ROWS // RECOVERY // RECOVERY
    flushed: list[tuple[int, int]] = []
    monkeypatch.setattr(store.flusher._committer, "commit", noted(store.flusher._committer, flushed))
    store.flusher.recover([store.sent(b"a"), store.sent(b"b")])
    rows = GROUP_ROWS // RECOVERY
    assert flushed == [(rows, 1), (rows, 2), (10, 2)]
    assert store.rows("SELECT count(*) FROM span") == [(2 * rows + 10,)]
    store.close()


def noted(committer: Committer, flushed: list[tuple[int, int]]) -> Callable[..., None]:
    """A `commit` that notes how many spans it was given, and the number of the newest request."""
    real = committer.commit

    def commit(connection: duckdb.DuckDBPyConnection, requests: list[Translated], seq: int, *more: Any) -> None:
        flushed.append((sum(len(request.spans) for request in requests), seq))
        real(connection, requests, seq, *more)

    return commit


def test_what_cannot_be_made_into_rows_is_kept_as_it_was_sent_and_told_to_who_waits(tmp_path: Path) -> None:
    def make(sent: Sent) -> Translated:
        if sent.body == b"bad":
            raise KeyError("a prompt")
        return made_of(1)(sent)

    store = Store(tmp_path / "x.duckdb", make_again=make)
    told: list[TracepondError | None] = []
    requests = [store.sent(body) for body in (b"a", b"bad", b"b", b"bad")]
    requests[-1].done = told.append
    store.flusher.recover(requests)
    assert store.rows() == [("a0",), ("b0",)]
    assert [type(answer).__name__ for answer in told] == ["Refused"]
    assert store.rows("SELECT seq FROM unstorable") == [(2,)]
    assert store.flusher.flushed_seq == 4
    store.close()
    store = Store(tmp_path / "x.duckdb", make_again=made_of(1))
    store.flusher.retry_unstorable()
    assert store.rows() == [("a0",), ("b0",), ("bad0",)]
    assert store.rows("SELECT * FROM unstorable") == []
    store.close()


def test_recovery_takes_large_groups_and_asks_for_no_more_than_one_at_a_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[tuple[int, int]] = []
    flush, asked = store.flusher.flush, 0

    def counted(group: list[Pending]) -> None:
        sizes.append((sum(len(request.translated.spans) for request in group), asked))
        flush(group)

    def requests() -> Iterator[Pending]:
        nonlocal asked
        for number in range(RECOVERY * 82 + 30):
            asked += 100
            yield store.request(*(span_row(f"{number}-{i}", trace_id="one") for i in range(100)))

    at_full_pace(store, monkeypatch)
    monkeypatch.setattr(store.flusher, "flush", counted)
    store.flusher.recover(requests())
    large = RECOVERY * GROUP_ROWS
    assert sizes == [(large, large + 32), (asked - large, asked)]
    assert store.rows("SELECT count(*) FROM span") == [(asked,)]


def test_work_on_the_file_runs_between_groups_and_what_it_removed_is_not_remembered(store: Store) -> None:
    def remove(connection: duckdb.DuckDBPyConnection) -> int:
        return int(connection.execute("DELETE FROM span").fetchall()[0][0])

    async def life() -> int:
        store.flusher.start()
        store.flusher.add([store.request(span_row("a"), span_row("b", "a"))])
        removed = await store.flusher.call(remove)
        store.flusher.add([store.request(span_row("a"))])
        await store.flusher.visible()
        return removed

    assert asyncio.run(life()) == 2
    assert store.rows() == [("a",)]


def test_while_groups_are_due_they_have_their_turn_between_two_pieces_of_long_work(store: Store) -> None:
    loop, flusher = asyncio.new_event_loop(), store.flusher
    request = store.request(span_row("a"))
    flusher.add([request])
    flusher._wanted_seq = request.seq
    flusher._calls.append(Call(lambda _: None, (), loop, loop.create_future()))
    assert flusher._wait() is False, "the call comes first"
    flusher._turns.worked(60.0)
    assert flusher._wait() is True, "now it is the group's turn"
    assert flusher.waiting.take() is request
    assert flusher._wait() is False
    loop.close()


def test_work_that_fails_tells_its_asker_and_harms_nobody(store: Store) -> None:
    def fail(_: duckdb.DuckDBPyConnection) -> None:
        raise ValueError("no")

    async def life() -> None:
        store.flusher.start()
        with pytest.raises(ValueError, match="no"):
            await store.flusher.call(fail)
        store.flusher.add([store.request(span_row("a"))])
        await store.flusher.visible()

    asyncio.run(life())
    assert store.rows() == [("a",)]


def test_who_waits_for_what_is_not_stored_when_it_stops_is_told(store: Store) -> None:
    """In memory nothing is acknowledged before it is stored."""
    told: list[TracepondError | None] = []
    store.flusher.waiting.add([Pending(1, Translated([span_row("a")]), told.append)])
    assert store.flusher.stop(), "nothing acknowledged is left"
    [error] = told
    assert isinstance(error, Unavailable)
