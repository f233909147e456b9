"""What to read from a span of one shape: the rules of all conventions, cut down to those whose keys are present.

A shape is a scope's name and the attribute keys in their order; a process sees few, so that the work of choosing is
done once and a span costs only its own answers.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from contract.columns import SPAN_COLUMNS
from contract.present import CONTENT_FIELDS
from translator.conventions import CONVENTIONS
from translator.precedence import ORDER
from translator.rules import Convention, Convert, Fields, Rule
from translator.usage import COUNTS

SCRATCH = ("any_model", "first_token_ns", "level_name", "level_number", "status_text", "display_name", "entity_name",
           "costs", "service_tier", "public")  # fmt: skip
"""Fields that are no column and decide some: they have places behind the columns while a row is made."""

PLACES = {column.name: place for place, column in enumerate(SPAN_COLUMNS)} | {
    name: len(SPAN_COLUMNS) + place for place, name in enumerate(SCRATCH)
}
USAGE_FIELDS = frozenset({*COUNTS, "usage"})
READ_FIELDS = frozenset(CONTENT_FIELDS)
_CALL_SIGNS = USAGE_FIELDS | {"input_messages", "output_messages", "model_parameters"}
"""Fields that, beside a model's name, show that a span is a model call."""


class Source(NamedTuple):
    """A rule and whose it is; `rank` orders the sources of one field."""

    field: str
    rank: int
    convention: str
    bit: int
    rule: Rule


@dataclass(slots=True)
class Candidate:
    """A rule whose key is there: `key` is the attribute to hand over, None to hand over all of them."""

    key: str | None
    convert: Convert
    bit: int
    kinds: frozenset[str] | None
    source: Source


@dataclass(slots=True)
class UsageGroup:
    """One convention's counts: they are answered together or not at all."""

    bit: int
    counts: tuple[tuple[int, Candidate], ...]
    maps: tuple[Candidate, ...]


@dataclass(slots=True)
class Plan:
    fields: tuple[tuple[int, tuple[tuple[str | None, Convert, int], ...]], ...]
    """Place and candidates of the fields that hold for any kind of span."""
    late: tuple[tuple[int, tuple[Candidate, ...]], ...]
    """The same of rules for certain kinds: they run when the kind is known and the field has no answer."""
    usage: tuple[UsageGroup, ...]
    input_keys: tuple[str, ...]
    output_keys: tuple[str, ...]
    parameter_keys: tuple[str, ...]
    """Where the request's own parameters stand."""
    shows_call: bool
    unmapped: tuple[str, ...]
    """Keys that are some convention's own and that no rule reads."""


def _sources(conventions: Sequence[Convention], tables: Sequence[Fields]) -> list[Source]:
    """All rules of the tables with their ranks."""
    by_field: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for place, (convention, fields) in enumerate(zip(conventions, tables, strict=True)):
        for field, rules in fields.items():
            for nth, rule in enumerate(rules):
                by_field[field].append((_order(field, convention.name, rule, place), place, nth, convention.name, rule))
    return [
        Source(field, rank, name, 1 << place, rule)
        for field, found in by_field.items()
        for rank, (_, place, _, name, rule) in enumerate(sorted(found, key=lambda entry: entry[:3]))
    ]


def _order(field: str, convention: str, rule: Rule, place: int) -> int:
    listed = ORDER.get(field, ())
    for entry in (f"{convention}:{rule.key}", convention):
        if entry in listed:
            return listed.index(entry)
    return len(listed) + place


