"""What was moved and what was not: counts of each kind on both sides, and the faults by name."""

from collections import Counter
from collections.abc import Mapping, Sequence

NAMED_AT_MOST = 50
"""Faults that the report names; the others are counted."""


class Tally:
    """Kinds are words of the report (`traces`)."""

    def __init__(self) -> None:
        self.read: Counter[str] = Counter()
        self.stored: Counter[str] = Counter()
        self.first_hand = 0
        """Records that were here already, from whom they tell of."""
        self.faults: list[str] = []
        self.fault_count = 0

    def fault(self, what: str) -> None:
        """Something that could not be moved."""
        self.fault_count += 1
        if len(self.faults) < NAMED_AT_MOST:
            self.faults.append(what)

    def line(self) -> str:
        """Progress: what was read until now."""
        return ", ".join(f"{count:,} {kind}" for kind, count in self.read.items()) or "nothing yet"

    def report(self, there: Mapping[str, int | None], here: Mapping[str, int | None]) -> str:
        """A table with a row for each kind, and below it what could not be moved."""
        kinds = list(dict.fromkeys([*there, *self.read]))
        rows: list[tuple[str, ...]] = [("", "there", "read", "stored", "here")]
        for kind in kinds:
            counts = (there.get(kind), self.read[kind], self.stored[kind], here.get(kind))
            rows.append((kind, *("-" if count is None else f"{count:,}" for count in counts)))
        kept = [f"{self.first_hand:,} came here first-hand and stay as they are"] if self.first_hand else []
        return "\n".join([*table(rows), *kept, *self._named()])

    def _named(self) -> list[str]:
        if not self.fault_count:
            return ["everything that was read is stored"] if self.read == self.stored else []
        more = self.fault_count - len(self.faults)
        rest = [f"  and {more:,} more"] if more else []
        return [f"{self.fault_count:,} could not be moved:", *(f"  {each}" for each in self.faults), *rest]


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with the columns below each other, numbers to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
