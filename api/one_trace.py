"""One trace and its spans as one answer, although the store is asked two questions: bounded, and one state.

Both are asked at once, each on a connection of its own, since most of the time goes into planning them. A trace may
grow between the questions: an answer whose record counts other spans than it shows is thrown away.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from api.cursor import After, encode_cursor
from api.parameters import SpansQuestion
from contract.errors import NotFound
from contract.reading import Reader, Row

SPANS_AT_MOST = 10_000
"""Spans of one answer: with 1.5 kB each they are 30 MB of JSON and take a second to render."""

TRIES = 4
"""Answers to one question until it is taken as it is: a trace that grows with every answer has no better one."""

Asked = Mapping[str, Any]
"""`project` and `trace_id`."""


class SpanPage(NamedTuple):
    spans: Sequence[Row]
    next_cursor: str | None
    """Null when these are the last ones."""


async def read_trace(reader: Reader, asked: Asked, question: SpansQuestion) -> tuple[Row, SpanPage]:
    """The record of a trace and its spans. Raises `NotFound`."""
    for _ in range(TRIES):
        record, page = await asyncio.gather(
            read_record(reader, asked, question.io), read_spans(reader, asked, question)
        )
        is_whole = question.after is None and page.next_cursor is None
        if not is_whole or agree(record, page.spans):
            break
    return record, page


async def read_record(reader: Reader, asked: Asked, io: str) -> Row:
    found = await reader.read("get_trace", {**asked, "io": io})
    if not found:
        raise no_trace(asked)
    return found[0]


async def read_spans(reader: Reader, asked: Asked, question: SpansQuestion) -> SpanPage:
    """One page of the spans in start order; empty where there is no such trace."""
    parameters = {**asked, "io": question.io, "limit": question.limit + 1}
    if question.after is not None:
        parameters |= {"after_ns": question.after.time_ns, "after_span_id": question.after.ids[0]}
    rows = await reader.read("get_spans", parameters)
    if len(rows) <= question.limit:
        return SpanPage(rows, None)
    last = rows[question.limit - 1]
    return SpanPage(
        rows[: question.limit], encode_cursor(question.digest, After(last["start_time"], (last["span_id"],)))
    )


def agree(record: Row, spans: Sequence[Row]) -> bool:
    """What the record counts is what the spans show, but for those made of log records that a span has superseded."""
    spans = [span for span in spans if span["duplicate_of"] is None or not span.get("synthetic")]
    generations = sum(span["kind"] == "generation" and span["duplicate_of"] is None for span in spans)
    errors = sum(span["status"] == "error" for span in spans)
    counted = record["span_count"], record["generation_count"], record["error_count"]
    return counted == (len(spans), generations, errors)


def no_trace(asked: Asked) -> NotFound:
    return NotFound(f"no trace {asked['trace_id'][:100]!r}")
