"""What the VARIANT column cannot hold (it only serves filters; the raw columns are lossless)."""

from typing import Any

import orjson

from contract.columns import EMPTY_SPAN, L, Row, S


def drop_unfit_filters(rows: list[Row]) -> int:
    """Null the `attributes` of rows whose keys differ only in case (DuckDB 2.0: "duplicate name in struct")."""
    unfit = 0
    for row in rows:
        place = S.attributes if len(row) == len(EMPTY_SPAN) else L.attributes
        if row[place] is not None and keys_collide(orjson.loads(row[place])):
            row[place] = None
            unfit += 1
    return unfit


def keys_collide(value: Any) -> bool:
    if isinstance(value, list):
        return any(keys_collide(item) for item in value)
    if not isinstance(value, dict):
        return False
    return len({key.lower() for key in value}) < len(value) or any(keys_collide(item) for item in value.values())