class Planner:
    """Chooses the rules for a shape from one set of tables (span attributes, or one span event's attributes)."""

    def __init__(self, conventions: Sequence[Convention], tables: Sequence[Fields]) -> None:
        self._exact: dict[str, list[Source]] = defaultdict(list)
        self._prefixed: list[Source] = []
        for source in _sources(conventions, tables):
            if source.rule.mode == "key":
                self._exact[source.rule.key].append(source)
            else:
                self._prefixed.append(source)
        self._prefixes = tuple({source.rule.key for source in self._prefixed})
        self._own = tuple(prefix for convention in conventions for prefix in convention.prefixes)

    def candidates(self, scope: str, keys: Iterable[str]) -> dict[str, list[Candidate]]:
        """Field -> candidates in order of rank, for every field of the tables."""
        found: dict[str, list[Candidate]] = defaultdict(list)
        seen: set[tuple[str, int]] = set()
        for key in keys:
            for source in self._of_key(key):
                rule = source.rule
                if (rule.scopes and not scope.startswith(rule.scopes)) or scope.startswith(rule.unless):
                    continue
                whole = rule.mode in ("indexed", "family")
                if whole and (source.field, source.rank) in seen:
                    continue
                seen.add((source.field, source.rank))
                candidate = Candidate(None if whole else key, rule.convert, source.bit, rule.kinds, source)
                found[source.field].append(candidate)
        for some in found.values():
            some.sort(key=lambda candidate: candidate.source.rank)
        return found

    def _of_key(self, key: str) -> list[Source]:
        found = self._exact.get(key, [])
        if key.startswith(self._prefixes):
            found = found + [source for source in self._prefixed if _matches(source.rule, key)]
        return found

    def unmapped(self, keys: Iterable[str]) -> tuple[str, ...]:
        """The keys among them that look like a convention's and that no rule reads."""
        return tuple(key for key in keys if key.startswith(self._own) and not self._of_key(key))

    def plan(self, scope: str, keys: Sequence[str]) -> Plan:
        """The plan for a shape."""
        found = self.candidates(scope, keys)
        columns = {field: some for field, some in found.items() if field not in READ_FIELDS | USAGE_FIELDS}
        return Plan(
            fields=tuple(
                (PLACES[field], tuple((c.key, c.convert, c.bit) for c in some if c.kinds is None))
                for field, some in columns.items()
                if any(c.kinds is None for c in some)
            ),
            late=tuple(
                (PLACES[field], tuple(c for c in some if c.kinds is not None))
                for field, some in columns.items()
                if any(c.kinds is not None for c in some)
            ),
            usage=_usage_groups(found),
            input_keys=tuple(c.key for c in found.get("input", []) if c.key is not None),
            output_keys=tuple(c.key for c in found.get("output", []) if c.key is not None),
            parameter_keys=tuple(c.key for c in found.get("model_parameters", []) if c.key is not None),
            shows_call=not _CALL_SIGNS.isdisjoint(found),
            unmapped=self.unmapped(keys),
        )


def _matches(rule: Rule, key: str) -> bool:
    if not key.startswith(rule.key):
        return False
    rest = key[len(rule.key) :]
    if rule.mode == "ending":
        return rest.endswith(rule.endings)
    if rule.mode == "family":
        return not rule.endings or rest in rule.endings
    return rest.split(".", 1)[0].isdigit()


def _usage_groups(found: dict[str, list[Candidate]]) -> tuple[UsageGroup, ...]:
    """The conventions that count, in the order of `CONVENTIONS`."""
    counts: dict[int, list[tuple[int, Candidate]]] = defaultdict(list)
    maps: dict[int, list[Candidate]] = defaultdict(list)
    for field in COUNTS:
        for candidate in found.get(field, []):
            counts[candidate.bit].append((PLACES[field], candidate))
    for candidate in found.get("usage", []):
        maps[candidate.bit].append(candidate)
    return tuple(
        UsageGroup(bit, tuple(counts.get(bit, ())), tuple(maps.get(bit, ()))) for bit in sorted({*counts, *maps})
    )


ATTRIBUTES = Planner(CONVENTIONS, [convention.fields for convention in CONVENTIONS])
"""The rules for attributes of spans and of log records."""

EVENT_NAMES = frozenset(name for convention in CONVENTIONS for name in convention.events)
EVENTS = {
    name: Planner(CONVENTIONS, [convention.events.get(name, {}) for convention in CONVENTIONS]) for name in EVENT_NAMES
}
"""The rules for the attributes of a span event of this name."""

NAMES = tuple(convention.name for convention in CONVENTIONS)


@lru_cache(maxsize=4096)
def names_of(mask: int) -> str:
    """The conventions whose bits are set, comma-joined."""
    return ",".join(name for place, name in enumerate(NAMES) if mask >> place & 1)
