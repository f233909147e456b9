"""Scores: none, said as such."""

import asyncio
from typing import Any

from api.langfuse.scores import measured_scores, scores_of_traces


def test_every_trace_has_a_list_of_scores() -> None:
    reader: Any = None
    assert asyncio.run(scores_of_traces(reader, "default", ["t1", "t2"])) == {"t1": [], "t2": []}
    assert asyncio.run(measured_scores(reader, {})) == []
