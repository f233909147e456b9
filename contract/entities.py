"""Questions in two steps: one value for each trace or span, then counted, added up and put in order over all of them.

The queries `measure_traces`, `measure_spans` and `measure_scores` take names of these tables and nothing else. A
condition may also ask for a key of the metadata: its field is `METADATA` and the key.
"""

from typing import NamedTuple

METADATA = "metadata."

TRACE_VALUES: dict[str, str] = {
    **dict.fromkeys(
        ("trace_id", "name", "user_id", "session_id", "release", "version", "environment", "status", "level", "month"),
        "text",
    ),
    "tags": "list",
    "span_ids": "list",
    "public": "bool",
    "bookmarked": "bool",
    "start_time": "time",
    "received_time": "time",
    "rows": "int",
    "span_count": "int",
    "generation_count": "int",
    "error_count": "int",
    "score_count": "int",
    "input_tokens": "int",
    "output_tokens": "int",
    "total_tokens": "int",
    "duration_ms": "float",
    "input_cost": "float",
    "output_cost": "float",
    "total_cost": "float",
}
"""What is known of a trace -> its type. `rows` is 1 of each; `environment` is `default` where nothing says one; `month`
is that of its start (`2026-11`), `level` the gravest of its spans; nothing is `bookmarked`, which only Langfuse's page
can say; `span_ids` are the first `SPAN_IDS_AT_MOST`."""

SPAN_VALUES: dict[str, str] = {
    **dict.fromkeys(
        (
            "span_id", "trace_id", "parent_span_id", "name", "kind", "level", "status_message", "environment",
            "version", "release", "model", "prompt_name", "prompt_version", "tool_name", "month", "input", "output",
            "trace_name", "trace_user_id", "trace_session_id", "trace_release", "trace_version",
        ),
        "text",
    ),
    "trace_tags": "list",
    "is_root": "bool",
    "start_time": "time",
    "end_time": "time",
    "rows": "int",
    "score_count": "int",
    "input_tokens": "int",
    "output_tokens": "int",
    "total_tokens": "int",
    "duration_ms": "float",
    "streaming_ms": "float",
    "time_to_first_token_ms": "float",
    "output_tokens_per_second": "float",
    "total_tokens_per_second": "float",
    "input_cost": "float",
    "output_cost": "float",
    "total_cost": "float",
}  # fmt: skip
"""What is known of a span -> its type. A span that repeats a call (`duplicate_of`) has the kind `span`, and so have
kinds that few tools know (`OTHER_KINDS`); tokens and costs are those of counted calls only, so that sums over spans are
the truth. `trace_...` is what its trace says."""

SCORE_VALUES: dict[str, str] = {
    **dict.fromkeys(
        (
            "id", "name", "environment", "source", "data_type", "string_value", "comment", "trace_id", "span_id",
            "session_id", "config_id", "queue_id", "dataset_run_id", "author_user_id", "metadata", "month", "day",
            "trace_name", "trace_user_id", "trace_session_id", "trace_release", "trace_version",
            "span_name", "model", "prompt_name", "prompt_version",
        ),
        "text",
    ),
    "trace_tags": "list",
    "start_time": "time",
    "received_time": "time",
    "rows": "int",
    "value": "float",
    "is_true": "bool",
}  # fmt: skip
"""What is known of a score -> its type; `start_time` is its timestamp, `is_true` the value of a score of type BOOLEAN.
`span_name` to `prompt_version` are what the span says that it is about."""

OF_TRACES = frozenset(name for name in (*SPAN_VALUES, *SCORE_VALUES) if name.startswith("trace_")) - {"trace_id"}
"""Values of a span or score that only a whole trace can tell."""

OF_SPANS = frozenset({"span_name", "model", "prompt_name", "prompt_version"})
"""Values of a score that the span says that it is about."""

OTHER_KINDS = ("reranker", "prompt", "memory")

SPAN_IDS_AT_MOST = 1000

VALUES = {"measure_traces": TRACE_VALUES, "measure_spans": SPAN_VALUES, "measure_scores": SCORE_VALUES}
"""Query -> what it can measure, group by, put in order, and ask in conditions."""

ENTITY_OPERATORS: dict[str, tuple[str, ...]] = {
    "text": ("eq", "ne", "any_of", "none_of", "contains", "not_contains", "starts_with", "ends_with", "exists"),
    "list": ("any_of", "none_of", "all_of", "exists"),
    "int": ("eq", "gt", "gte", "lt", "lte", "exists"),
    "float": ("eq", "any_of", "gt", "gte", "lt", "lte", "exists"),
    "time": ("gt", "gte", "lt", "lte", "exists"),
    "bool": ("eq", "ne", "exists"),
}
"""Type of a value -> the operators of a condition on it; what is not known satisfies the negative ones."""

PERCENTILES = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
AGGREGATIONS = ("sum", "avg", "count", "max", "min", *PERCENTILES, "histogram", "uniq")


class Measure(NamedTuple):
    """An aggregation over the values that are known. `histogram` has up to `bins` bins."""

    value: str
    aggregation: str
    bins: int = 0


class Order(NamedTuple):
    """By the group or measure of that place in the question, or by the piece of time (place null)."""

    kind: str
    """`group`, `measure` or `time`."""
    place: int
    descending: bool
