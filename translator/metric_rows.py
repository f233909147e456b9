"""Metric points to rows of `METRIC_COLUMNS`."""

import hashlib
from typing import Any

from contract.columns import EMPTY_METRIC, M, Row
from contract.span import Batch, MetricPoint, NonFinite
from translator import encode
from translator.origin import Origin, origin_of
from translator.values import MAX_COUNT, MAX_TIME, stored_json

TEMPORALITIES = ("unspecified", "delta", "cumulative")
_DIGEST_BYTES = 16


def metric_row(point: MetricPoint, batch: Batch, origins: dict[int, Origin], scopes: dict[int, str | None]) -> Row:
    """One data point as stored."""
    row = EMPTY_METRIC.copy()
    row[M.project] = batch.project
    row[M.name] = point.name
    row[M.description] = point.description or None
    row[M.unit] = point.unit or None
    row[M.type] = point.type
    row[M.temporality] = _temporality(point.temporality)
    row[M.monotonic] = point.monotonic
    row[M.start_time] = min(point.start_ns, MAX_TIME) if point.start_ns else None
    row[M.time] = min(point.time_ns or batch.received_ns, MAX_TIME)
    _measure(row, point)
    row[M.raw_attributes] = encode.raw_attributes(point.attributes, {})
    data = point.data if row[M.count] == point.count else {**point.data, "count": point.count}
    row[M.raw_data] = stored_json(data) if data else None
    _origin(row, point, origins, scopes)
    row[M.digest] = _digest(row, point)
    row[M.received_time] = batch.received_ns
    return row


def _temporality(sent: int) -> str:
    return TEMPORALITIES[sent] if 0 <= sent < len(TEMPORALITIES) else str(sent)


def _measure(row: Row, point: MetricPoint) -> None:
    value = point.value
    if value is not None:
        row[M.value] = float(value)
        row[M.value_int] = value if isinstance(value, int) and not isinstance(value, bool) else None
    row[M.count] = None if point.count is None or point.count > MAX_COUNT else point.count
    row[M.sum], row[M.min], row[M.max] = _float(point.sum), _float(point.min), _float(point.max)


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _origin(row: Row, point: MetricPoint, origins: dict[int, Origin], scopes: dict[int, str | None]) -> None:
    origin = origins.get(id(point.resource))
    if origin is None:
        origin = origins[id(point.resource)] = origin_of(point.resource)
    row[M.service_name] = origin.service_name
    row[M.raw_resource] = origin.raw
    row[M.scope_name] = point.scope.name or None
    if id(point.scope) not in scopes:
        scopes[id(point.scope)] = encode.scope(point.scope)
    row[M.raw_scope] = scopes[id(point.scope)]


def _digest(row: Row, point: MetricPoint) -> str:
    """Of everything stored but the time of arrival, so that a point sent again has the same."""
    told: list[Any] = [NonFinite(cell) if isinstance(cell, float) and cell - cell != 0 else cell for cell in row]
    told[M.time] = point.time_ns
    return hashlib.blake2b(stored_json(told).encode(), digest_size=_DIGEST_BYTES).hexdigest()
