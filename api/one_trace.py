"""One trace and its spans as one answer, bounded.

All spans are one question, and the record is made of them: one state. Where they are more than asked for, the record is
a question of its own, and so are scores always: what comes or goes between two questions is in one of them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from api.cursor import After, encode_cursor
from api.parameters import SpansQuestion
from contract.columns import TRACE_KIND
from contract.errors import NotFound
from contract.reading import Condition, Reader, Row
from contract.threads import to_its_end
from contract.trace_of_spans import trace_of

SPANS_AT_MOST = 10_000
"""Spans of one answer: with 1.5 kB each they are 30 MB of JSON and take a second to render."""

Asked = Mapping[str, Any]
"""`project` and `trace_id`."""


class SpanPage(NamedTuple):
    spans: Sequence[Row]
    next_cursor: str | None
    """Null when these are the last ones."""


async def read_trace(reader: Reader, asked: Asked, question: SpansQuestion) -> tuple[Row, SpanPage]:
    """The record of a trace, without its scores, and its spans. Raises `NotFound`."""
    if question.after is not None:
        return await read_page(reader, asked, question)
    limit = question.limit + 2  # one row more is what was said of the trace itself
    rows = await reader.read("get_spans", {**asked, "io": question.io, "with_trace": True, "limit": limit})
    if not rows:
        raise no_trace(asked)
    spans = [row for row in rows if row["kind"] != TRACE_KIND]
    if len(spans) > question.limit:
        return await read_record(reader, asked, question.io), page_of(spans, question)
    if len(rows) == limit:
        return await read_page(reader, asked, question)
    return await to_its_end(partial(trace_of, rows)), SpanPage(spans, None)


async def read_page(reader: Reader, asked: Asked, question: SpansQuestion) -> tuple[Row, SpanPage]:
    record, page = await asyncio.gather(read_record(reader, asked, question.io), read_spans(reader, asked, question))
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
    return page_of(await reader.read("get_spans", parameters), question)


def page_of(rows: Sequence[Row], question: SpansQuestion) -> SpanPage:
    """`rows`: at least one more than is shown, where there are more."""
    if len(rows) <= question.limit:
        return SpanPage(rows, None)
    last = rows[question.limit - 1]
    return SpanPage(
        rows[: question.limit], encode_cursor(question.digest, After(last["start_time"], (last["span_id"],)))
    )


async def read_scores(reader: Reader, project: str, trace_id: str) -> Sequence[Row]:
    """All of the trace, the oldest first."""
    found = await reader.read("list_scores", {"project": project}, (Condition("trace_id", "eq", (trace_id,)),))
    return found[::-1]


def no_trace(asked: Asked) -> NotFound:
    return NotFound(f"no trace {asked['trace_id'][:100]!r}")
