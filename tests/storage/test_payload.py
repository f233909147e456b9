"""What the journal keeps of a request comes back equal."""

import math
from dataclasses import replace
from unittest.mock import ANY

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.columns import EMPTY_METRIC, L, M, Row, S
from contract.errors import Unavailable
from contract.span import Extent, Sent
from contract.translated import Translated
from storage.payload import VERSION, decode, encode, recorded, restored
from tests.support.rows import log_row, span_row

texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]))
ints = st.none() | st.integers(-(1 << 63), (1 << 63) - 1)
floats = st.none() | st.floats()


def metric_row(value: float | None) -> Row:
    row = list(EMPTY_METRIC)
    row[M.name], row[M.value], row[M.sum] = "m", value, value
    return row


@given(texts, ints, floats)
def test_every_value_that_a_column_can_hold_comes_back_equal(
    text: str | None, whole: int | None, number: float | None
) -> None:
    given_rows = Translated(
        [span_row("a", input=text, input_tokens=whole, total_cost=number, streaming=True)],
        [log_row("a", "d", text or "")],
        [metric_row(number)],
    )
    back = decode(encode(given_rows))
    assert repr((back.spans, back.logs, back.metric_points)) == repr(
        (given_rows.spans, given_rows.logs, given_rows.metric_points)
    )


def test_numbers_that_json_cannot_write_come_back() -> None:
    rows = Translated(metric_points=[metric_row(math.inf), metric_row(-math.inf), metric_row(math.nan)])
    values = [row[M.value] for row in decode(encode(rows)).metric_points]
    assert values[:2] == [math.inf, -math.inf]
    assert math.isnan(values[2])
    assert rows.metric_points[0][M.value] == math.inf


@pytest.mark.parametrize("columns", [{"input_tokens": 1 << 70}, {"input": "\ud800"}, {"total_cost": "much"}])
def test_what_no_column_can_hold_is_told(columns: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        encode(Translated([span_row("a", **columns)]))


def test_a_request_comes_back_as_it_was_sent_or_as_its_rows() -> None:
    sent = Sent("traces", "a\nproject", 2**63, "http", b"\n[sent\0\xff\n" + bytes(7))
    payload = recorded(sent._replace(extent=Extent(items=9)))
    assert restored(memoryview(payload)) == sent
    assert bytes(4) not in payload
    made = Translated([span_row("a")])
    assert restored(recorded(made)) == replace(made, size_bytes=ANY)


def test_a_request_that_a_newer_program_kept_is_left_to_it() -> None:
    payload = recorded(Sent("traces", "default", 1, "http", b"body"))
    newer = payload.replace(b"[%d," % VERSION, b"[%d," % (VERSION + 1))
    with pytest.raises(Unavailable, match=f"schema {VERSION + 1}"):
        restored(newer)


def test_rows_of_an_earlier_program_lack_the_last_columns() -> None:
    row = span_row("a", input="text")
    payload = orjson.dumps([VERSION - 1, [row[: S.apart]], [log_row("a", "d", "b")[: L.apart]], []])
    back = decode(payload)
    assert (back.spans, back.logs) == ([row], [log_row("a", "d", "b")])


def test_rows_of_other_columns_are_not_taken_for_ours() -> None:
    with pytest.raises(Unavailable, match="schema 99"):
        decode(orjson.dumps([99, [], [], []]))
    assert decode(orjson.dumps([VERSION, [], [], [], []])).rows == 0
