"""What the translator saw: spans by convention, GenAI keys that no rule reads, rules that raised."""

from collections import Counter
from typing import Any

from contract.stats import Sample
from translator.plan import NAMES, names_of

MAX_SHAPES = 4096
"""Sets of unread keys that are told apart; past it new ones are counted without their names."""
TOP_KEYS = 20
SHOWN_KEY_LENGTH = 200

Failures = Counter[tuple[str, str]]
"""(convention, field) -> how often its rule raised."""


class Tally:
    """Plain counters; one instance a translator. `failures` is the engine's own counter."""

    def __init__(self, failures: Failures) -> None:
        self._failures = failures
        self._masks: Counter[int] = Counter()
        self._unread: Counter[tuple[str, ...]] = Counter()
        self._unmapped = 0

    def saw(self, mask: int, unread: tuple[str, ...]) -> None:
        """One more span: the conventions that answered, the keys of theirs that none of their rules reads."""
        self._masks[mask] += 1
        if unread:
            self._unmapped += len(unread)
            if unread in self._unread or len(self._unread) < MAX_SHAPES:
                self._unread[unread] += 1

    def stats(self) -> list[Sample]:
        """The figures for `/metrics`: no key of a sender is a label."""
        samples = [
            Sample("spans_by_convention_total", {"convention": name}, count)
            for name, count in self._by_convention().items()
        ]
        samples.append(Sample("unmapped_attributes_total", {}, self._unmapped))
        return samples + [
            Sample("translator_rule_failures_total", {"convention": convention, "field": field}, count)
            for (convention, field), count in list(self._failures.items())
        ]

    def report(self) -> dict[str, Any]:
        """The figures for `/api/v1/status`, as JSON values: conventions seen, most frequent unread keys, failures."""
        keys: Counter[str] = Counter()
        for unread, count in list(self._unread.items()):
            keys.update(dict.fromkeys(unread, count))
        return {
            "conventions": {name: count for name, count in self._by_convention().items() if count},
            "unmapped_attributes": [
                {"key": key[:SHOWN_KEY_LENGTH], "spans": count}
                for key, count in sorted(keys.items(), key=lambda item: (-item[1], item[0]))[:TOP_KEYS]
            ],
            "rule_failures": [
                {"convention": convention, "field": field, "spans": count}
                for (convention, field), count in sorted(self._failures.items())
            ],
        }

    def _by_convention(self) -> Counter[str]:
        spans: Counter[str] = Counter(dict.fromkeys((*NAMES, "none"), 0))
        for mask, count in list(self._masks.items()):
            for name in names_of(mask).split(",") if mask else ["none"]:
                spans[name] += count
        return spans
