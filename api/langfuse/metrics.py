"""Langfuse's metrics API: `query=` as JSON, one number for each trace, observation or score, then an aggregation.

Where Langfuse joins another table, traces without observations vanish; here they count with what they have.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from api.langfuse.handling import Langfuse, answer, project_of
from api.langfuse.metrics_query import MetricsQuery, parse_query
from api.times import NS
from contract.errors import BadQuery
from contract.reading import Reader, Row

ROWS_AT_MOST = 50_000
"""Of one answer: 5 MB of JSON."""

V2_ROWS = 100
"""Rows of the second API where no limit is asked for."""

NOTHING = {"count": 0, "uniq": 0, "sum": 0}
"""Aggregation -> what it is in a piece of time in which there was nothing; others are null."""


async def get_metrics(langfuse: Langfuse, request: web.Request) -> web.Response:
    """`{"data": [...]}`: a row for each group and piece of time."""
    return await metrics(langfuse, request, None)


async def get_metrics_v2(langfuse: Langfuse, request: web.Request) -> web.Response:
    """The same, 100 rows where no limit is asked for."""
    return await metrics(langfuse, request, V2_ROWS)


async def metrics(langfuse: Langfuse, request: web.Request, default_rows: int | None) -> web.Response:
    text = request.query.get("query")
    if text is None:
        raise BadQuery("the parameter query is missing: a JSON object", parameter="query")
    query = parse_query(text, langfuse.api.now_ns(), default_rows)
    return answer({"data": await measured(langfuse.api.reader, project_of(request), query)})


async def measured(reader: Reader, project: str, query: MetricsQuery) -> list[dict[str, Any]]:
    """The rows of an answer."""
    conditions = (*query.view.only, *query.conditions)
    rows = await reader.read(query.view.query, reader_parameters(project, query), conditions)
    if not rows and not query.dimensions and query.interval is None:
        return [empty_row(query, None)]
    if query.interval is None or query.order_is_asked:
        return [shown_row(query, row) for row in rows]
    return with_gaps(query, rows)


def reader_parameters(project: str, query: MetricsQuery) -> dict[str, Any]:
    interval = query.interval
    return {
        "project": project,
        "from_ns": query.from_ns,
        "to_ns": query.to_ns + 1,  # both ends are within
        "groups": tuple(query.view.dimensions[name].value for name in query.dimensions),
        "measures": tuple(metric.measure for metric in query.metrics),
        "order": query.order,
        "month": interval is not None and interval.width_ns is None,
        "width_ns": interval.width_ns if interval else None,
        "offset_ns": interval.offset_ns if interval else None,
        "limit": query.rows or ROWS_AT_MOST,
    }


def shown_row(query: MetricsQuery, row: Row) -> dict[str, Any]:
    """A row by Langfuse's names, its whole numbers as texts (ClickHouse's form of 64 bits)."""
    shown: dict[str, Any] = {}
    for place, name in enumerate(query.dimensions):
        shown[name] = query.view.dimensions[name].shown(row[f"group_{place}"])
    if query.interval is not None:
        shown["time_dimension"] = shown_time(query.granularity, row["bucket_ns"])
    for place, metric in enumerate(query.metrics):
        shown[metric.name] = shown_number(row[f"measure_{place}"])
    return shown


def empty_row(query: MetricsQuery, bucket_ns: int | None) -> dict[str, Any]:
    """Where nothing was: counts and sums are 0, dimensions and all others null."""
    values = {f"measure_{n}": NOTHING.get(m.measure.aggregation) for n, m in enumerate(query.metrics)}
    groups = {f"group_{n}": None for n in range(len(query.dimensions))}
    return shown_row(query, {**groups, **values, "bucket_ns": bucket_ns})


def with_gaps(query: MetricsQuery, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows in order of time, with an empty one for each piece in which there was nothing."""
    assert query.interval is not None
    by_time: dict[int, list[Row]] = {}
    for row in rows:
        by_time.setdefault(row["bucket_ns"], []).append(row)
    shown = []
    for start in query.interval.starts(query.from_ns, query.to_ns + 1):
        there = by_time.get(start, [])
        shown += [shown_row(query, row) for row in there] or [empty_row(query, start)]
    return shown[: query.rows or ROWS_AT_MOST]


def shown_number(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def shown_time(granularity: str, ns: int) -> str:
    """The beginning of a piece: a date, or a time where pieces are shorter than a day."""
    moment = datetime.fromtimestamp(ns // NS, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if granularity in ("minute", "hour") else f"{moment:%Y-%m-%d}"
