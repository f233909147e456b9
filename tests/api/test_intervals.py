"""Pieces of time."""

import random
from datetime import UTC, datetime

import pytest

from api.intervals import AUTO_POINTS, POINTS_AT_MOST, Interval, count, interval_of, parse_interval
from api.times import NS, UNITS_S, parse_time, rfc3339
from contract.errors import BadQuery

DAY = UNITS_S["d"] * NS


def at(text: str) -> int:
    return parse_time(text, 0, "from")


def named(text: str) -> Interval:
    found = interval_of(text)
    assert found is not None
    return found


STARTS = [
    ("minute", "2026-11-21T10:20:00Z"),
    ("15m", "2026-11-21T10:15:00Z"),
    ("hour", "2026-11-21T10:00:00Z"),
    ("day", "2026-11-21T00:00:00Z"),
    ("week", "2026-11-16T00:00:00Z"),
    ("month", "2026-11-01T00:00:00Z"),
]


@pytest.mark.parametrize(("name", "start"), STARTS)
def test_a_piece_begins_where_clocks_and_calendars_begin_it(name: str, start: str) -> None:
    interval = named(name)
    assert interval.name == name
    assert interval.start(at("2026-11-21T10:20:59.999999999Z")) == at(start)
    assert interval.start(at(start)) == at(start)


def test_words_and_their_short_forms_are_one() -> None:
    assert interval_of("1h") == interval_of("hour")
    assert interval_of("1w") == interval_of("week")


@pytest.mark.parametrize("name", ["minute", "7s", "6h", "day", "week", "3w", "month"])
def test_every_moment_of_a_range_is_in_one_piece(name: str) -> None:
    interval, rng = named(name), random.Random(4)
    for _ in range(50):
        from_ns = rng.randrange(-(10**18), 2 * 10**18)
        to_ns = from_ns + rng.randrange(1, 300 * (interval.width_ns or 30 * DAY))
        starts = list(interval.starts(from_ns, to_ns))
        assert starts[0] <= from_ns < interval.after(starts[0])
        assert starts[-1] < to_ns <= interval.after(starts[-1])
        assert [interval.after(start) for start in starts[:-1]] == starts[1:]
        moment = rng.randrange(from_ns, to_ns)
        assert interval.start(moment) in starts
        assert len(starts) <= count(interval, from_ns, to_ns) + 1


def test_months_have_the_length_of_the_calendar() -> None:
    starts = named("month").starts(at("2023-12-31T00:00:00Z"), at("2024-04-01T00:00:00Z"))
    assert [(rfc3339(start) or "")[:10] for start in starts] == ["2023-12-01", "2024-01-01", "2024-02-01", "2024-03-01"]


@pytest.mark.parametrize(("days", "name"), [(1 / 24, "minute"), (1, "15m"), (3, "hour"), (60, "day"), (3650, "month")])
def test_auto_is_the_finest_step_that_a_plot_can_show(days: float, name: str) -> None:
    from_ns = at("2026-01-01T00:30:00Z")
    interval = parse_interval("auto", from_ns, from_ns + int(days * DAY))
    assert interval.name == name
    if days < 3000:
        assert len(list(interval.starts(from_ns, from_ns + int(days * DAY)))) <= AUTO_POINTS + 1


@pytest.mark.parametrize("text", ["", "fortnight", "0m", "m", "-1h", "1.5h", "1h ", "9999999h"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(BadQuery, match="minute, hour"):
        parse_interval(text, 0, DAY)


def test_more_points_than_are_answered_are_refused() -> None:
    assert parse_interval("minute", 0, (POINTS_AT_MOST - 1) * 60 * NS).name == "minute"
    with pytest.raises(BadQuery, match="longer interval"):
        parse_interval("minute", 0, POINTS_AT_MOST * 60 * NS)


def test_the_first_monday_is_where_weeks_are_counted_from() -> None:
    start = named("week").start(at("1970-01-08T00:00:00Z"))
    assert datetime.fromtimestamp(start / NS, UTC).isoweekday() == 1
