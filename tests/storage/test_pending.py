"""A request that is brought to the tables in two parts."""

from contract.translated import Translated
from storage.pending import Pending, divided
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
