"""A request that is brought to the tables in two parts."""

from contract.columns import EMPTY_METRIC, L, S
from contract.translated import Translated
from storage.pending import Pending, divided, halves
from tests.support.rows import log_row, span_row


def test_the_first_part_of_a_divided_request_does_not_count_as_the_request() -> None:
    logs = [log_row("a", "d1")]
    whole = Pending(7, Translated([span_row("a"), span_row("b"), span_row("c")], logs, size_bytes=90))
    first, rest = divided(whole, 2)
    assert (first.seq, rest.seq) == (6, 7)
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
