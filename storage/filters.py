"""What the VARIANT column cannot hold (it only serves filters; the raw columns are lossless)."""

from typing import Any

import orjson

from contract.columns import L, M, Row, S
from contract.translated import Translated


def drop_unfit_filters(request: Translated) -> int:
    """Null the `attributes` of rows whose keys differ only in case (DuckDB 2.0: "duplicate name in struct"); how many."""
    places = ((request.spans, S.attributes), (request.logs, L.attributes), (request.metric_points, M.attributes))
    return sum(drop_unfit(row, place) for rows, place in places for row in rows)


def drop_unfit(row: Row, place: int) -> bool:
    if row[place] is None or not keys_collide(orjson.loads(row[place])):
        return False
    row[place] = None
    return True


def keys_collide(value: Any) -> bool:
    if isinstance(value, list):
        return any(keys_collide(item) for item in value)
    if not isinstance(value, dict):
        return False
    return len({key.lower() for key in value}) < len(value) or any(keys_collide(item) for item in value.values())
