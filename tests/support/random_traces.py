"""Rows of traces that say whatever a row may say, for tests that two ways to add them up agree."""

import random
from typing import Any

from contract.span import TRACE_SPAN_ID
from tests.support.stored import START_NS, span, span_id, trace_id

TRACES = 12


def random_span(rng: random.Random, number: int) -> dict[str, Any]:
    def some(*values: Any) -> Any:
        return rng.choice(values)

    return span(
        number,
        trace=number % TRACES,
        at_ms=rng.randrange(20),
        parent_span_id=some(None, "p", "p", "p"),
        kind=some("generation", "embedding", "agent"),
        name=some("", f"n{number}"),
        duplicate_of=some(None, None, span_id(1)),
        synthetic=some(None, True),
        status=some("ok", "error", "unset", "unset"),
        end_time=some(None, START_NS + number),
        input=some(None, "in " * 200, f"in {number}"),
        output=some(None, "", f"out {number}"),
        model=some(None, "a", "ä", "B"),
        **{name: some(None, number) for name in ("input_tokens", "output_tokens", "cache_read_tokens")},
        total_tokens=some(None, number, 2**63 - 1),
        total_cost=some(None, 0.1, 0.2, 1e-7),
        session_id=some(None, f"s{number}"),
        user_id=some(None, "", "u"),
        environment=some(None, "prod"),
        trace_name=some(None, None, "", f"t{number}"),
        tags=some(None, [], ["x"], [f"y{number}", "x"], [1, None, True], "no json", '["\\ud800"]'),
        metadata=some(None, {"k": number}, {"a/b~": None, "k": {"n": number}}, {}, "no json"),
        raw_rest=some(None, {"start_ns": 0}, {"public": True}),
    )


def said_of_the_trace(rng: random.Random, number: int) -> dict[str, Any]:
    """As `translator/revisions.py` makes it."""
    made = random_span(rng, number) | {"span_id": TRACE_SPAN_ID, "duplicate_of": TRACE_SPAN_ID, "synthetic": True}
    return made | {"kind": "trace", "trace_id": trace_id(number)}


def random_rows(rng: random.Random) -> list[dict[str, Any]]:
    """In no order, of `TRACES` traces, of which every second one was told of by itself too."""
    rows = [random_span(rng, number) for number in range(1, 80)]
    rows += [said_of_the_trace(rng, number) for number in range(0, TRACES, 2)]
    rng.shuffle(rows)
    return rows
