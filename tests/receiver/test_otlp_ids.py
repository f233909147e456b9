"""Valid ids, and the words for the others."""

import pytest

from receiver.otlp_ids import is_span_id, is_trace_id, reject_span
from receiver.rejections import Rejections
from tests.support.otlp import SPAN_ID, TRACE_ID


@pytest.mark.parametrize(
    ("trace_id", "span_id", "parent_span_id", "reason"),
    [
        ("", "", "", "/v1/logs"),
        ("aa" * 5, SPAN_ID, "", "trace id has 5 bytes instead of 16"),
        ("00" * 16, SPAN_ID, "", "trace id is all zeroes"),
        (TRACE_ID, "00" * 8, "", "span id is all zeroes"),
        (TRACE_ID, "", "", "span id has 0 bytes instead of 8"),
        (TRACE_ID, SPAN_ID, "aa", "parent span id has 1 bytes instead of 8"),
    ],
)
def test_the_first_fault_is_named(trace_id: str, span_id: str, parent_span_id: str, reason: str) -> None:
    rejections = Rejections()
    reject_span(rejections, trace_id, span_id, parent_span_id)
    assert reason in rejections.message()
    assert rejections.labels == {"invalid_id": 1}


def test_only_ids_of_full_length_that_are_not_zero_are_valid() -> None:
    assert [is_trace_id(text) for text in (TRACE_ID, TRACE_ID[:-2], "0" * 32, "")] == [True, False, False, False]
    assert [is_span_id(text) for text in (SPAN_ID, TRACE_ID, "0" * 16, "")] == [True, False, False, False]
