"""`/api/v1/metrics/query`: measures by group and piece of time, without gaps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from api.handling import Api, identity_of, json_response
from api.intervals import Interval, parse_interval
from api.parameters import parse_bound, parse_filtered, parse_limit, parse_names
from api.times import NS, UNITS_S, rfc3339
from contract.errors import BadQuery
from contract.reading import COUNTS, GROUPS, MEASURES, SUMS, TEXT_SEARCH, Condition, Row

CONTROLS = ("measures", "group_by", "interval", "from", "to", "limit", TEXT_SEARCH)

MEASURES_WHERE_NOT_GIVEN = ("trace_count", "generation_count", "error_count", "total_tokens", "total_cost")
RANGE_WHERE_NOT_GIVEN_NS = UNITS_S["d"] * NS

GROUPS_WHERE_NOT_GIVEN = 20
GROUP_NAMES_AT_MOST = 4
VALUES_AT_MOST = 50_000
"""Points of all groups together: 5 MB of JSON."""

ZERO_WHERE_NOTHING_WAS = frozenset({*COUNTS, *SUMS})
"""Where no span was, no call was made and nothing was spent; a duration that nobody had is null."""


@dataclass(frozen=True, slots=True)
class MetricsQuestion:
    """The query string, understood."""

    measures: tuple[str, ...]
    group_by: tuple[str, ...]
    interval: Interval | None
    from_ns: int
    to_ns: int
    limit: int
    conditions: tuple[Condition, ...]

    @property
    def starts(self) -> tuple[int | None, ...]:
        """Beginnings of the points of one group; one point without time where no interval is asked for."""
        return (None,) if self.interval is None else tuple(self.interval.starts(self.from_ns, self.to_ns))


async def get_metrics_query(api: Api, request: web.Request) -> web.Response:
    """Counts, sums, averages and percentiles of the spans that began in a range."""
    question = parse_metrics(request.query.items(), api.now_ns())
    parameters = {"project": identity_of(request).project, **reader_parameters(question)}
    rows = await api.reader.read("metrics", parameters, question.conditions)
    kept = [row for row in rows if row["place"] <= question.limit]
    return json_response(
        {
            "data": points(question, kept),
            "from": rfc3339(question.from_ns),
            "to": rfc3339(question.to_ns),
            "interval": question.interval.name if question.interval else None,
            "measures": question.measures,
            "group_by": question.group_by,
            "more_groups": len(kept) < len(rows),
        }
    )


def parse_metrics(pairs: Iterable[tuple[str, str]], now_ns: int) -> MetricsQuestion:
    """Raises `BadQuery`."""
    given, conditions = parse_filtered(pairs, "metrics", CONTROLS, now_ns)
    to_ns = bound if (bound := parse_bound(given, "to", now_ns)) is not None else now_ns
    from_ns = bound if (bound := parse_bound(given, "from", now_ns)) is not None else to_ns - RANGE_WHERE_NOT_GIVEN_NS
    if from_ns >= to_ns:
        raise BadQuery("from must be before to", parameter="from" if "from" in given else "to")
    question = MetricsQuestion(
        parse_names(given.get("measures", ""), "measures", MEASURES, len(MEASURES)) or MEASURES_WHERE_NOT_GIVEN,
        parse_names(given.get("group_by", ""), "group_by", GROUPS, GROUP_NAMES_AT_MOST),
        parse_interval(given["interval"], from_ns, to_ns) if "interval" in given else None,
        from_ns,
        to_ns,
        parse_limit(given.get("limit"), GROUPS_WHERE_NOT_GIVEN),
        conditions,
    )
    groups = question.limit if question.group_by else 1
    if groups * len(question.starts) > VALUES_AT_MOST:
        cure = "ask for fewer groups (limit), a longer interval or a shorter range"
        parameter = "limit" if "limit" in given else "interval"
        raise BadQuery(f"that is more than {VALUES_AT_MOST} points: {cure}", parameter=parameter)
    return question


def reader_parameters(question: MetricsQuestion) -> dict[str, Any]:
    """What the query `metrics` is told.

    Sums are over generations, as `/api/v1/generations` lists them; where the question is about kinds, embeddings are
    calls too, as they are in the totals of a trace.
    """
    by_kind = "kind" in question.group_by or any(condition.field == "kind" for condition in question.conditions)
    interval = question.interval
    return {
        "from_ns": question.from_ns,
        "to_ns": question.to_ns,
        "measures": question.measures,
        "groups": question.group_by,
        "embeddings": by_kind,
        "month": interval is not None and interval.width_ns is None,
        "width_ns": interval.width_ns if interval else None,
        "offset_ns": interval.offset_ns if interval else None,
        "limit": question.limit,
    }


def points(question: MetricsQuestion, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Every point of every group, the biggest group first, its points in order of time."""
    series: dict[tuple[Any, ...], dict[int | None, list[Any]]] = {} if question.group_by else {(): {}}
    for row in rows:
        key = tuple(row[f"group_{place}"] for place in range(len(question.group_by)))
        values = [row[f"measure_{place}"] for place in range(len(question.measures))]
        series.setdefault(key, {})[row["bucket_ns"]] = values
    nothing = [0 if name in ZERO_WHERE_NOTHING_WAS else None for name in question.measures]
    return [
        point(question, key, start, known.get(start, nothing))
        for key, known in series.items()
        for start in question.starts
    ]


def point(question: MetricsQuestion, key: Sequence[Any], start: int | None, values: Sequence[Any]) -> dict[str, Any]:
    time = {} if start is None else {"time": rfc3339(start)}
    groups = dict(zip(question.group_by, key, strict=True))
    return time | groups | dict(zip(question.measures, values, strict=True))
