"""The grammar of `query=`: JSON to a question in our values, or `BadQuery` with the names that there are.

Source: langfuse/langfuse `web/src/features/public-api/types/metrics.ts`, `packages/shared/src/features/query/types.ts`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from api.intervals import Interval, count, interval_of
from api.langfuse.filters import parse_filters
from api.langfuse.views import VIEWS, View
from api.times import NS, UNITS_S, parse_time
from contract.entities import AGGREGATIONS, Measure, Order
from contract.errors import BadQuery
from contract.reading import Condition

GRANULARITIES = ("auto", "minute", "hour", "day", "week", "month")
AUTO = (
    (2 * UNITS_S["h"], "minute"),
    (72 * UNITS_S["h"], "hour"),
    (60 * UNITS_S["d"], "day"),
    (365 * UNITS_S["d"], "week"),
)
"""Below so many seconds of range -> the granularity; else month."""

OF_TEXTS = ("count", "uniq")
"""What can be asked of values that are no numbers; both count the different ones."""

DIMENSIONS_AT_MOST = METRICS_AT_MOST = 20
BINS, BINS_AT_MOST = 10, 100
ROW_LIMIT_AT_MOST = 1000
PIECES_AT_MOST = 50_000


class Metric(NamedTuple):
    name: str
    """`sum_totalCost`."""
    measure: Measure


@dataclass(frozen=True, slots=True)
class MetricsQuery:
    """A query, understood. Both ends of the time range are within."""

    view: View
    dimensions: tuple[str, ...]
    metrics: tuple[Metric, ...]
    conditions: tuple[Condition, ...]
    from_ns: int
    to_ns: int
    granularity: str
    interval: Interval | None
    order: tuple[Order, ...]
    order_is_asked: bool
    rows: int | None


def parse_query(text: str, now_ns: int, default_rows: int | None) -> MetricsQuery:
    """Raises `BadQuery`; members that Langfuse does not know are left alone, as it does."""
    given = json_object(text)
    view = view_of(given)
    from_ns, to_ns = bound(given, "fromTimestamp", now_ns), bound(given, "toTimestamp", now_ns)
    if from_ns >= to_ns:
        raise BadQuery("fromTimestamp must be before toTimestamp", parameter="fromTimestamp")
    config = given.get("config") or {}
    bins = number(config, "bins", BINS_AT_MOST) or BINS
    dimensions = dimensions_of(given, view)
    metrics = metrics_of(given, view, bins)
    granularity = granularity_of(given.get("timeDimension"), from_ns, to_ns)
    interval = interval_of({"minute": "1m"}.get(granularity, granularity)) if granularity else None
    if interval is not None and count(interval, from_ns, to_ns) > PIECES_AT_MOST:
        raise BadQuery(f"that is more than {PIECES_AT_MOST} pieces of time", parameter="timeDimension")
    asked = given.get("orderBy") or []
    return MetricsQuery(
        view=view,
        dimensions=dimensions,
        metrics=metrics,
        conditions=tuple(parse_filters(given.get("filters") or [], view.types, view.filters, now_ns)),
        from_ns=from_ns,
        to_ns=to_ns,
        granularity=granularity,
        interval=interval,
        order=order_of(asked, dimensions, metrics, interval) or default_order(dimensions, metrics, interval),
        order_is_asked=bool(asked),
        rows=number(config, "row_limit", ROW_LIMIT_AT_MOST) or default_rows,
    )


def json_object(text: str) -> dict[str, Any]:
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadQuery(f"query is not JSON: {error}", parameter="query") from None
    if not isinstance(given, dict):
        raise BadQuery("query must be a JSON object", parameter="query")
    return given


def refused(what: str, name: Any, allowed: Sequence[str]) -> BadQuery:
    return BadQuery(f"unknown {what} {str(name)[:60]!r}; there are {', '.join(allowed)}", parameter="query")


def view_of(given: Mapping[str, Any]) -> View:
    name = given.get("view")
    if not isinstance(name, str) or name not in VIEWS:
        raise refused("view", name, list(VIEWS))
    return VIEWS[name]


def bound(given: Mapping[str, Any], name: str, now_ns: int) -> int:
    value = given.get(name)
    if not isinstance(value, str):
        raise BadQuery(f"{name} is needed: a time such as 2026-11-21T09:00:00Z", parameter=name)
    return parse_time(value, now_ns, name)


def number(config: Any, name: str, most: int) -> int | None:
    if not isinstance(config, dict):
        raise BadQuery("config must be an object", parameter="config")
    value = config.get(name)
    if value is not None and (type(value) is not int or not 1 <= value <= most):
        raise BadQuery(f"{name} must be a number from 1 to {most}", parameter=name)
    return value


def objects(given: Mapping[str, Any], name: str, most: int) -> list[Mapping[str, Any]]:
    found = given.get(name) or []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise BadQuery(f"{name} must be a list of objects", parameter=name)
    if len(found) > most:
        raise BadQuery(f"{name} takes at most {most}", parameter=name)
    return found


def dimensions_of(given: Mapping[str, Any], view: View) -> tuple[str, ...]:
    fields = [str(each.get("field")) for each in objects(given, "dimensions", DIMENSIONS_AT_MOST)]
    for field in fields:
        if field not in view.dimensions:
            raise refused("dimension", field, list(view.dimensions))
    return tuple(dict.fromkeys(fields))


def metrics_of(given: Mapping[str, Any], view: View, bins: int) -> tuple[Metric, ...]:
    asked = objects(given, "metrics", METRICS_AT_MOST)
    if not asked:
        raise BadQuery("metrics must name at least one measure and its aggregation", parameter="metrics")
    return tuple(dict.fromkeys(metric_of(each, view, bins) for each in asked))


def metric_of(asked: Mapping[str, Any], view: View, bins: int) -> Metric:
    name, aggregation = asked.get("measure"), asked.get("aggregation")
    if not isinstance(name, str) or name not in view.measures:
        raise refused("measure", name, list(view.measures))
    if aggregation not in AGGREGATIONS:
        raise refused("aggregation", aggregation, AGGREGATIONS)
    value = view.measures[name]
    is_text = view.types[value] == "text"
    if is_text and aggregation not in OF_TEXTS:
        raise refused(f"aggregation of {name}", aggregation, OF_TEXTS)
    measure = Measure(value, "uniq" if is_text else aggregation, bins if aggregation == "histogram" else 0)
    return Metric(f"{aggregation}_{name}", measure)


def granularity_of(asked: Any, from_ns: int, to_ns: int) -> str:
    """Empty where time is no dimension."""
    if asked is None:
        return ""
    name = asked.get("granularity") if isinstance(asked, dict) else asked
    if name not in GRANULARITIES:
        raise refused("granularity", name, GRANULARITIES)
    range_s = (to_ns - from_ns) / NS
    return next((each for below, each in AUTO if range_s < below), "month") if name == "auto" else str(name)


def order_of(
    asked: Any, dimensions: Sequence[str], metrics: Sequence[Metric], interval: Interval | None
) -> tuple[Order, ...]:
    """Raises `BadQuery` for what the query does not show."""
    places = {name: Order("group", place, False) for place, name in enumerate(dimensions)}
    places |= {metric.name: Order("measure", place, False) for place, metric in enumerate(metrics)}
    places |= {"time_dimension": Order("time", 0, False)} if interval is not None else {}
    found = []
    for each in objects({"orderBy": asked}, "orderBy", DIMENSIONS_AT_MOST):
        field, direction = str(each.get("field")), each.get("direction")
        if field not in places:
            raise refused("field of orderBy", field, list(places))
        if direction not in ("asc", "desc"):
            raise refused("direction of orderBy", direction, ("asc", "desc"))
        found.append(places[field]._replace(descending=direction == "desc"))
    return tuple(found)


def default_order(dimensions: Sequence[str], metrics: Sequence[Metric], interval: Interval | None) -> tuple[Order, ...]:
    """By time, else the biggest first, else by the first dimension."""
    if interval is not None:
        return (Order("time", 0, False),)
    if metrics[0].measure.aggregation != "histogram":
        return (Order("measure", 0, True),)
    return (Order("group", 0, False),) if dimensions else ()
