"""Which calls of different traces are one: an application and a gateway that both export, two layers without a parent.

Where no context is passed on, the provider's response id is all that two traces share. Two calls are one if their ids
are equal, they are of different traces and of different scopes or services, they overlap in time, their model names
share one and no token count that both know differs. An id that comes again later, or twice from one scope and service,
is an answer from a cache, or a stand-in's: a call of its own. A pure function of the calls.
"""

from collections.abc import Sequence
from itertools import combinations

from contract.settling import CallKey, Told
from translator.call import plain_model


def match(calls: Sequence[Told]) -> dict[CallKey, CallKey]:
    """See contract/settling.py `Match`. The nearest in time belong together; one of each scope and service."""
    repeats: dict[CallKey, CallKey] = {}
    for group in groups(calls):
        counted, *others = sorted(group, key=rank)
        repeats |= {other.key: counted.key for other in others}
    return repeats


def groups(calls: Sequence[Told]) -> list[list[Told]]:
    """Calls that are one, of which every two may be."""
    group = {call.key: [call] for call in calls}
    near = [(distance(a, b), min(a.key, b.key), max(a.key, b.key)) for a, b in combinations(calls, 2) if alike(a, b)]
    for _, low, high in sorted(near):
        first, second = group[low], group[high]
        if first is not second and all(alike(a, b) for a in first for b in second):
            first.extend(second)
            group |= {call.key: first for call in second}
    return [found for found in {id(each): each for each in group.values()}.values() if len(found) > 1]


def alike(a: Told, b: Told) -> bool:
    """May be one call, given that their response ids are equal."""
    return (
        a.kind == b.kind
        and a.trace_id != b.trace_id
        and (a.scope_name, a.service_name) != (b.scope_name, b.service_name)
        and overlap(a, b)
        and agree(a.input_tokens, b.input_tokens)
        and agree(a.output_tokens, b.output_tokens)
        and (not models(a) or not models(b) or bool(models(a) & models(b)))
    )


def agree(a: int | None, b: int | None) -> bool:
    return a is None or b is None or a == b


def models(call: Told) -> set[str]:
    return {plain_model(name) for name in (call.request_model, call.response_model, call.model) if name}


def overlap(a: Told, b: Told) -> bool:
    """The inner layer lies within the outer, if not on clocks that differ by more than the call took."""
    return a.start_time <= (b.end_time or b.start_time) and b.start_time <= (a.end_time or a.start_time)


def distance(a: Told, b: Told) -> int:
    return abs(a.start_time - b.start_time)


def rank(call: Told) -> tuple[bool, bool, int, int, CallKey]:
    """The first is counted: one that knows its tokens, then one that only log records tell of (it is not shown when it
    repeats another), then the one with the most content, then the outermost, which starts first."""
    without_usage = call.input_tokens is None and call.output_tokens is None
    return without_usage, not call.synthetic, -call.contents, call.start_time, call.key
