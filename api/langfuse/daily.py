"""`/metrics/daily`: traces, observations, tokens and cost by day and model; numbers are numbers here."""

import asyncio
from typing import Any

from aiohttp import web

from api.intervals import interval_of
from api.langfuse.handling import Langfuse, answer, project_of
from api.langfuse.metrics import ROWS_AT_MOST, shown_time
from api.langfuse.parameters import all_given, given, parse_moment, parse_page
from contract.entities import Measure
from contract.reading import Condition, Row

COUNT = Measure("rows", "count")
USAGE = {
    "inputUsage": "input_tokens",
    "outputUsage": "output_tokens",
    "totalUsage": "total_tokens",
    "totalCost": "total_cost",
}

FILTERS = {"traceName": ("name", "trace_name"), "userId": ("user_id", "trace_user_id")}
"""Parameter -> value of a trace, and of a span, that must be equal."""


async def get_daily(langfuse: Langfuse, request: web.Request) -> web.Response:
    """`{"data": [...], "meta": {...}}`, the newest day first; days on which nothing was are left out."""
    page, project, now_ns = parse_page(request.query), project_of(request), langfuse.api.now_ns()
    day = interval_of("day")
    assert day is not None
    asked = {
        "project": project,
        "limit": ROWS_AT_MOST,
        "width_ns": day.width_ns,
        "offset_ns": day.offset_ns,
        "from_ns": parse_moment(request.query, "fromTimestamp", now_ns),
        "to_ns": parse_moment(request.query, "toTimestamp", now_ns),
    }
    of_traces, of_spans = conditions(request)
    sums = tuple(Measure(value, "sum") for value in USAGE.values())
    by_model = {"groups": ("model",), "measures": (COUNT, Measure("trace_id", "uniq"), *sums)}
    reader = langfuse.api.reader
    traces, spans = await asyncio.gather(
        reader.read("measure_traces", {**asked, "measures": (COUNT,)}, of_traces),
        reader.read("measure_spans", {**asked, **by_model}, of_spans),
    )
    days = sorted({row["bucket_ns"] for row in (*traces, *spans)}, reverse=True)
    begun = {row["bucket_ns"]: row["measure_0"] for row in traces}
    data = [
        daily(each, begun.get(each, 0), [row for row in spans if row["bucket_ns"] == each]) for each in page.of(days)
    ]
    return answer({"data": data, "meta": page.meta(len(days))})


def conditions(request: web.Request) -> tuple[list[Condition], list[Condition]]:
    """What is asked of traces, and the same of spans."""
    of_traces, of_spans = [], []
    for name, (of_trace, of_span) in FILTERS.items():
        if text := given(request, name):
            of_traces.append(Condition(of_trace, "eq", (text,)))
            of_spans.append(Condition(of_span, "eq", (text,)))
    if tags := all_given(request, "tags"):
        of_traces.append(Condition("tags", "all_of", tags))
        of_spans.append(Condition("trace_tags", "all_of", tags))
    if environments := all_given(request, "environment"):
        of_traces.append(Condition("environment", "any_of", environments))
        of_spans.append(Condition("environment", "any_of", environments))
    return of_traces, of_spans


def daily(day_ns: int, traces: int, rows: list[Row]) -> dict[str, Any]:
    """A day; its models by name, calls whose model nobody named last."""
    models = [usage(row) for row in sorted(rows, key=lambda row: (row["group_0"] is None, row["group_0"]))]
    return {
        "date": shown_time("day", day_ns),
        "countTraces": traces,
        "countObservations": sum(each["countObservations"] for each in models),
        "totalCost": sum(each["totalCost"] for each in models),
        "usage": models,
    }


def usage(row: Row) -> dict[str, Any]:
    """Of one model on one day; the SDK refuses null: 0 where nothing is known."""
    sums = {name: row[f"measure_{place}"] or 0 for place, name in enumerate(USAGE, start=2)}
    return {"model": row["group_0"], "countTraces": row["measure_1"], "countObservations": row["measure_0"], **sums}
