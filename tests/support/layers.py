"""Random traces of model calls that several layers tell of, with the truth: how many calls, how many tokens."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from contract.columns import Row
from tests.support.rows import generation_row, span_row

SCOPES = ("framework", "provider", "transport")


@dataclass
class Layered:
    """Rows of one trace, and the calls that were really made."""

    rows: list[Row]
    calls: int
    input_tokens: int
    output_tokens: int


@dataclass
class Layout:
    """What a process has installed: it is the same for each of its calls."""

    scopes: int
    nested: bool
    """Each layer's span is a child of the one before; else all are siblings."""
    with_id: list[bool]
    with_tokens: list[bool]
    """The innermost layer always has them, and siblings are matched by them."""
    late_end: bool
    """The outer layers end later: streaming."""
    cached: bool
    """The prompt is in a cache: the innermost layer says how much of it."""
    with_cache: list[bool]
    """Whose input holds the cache; the innermost layer's always does."""


layouts = st.builds(
    Layout,
    st.integers(1, 3),
    st.booleans(),
    st.lists(st.booleans(), min_size=3, max_size=3),
    st.lists(st.booleans(), min_size=3, max_size=3),
    st.booleans(),
    st.booleans(),
    st.lists(st.booleans(), min_size=3, max_size=3),
)

CACHE = {"cache_read_tokens": 100, "cache_write_tokens": 10}

Call = tuple[int, int, bool, bool, bool]
"""Input tokens, output tokens, whether it failed, whether it runs beside the one before, whether an agent is around."""
calls = st.tuples(st.integers(1, 3), st.integers(1, 3), st.booleans(), st.booleans(), st.booleans())


def layered(layout: Layout, made: list[Call]) -> Layered:
    """The trace: a root, for some calls an agent with a roll-up, for each call its layers."""
    rows, start = [span_row("root", kind="workflow")], 0
    total_in = total_out = 0
    for number, (tokens_in, tokens_out, failed, parallel, has_agent) in enumerate(made):
        start = start if parallel else start + 1_000
        parent = "root"
        if has_agent:
            parent = f"agent{number}"
            rows.append(span_row(parent, "root", kind="agent", start=start, end=start + 900))
        rows += layers(layout, number, parent, start, failed, (tokens_in, tokens_out))
        if not failed:
            cache = sum(CACHE.values()) if layout.cached else 0
            total_in, total_out = total_in + tokens_in + cache, total_out + tokens_out
    return Layered(rows, len(made), total_in, total_out)


def layers(layout: Layout, number: int, parent: str, start: int, failed: bool, tokens: tuple[int, int]) -> list[Row]:
    made = []
    for depth in range(layout.scopes):
        own = f"call{number}.{depth}"
        innermost = depth == layout.scopes - 1
        late = 50 if layout.late_end and not innermost else 0
        columns: dict[str, Any] = {
            "scope_name": SCOPES[depth], "request_model": "m", "status": "error" if failed else "ok",
            "start": start + depth, "end": start + 100 - depth + late,
        }  # fmt: skip
        if not failed:
            if innermost or not layout.nested or layout.with_tokens[depth]:
                columns |= {"input_tokens": tokens[0], "output_tokens": tokens[1]}
                if layout.cached and (innermost or layout.with_cache[depth]):
                    columns["input_tokens"] += sum(CACHE.values())
                    columns |= CACHE if innermost else {}
            if layout.with_id[depth]:
                columns["response_id"] = f"response{number}"
        made.append(generation_row(own, parent, **columns))
        parent = own if layout.nested else parent
    return made
