"""Which calls of a long trace have to be settled together: those that a change can reach, not the whole trace.

`translator/settle.py` compares calls of one ancestor line, of equal ids, of equal tokens at one time, and a stream with
its tail. Here the same relations are kept as indexes; they may be wider than there (a call too many is settled for
nothing), never narrower: what no chain of them leads to from a change is as it was.
"""

from bisect import bisect_left, insort
from collections import ChainMap
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from contract.settling import Facts, TraceFacts
from translator.call import Call
from translator.settle import (
    ANCESTORS_AT_MOST,
    FAILED,
    NEIGHBOURS,
    STREAM,
    TOKENS,
    USAGE,
    Place,
    ancestors_of,
    groups_of,
    place_of,
    read_call,
    streamed,
)

OVERLAPPING = (TOKENS, FAILED)
"""Kinds of groups of which only calls that overlap in time are related."""

Parents = Mapping[str, str | None]
Group = tuple[Any, ...]

OVERWRITTEN = (*USAGE, "request_model", "response_model", "model")
"""Columns in which a duplicate's value may have taken the place of a log record's (`translator/settle.py: fill`)."""


class Traits(NamedTuple):
    """What tells whether a call may be related to another."""

    kind: str
    scope: str
    end: int
    response_id: str | None
    models: frozenset[str]
    tokens: tuple[int | None, int | None]
    place: Place
    groups: tuple[Group, ...]

    @property
    def start(self) -> int:
        return self.place[0]


class Outline:
    """Of one trace; see contract/settling.py `Outline`."""

    def __init__(self, trace: TraceFacts) -> None:
        self._calls: dict[str, Traits] = {}
        self._children: dict[str, set[str]] = {}
        self._groups: dict[Group, list[Place]] = {}
        self._longest_ns: dict[Group, int] = {}
        """Of the calls that a group has or had, where only those that overlap are related."""
        self._models: dict[frozenset[str], frozenset[str]] = {}
        """Each set once: one takes 216 bytes."""
        self._unsure: set[str] = set()
        """Calls of which what log records said is not to be told from what is stored: related to every other."""
        for span_id in trace.parents:
            self._put(trace, span_id)

    def learn(self, trace: TraceFacts, touched: Mapping[str, str | None]) -> Collection[str]:
        """See contract/settling.py."""
        before: Parents = ChainMap(dict(touched), trace.parents)
        reached = set(self._unsure)
        for span_id in touched:
            reached.update(self._around(span_id, before))
        for span_id, former in touched.items():
            self._remove(span_id, former)
            self._put(trace, span_id)
        for span_id in touched:
            reached.update(self._around(span_id, trace.parents))
        return self._closed(reached, trace.parents)

    def _put(self, trace: TraceFacts, span_id: str) -> None:
        if parent := trace.parents.get(span_id):
            self._children.setdefault(parent, set()).add(span_id)
        if (facts := trace.calls.get(span_id)) is None:
            return
        self._calls[span_id] = traits = traits_of(call_of(trace, span_id, facts), self._models)
        for key in traits.groups:
            insort(self._groups.setdefault(key, []), traits.place)
            if key[0] in OVERLAPPING:
                self._longest_ns[key] = max(self._longest_ns.get(key, 0), traits.end - traits.start)
        if span_id not in trace.logs and is_unsure(facts):
            self._unsure.add(span_id)

    def _remove(self, span_id: str, parent: str | None) -> None:
        if parent in self._children:
            self._children[parent].discard(span_id)
        self._unsure.discard(span_id)
        if (known := self._calls.pop(span_id, None)) is not None:
            for key in known.groups:
                self._groups[key].remove(known.place)
                if not self._groups[key]:
                    del self._groups[key]
                    self._longest_ns.pop(key, None)

    def _closed(self, reached: set[str], parents: Parents) -> set[str]:
        """These calls and all that are related to them, in any number of steps."""
        closed = reached & self._calls.keys()
        waiting = list(closed)
        while waiting:
            found = self._related(waiting.pop(), parents) - closed
            closed |= found
            waiting.extend(found)
        return closed

    def _around(self, span_id: str, parents: Parents) -> set[str]:
        """Calls that may be affected by this span's being there: itself, and those that it stands between."""
        call = self._calls.get(span_id)
        found: set[str] = set()
        if call is not None:
            found |= {span_id} | self._related(span_id, parents)
            for key in call.groups:
                if key[0] == STREAM:
                    found.update(i for _, _, i in self._beside(call, key, NEIGHBOURS + 1))
        lines = [i for i in ancestors_of(parents, span_id) if i in self._calls]
        if lines and self._children.get(span_id):
            below = self._below(span_id)
            kinds = {self._calls[i].kind for i in lines} & {self._calls[i].kind for i in below}
            found.update(i for i in (*lines, *below) if self._calls[i].kind in kinds)
        return found

    def _related(self, span_id: str, parents: Parents) -> set[str]:
        """Calls that may be one with this one, or that decide which are."""
        call = self._calls[span_id]
        line = (i for i in ancestors_of(parents, span_id) if i in self._calls)
        found = {i for i in (*line, *self._below(span_id)) if may_be_one(call, self._calls[i])}
        for key in call.groups:
            if len(self._groups[key]) > 1:
                found.update(self._partner(call, key) if key[0] == STREAM else self._of_other_scopes(call, key))
        return found

    def _below(self, span_id: str) -> list[str]:
        """Calls among the span's descendants, as far down as settling looks up."""
        found, level, seen = [], [span_id], {span_id}
        for _ in range(ANCESTORS_AT_MOST):
            level = [i for parent in level for i in self._children.get(parent, ()) if i not in seen]
            if not level:
                break
            seen.update(level)
            found += [i for i in level if i in self._calls]
        return found

    def _of_other_scopes(self, call: Traits, key: Group) -> Iterator[str]:
        """All with the same id; of those that share anything else, all that overlap."""
        group, first, last = self._groups[key], 0, len(self._groups[key])
        if key[0] in OVERLAPPING:
            first = bisect_left(group, (call.start - self._longest_ns[key],))
            last = bisect_left(group, (max(call.start, call.end) + 1,), first)
        for start, _, span_id in group[first:last]:
            other = self._calls[span_id]
            if other.scope != call.scope and (key[0] not in OVERLAPPING or max(start, other.end) >= call.start):
                yield span_id

    def _partner(self, call: Traits, key: Group) -> Iterable[str]:
        """The tail of the call's stream, or the call that it ends."""
        pairs = streamed(self._beside(call, key, NEIGHBOURS))
        return next((pair for pair in pairs if call.place[2] in pair), ())

    def _beside(self, call: Traits, key: Group, count: int) -> list[Place]:
        """The call's group, as far as `count` places before and behind it."""
        group = self._groups[key]
        at = bisect_left(group, call.place)
        return group[max(0, at - count) : at + count + 1]


