"""Log records and data points that were stored before: told by the digest of what was sent, found at their time."""

import duckdb

from contract.columns import Column, LogPlaces, MetricPlaces, Row
from storage.columns import stage

LATEST = (1 << 63) - 2
"""The last time that make_timestamp_ns takes; the number behind it is DuckDB's infinity."""
SENT_AGAIN_NS = 300 * 10**9
"""So far back one without a time of its own is looked for: it was stored at the time when it came. So long exporters
try (OpenTelemetry Collector, `max_elapsed_time`); what says the same later is another one that says the same."""
KNOWN_DIGESTS_SQL = """
SELECT t.digest FROM {table} t JOIN stage k ON t.digest = k.digest
WHERE t.time BETWEEN make_timestamp_ns({low}) AND {high}
"""


def without_repeats(
    connection: duckdb.DuckDBPyConnection, table: str, rows: list[Row], at: LogPlaces | MetricPlaces
) -> list[Row]:
    """The rows that are new to the file and to each other; a retry sends the same digest, and the same time if any."""
    fresh = list({row[at.digest]: row for row in reversed(rows)}.values())[::-1]
    if not fresh:
        return fresh
    low = min(row[at.time] - SENT_AGAIN_NS * (row[at.time] == row[at.received_time]) for row in fresh)
    low, latest = max(0, min(low, LATEST)), min(max(row[at.time] for row in fresh), LATEST)
    high = "'infinity'" if latest == LATEST else f"make_timestamp_ns({latest})"
    digests = [row[at.digest] for row in fresh]
    found = stage(
        connection, [(Column("digest", "text"), digests)], KNOWN_DIGESTS_SQL.format(table=table, low=low, high=high)
    )
    known = {digest for (digest,) in found}
    return [row for row in fresh if row[at.digest] not in known] if known else fresh
