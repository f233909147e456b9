"""Scores as the Langfuse wire brings them."""

from typing import Any

from contract.columns import Row
from contract.span import Batch, Revision
from receiver.langfuse_scores import score_of
from tests.support.rows import START_NS
from translator.scores import score_row


def score(score_id: str, at_s: float = 0, **body: Any) -> Row:
    """A score of trace t1, said so many seconds after `START_NS`."""
    said = {"id": score_id, "name": "quality", "value": 1, "traceId": "t1", **body}
    revision = Revision(START_NS + int(at_s * 1e9), False, f"e-{score_id}")
    return score_row(score_of(said, revision), Batch("default", START_NS, "http"))