def call_of(trace: TraceFacts, span_id: str, facts: Facts) -> Call:
    """With what log records say of it: as given, else as far as it was stored."""
    if span_id in trace.logs:
        return read_call(trace, span_id, facts)
    return Call(facts, [], {name: told for name, told in facts.settled.items() if told[1].startswith("log:")})


def traits_of(call: Call, known_models: dict[frozenset[str], frozenset[str]]) -> Traits:
    models = frozenset(call.models)
    models = known_models.setdefault(models, models)
    groups = tuple(groups_of(call))
    return Traits(call.kind, call.scope, call.end, call.response_id, models, call.tokens, place_of(call), groups)


def is_unsure(facts: Facts) -> bool:
    """Whether a duplicate's value may cover what a log record said."""
    logged = any(source.startswith("log:") for _, source in facts.settled.values())
    return logged and any(facts.settled.get(name, (None, ""))[1].startswith("span:") for name in OVERWRITTEN)


def may_be_one(a: Traits, b: Traits) -> bool:
    """Of two on one ancestor line."""
    if a.kind != b.kind:
        return False
    if a.response_id and b.response_id:
        return a.response_id == b.response_id
    if (a.models or a.kind == "tool") and (b.models or b.kind == "tool") and not a.models & b.models:
        return False
    if a.scope != b.scope and None not in (*a.tokens, *b.tokens) and a.tokens[1] == b.tokens[1]:
        return True  # equal but for the cache, or not: cheaper than keeping what each knows of the cache
    return all(x is None or y is None or x == y for x, y in zip(a.tokens, b.tokens, strict=True))
