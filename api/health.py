"""Numbers about the process as Prometheus text: what the stages count, and how long the routes take."""

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from api.metric_help import HELP, HISTOGRAMS
from contract.stats import Sample

PREFIX = "tracepond_"
PROMETHEUS_TEXT = "text/plain; version=0.0.4"

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)
"""From the aims of product.md section 7 (10 to 60 ms) up to the time limit of a query."""


class RouteTimes:
    """How long each route took, as a histogram `query_seconds`."""

    def __init__(self) -> None:
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    @contextmanager
    def timed(self, route: str) -> Iterator[None]:
        """The time within counts for `route`, also when it ends in an error."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(route, time.perf_counter() - start)

    def add(self, route: str, seconds: float) -> None:
        counts = self._counts.setdefault(route, [0] * (len(BUCKETS_S) + 1))
        counts[next((i for i, bound in enumerate(BUCKETS_S) if seconds <= bound), len(BUCKETS_S))] += 1
        self._sums[route] = self._sums.get(route, 0.0) + seconds

    def stats(self) -> list[Sample]:
        samples = []
        for route, counts in self._counts.items():
            total = 0
            for bound, count in zip((*map(str, BUCKETS_S), "+Inf"), counts, strict=True):
                total += count
                samples.append(Sample("query_seconds_bucket", {"route": route, "le": bound}, total))
            samples.append(Sample("query_seconds_sum", {"route": route}, self._sums[route]))
            samples.append(Sample("query_seconds_count", {"route": route}, total))
        return samples


def prometheus_text(samples: Iterable[Sample], meanings: Mapping[str, str] = HELP) -> str:
    """Text exposition format 0.0.4: the samples of one family stand together, under what it means and its type.

    A family that has no value yet, since its labels are not known before something happens, is named all the same.
    """
    families: dict[str, list[Sample]] = {family: [] for family in meanings}
    for sample in samples:
        families.setdefault(family_of(sample.name), []).append(sample)
    lines = []
    for family, members in families.items():
        if family in meanings:
            lines.append(f"# HELP {PREFIX}{family} {meanings[family]}")
        lines.append(f"# TYPE {PREFIX}{family} {type_of(family)}")
        lines += [line(sample) for sample in members]
    return "\n".join(lines) + "\n"


def family_of(name: str) -> str:
    stem = name.rpartition("_")[0]
    return stem if name.endswith(("_bucket", "_sum", "_count")) and stem in HISTOGRAMS else name


def type_of(family: str) -> str:
    if family in HISTOGRAMS:
        return "histogram"
    return "counter" if family.endswith("_total") else "gauge"


def line(sample: Sample) -> str:
    labels = ",".join(f'{name}="{escaped(value)}"' for name, value in sample.labels.items())
    return (
        f"{PREFIX}{sample.name}{{{labels}}} {number(sample.value)}"
        if labels
        else (f"{PREFIX}{sample.name} {number(sample.value)}")
    )


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def number(value: float) -> str:
    """Whole numbers without an exponent or fraction, so that counters keep every digit."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if float(value).is_integer() else repr(float(value))
