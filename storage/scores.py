"""Scores in the transaction of a group: several events about one score are one row (project, score id).

A score is looked for in the whole table: there are few, and no index that every insert would pay for.
"""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

import duckdb

from contract.columns import SCORE_COLUMNS, C, Column, Row
from contract.settling import MergeCopies
from storage.columns import insert, select_list, stage

ScoreKey = tuple[str, str]
"""(project, score id)"""

KEY_COLUMNS = (Column("project", "text"), Column("score_id", "text"))
ROWS_SQL = f"""
SELECT {select_list(SCORE_COLUMNS)} FROM score t JOIN stage k ON t.project = k.project AND t.score_id = k.score_id
"""
DELETE_SQL = "DELETE FROM score t USING stage k WHERE t.project = k.project AND t.score_id = k.score_id"


def last(rows: Sequence[Row]) -> Row:
    """For a store that is given no rule: the row that came last."""
    return rows[-1]


def store(connection: duckdb.DuckDBPyConnection, rows: Sequence[Row], merge: MergeCopies, seq: int) -> None:
    """The scores are in the table, each once; part of the transaction that is open."""
    if not rows:
        return
    copies: dict[ScoreKey, list[Row]] = {}
    for row in rows:
        copies.setdefault((row[C.project], row[C.score_id]), []).append(row)
    known = [list(row) for row in _staged(connection, copies.keys(), ROWS_SQL)]
    for row in known:
        copies[row[C.project], row[C.score_id]].append(row)
    if known:
        delete(connection, [(row[C.project], row[C.score_id]) for row in known])
    merged = [merge(some) if len(some) > 1 else some[0] for some in copies.values()]
    for row in merged:
        row[C.commit_seq] = seq
    insert(connection, "score", merged)


def delete(connection: duckdb.DuckDBPyConnection, keys: Collection[ScoreKey]) -> int:
    """How many of these scores there were; they are gone."""
    [(count,)] = _staged(connection, keys, DELETE_SQL)
    return int(count)


def deletion(project: str, score_ids: Collection[str]) -> Callable[[duckdb.DuckDBPyConnection], int]:
    """`delete` as work for the writing connection."""
    return partial(delete, keys=[(project, score_id) for score_id in score_ids])


def _staged(connection: duckdb.DuckDBPyConnection, keys: Collection[ScoreKey], sql: str) -> list[tuple[Any, ...]]:
    return stage(connection, list(zip(KEY_COLUMNS, zip(*keys, strict=True), strict=True)), sql)
