"""`tracepond status`: what a running server says of itself at `/api/v1/status`, to be read in a terminal."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from service import client
from service.config import Config
from service.logs import escaped

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def run(config: Config, *, as_json: bool) -> str:
    """The text for people, or the answer as it came. Raises `RequestFailed`."""
    url = f"{client.base(config)}/api/v1/status"
    with client.answer(url, config, scope="read") as response, client.lost_is_failed(url):
        answered = bytes(response.read())
    if as_json:
        return answered.decode()
    try:
        return "\n".join(map(escaped, lines(client.base(config), json.loads(answered), time.time())))
    except (ValueError, TypeError, KeyError) as error:
        raise client.RequestFailed(f"{url} is of another version, or no tracepond: {answered[:100]!r}") from error


def lines(where: str, status: Mapping[str, Any], now_s: float) -> Iterator[str]:
    """Line by line; what clients sent is in them as it is, control characters too."""
    rows, database = status["rows"], status["database"]
    counted = ((rows["spans"], "spans"), (rows["logs"], "log records"), (rows["metric_points"], "metric points"))
    yield f"tracepond {status['version']} at {where}, up {span_of(status['uptime_s'])}"
    yield f"  ready       {'; '.join(status['not_ready']) or 'yes'}"
    yield f"  stored      {', '.join(f'{count:,} {items}' for count, items in counted)}"
    yield f"  file        {database['size_bytes'] / 1e6:,.1f} MB, log {database['wal_bytes'] / 1e6:,.1f} MB"
    yield f"  in flight   {status['in_flight_bytes']:,} bytes"
    yield f"  queue       {status['queue_bytes']:,} bytes, the oldest for {status['lag_s']} s"
    if forwarding := status["forwarding"]:
        counts = ", ".join(f"{forwarding[each]:,} {each}" for each in ("sent", "rejected", "dropped", "returned"))
        last = f"; last error: {forwarding['last_error']}" if forwarding["last_error"] else ""
        yield f"  sent on     to {forwarding['endpoint']}: {counts}, {forwarding['waiting_requests']:,} waiting{last}"
    yield from table("last request of each client", CLIENT_COLUMNS, status["clients"], now_s)
    yield from table("not accepted", REFUSAL_COLUMNS, status["refusals"], now_s)


CLIENT_COLUMNS = (
    "service_name",
    "address",
    "transport",
    "signal",
    "items",
    "outcome",
    "requests",
    "user_agent",
    "message",
)
REFUSAL_COLUMNS = ("status", "where", "reason", "requests", "message")


def table(title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], now_s: float) -> Iterator[str]:
    """The rows below their names, each column as wide as it needs; where there is no row one line says so."""
    yield ""
    if not rows:
        yield f"{title}: none since the start"
        return
    yield f"{title}:"
    cells = [["ago", *columns]] + [
        [ago(row["time"], now_s), *("-" if row[column] is None else str(row[column]) for column in columns)]
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def ago(rfc3339: str, now_s: float) -> str:
    """How long before now; the clocks of two machines may differ by a little."""
    return span_of(max(0.0, now_s - datetime.fromisoformat(rfc3339).timestamp()))


def span_of(seconds: float) -> str:
    """In its largest unit, rounded down."""
    size, unit = next((each for each in UNITS if seconds >= each[0]), UNITS[-1])
    return f"{int(seconds // size)} {unit}"
