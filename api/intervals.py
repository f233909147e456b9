"""Pieces of time for plots: minute to month, in UTC, beginning where clocks and calendars begin them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from api.times import NS, UNITS_S
from contract.errors import BadQuery

MONDAY_NS = 4 * UNITS_S["d"] * NS
"""1970-01-05: weeks begin on Monday (ISO 8601)."""

WORDS = {"minute": "1m", "hour": "1h", "day": "1d", "week": "1w"}
MONTH, AUTO = "month", "auto"

AUTO_STEPS = ("1m", "5m", "15m", "1h", "6h", "1d", "1w", MONTH)
AUTO_POINTS = 100
"""As many as a plot of a page's width can show."""

POINTS_AT_MOST = 2000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MULTIPLE = re.compile(r"([1-9][0-9]{0,5})([smhdw])")


class Interval(NamedTuple):
    """`width_ns` is null for a month, which has no fixed one."""

    name: str
    width_ns: int | None
    offset_ns: int = 0

    def start(self, ns: int) -> int:
        """Where the piece begins that holds this moment."""
        if self.width_ns is None:
            moment = _EPOCH + timedelta(microseconds=ns // 1000)
            return _ns(moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0))
        return (ns - self.offset_ns) // self.width_ns * self.width_ns + self.offset_ns

    def after(self, start_ns: int) -> int:
        """Where the piece ends that begins here."""
        if self.width_ns is None:
            return self.start(start_ns + 32 * UNITS_S["d"] * NS)
        return start_ns + self.width_ns

    def starts(self, from_ns: int, to_ns: int) -> Iterator[int]:
        """The beginnings of all pieces that a range touches."""
        at = self.start(from_ns)
        while at < to_ns:
            yield at
            at = self.after(at)


def parse_interval(text: str, from_ns: int, to_ns: int) -> Interval:
    """`minute` ... `month`, `15m`, `6h`, or `auto`. Raises `BadQuery`, also for more pieces than are answered."""
    if text == AUTO:
        steps = (interval_of(step) for step in AUTO_STEPS)
        found = next((step for step in steps if step and count(step, from_ns, to_ns) <= AUTO_POINTS), None)
        return found or Interval(MONTH, None)
    interval = interval_of(text)
    if interval is None:
        wanted = "minute, hour, day, week, month, auto, or a number with s, m, h, d or w such as 15m"
        raise BadQuery(f"interval takes {wanted}, not {text[:60]!r}", parameter="interval")
    if count(interval, from_ns, to_ns) > POINTS_AT_MOST:
        cure = "take a longer interval, a shorter range, or interval=auto"
        raise BadQuery(f"interval {text} makes more than {POINTS_AT_MOST} points: {cure}", parameter="interval")
    return interval


def interval_of(text: str) -> Interval | None:
    if text == MONTH:
        return Interval(MONTH, None)
    match = _MULTIPLE.fullmatch(WORDS.get(text, text))
    if match is None:
        return None
    name = next((word for word, short in WORDS.items() if short == match[0]), match[0])
    return Interval(name, int(match[1]) * UNITS_S[match[2]] * NS, MONDAY_NS if match[2] == "w" else 0)


def count(interval: Interval, from_ns: int, to_ns: int) -> int:
    """About how many pieces a range has."""
    return (to_ns - from_ns) // (interval.width_ns or 28 * UNITS_S["d"] * NS) + 1


def _ns(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
