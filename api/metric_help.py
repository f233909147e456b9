"""What each metric says: the `# HELP` lines of `/metrics`, word for word the meanings in docs/metrics.md."""

ITEMS = {
    "spans": "spans",
    "log_records": "log records",
    "metric_points": "metric points",
    "langfuse_events": "events of the Langfuse API",
}

FATES = {
    "received": "decoded, whatever became of them",
    "accepted": "committed; what was sent again counts again",
    "refused": "the sender was told not to send them again",
    "unavailable": "the sender was told to send them again",
}
"""received = accepted + refused + unavailable, for each kind of item."""

HELP = {
    "build_info": "always 1",
    **{
        f"receiver_{fate}_{name}_total": f"{items}: {meaning}"
        for name, items in ITEMS.items()
        for fate, meaning in FATES.items()
    },
    "receiver_undecoded_requests_total": (
        "requests whose items could not be counted: malformed, too large, not let in"
    ),
    "receiver_bytes_in_flight": "bytes of requests received and not yet answered",
    "receiver_bytes_in_flight_capacity": "receivers.max_in_flight_mib in bytes",
    "spans_by_convention_total": "spans that a convention had something to say about",
    "unmapped_attributes_total": "attributes that no convention knows; they are stored all the same",
    "translator_rule_failures_total": "rules that raised; they count as no answer",
    "ingest_queue_bytes": "bytes that wait to be acknowledged or, acknowledged, to be brought to the tables",
    "ingest_queue_capacity_bytes": "above it senders are told to retry",
    "commit_seconds": "time in which one group of requests was written to the journal and synced",
    "flush_seconds": "time in which one group of acknowledged requests became rows of the tables",
    "journal_bytes": "the journal of requests that are acknowledged and not yet in the tables",
    "unflushed_rows": "rows that are acknowledged and not yet in the tables",
    "visibility_lag_seconds": "how long the oldest request has waited for the tables; /readyz turns 503 above 10",
    "forwarded_requests_total": (
        "requests for exporters.otlp: sent, rejected there, dropped for want of room, returned (sent on before)"
    ),
    "forward_queue_bytes": "bytes that wait to be sent there",
    "db_size_bytes": "the database file",
    "db_wal_bytes": "its write-ahead log",
    "retention_deleted_total": "rows deleted: too old, too many, too large a file, asked for over the API",
    "reader_queries_total": "queries answered, expired, refused, failed",
    "reader_queries_in_flight": "queries that run or wait",
    "query_seconds": "time of one API request; for an answer of more than 256 KiB until its client has taken it",
}
"""Family, without the program's prefix -> what it says. `/metrics` names each, also while it has no value yet."""

HISTOGRAMS = frozenset({"commit_seconds", "flush_seconds", "query_seconds"})
