"""Rows that would not fit into the store's memory are taken out, their neighbours stay."""

from typing import Any

import pytest

from contract.columns import EMPTY_LOG, EMPTY_METRIC, EMPTY_SCORE, EMPTY_SPAN, L, M, Row, S
from contract.span import ROW_BYTES
from contract.translated import Translated
from storage.oversized import take_out

LIMIT_BYTES = 64_000_000
MOST = 1_000_000


def made(template: Row, values: dict[int, Any]) -> Row:
    row = list(template)
    for place, value in values.items():
        row[place] = value
    return row


def span(**columns: Any) -> Row:
    return made(EMPTY_SPAN, {getattr(S, name): value for name, value in columns.items()})


def sent(*spans: Row, size_bytes: int = MOST) -> Translated:
    return Translated(list(spans), size_bytes=size_bytes)


@pytest.mark.parametrize(
    "columns",
    [
        {"name": "n" * (MOST + 1)},
        {"name": "n" * (MOST // 2), "span_name": "n" * (MOST // 2 + 1)},
        {"raw_resource": "r" * (MOST + 1)},
        {"request_model": "模" * (MOST // 3 + 1)},
    ],
    ids=lambda columns: "+".join(columns),
)
def test_a_span_with_too_much_beside_its_content_goes_and_its_neighbours_stay(columns: dict[str, str]) -> None:
    neighbour = span(name="n" * 1000, input="i" * 1000)
    translated = sent(neighbour, span(**columns))
    count, [reason] = take_out(translated, LIMIT_BYTES)
    assert count == 1
    assert reason == (
        "a span has more than 1000000 bytes beside its content (names, ids, resource): the store cannot hold it"
    )
    assert translated.spans == [neighbour]


@pytest.mark.parametrize("column", ["input", "output", "raw_attributes", "raw_events", "metadata", "status_message"])
def test_content_may_be_as_long_as_a_request(column: str) -> None:
    translated = sent(span(**{column: "c" * (3 * MOST)}), size_bytes=3 * MOST)
    assert take_out(translated, LIMIT_BYTES) == (0, [])
    assert len(translated.spans) == 1


def test_each_kind_of_row_is_looked_at() -> None:
    translated = Translated(
        logs=[made(EMPTY_LOG, {L.raw_resource: "x" * (MOST + 1)}), made(EMPTY_LOG, {L.raw_body: "x" * (MOST + 1)})],
        metric_points=[made(EMPTY_METRIC, {M.name: "x" * (MOST + 1)})],
        scores=[made(EMPTY_SCORE, {0: "x" * (MOST + 1)})],
        size_bytes=MOST,
    )
    count, reasons = take_out(translated, LIMIT_BYTES)
    assert count == 3
    assert [reason.partition(" has")[0] for reason in reasons] == ["a log record", "a data point", "a score"]
    assert (len(translated.logs), translated.metric_points, translated.scores) == (1, [], [])


def test_a_span_that_was_made_of_a_log_record_is_nothing_that_was_sent() -> None:
    """Else two would be refused of a request of two, though one is stored."""
    large = "x" * (MOST + 1)
    translated = Translated(
        [span(synthetic=True, raw_resource=large)],
        [made(EMPTY_LOG, {L.raw_resource: large}), list(EMPTY_LOG)],
        size_bytes=MOST,
    )
    count, reasons = take_out(translated, LIMIT_BYTES)
    assert (count, [each.partition(" has")[0] for each in reasons]) == (
        1,
        ["a call told by a log record", "a log record"],
    )
    assert (translated.spans, len(translated.logs)) == ([], 1)


def test_what_rows_share_counts_for_each_of_them() -> None:
    """200 spans with a resource of 900 kB are 180 MB, in a request of one."""
    resource = "r" * 900_000
    translated = sent(*(span(name="step", raw_resource=resource) for _ in range(200)), size_bytes=900_000)
    count, [reason] = take_out(translated, LIMIT_BYTES)
    assert (count, len(translated.spans)) == (183, 17)
    assert reason.startswith("a span has no room: each keeps its resource and scope")
    assert translated.size_bytes > 100_000_000


def test_a_resource_of_control_characters_counts_as_its_json() -> None:
    """Each is six bytes there: 100 spans that share 300 kB of them are 180 MB."""
    resource = "\\u0001" * 300_000
    translated = sent(*(span(name="step", raw_resource=resource) for _ in range(100)), size_bytes=305_000)
    count, _ = take_out(translated, LIMIT_BYTES)
    assert count == 100


def test_sixty_thousand_spans_with_an_ordinary_resource_are_all_kept() -> None:
    one = span(name="step", raw_resource="r" * 3000)
    translated = sent(*[one] * 60_000, size_bytes=3_000_000)
    assert take_out(translated, 2 * LIMIT_BYTES) == (0, [])


def test_rows_that_share_little_are_all_kept_and_count_with_what_they_share() -> None:
    translated = sent(*(span(name="step", raw_resource="r" * 1000) for _ in range(200)), size_bytes=100_000)
    assert take_out(translated, LIMIT_BYTES) == (0, [])
    assert (len(translated.spans), translated.size_bytes) == (200, 300_000)


def test_a_resource_that_is_most_of_its_rows_counts_half_for_each() -> None:
    """Unless it did, a transaction would have 3,000 rows of 160 kB: DuckDB's memory several times."""
    rows = [span(raw_resource="r" * 100_000) for _ in range(30)]
    logs = [made(EMPTY_LOG, {L.raw_resource: "r" * 100_000})] * 2
    points = [made(EMPTY_METRIC, {M.raw_resource: "r" * 100_000})] * 4
    translated = Translated(rows, logs, points, size_bytes=110_000)
    assert take_out(translated, 10 * LIMIT_BYTES) == (0, [])
    assert (translated.rows, translated.size_bytes) == (36, 1_800_000)


def test_rows_of_which_little_was_sent_count_as_rows() -> None:
    """2,000 spans of 30 bytes are 60 kB, and take as long as others."""
    translated = sent(*(span() for _ in range(2000)), size_bytes=60_000)
    assert take_out(translated, 10 * LIMIT_BYTES) == (0, [])
    assert translated.size_bytes == 2000 * ROW_BYTES


def test_an_ordinary_resource_does_not_count() -> None:
    translated = sent(*(span(raw_resource="r" * 2000) for _ in range(64)), size_bytes=100_000)
    assert take_out(translated, 10 * LIMIT_BYTES) == (0, [])
    assert translated.size_bytes == 100_000


def test_a_request_that_is_small_is_not_looked_at() -> None:
    """Four columns may have the same text, seven times as long where JSON escapes it, no more."""
    translated = sent(span(name="n" * (MOST + 1)), size_bytes=MOST // 28)
    assert take_out(translated, LIMIT_BYTES) == (0, [])
