"""Counts of how long something took, in the buckets that `/metrics` shows."""

from contract.stats import Sample

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Seconds:
    """Written by one thread, read by any."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._count = 0
        self._sum = 0.0
        self._buckets = [0] * len(BOUNDS_S)

    def add(self, seconds: float) -> None:
        self._count += 1
        self._sum += seconds
        for i, bound in enumerate(BOUNDS_S):
            self._buckets[i] += seconds <= bound

    def samples(self) -> list[Sample]:
        """Cumulative buckets, sum and count."""
        buckets = zip(BOUNDS_S, self._buckets, strict=True)
        return [
            *(Sample(f"{self._name}_bucket", {"le": str(bound)}, float(count)) for bound, count in buckets),
            Sample(f"{self._name}_bucket", {"le": "+Inf"}, float(self._count)),
            Sample(f"{self._name}_sum", {}, self._sum),
            Sample(f"{self._name}_count", {}, float(self._count)),
        ]
