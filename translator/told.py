"""What is said piece by piece: of each field what was said last, whatever the order in which the pieces arrive.

Langfuse clients tell a span, a trace or a score in several events (create, update, update). Their server folds them in
order of arrival; here the fold is a join of sets (commutative, associative, idempotent), so that a retry changes
nothing and order cannot show. Source of the rules: langfuse/langfuse `worker/src/services/IngestionService`, with
the differences that docs/langfuse-read.md lists.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson

Stamp = tuple[int, bool, str]
"""Time of the event, whether it is an update, its id: the order in which events count."""
Told = dict[str, tuple[Stamp, Any]]
"""Field -> when it was said, and what."""

MAX_FIELDS = 2048
MAX_CHARACTERS = 64 << 20
"""Of one span or score; of more, what was said longest ago is let go. As much as one request may bring; a client says
a few hundred fields."""

SILENT = ("", "{}", "[]")
"""Texts that say nothing: they never replace one that does. So does null."""


class Rules(NamedTuple):
    """Fields that are not "the last one counts"."""

    earliest: frozenset[str]
    """Said once for all: the first one counts."""
    united: frozenset[str] = frozenset()
    """Lists of texts, of which each element stays."""
    kept: str = "="
    """Prefix of fields that are never let go."""


def fold(parts: Iterable[Told], rules: Rules) -> Told:
    """One telling of all the parts."""
    found: Told = {}
    for part in parts:
        for field, said in part.items():
            known = found.get(field)
            found[field] = said if known is None else _one_of(field, known, said, rules)
    return _bounded(found, rules)


def _one_of(field: str, first: tuple[Stamp, Any], second: tuple[Stamp, Any], rules: Rules) -> tuple[Stamp, Any]:
    if field in rules.united:
        return max(first[0], second[0]), sorted({*first[1], *second[1]})
    if field in rules.earliest:
        return min(first, second, key=lambda said: (is_silent(said[1]), said[0], orjson.dumps(said[1])))
    return max(first, second, key=lambda said: (not is_silent(said[1]), said[0], orjson.dumps(said[1])))


def is_silent(value: Any) -> bool:
    return value is None or value in SILENT


def _bounded(told: Told, rules: Rules) -> Told:
    """The fields that are kept, the last said first: of a union of parts these are the same in any order."""
    characters = sum(len(value) for _, value in told.values() if isinstance(value, str))
    if len(told) <= MAX_FIELDS and characters <= MAX_CHARACTERS:
        return told
    kept: Told = {}
    characters = 0
    for field, said in sorted(
        told.items(), key=lambda item: (item[0].startswith(rules.kept), item[1][0]), reverse=True
    ):
        characters += len(said[1]) if isinstance(said[1], str) else 0
        if (len(kept) < MAX_FIELDS and characters <= MAX_CHARACTERS) or field.startswith(rules.kept):
            kept[field] = said
    return kept


def stamps(told: Told) -> dict[str, Any]:
    """When each field was said, as JSON: events, and the place of each field's event in them."""
    places: dict[Stamp, int] = {}
    fields = {field: places.setdefault(told[field][0], len(places)) for field in sorted(told)}
    return {"events": [list(stamp) for stamp in places], "fields": fields}


def stamped(stored: dict[str, Any]) -> dict[str, Stamp]:
    """The stamps of `stamps`, back."""
    events: list[Stamp] = [(time_ns, is_update, event_id) for time_ns, is_update, event_id in stored["events"]]
    return {field: events[place] for field, place in stored["fields"].items()}
