"""What the translator makes of a batch: rows, ready to be settled and stored."""

from dataclasses import dataclass, field

from contract.columns import Row


@dataclass(slots=True)
class Translated:
    """Rows of one request. Order is the order of arrival; nothing of the batch is left out."""

    spans: list[Row] = field(default_factory=list)
    logs: list[Row] = field(default_factory=list)
    metric_points: list[Row] = field(default_factory=list)
    scores: list[Row] = field(default_factory=list)
    size_bytes: int = 0

    @property
    def rows(self) -> int:
        return len(self.spans) + len(self.logs) + len(self.metric_points) + len(self.scores)
