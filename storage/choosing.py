"""A page of traces in two statements: which traces, then what they are.

Where the rows of the chosen traces lie is looked up in between (`storage/trace_rows.py`); one statement has to look at
the ids of all rows for that. Each is planned for its half, so that two cost no more than one.
"""

import re
from collections.abc import Mapping
from typing import Any

from storage.trace_rows import Ask, narrowed

CHOICE = re.compile(r"^WITH candidate AS MATERIALIZED \(\n(.*?)\n\),$", re.DOTALL | re.MULTILINE)
"""The part of `list_traces.sql` that chooses traces."""
CHOSEN = "WITH candidate AS MATERIALIZED (SELECT unnest($chosen::VARCHAR[]) AS trace_id),"

_PARAMETER = re.compile(r"(?<![\w'])\$([a-z]\w*)")
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)


def declared(sql: str) -> frozenset[str]:
    """The names of the values that a statement binds."""
    return frozenset(_PARAMETER.findall(_COMMENT.sub("", sql)))


def ask_in_turn(ask: Ask, sql: str, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The statement and the values that give the records of the traces which the first part of `sql` chooses."""
    [choice] = CHOICE.findall(sql)
    chosen = [trace_id for trace_id, _ in ask(choice, only(values, choice))]
    rest = narrowed(ask, CHOICE.sub(lambda _: CHOSEN, sql), chosen)
    return rest, only({**values, "chosen": chosen}, rest)


def only(values: Mapping[str, Any], sql: str) -> dict[str, Any]:
    """Those that the statement binds: DuckDB refuses others."""
    names = declared(sql)
    return {name: value for name, value in values.items() if name in names}
