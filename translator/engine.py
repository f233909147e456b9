"""Runs a plan on a span: the first answer of each field wins, a group is answered by one convention.

A rule that raises is no answer; it is counted, never passed on.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from contract.columns import Row
from contract.span import Event
from translator.plan import ATTRIBUTES, EVENT_NAMES, EVENTS, PLACES, Candidate, Plan, Planner, names_of
from translator.usage import COUNTS, may_split

MAX_PLANS = 4096
"""Plans kept per cache; each is some kilobytes. Past it the cache starts anew, so that odd senders cannot grow it."""
MAX_PLAN_KEYS = 512
"""Shapes with more keys are planned each time: a key list of that size costs more to keep than to plan."""

_COUNT_PLACES = tuple(PLACES[name] for name in COUNTS)
_MAIN_COUNTS = _COUNT_PLACES[:3]


class Engine:
    """Plans by shape, and the count of rules that raised."""

    def __init__(self) -> None:
        self._plans: dict[tuple[str, tuple[str, ...]], Plan] = {}
        self._event_plans: dict[tuple[str, tuple[str, ...]], Plan] = {}
        self.failures: Counter[tuple[str, str]] = Counter()

    def plan(self, scope: str, attributes: Mapping[str, Any]) -> Plan:
        """The plan for attributes of this scope."""
        return self._cached(self._plans, ATTRIBUTES, scope, tuple(attributes))

    def _cached(
        self, plans: dict[tuple[str, tuple[str, ...]], Plan], planner: Planner, scope: str, keys: tuple[str, ...]
    ) -> Plan:
        shape = (scope, keys)
        found = plans.get(shape)
        if found is None:
            found = planner.plan(scope, keys)
            if len(keys) <= MAX_PLAN_KEYS:
                if len(plans) >= MAX_PLANS:
                    plans.clear()
                plans[shape] = found
        return found

    def fill(self, plan: Plan, attributes: Mapping[str, Any], row: Row) -> int:
        """Put the answers of rules for any kind into `row`; returns the bits of the conventions that answered."""
        mask = 0
        for place, candidates in plan.fields:
            for key, convert, bit in candidates:
                try:
                    value = convert(attributes if key is None else attributes[key])
                except Exception:
                    self._failed(plan, place, key, bit)
                    continue
                if value is not None:
                    row[place] = value
                    mask |= bit
                    break
        return mask

    def _failed(self, plan: Plan, place: int, key: str | None, bit: int) -> None:
        field = next(name for name, known in PLACES.items() if known == place)
        self.failures[names_of(bit), field] += 1

    def ask(self, candidate: Candidate, attributes: Mapping[str, Any]) -> Any:
        """One candidate's answer."""
        try:
            return candidate.convert(attributes if candidate.key is None else attributes[candidate.key])
        except Exception:
            self.failures[candidate.source.convention, candidate.source.field] += 1
            return None

    def fill_late(self, plan: Plan, attributes: Mapping[str, Any], row: Row, kind: str) -> int:
        """Put the answers of rules for this kind into the places still empty."""
        mask = 0
        for place, candidates in plan.late:
            if row[place] is not None:
                continue
            for candidate in candidates:
                if candidate.kinds is not None and kind not in candidate.kinds:
                    continue
                value = self.ask(candidate, attributes)
                if value is not None:
                    row[place] = value
                    mask |= candidate.bit
                    break
        return mask

    def fill_usage(self, plan: Plan, attributes: Mapping[str, Any], row: Row, kind: str) -> int:
        """Counts of the first convention that has any; what it does not split is taken from the others' splits."""
        splits: list[tuple[int, dict[int, int]]] = []
        mask, known = 0, False
        for group in plan.usage:
            counts = self._counts(group.counts, group.maps, attributes, kind)
            if known or counts.keys().isdisjoint(_MAIN_COUNTS):
                splits.append((group.bit, counts))
            else:
                mask, known = _put(counts, group.bit, row), True
        for bit, counts in splits if known else ():
            mask |= _put({place: count for place, count in counts.items() if place not in _MAIN_COUNTS}, bit, row)
        return mask

    def _counts(
        self,
        candidates: tuple[tuple[int, Candidate], ...],
        maps: tuple[Candidate, ...],
        attributes: Mapping[str, Any],
        kind: str,
    ) -> dict[int, int]:
        """One convention's counts: its keys first, then its usage maps for what the keys left open."""
        counts: dict[int, int] = {}
        for place, candidate in candidates:
            if place not in counts:
                value = self.ask(candidate, attributes)
                if value is not None:
                    counts[place] = value
        if len(counts) < len(_COUNT_PLACES):
            self._add_maps(counts, maps, attributes, kind)
        return counts

    def _add_maps(
        self, counts: dict[int, int], maps: tuple[Candidate, ...], attributes: Mapping[str, Any], kind: str
    ) -> None:
        has_main = any(place in counts for place in _MAIN_COUNTS)
        for candidate in maps:
            if candidate.kinds is not None and (
                kind not in candidate.kinds or (has_main and not _may_split(candidate, attributes, counts))
            ):
                continue
            found = self.ask(candidate, attributes) or {}
            _include_cache(counts, found)
            for name, count in found.items():
                if not has_main or PLACES[name] not in _MAIN_COUNTS:
                    counts.setdefault(PLACES[name], count)

    def fill_events(self, events: list[Event], row: Row) -> int:
        """Fields still empty that span events tell: LlamaIndex's, and the whole-text events of OTel 1.27."""
        mask = 0
        for event in events:
            if event.name in EVENT_NAMES:
                mask |= self._fill_event(event, row)
        return mask

    def _fill_event(self, event: Event, row: Row) -> int:
        plan = self._cached(self._event_plans, EVENTS[event.name], event.name, tuple(event.attributes))
        scratch: Row = [None] * len(row)
        mask = self.fill(plan, event.attributes, scratch)
        mask |= self.fill_usage(plan, event.attributes, scratch, "generation")
        for place, value in enumerate(scratch):
            if value is not None and row[place] is None:
                row[place] = value
        return mask


def _include_cache(counts: dict[int, int], answer: Mapping[str, int]) -> None:
    """Where a key repeats the answer's count of input that stands without the cache (OpenInference for Anthropic, 0.1):
    the whole input, as the answer's own usage tells it."""
    apart = answer.get("cache_read_tokens", 0) + answer.get("cache_write_tokens", 0)
    if apart and counts.get(PLACES["input_tokens"]) == answer.get("input_tokens", 0) - apart:
        counts[PLACES["input_tokens"]] = answer["input_tokens"]
        counts.pop(PLACES["total_tokens"], None)  # a sum of the smaller


def _put(counts: Mapping[int, int], bit: int, row: Row) -> int:
    """Counts into places still empty; `bit` if there were any."""
    empty = [place for place in counts if row[place] is None]
    for place in empty:
        row[place] = counts[place]
    return bit if empty else 0


def _may_split(candidate: Candidate, attributes: Mapping[str, Any], counts: Mapping[int, int]) -> bool:
    """A whole answer is read beside counts that have keys of their own only for a split that those leave open."""
    known = [name for name in COUNTS if PLACES[name] in counts]
    return candidate.key is not None and may_split(attributes[candidate.key], known)
