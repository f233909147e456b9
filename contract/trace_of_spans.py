"""The record of a trace from its rows, where they were read anyway, or are few: a row as the query get_trace makes it.

To plan a statement that rolls rows up takes longer than to do it here, for the traces of a page too. The two are held
equal by tests/contract/test_trace_of_spans.py.
"""

import json
import operator
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

from contract.columns import TRACE_KIND
from contract.reading import Row

COUNTED_KINDS = ("generation", "embedding")
TOKENS = ("input_tokens", "output_tokens", "total_tokens", "cache_read_tokens")
SAID_FIRST = ("service_name", "session_id", "user_id", "environment", "release", "version")
"""Fields of which the first row that says something speaks for the trace."""
SPEAKERS = ("trace_row", "root_row", "generation_row")
"""Fields of a record whose rows its content is of: the first that has one is shown."""
CONTENT = ("input", "output")
MOST_TOKENS = (1 << 63) - 1
ENDLESS_NS = (1 << 63) - 1
"""Read as null: it is the database's infinity. Nothing stores it any more."""


def trace_of(rows: Iterable[Row]) -> Row:
    """`rows`: all of one trace, at least one, as the query get_spans gives them with `with_trace`."""
    placed = list(rows)
    return with_content(roll_up(placed), {row["row_id"]: row for row in placed})


def with_content(record: Row, texts: Mapping[int, Row]) -> Row:
    """The record with content in the place of the rows that speak for it; `texts`: of those that have any."""
    said = [texts[number] for number in map(record.pop, SPEAKERS) if number in texts]
    return record | {name: first(said, name) for name in CONTENT}


def roll_up(rows: Iterable[Row]) -> Row:
    """What the rows of one trace add up to, and which of them speak for it, each null where there is none.

    What was said of the trace itself comes first, then roots, then the earliest.
    """
    placed = sorted(rows, key=place)
    calls = [row for row in placed if row["kind"] in COUNTED_KINDS and row["duplicate_of"] is None]
    spans = [row for row in placed if row["duplicate_of"] is None or not row["synthetic"]]
    sort_ns = min(map(begin_ns, placed))
    start_ns = None if all(row["start_unknown"] for row in placed) else sort_ns
    end_ns = max((row["end_time"] for row in placed if row["end_time"] is not None), default=None)
    return {
        "trace_id": placed[0]["trace_id"],
        "name": name_of(placed),
        "sort_ns": sort_ns,
        "start_ns": start_ns,
        "end_ns": end_ns,
        "duration_ms": duration_ms(start_ns, end_ns),
        "status": status_of(placed),
        "error_count": sum(row["status"] == "error" for row in spans),
        "span_count": len(spans),
        "generation_count": sum(row["kind"] == "generation" for row in calls),
        "models": sorted({row["model"] for row in calls if row["model"] is not None}) or None,
        **{name: tokens(calls, name) for name in TOKENS},
        "total_cost": total_cost(calls),
        **{name: first(placed, name) for name in SAID_FIRST},
        "tags": tags_of(placed),
        "metadata": [row["metadata"] for row in placed if row["metadata"] is not None] or None,
        "complete": any(map(is_root, placed)),
        "public": any(row["public"] for row in placed),
        **speakers_of(placed, calls),
    }


def place(row: Row) -> tuple[bool, bool, int, str]:
    return row["kind"] != TRACE_KIND, not is_root(row), begin_ns(row), row["span_id"] or ""


def begin_ns(row: Row) -> int:
    return ENDLESS_NS if row["start_time"] is None else row["start_time"]


def is_root(row: Row) -> bool:
    return row["parent_span_id"] is None


def first(rows: Iterable[Row], name: str) -> Any:
    return next((row[name] for row in rows if row[name] is not None), None)


def name_of(placed: Sequence[Row]) -> str | None:
    said: str | None = first(placed, "trace_name")
    return first(placed, "name") if said is None else said


def status_of(placed: Sequence[Row]) -> str:
    """Of the first root that has one; else an error anywhere is the trace's."""
    said: str | None = first([row for row in placed if is_root(row) and row["status"] != "unset"], "status")
    return said or ("error" if any(row["status"] == "error" for row in placed) else "unset")


def tokens(calls: Iterable[Row], name: str) -> int | None:
    """Null where no call says it, or the sum is none that can be stored."""
    known = [row[name] for row in calls if row[name] is not None]
    return sum(known) if known and -MOST_TOKENS - 1 <= sum(known) <= MOST_TOKENS else None


def total_cost(calls: Iterable[Row]) -> float | None:
    """Added in the order of the file, as a list of traces does it: in another the last digit may be another."""
    stored = sorted(calls, key=lambda row: row["row_id"])
    known = [row["total_cost"] for row in stored if row["total_cost"] is not None]
    return reduce(operator.add, known) if known else None


def tags_of(placed: Iterable[Row]) -> list[str] | None:
    lists = [tags for tags in map(tags_in, {row["tags"] for row in placed}) if tags is not None]
    found = {text_of(tag) for tags in lists for tag in tags if tag is not None}
    return sorted(found) if lists else None


def tags_in(text: str | None) -> list[Any] | None:
    """The list that the JSON is; null for everything else, and where a text in it is none (half of a character)."""
    if text is None:
        return None
    try:
        tags = json.loads(text)
        text_of(tags).encode()
    except (ValueError, RecursionError):
        return None
    return tags if isinstance(tags, list) else None


def text_of(tag: Any) -> str:
    return tag if isinstance(tag, str) else json.dumps(tag, ensure_ascii=False, separators=(",", ":"))


def speakers_of(placed: Iterable[Row], calls: Iterable[Row]) -> dict[str, int | None]:
    """What was said of the trace, its root, its first generation."""
    speakers = (
        next((row for row in placed if row["kind"] == TRACE_KIND), None),
        next((row for row in placed if is_root(row) and row["kind"] != TRACE_KIND), None),
        next((row for row in calls if row["kind"] == "generation"), None),
    )
    return {name: None if row is None else row["row_id"] for name, row in zip(SPEAKERS, speakers, strict=True)}


def duration_ms(start_ns: int | None, end_ns: int | None) -> float | None:
    return None if start_ns is None or end_ns is None else (end_ns - start_ns) / 1e6
