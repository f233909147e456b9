"""The routes of one trace and one span."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from aiohttp import web

from api.errors import SAFE_HEADERS, dump
from api.handling import Api, identity_of, json_response, next_link
from api.one_trace import SPANS_AT_MOST, SpanPage, no_trace, read_scores, read_spans, read_trace
from api.otlp_json import otlp_json
from api.parameters import SpansQuestion, parse_detail, parse_spans, stored_id
from api.records import Stored, span_detail, span_record, trace_record
from contract.errors import NotFound
from contract.reading import INLINE, MEDIA, Row
from contract.threads import to_its_end

LOGS_OF_A_SPAN = 200
LOGS_AT_MOST = 20_000
"""Log records that an answer reads its spans' content from; recorded calls have one a message."""


async def get_trace(api: Api, request: web.Request) -> web.StreamResponse:
    """`{"trace": {...}, "spans": [...], "next_cursor": ...}`, spans in start order."""
    question, asked = spans_question(request, ("io", "limit", "cursor"))
    async with api.shown.making(request):
        (record, page), scores, logs = await asyncio.gather(
            read_trace(api.reader, asked, question),
            read_scores(api.reader, **asked),
            read_logs(api, asked, question.io),
        )

        def render() -> bytes:
            trace = trace_record(record, asked["project"], question.io, scores)
            return render_trace(api, trace, page, logs, question.io)

        body = await to_its_end(render)
    headers = {**SAFE_HEADERS, **next_link(request, page.next_cursor)}
    response = web.Response(body=body, content_type="application/json", headers=headers)
    return await api.shown.send(request, response)


async def read_logs(api: Api, asked: dict[str, Any], io: str) -> list[Row]:
    """The log records that describe spans of the trace; nothing but a full answer shows them."""
    if io != "full":
        return []
    return await api.reader.read("get_trace_logs", asked | {"of_each": LOGS_OF_A_SPAN, "limit": LOGS_AT_MOST})


def spans_question(request: web.Request, names: tuple[str, ...]) -> tuple[SpansQuestion, dict[str, Any]]:
    """What is asked of the trace that the path names, and how the reader is told which one that is."""
    project, trace_id = identity_of(request).project, stored_id(request.match_info["trace_id"])
    question = parse_spans(request.query.items(), names, path=request.path, project=project, limit=SPANS_AT_MOST)
    return question, {"project": project, "trace_id": trace_id}


def render_trace(api: Api, trace: dict[str, Any], page: SpanPage, logs: Sequence[Row], io: str) -> bytes:
    """The answer's bytes; in a thread, since 10,000 spans take a second."""
    spans = page.spans
    if io == "full":
        within = [span for span in spans if span["duplicate_of_trace"] is None]
        logs_of, donors_of = grouped(logs, "span_id"), grouped(within, "duplicate_of")
        shown = [detail(api, span, logs_of, donors_of.get(span["span_id"], [])) for span in spans]
    else:
        shown = [span_record(span, io) for span in spans]
    return dump({"trace": trace, "spans": shown, "next_cursor": page.next_cursor})


def grouped(rows: Iterable[Row], column: str) -> dict[Any, list[Row]]:
    """Rows by a column's value; rows without one are left out."""
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        if row[column] is not None:
            groups.setdefault(row[column], []).append(row)
    return groups


def detail(api: Api, span: Stored, logs_of: Mapping[Any, list[Row]], donors: Sequence[Stored]) -> dict[str, Any]:
    return span_detail(span, logs_of.get(span["span_id"], []), donors, api.present)


async def get_span(api: Api, request: web.Request) -> web.StreamResponse:
    """Everything about one span."""
    io = parse_detail(request.query.items())
    trace_id, span_id = (stored_id(request.match_info[name]) for name in ("trace_id", "span_id"))
    asked = {"project": identity_of(request).project, "trace_id": trace_id, "span_id": span_id}
    if io != "full":
        span, _ = await read_span(api, asked | {"io": io})
        return json_response(span_record(span, io))
    async with api.shown.making(request):
        (span, donors), logs = await asyncio.gather(read_span(api, asked | {"io": io}), read_logs(api, asked, io))
        body = await to_its_end(lambda: dump(detail(api, span, grouped(logs, "span_id"), donors)))
    response = web.Response(body=body, content_type="application/json", headers=SAFE_HEADERS)
    return await api.shown.send(request, response)


async def read_span(api: Api, asked: dict[str, Any]) -> tuple[Row, list[Row]]:
    """A span and those that repeat it. Raises `NotFound`."""
    rows = await api.reader.read("get_spans", asked)
    trace_id, span_id = asked["trace_id"], asked["span_id"]
    span = next((row for row in rows if row["span_id"] == span_id), None)
    if span is None:
        raise NotFound(f"no span {span_id[:100]!r} in trace {trace_id[:100]!r}")
    return span, [row for row in rows if row["duplicate_of"] == span_id]


async def get_trace_otlp(api: Api, request: web.Request) -> web.StreamResponse:
    """The trace as OTLP/JSON, equal to what was received."""
    question, asked = spans_question(request, ("limit", "cursor"))
    async with api.shown.making(request):
        page = await read_spans(api.reader, asked | {"with_trace": True, MEDIA: INLINE}, question)
        if not page.spans:
            raise no_trace(asked)
        body = await to_its_end(partial(otlp_json, page.spans))
        response = json_response(body, headers=next_link(request, page.next_cursor))
    return await api.shown.send(request, response)
