"""Parts of spans that do not say which trace they belong to, brought to the trace that another part names.

An event of the Langfuse API may name an observation only; it arrives as a trace of its own, whose id is the span's
(`trace_id` equal to `span_id`; ids of OTLP have two lengths). Identity there is (project, observation id): product.md
section 6. Whichever part comes first, they end in one row.
"""

from collections.abc import Callable, Collection

import duckdb

from contract.columns import Row, S
from contract.settling import TraceKey
from contract.span import TRACE_SPAN_ID
from storage.lookback import SpanKey, keys_stage, stored_rows

Copies = dict[SpanKey, list[Row]]
Known = Callable[[TraceKey], bool]
"""Whether the store may have a trace; never a false no."""

HOMES_SQL = """
SELECT t.project, t.span_id, min(t.trace_id)
FROM span t JOIN stage k ON t.project = k.project AND t.span_id = k.span_id
WHERE t.trace_id <> t.span_id
GROUP BY ALL
"""
"""A scan of all span ids: there is no index. Asked for parts without a trace only, which SDKs do not send."""


def is_homeless(key: SpanKey) -> bool:
    return key[1] == key[2]


def bring_home(connection: duckdb.DuckDBPyConnection, copies: Copies, known: Known) -> list[SpanKey]:
    """Change `copies` so that every part stands where its span is.

    Returns the stored spans that have moved: their content is in `copies`, their rows are to be deleted.
    """
    residents = residents_of(copies)
    homeless = [key for key in copies if is_homeless(key)]
    homes = residents | stored_homes(connection, [key for key in homeless if (key[0], key[2]) not in residents])
    for key in homeless:
        if (home := homes.get((key[0], key[2]))) is not None:
            move(copies, home, copies.pop(key))
    waiting = [(*owner, owner[1]) for owner in residents if known(owner)]
    stored = stored_rows(connection, waiting)
    for key, row in stored.items():
        move(copies, residents[key[0], key[2]], [row])
    return list(stored)


def residents_of(copies: Copies) -> dict[tuple[str, str], SpanKey]:
    """(project, span id) -> where the span is, of the parts that name a trace; the first of several traces."""
    found: dict[tuple[str, str], SpanKey] = {}
    for key in sorted(copies, reverse=True):
        if not is_homeless(key) and key[2] != TRACE_SPAN_ID and any(row[S.copies] for row in copies[key]):
            found[key[0], key[2]] = key
    return found


def stored_homes(
    connection: duckdb.DuckDBPyConnection, homeless: Collection[SpanKey]
) -> dict[tuple[str, str], SpanKey]:
    if not homeless:
        return {}
    return {
        (project, span_id): (project, trace_id, span_id)
        for project, span_id, trace_id in keys_stage(connection, homeless, HOMES_SQL)
    }


def move(copies: Copies, home: SpanKey, rows: list[Row]) -> None:
    for row in rows:
        row[S.trace_id] = home[1]
    copies.setdefault(home, []).extend(rows)
