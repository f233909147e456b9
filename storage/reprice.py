"""Calculated costs in the file made anew, without knowing what a price is: `tracepond reprice`.

Nobody else may write meanwhile: rows are read and written back by their place in the table.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from contract.columns import SPAN_COLUMNS, Column
from storage.changed_hours import reset
from storage.columns import FROM_STORED, stage
from storage.database import Database, begin, run

Price = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Stored columns of a call -> its cost columns."""

COST_COLUMNS = ("input_cost", "output_cost", "total_cost", "cost_source", "price_version")
READ_COLUMNS = (
    "kind", "provider", "model", "start_time", "input_tokens", "output_tokens",
    "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", *COST_COLUMNS,
)  # fmt: skip

AT_A_TIME = 122_880
"""Places looked at in one transaction; each is a scan of the narrow columns (10 ms at a million rows)."""

ROW_ID = Column("row_id", "int")
_COLUMN = {column.name: column for column in SPAN_COLUMNS}

SELECT_SQL = f"""
SELECT rowid, {", ".join(FROM_STORED.get(_COLUMN[n].type, "{}").format(n) for n in READ_COLUMNS)} FROM span
WHERE rowid >= $low AND rowid < $high AND kind IN ('generation', 'embedding') AND input_tokens IS NOT NULL
    AND (cost_source IS NULL OR ($everything AND cost_source = 'calculated'))
    AND ($from_ns IS NULL OR start_time >= make_timestamp_ns($from_ns))
    AND ($to_ns IS NULL OR start_time < make_timestamp_ns($to_ns))
"""
UPDATE_SQL = f"""
UPDATE span SET {", ".join(f"{name} = stage.{name}" for name in COST_COLUMNS)} FROM stage
WHERE span.rowid = stage.row_id
"""


@dataclass(slots=True)
class Repriced:
    """How many calls were looked at, got another cost than they had, and have none after all."""

    looked_at: int = 0
    changed: int = 0
    without: int = 0


def reprice(
    database: Database,
    price: Price,
    *,
    from_ns: int | None = None,
    to_ns: int | None = None,
    everything: bool = False,
) -> Repriced:
    """Calls without a cost have one where `price` knows it, with `everything` calculated ones have today's.

    A reported cost is never read, and a cost that is known is never taken away. Committed piece by piece.
    """
    total = Repriced()
    cursor = database.cursor()
    try:
        [(highest,)] = cursor.execute("SELECT coalesce(max(rowid), -1) FROM span").fetchall()
        for low in range(0, highest + 1, AT_A_TIME):
            asked = {"low": low, "high": low + AT_A_TIME, "everything": everything, "from_ns": from_ns, "to_ns": to_ns}
            rows = cursor.execute(SELECT_SQL, asked).fetchall()
            write(cursor, changes(rows, price, total))
    finally:
        cursor.close()
    return total


def changes(rows: Sequence[tuple[Any, ...]], price: Price, total: Repriced) -> list[tuple[Any, ...]]:
    """(row id, cost columns) of the rows whose cost becomes another; `total` counts them."""
    changed = []
    for row_id, *values in rows:
        stored = dict(zip(READ_COLUMNS, values, strict=True))
        found = price(stored)
        total.looked_at += 1
        if found["total_cost"] is None:
            total.without += stored["total_cost"] is None
        elif any(found[name] != stored[name] for name in COST_COLUMNS):
            total.changed += 1
            changed.append((row_id, *(found[name] for name in COST_COLUMNS)))
    return changed


def write(cursor: duckdb.DuckDBPyConnection, changed: Sequence[tuple[Any, ...]]) -> None:
    """One transaction."""
    if not changed:
        return
    columns = [ROW_ID, *(_COLUMN[name] for name in COST_COLUMNS)]
    begin(cursor)
    try:
        stage(cursor, list(zip(columns, zip(*changed, strict=True), strict=True)), UPDATE_SQL)
        reset(cursor)
        run(cursor, "COMMIT")
    except BaseException:
        run(cursor, "ROLLBACK")
        raise
