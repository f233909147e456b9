"""Times as the query API writes and reads them: RFC 3339 with nanoseconds, in UTC."""

import re
from datetime import UTC, datetime

from contract.errors import BadQuery

NS = 1_000_000_000
LATEST = (1 << 63) - 2
"""What a TIMESTAMP_NS can hold in both directions: the numbers next to it are DuckDB's infinities."""

UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}

EPOCH_SCALES = ((10**11, NS), (10**14, 10**6), (10**17, 10**3))
"""Below 1e11 seconds (year 5138), below 1e14 milliseconds, below 1e17 microseconds, else nanoseconds."""

_RELATIVE = re.compile(r"(?:now)?-(\d{1,9})([smhdw])")
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?)?([Zz]|[+-]\d\d:\d\d)?")


def rfc3339(ns: int | None) -> str | None:
    """`2026-11-21T14:33:02.123456789Z`; null stays null, and so does a time that no year of four digits has."""
    if ns is None:
        return None
    seconds, rest = divmod(ns, NS)
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}.{rest:09d}Z"


def parse_time(text: str, now_ns: int, parameter: str) -> int:
    """Nanoseconds since 1970 of RFC 3339 (UTC where no offset is given), an epoch number, `-15m`, `now-7d` or `now`."""
    ns = _relative(text, now_ns)
    if ns is None:
        ns = _epoch(text)
    if ns is None:
        ns = _absolute(text)
    if ns is None or abs(ns) > LATEST:
        wanted = "a time such as 2026-11-21T09:00:00Z, 1795251600, -15m or now-7d"
        as_sent = " (in a URL + is a space: write %2B)" if " " in text else ""
        raise BadQuery(f"{parameter} takes {wanted}, not {text[:60]!r}{as_sent}", parameter=parameter)
    return ns


def _relative(text: str, now_ns: int) -> int | None:
    if text == "now":
        return now_ns
    match = _RELATIVE.fullmatch(text)
    return now_ns - int(match[1]) * UNITS_S[match[2]] * NS if match else None


def _epoch(text: str) -> int | None:
    """Seconds, ms, µs or ns by size; seconds may have a fraction."""
    match = re.fullmatch(r"([0-9]{1,19})(?:\.([0-9]{1,9}))?", text)
    if not match:
        return None
    whole = int(match[1])
    scale = next((scale for below, scale in EPOCH_SCALES if whole < below), 1)
    fraction = int((match[2] or "0").ljust(9, "0")) * scale // NS
    return whole * scale + fraction


def _absolute(text: str) -> int | None:
    match = _RFC3339.fullmatch(text.strip())
    if not match:
        return None
    day, minute, second, fraction, zone = match.groups()
    zone = "+00:00" if zone in (None, "Z", "z") else zone
    try:
        moment = datetime.fromisoformat(f"{day}T{minute or '00:00'}:{second or '00'}{zone}")
    except ValueError:
        return None
    return int(moment.timestamp()) * NS + int((fraction or "0")[:9].ljust(9, "0"))
