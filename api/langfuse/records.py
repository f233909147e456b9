"""Traces, observations and sessions as Langfuse's SDKs 2 to 5 read them.

Source of the fields: the published packages `langfuse` 2.60.10, 3.15.0, 4.18.0 and 5.0.4 (their pydantic models refuse
an answer that lacks one). Where they refuse null, what is not known is 0 or `default`; `/api/v1` tells null.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from api.langfuse.views import TYPE_OF_KIND
from api.records import content_value, merged, parsed
from api.times import rfc3339
from contract.trace_of_spans import duration_ms

Stored = Mapping[str, Any]

ENVIRONMENT = "default"

CALLS = ("generation", "embedding")
"""Kinds whose tokens and costs count (product.md section 4)."""


def iso(ns: int | None) -> str | None:
    """Milliseconds, as JavaScript writes them."""
    text = rfc3339(ns)
    return None if text is None else f"{text[:23]}Z"


def seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000


def trace(row: Stored, project: str, received_ns: int | None, *, with_io: bool = True) -> dict[str, Any]:
    """A trace without its parts; `row` is one of list_traces or of `api.one_trace.read_trace`."""
    return {
        "id": row["trace_id"],
        "projectId": project,
        "name": row["name"],
        "timestamp": iso(row["sort_ns"]),
        "environment": row["environment"] or ENVIRONMENT,
        "tags": row["tags"] or [],
        "bookmarked": False,
        "release": row["release"],
        "version": row["version"],
        "userId": row["user_id"],
        "sessionId": row["session_id"],
        "public": row["public"],  # what a client said; nothing here is shown without a key
        "input": content_value(row["input"]) if with_io else None,
        "output": content_value(row["output"]) if with_io else None,
        "metadata": (merged(row["metadata"]) or {}) if with_io else {},
        "createdAt": iso(row["sort_ns"]),
        "updatedAt": iso(received_ns if received_ns is not None else row["sort_ns"]),
        "externalId": None,
        "htmlPath": f"/project/{quote(project, safe='')}/traces/{quote(row['trace_id'], safe='')}",
    }


def trace_metrics(row: Stored) -> dict[str, float]:
    """SDK 2 refuses null: 0 where nothing is known."""
    return {"latency": seconds(row["duration_ms"]) or 0, "totalCost": row["total_cost"] or 0}


def usage_details(row: Stored) -> dict[str, int]:
    """Langfuse's buckets, of which each token is in one: ours include what was cached, written and thought."""
    if not is_call(row):
        return {}
    read, written, thought = (
        row[name] or 0 for name in ("cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
    )
    incoming, outgoing, total = row["input_tokens"], row["output_tokens"], row["total_tokens"]
    buckets = {
        "input": None if incoming is None else max(0, incoming - read - written),
        "output": None if outgoing is None else max(0, outgoing - thought),
        "input_cached_tokens": read or None,
        "input_cache_creation": written or None,
        "output_reasoning_tokens": thought or None,
        "total": incoming + outgoing if total is None and None not in (incoming, outgoing) else total,
    }
    return {name: count for name, count in buckets.items() if count is not None}


def cost_details(row: Stored) -> dict[str, float]:
    if not is_call(row):
        return {}
    costs = {"input": row["input_cost"], "output": row["output_cost"], "total": row["total_cost"]}
    return {name: cost for name, cost in costs.items() if cost is not None}


def is_call(row: Stored) -> bool:
    """Whether its tokens and costs count: a span that repeats a call has none here, so that sums are the truth."""
    return row["kind"] in CALLS and row["duplicate_of"] is None


def observation_type(row: Stored) -> str:
    return "SPAN" if row["duplicate_of"] is not None else TYPE_OF_KIND.get(row["kind"], "SPAN")


def observation(row: Stored, project: str, shown: Stored) -> dict[str, Any]:
    """An observation of the first API; `row` is a span with all columns, `shown` what is derived when read."""
    usage, cost = usage_details(row), cost_details(row)
    start = None if row["start_unknown"] else row["start_time"]
    first_ms = row["time_to_first_token_ms"]
    incoming = row["input_tokens"] if usage else None
    outgoing = row["output_tokens"] if usage else None
    return {
        "id": row["span_id"],
        "traceId": row["trace_id"],
        "projectId": project,
        "type": observation_type(row),
        "name": row["name"],
        "startTime": iso(row["start_time"]),
        "endTime": iso(row["end_time"]),
        "completionStartTime": None if first_ms is None else iso(row["start_time"] + round(first_ms * 1e6)),
        "environment": row["environment"] or ENVIRONMENT,
        "version": row["version"],
        "level": row["level"] or "DEFAULT",
        "statusMessage": row["status_message"],
        "parentObservationId": row["parent_span_id"],
        "input": content_value(row["input"]),
        "output": content_value(row["output"]),
        "metadata": metadata(row),
        "model": row["model"] if row["kind"] in CALLS else None,
        "modelParameters": shown.get("model_parameters"),
        "usage": {"input": incoming or 0, "output": outgoing or 0, "total": usage.get("total", 0), "unit": "TOKENS"},
        "usageDetails": usage,
        "costDetails": cost,
        "unit": "TOKENS",
        "promptTokens": incoming or 0,
        "completionTokens": outgoing or 0,
        "totalTokens": usage.get("total", 0),
        "calculatedInputCost": cost.get("input"),
        "calculatedOutputCost": cost.get("output"),
        "calculatedTotalCost": cost.get("total"),
        "promptId": None,
        "promptName": row["prompt_name"],
        "promptVersion": whole(row["prompt_version"]),
        "modelId": None,
        "inputPrice": None,
        "outputPrice": None,
        "totalPrice": None,
        "usagePricingTierId": None,
        "usagePricingTierName": None,
        "latency": seconds(duration_ms(start, row["end_time"])),
        "timeToFirstToken": seconds(first_ms),
        "createdAt": iso(row["received_time"]),
        "updatedAt": iso(row["received_time"]),
    }


def metadata(row: Stored) -> dict[str, Any]:
    found = parsed(row["metadata"])
    kept = dict(found) if isinstance(found, dict) else {}
    repeated = {name: row[name] for name in ("duplicate_of", "duplicate_of_trace") if row[name] is not None}
    return kept | repeated


def whole(text: str | None) -> int | None:
    """A prompt's version as the number that Langfuse has; null for what is none."""
    return int(text) if text is not None and re.fullmatch(r"[0-9]{1,9}", text) else None


V2_GROUPS: dict[str, Sequence[str]] = {
    "core": ("id", "traceId", "startTime", "endTime", "projectId", "parentObservationId", "type"),
    "basic": (
        "name", "level", "statusMessage", "version", "environment", "bookmarked", "public", "userId", "sessionId",
        "isRootObservation",
    ),
    "time": ("completionStartTime", "createdAt", "updatedAt"),
    "io": ("input", "output"),
    "metadata": ("metadata",),
    "model": ("model", "providedModelName", "internalModelId", "modelParameters"),
    "usage": ("usageDetails", "costDetails", "totalCost", "usagePricingTierName"),
    "prompt": ("promptId", "promptName", "promptVersion"),
    "metrics": ("latency", "timeToFirstToken"),
    "trace_context": ("traceName", "tags", "release"),
}  # fmt: skip
"""Groups of fields of the second API -> their fields; `core` is always there."""


def observation_v2(row: Stored, project: str, shown: Stored, groups: frozenset[str]) -> dict[str, Any]:
    """An observation of the second API: input and output are texts, content only where it is asked for."""
    known = observation(row, project, shown)
    made = {
        **known,
        "bookmarked": False,
        "public": '"public":true' in (row["raw_rest"] or ""),
        "userId": row["user_id"],
        "sessionId": row["session_id"],
        "isRootObservation": row["parent_span_id"] is None,
        "input": row["input"],
        "output": row["output"],
        "providedModelName": known["model"],
        "internalModelId": None,
        "totalCost": known["calculatedTotalCost"],
        "traceName": row["trace_name"],
        "tags": parsed(row["tags"]) or [],
        "release": row["release"],
    }
    asked = {"core", *groups}
    return {name: made[name] for group, names in V2_GROUPS.items() if group in asked for name in names}


def session(row: Stored, project: str) -> dict[str, Any]:
    """A session; `row` is a row of the query page_sessions."""
    return {
        "id": row["session_id"],
        "createdAt": iso(row["created_ns"]),
        "projectId": project,
        "environment": row["environment"] or ENVIRONMENT,
    }
