"""A request that is brought to the tables in two parts."""

import pytest

from contract.columns import EMPTY_METRIC, L, S
from contract.span import ROW_BYTES, Extent, Sent
from contract.translated import Translated
from storage.pending import Pending, divided, halves, pending
from tests.support.rows import log_row, span_row


def test_the_first_part_of_a_divided_request_does_not_count_as_the_request() -> None:
    logs = [log_row("a", "d1")]
    whole = Pending(7, Translated([span_row("a"), span_row("b"), span_row("c")], logs, size_bytes=90))
    first, rest = divided(whole, 2)
    assert (first.seq, rest.seq) == (6, 7)
    assert (first.row_seq, rest.row_seq) == (7, 7)
    assert [len(part.translated.spans) for part in (first, rest)] == [2, 1]
    assert first.translated.logs == []
    assert rest.translated.logs == logs
    assert first.translated.size_bytes + rest.translated.size_bytes == 90


def test_however_often_a_request_is_divided_only_its_last_part_counts_as_the_request() -> None:
    spans = [span_row(str(number)) for number in range(5)]
    logs = [log_row(str(number), f"d{number}") for number in range(3)]
    parts = [[Pending(7, Translated(spans, logs, [list(EMPTY_METRIC)] * 2))]]
    while any(halves(part) for part in parts):
        parts = [smaller for part in parts for smaller in (halves(part) or [part])]
    requests = [request for part in parts for request in part]
    assert [request.translated.rows for request in requests] == [1] * 10
    assert [request.seq for request in requests] == [6] * 9 + [7]
    assert [row[S.span_id] for request in requests for row in request.translated.spans] == list("01234")
    assert [row[L.digest] for request in requests for row in request.translated.logs] == ["d0", "d1", "d2"]


def test_a_group_is_halved_by_requests_first() -> None:
    group = [Pending(seq, Translated([span_row("a"), span_row("b")])) for seq in (1, 2, 3)]
    assert halves(group) == [group[:1], group[1:]]


def test_a_request_that_somebody_waits_for_stays_whole() -> None:
    assert halves([Pending(1, Translated([span_row("a"), span_row("b")]), lambda error: None)]) == []


@pytest.mark.parametrize(
    ("extent", "size_bytes"),
    [(Extent(), 5000), (Extent(items=3, all_bytes=14_000), 7000), (Extent(items=20, all_bytes=14_000), 20 * ROW_BYTES)],
)
def test_what_was_sent_weighs_its_bytes_what_its_items_share_or_what_their_rows_take(
    extent: Extent, size_bytes: int
) -> None:
    request = pending(1, Sent("traces", "default", 1, "http", b"x" * 5000, extent))
    assert (request.translated.size_bytes, request.rows) == (size_bytes, extent.items)


def test_rows_are_made_once_and_what_was_sent_is_let_go() -> None:
    made = Translated([span_row("a"), span_row("b")])
    request = pending(1, Sent("traces", "default", 1, "http", b"body"))
    request.make(lambda sent: made)
    request.make(lambda sent: pytest.fail("once"))
    assert request.translated is made
    assert (request.rows, request.sent, request.unread) == (2, None, None)
