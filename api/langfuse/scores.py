"""The one place where scores come from: none can be sent yet, so every answer about them is empty."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from contract.reading import Reader, Row

Scores = Mapping[str, Sequence[dict[str, Any]]]


async def scores_of_traces(_reader: Reader, _project: str, trace_ids: Collection[str]) -> Scores:
    """Trace id -> its scores as Langfuse writes them, the newest first."""
    return {trace_id: [] for trace_id in trace_ids}


async def measured_scores(_reader: Reader, _parameters: Mapping[str, Any]) -> list[Row]:
    """Rows as the queries of `contract.entities.VALUES` give them."""
    return []
