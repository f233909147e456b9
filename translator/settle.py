"""Which spans of a trace tell of one model call, which of them counts, and what the others add to it.

Rules 5, 8 and 9 of what recorded traffic forces on a translator: two generations are one call if their response ids
are equal and one is the other's ancestor or their scopes differ; or, where an id is missing, by ancestor line, model
and tokens; or as siblings of different scopes that overlap in time. Of different scopes, tokens may be equal but for
the prompt's cache (`translator/same_count.py`). Matched one to one, so that parallel calls stay two; text is never
compared. Two tool spans are one run if their call ids are equal, or along an ancestor line by name. A span made of a
log record (`synthetic`) never counts beside one that arrived. A pure function of the trace's facts: order cannot show.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from contract.columns import L
from contract.settling import CONTENT_COLUMNS, Facts, SettledSpan, TraceFacts
from translator.call import ID_COLUMN, Call, Columns, plain_model
from translator.logs import log_columns
from translator.prices.recalculate import Price, settled_cost
from translator.same_count import equal_but_for_cache, without_cache

Place = tuple[int, bool, str]
"""Start, whether it is the tail of a stream (it follows a call that took no time), span id: the order in a group."""

USAGE = (
    "input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens",
)  # fmt: skip
CACHE = ("cache_read_tokens", "cache_write_tokens")
COST = ("input_cost", "output_cost", "total_cost", "cost_source", "price_version")
SINGLE = (
    "provider", "operation", "request_model", "response_model", "response_id", "finish_reasons", "streaming",
    "time_to_first_token_ms", "error_type", "tool_name", "tool_call_id",
)  # fmt: skip
"""Fields that are filled one by one; usage and cost are filled as groups."""

NEIGHBOURS = 16
"""How many of those that share a trait are compared, in order of start, and how many calls above a call: bounds the
work on hostile traces."""
ID, TOKENS, FAILED, STREAM = "id", "tokens", "failed", "stream"
"""Kinds of traits (`groups_of`)."""
ANCESTORS_AT_MOST = 64
"""Spans above a call that are looked at; the deepest line in a recorded trace has 17."""
LAYERS_AT_MOST = 32
"""Spans that may tell of one call; recorded traffic has 3."""


def settle(trace: TraceFacts, price: Price | None = None) -> list[SettledSpan]:
    """What must change so that each call of the trace is counted once; see contract/settling.py `Settle`.

    `price` calculates the cost of a call whose tokens, model or provider come from elsewhere.
    """
    if plainly_apart(trace):
        return []
    calls = {span_id: read_call(trace, span_id, facts) for span_id, facts in trace.calls.items()}
    wanted: dict[str, Columns] = {span_id: dict(call.filled) for span_id, call in calls.items()}
    for layers in clusters(list(calls.values())):
        counted, *others = sorted(layers, key=lambda c: (c.synthetic, -c.sides, depth(c, layers), c.start, c.id))
        wanted[counted.id] |= fill(counted, others)
        for other in others:
            wanted[other.id]["duplicate_of"] = (counted.id, "rule")
    for span_id, columns in wanted.items():
        columns |= settled_cost(calls[span_id].facts.values, columns, price)
    return [SettledSpan(i, columns) for i, columns in wanted.items() if differs(columns, calls[i].facts.settled)]


def plainly_apart(trace: TraceFacts) -> bool:
    """Nothing to settle at first sight, as in most traces: every call has an id of its own or is the only one."""
    if trace.logs:
        return False
    ids: dict[str, set[str | None]] = {}
    for facts in trace.calls.values():
        kind = facts.values["kind"]
        name, known = facts.values[ID_COLUMN.get(kind, "response_id")], ids.setdefault(kind, set())
        if facts.settled or name in known or None in known or (name is None and known):
            return False
        known.add(name)
    return True


def differs(wanted: Columns, settled: Columns) -> bool:
    """Content is compared by its source, which names the span or the number of records it was made from."""
    return compared(wanted) != compared(settled)


def compared(columns: Columns) -> Columns:
    return {name: (None if name in CONTENT_COLUMNS else value, source) for name, (value, source) in columns.items()}


def read_call(trace: TraceFacts, span_id: str, facts: Facts) -> Call:
    filled: Columns = {}
    logs = trace.logs.get(span_id)
    if logs:
        said = log_columns(logs)
        source = f"log:{len({row[L.digest] for row in logs})}"
        filled = {name: (value, source) for name, value in said.items() if value is not None and missing(facts, name)}
        model = filled.get("response_model") or (filled.get("request_model") if facts.values["model"] is None else None)
        if model and facts.values["response_model"] is None:
            filled["model"] = model
    return Call(facts, ancestors_of(trace.parents, span_id), filled)


def missing(facts: Facts, column: str) -> bool:
    if column == "input":
        return facts.input_length is None
    if column == "output":
        return facts.output_length is None
    if column in USAGE:  # a group: never one scheme's input beside another's output
        return all(facts.values[name] is None for name in USAGE)
    return facts.values.get(column) is None


def ancestors_of(parents: Mapping[str, str | None], span_id: str) -> list[str]:
    """From the parent up; ends at a root, at a span that never came, where a cycle closes, or far away."""
    line: list[str] = []
    seen = {span_id}
    parent = parents.get(span_id)
    while parent and parent not in seen and len(line) < ANCESTORS_AT_MOST:
        line.append(parent)
        seen.add(parent)
        parent = parents.get(parent)
    return line


def clusters(calls: list[Call]) -> list[list[Call]]:
    """Groups of two or more calls that are one, best evidence first."""
    group = {call.id: [call] for call in calls}
    for _, _, first_id, second_id in sorted(pairs(calls)):
        first, second = group[first_id], group[second_id]
        if first is second or len(first) + len(second) > LAYERS_AT_MOST:
            continue
        if all(compatible(a, b) for a in first for b in second):
            first.extend(second)
            for call in second:
                group[call.id] = first
    return [found for found in {id(g): g for g in group.values()}.values() if len(found) > 1]


def pairs(calls: list[Call]) -> list[tuple[int, int, str, str]]:
    """(rank, distance, id, id) of every two calls that may be one; low ranks are strong evidence."""
    found = []
    for first, second in candidates(calls):
        rank = evidence(first, second)
        if rank is not None:
            found.append((rank, distance(first, second), first.id, second.id))
    return found


def candidates(calls: list[Call]) -> list[tuple[Call, Call]]:
    """Pairs worth a look: on one ancestor line, or of one group (`groups_of`). Not every pair: a trace may hold ten
    thousand calls. Whether two calls are a pair depends on them and on what lies between them, never on how many calls
    the trace has beside them: `translator/outline.py` relies on it.
    """
    by_id = {call.id: call for call in calls}
    found = {(min(i, call.id), max(i, call.id)) for call in calls for i in above(call, by_id)}
    groups: dict[Any, list[Call]] = {}
    for call in calls:
        for key in groups_of(call):
            groups.setdefault(key, []).append(call)
    for key, group in groups.items():
        if len(group) > 1:
            group.sort(key=place_of)
            streams = key[0] == STREAM
            near = streamed(map(place_of, group)) if streams else of_other_scopes(group, overlapping=key[0] != ID)
            found.update((min(pair), max(pair)) for pair in near)
    return [(by_id[low], by_id[high]) for low, high in sorted(found)]


def above(call: Call, by_id: dict[str, Call]) -> Iterator[str]:
    """The nearest calls of its kind on its ancestor line."""
    return islice((i for i in call.ancestors if i in by_id and by_id[i].kind == call.kind), NEIGHBOURS)


def groups_of(call: Call) -> list[tuple[Any, ...]]:
    """Traits that two spans of one call may share: the id, tokens or failure, the parent of a call and its tail.

    Tokens also as a span shows them that leaves the cache out: whoever counts a part of it says which.
    """
    keys: list[tuple[Any, ...]] = [(ID, call.kind, call.response_id)] if call.response_id else []
    if call.kind == "generation":
        if call.tokens != (None, None):
            keys.append((TOKENS, *call.tokens))
            if (bare := without_cache(call.tokens, call.cache)) is not None:
                keys.append((TOKENS, bare, call.tokens[1]))
        elif call.failed:
            keys.append((FAILED,))
        if call.tail or call.get("output_tokens") is None:
            model = plain_model(call.get("request_model") or call.get("model") or "")
            keys.append((STREAM, call.facts.values["parent_span_id"], call.scope, model))
    return keys


def place_of(call: Call) -> Place:
    return call.start, call.tail, call.id


def of_other_scopes(group: list[Call], *, overlapping: bool) -> Iterator[tuple[str, str]]:
    """Each with the next ones of other scopes; `overlapping`: only those that start before it ends."""
    count = len(group)
    next_other = [count] * count
    for i in range(count - 2, -1, -1):
        next_other[i] = i + 1 if group[i + 1].scope != group[i].scope else next_other[i + 1]
    for i, first in enumerate(group):
        j, found = next_other[i], 0
        while j < count and found < NEIGHBOURS and not (overlapping and group[j].start > first.end):
            yield first.id, group[j].id
            found, j = found + 1, j + 1
            if j < count and group[j].scope == first.scope:
                j = next_other[j]


def streamed(group: Iterable[Place]) -> Iterator[tuple[str, str]]:
    """Calls and their tails in order, paired as brackets are: a tail ends the newest call that has none yet."""
    begun: list[tuple[int, str]] = []
    for i, (_, tail, span_id) in enumerate(group):
        if not tail:
            begun.append((i, span_id))
        elif begun:
            position, call_id = begun.pop()
            if i - position <= NEIGHBOURS:
                yield call_id, span_id


def evidence(a: Call, b: Call) -> int | None:
    """How strongly two spans look like one call: 0 same response id, 1 ancestor with equal tokens, ...; null: two.

    Equal tokens come before those that are equal but for the cache: of parallel calls the like ones belong together.
    """
    if a.kind != b.kind or (a.response_id and b.response_id and a.response_id != b.response_id):
        return None
    related = a.id in b.ancestors or b.id in a.ancestors
    if a.response_id and a.response_id == b.response_id:
        return 0 if related or a.scope != b.scope else None
    if not models_agree(a, b):
        return None
    if related:
        return ancestor_rank(a, b)
    if a.kind != "generation":
        return None
    if a.scope == b.scope:
        return 3 if a.tail != b.tail and tail_follows(a, b) else None
    return sibling_rank(a, b) if overlap(a, b) else None


def ancestor_rank(a: Call, b: Call) -> int | None:
    if equal_tokens(a, b):
        return 1
    if like_tokens(a, b):
        return 2
    unknown = any(x is None or y is None for x, y in zip(a.tokens, b.tokens, strict=True))
    agree = all(x is None or y is None or x == y for x, y in zip(a.tokens, b.tokens, strict=True))
    return (3 if a.failed == b.failed else 4) if unknown and agree else None


def sibling_rank(a: Call, b: Call) -> int | None:
    if equal_tokens(a, b) or (a.failed and b.failed):
        return 5
    return 6 if like_tokens(a, b) else None


def compatible(a: Call, b: Call) -> bool:
    """May stand in one group: not known to be two calls, and of one scope only along an ancestor line."""
    if a.response_id and b.response_id and a.response_id != b.response_id:
        return False
    return a.scope != b.scope or a.id in b.ancestors or b.id in a.ancestors or a.tail != b.tail


def equal_tokens(a: Call, b: Call) -> bool:
    return a.tokens == b.tokens and a.tokens != (None, None)


def like_tokens(a: Call, b: Call) -> bool:
    """Equal but for the cache: only between scopes, since spans of one scope count alike."""
    return a.scope != b.scope and equal_but_for_cache(a.tokens, a.cache, b.tokens, b.cache)


def overlap(a: Call, b: Call) -> bool:
    return a.start <= b.end and b.start <= a.end


def tail_follows(a: Call, b: Call) -> bool:
    tail, call = (a, b) if a.tail else (b, a)
    return tail.start >= call.start and tail.ancestors == call.ancestors and call.get("output_tokens") is None


def distance(a: Call, b: Call) -> int:
    return abs(a.start - b.start) + abs(a.end - b.end)


def models_agree(a: Call, b: Call) -> bool:
    """They share a name, or one has none; a tool without a name is like no other."""
    if a.models and b.models:
        return bool(a.models & b.models)
    return a.kind != "tool"


def depth(call: Call, layers: list[Call]) -> int:
    """How many of the other layers are around it."""
    return sum(other.id in call.ancestors for other in layers)


def fill(counted: Call, others: list[Call]) -> Columns:
    """What the counted span takes from its duplicates: its gaps, and the SDK's count where counts differ."""
    layers = [counted, *others]
    nearest = sorted(others, key=lambda c: (not c.is_sdk, -depth(c, layers), c.start, c.id))
    columns: Columns = {}
    for name in SINGLE:
        if counted.get(name) is None:
            take(columns, nearest, (name,))
    fill_models(columns, counted, nearest)
    fill_usage(columns, counted, nearest)
    if counted.get("cost_source") != "reported":
        take(columns, [c for c in nearest if c.get("cost_source") == "reported"], COST)
    if counted.get("cost_source") is None and "cost_source" not in columns:
        take(columns, nearest, COST)
    for name in CONTENT_COLUMNS:
        if not counted.has(name):
            donor = next((c for c in others if c.has(name)), None)
            if donor is not None:
                columns[name] = donor.filled.get(name, (None, f"span:{donor.id}"))
    return columns


