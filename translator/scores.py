"""Scores to rows of `SCORE_COLUMNS`, and several events about one score to one row."""

from collections.abc import Sequence
from typing import Any

import orjson

from contract.columns import EMPTY_SCORE, C, Row
from contract.span import Batch, Score
from translator.told import Rules, Told, fold, stamped, stamps

RULES = Rules(earliest=frozenset({"time", "environment", "trace_id"}), kept="name")


def score_row(score: Score, batch: Batch) -> Row:
    """One event about a score as stored."""
    revision = score.revision
    stamp = (revision.time_ns, revision.is_update, revision.event_id)
    told: Told = {field: (stamp, value) for field, value in score.said.items()}
    return _row(batch.project, score.score_id, told, batch.received_ns)


def merge_scores(rows: Sequence[Row]) -> Row:
    """One row from several about one score (same project and id), independent of their order."""
    told = fold(map(_told, rows), RULES)
    for field in ("value", "string_value"):  # together with the type: never one event's number beside another's text
        if field in told and told[field][0] != told["data_type"][0]:
            del told[field]
    return _row(rows[0][C.project], rows[0][C.score_id], told, min(row[C.received_time] for row in rows))


def _row(project: str, score_id: str, told: Told, received_ns: int) -> Row:
    row = EMPTY_SCORE.copy()
    row[C.project], row[C.score_id], row[C.received_time] = project, score_id, received_ns
    for field, (_, value) in told.items():
        row[getattr(C, field)] = value
    row[C.told] = orjson.dumps(stamps(told)).decode()
    return row


def _told(row: Row) -> Told:
    stored: dict[str, Any] = orjson.loads(row[C.told])
    return {field: (stamp, row[getattr(C, field)]) for field, stamp in stamped(stored).items()}
