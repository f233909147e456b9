"""A page of traces of a large file in two steps: which traces, then their rows where they lie (docs/adr/0018).

In one statement the ids of all rows are compared: 4 ms a million rows, 8 where they are not in memory. To choose traces
in a statement of its own takes 6 to 9 ms, to find where they lie 12 in 10 M rows.
"""

import re
from collections.abc import Mapping
from typing import Any

from storage.asking import parameters_of
from storage.trace_rows import Ask, narrowed

LARGE_ROWS = 4_000_000
"""Of 1 M rows one statement is as fast, of 10 M two take two thirds of its time; what is between was not measured."""
RANGES = 4
"""The traces of a page lie everywhere in a part of the file. More ranges spare little of it and cost as much."""
KNOWN_SQL = "\n    SELECT unnest($trace_ids::VARCHAR[]) AS trace_id"

_CHOICE = re.compile(r"(?<=WITH candidate AS MATERIALIZED \().*?(?=\n\),\n)", re.DOTALL)
"""Where `list_traces` chooses."""


def divisible(query: str, bound: Mapping[str, Any]) -> bool:
    """Whether it is a page of traces that are few before their records are known."""
    return query == "list_traces" and bound["page_limit"] is not None


def chosen(ask: Ask, sql: str, bound: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The statement for the traces that this one would choose, and its values."""
    choice = _CHOICE.search(sql)
    assert choice is not None
    trace_ids = [row[0] for row in ask(choice[0], used(choice[0], bound))]
    known, values = narrowed(ask, _CHOICE.sub(lambda _: KNOWN_SQL, sql), trace_ids, ranges=RANGES)
    return known, used(known, {**bound, **values, "trace_ids": trace_ids})


def used(sql: str, bound: Mapping[str, Any]) -> dict[str, Any]:
    """DuckDB takes no value that the statement has no name for."""
    names = parameters_of(sql)
    return {name: value for name, value in bound.items() if name in names}