def fill_models(columns: Columns, counted: Call, nearest: list[Call]) -> None:
    """`model` as filled. A span's only name, taken for the request's, is the response's where a duplicate says so."""
    name = counted.get("request_model")
    if name is not None and counted.get("response_model") is None:
        know = [c for c in nearest if c.get("response_model") == name and c.get("request_model") not in (None, name)]
        take(columns, know, ("request_model", "response_model"))
    if "response_model" in columns:
        columns["model"] = columns["response_model"]
    elif "request_model" in columns and counted.get("model") is None:
        columns["model"] = columns["request_model"]


def fill_usage(columns: Columns, counted: Call, nearest: list[Call]) -> None:
    """Usage as one group: a better one where counts differ, a duplicate's where there is none, details where equal."""
    if counted.tokens == (None, None):
        with_cache = [c for c in nearest if c.is_sdk or not any(lacks_cache(c, other) for other in nearest)]
        take(columns, with_cache, USAGE)
        return
    better = None if counted.is_sdk else better_count(counted, nearest)
    if better is not None:
        columns |= {name: (better.get(name), f"span:{better.id}") for name in USAGE if better.get(name) is not None}
        return
    for name in USAGE:
        if counted.get(name) is None:
            equal = [c for c in nearest if c.tokens == counted.tokens or (name in CACHE and lacks_cache(c, counted))]
            take(columns, equal, (name,))


def better_count(counted: Call, nearest: list[Call]) -> Call | None:
    """The duplicate whose counts are right where they differ: the SDK's own, else the one with the cache."""
    sdk = next((c for c in nearest if c.is_sdk and None not in c.tokens), None)
    if sdk is not None:
        return None if sdk.tokens == counted.tokens else sdk
    return max((c for c in nearest if lacks_cache(counted, c)), key=lambda c: c.tokens[0], default=None)


def lacks_cache(call: Call, other: Call) -> bool:
    """Whether the call counts the same as the other, but without the cache or with less of it."""
    return like_tokens(call, other) and (call.tokens[0] or 0) < (other.tokens[0] or 0)


def take(columns: Columns, donors: list[Call], names: tuple[str, ...]) -> None:
    """All of `names` from the first donor that has any of them."""
    donor = next((c for c in donors if any(c.get(name) is not None for name in names)), None)
    if donor is not None:
        columns |= {name: (donor.get(name), f"span:{donor.id}") for name in names if donor.get(name) is not None}
