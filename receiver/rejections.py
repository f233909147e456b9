"""Items of one request that were turned away while their neighbours were kept: how many, and why.

The text of `message()` becomes `partial_success.error_message` (OTLP specification, "Partial Success").
"""

from dataclasses import dataclass, field

MAX_REASONS = 4
"""Distinct reasons told to the client: answers must stay small (CVE-2026-39882)."""


@dataclass(slots=True)
class Rejections:
    """Counts by label (for metrics) and distinct texts (for the client); both bounded, never span content."""

    count: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)

    def add(self, label: str, reason: str, count: int = 1) -> None:
        """Count `count` items turned away for `reason`; `label` is one of a fixed few words."""
        self.count += count
        self.labels[label] = self.labels.get(label, 0) + count
        self.tell(reason)

    def tell(self, reason: str) -> None:
        """Add a text for the client without counting anything."""
        if reason not in self.reasons and len(self.reasons) < MAX_REASONS:
            self.reasons.append(reason)

    def message(self) -> str:
        """All reasons in one English sentence list; empty where nothing was rejected."""
        return "; ".join(self.reasons)
