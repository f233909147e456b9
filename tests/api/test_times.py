"""Times in and out."""

import pytest

from api.times import parse_time, rfc3339
from contract.errors import BadQuery

NOW = 1_790_000_000_000_000_000

FORMS = [
    ("2026-09-21T14:13:20Z", NOW),
    ("2026-09-21T14:13:20.123456789Z", NOW + 123_456_789),
    ("2026-09-21T16:13:20.5+02:00", NOW + 500_000_000),
    ("2026-09-21 14:13", NOW - 20_000_000_000),
    ("2026-09-21", NOW - 51_200_000_000_000),
    ("1790000000", NOW),
    ("1790000000.25", NOW + 250_000_000),
    ("1790000000000", NOW),
    ("1790000000000000", NOW),
    ("1790000000000000001", NOW + 1),
    ("now", NOW),
    ("-15m", NOW - 900 * 10**9),
    ("now-7d", NOW - 7 * 86_400 * 10**9),
]


@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_a_time_may_be_written_in_each_of_these_forms(text: str, expected: int) -> None:
    assert parse_time(text, NOW, "from") == expected


@pytest.mark.parametrize(
    "text", [str(2**63 - 1), "", "soon", "2026-13-01", "-15x", "9999999999999999999", "2026-09-21T25:00Z", "+5", "٣"]
)
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadQuery, match="from takes a time such as 2026-11-21T09:00:00Z") as caught:
        parse_time(text, NOW, "from")
    assert caught.value.parameter == "from"


def test_times_are_written_with_all_nanoseconds() -> None:
    assert rfc3339(NOW + 7) == "2026-09-21T14:13:20.000000007Z"
    assert rfc3339(-1) == "1969-12-31T23:59:59.999999999Z"
    assert rfc3339(None) is None


def test_what_is_written_is_read_back_equal() -> None:
    for ns in (0, NOW + 1, 2**63 - 2, -(2**60)):
        assert parse_time(rfc3339(ns) or "", NOW, "from") == ns
