"""Measures, groups and facets as SQL: every expression stands in a table here, names of attributes are bound."""

from collections.abc import Sequence
from typing import Any

from contract.reading import ATTRIBUTE, GROUPS, MEASURES, SPAN_FIELDS, SPREAD_FIELDS, SUMS
from storage.conditions import Compiled, attribute_text, expression

COUNTED = {
    "trace_count": "count(DISTINCT trace_id)",
    "span_count": "count(*) FILTER (shown)",
    "generation_count": "count(*) FILTER (is_generation)",
    "error_count": "count(*) FILTER (shown AND status = 'error')",
}

SUM = "CASE WHEN count(*) FILTER (counted) = 0 THEN 0 ELSE {0} END"
SUM_OF = {"int": "TRY_CAST(sum({0}) FILTER (counted) AS BIGINT)", "float": "sum({0}) FILTER (counted)"}
"""0 where there was no call; null where there were calls and none of them says it, or beyond 64 bits."""

SPREAD = {
    "avg": "avg({0}) FILTER (duplicate_of IS NULL)",
    "p50": "quantile_cont({0}, 0.5) FILTER (duplicate_of IS NULL)",
    "p90": "quantile_cont({0}, 0.9) FILTER (duplicate_of IS NULL)",
    "p95": "quantile_cont({0}, 0.95) FILTER (duplicate_of IS NULL)",
    "p99": "quantile_cont({0}, 0.99) FILTER (duplicate_of IS NULL)",
}

SPREAD_OF = {
    "duration_ms": f"CASE WHEN contains(raw_rest, '\"start_ns\":0') THEN NULL ELSE {expression('duration_ms')} END",
    "time_to_first_token_ms": "time_to_first_token_ms",
}
"""A start that nobody sent gives no duration (`translator/translate.py` keeps that it was 0)."""

MEASURE_SQL = {
    **COUNTED,
    **{name: SUM.format(SUM_OF[SPAN_FIELDS[name]].format(name)) for name in SUMS},
    **{f"{spread}({name})": sql.format(SPREAD_OF[name]) for name in SPREAD_FIELDS for spread, sql in SPREAD.items()},
}

ELEMENTS = "unnest(CASE WHEN len({0}) > 0 THEN {0} ELSE [NULL] END)"
"""A span with two tags is in both groups, one without in the group null."""

SHAPE = ("measures", "groups", "field", "order")
"""Parameters that say which columns a query has, and are bound to nothing."""


def add_shape(compiled: Compiled, shape: dict[str, Any]) -> None:
    """The columns of `metrics` (`measures`, `groups`) or `facet` (`field`). KeyError for unknown ones."""
    if "field" in shape:
        compiled.set_list("value", [f"{group_expression(compiled, shape['field'])} AS value"])
    if "measures" in shape:
        measures = [MEASURE_SQL[name] for name in shape["measures"]]
        compiled.set_list("measures", numbered("measure", measures))
        add_groups(compiled, shape.get("groups", ()))


def add_groups(compiled: Compiled, groups: Sequence[str]) -> None:
    if groups:
        compiled.set_list("groups", numbered("group", [group_expression(compiled, name) for name in groups]))
        compiled.set_list("names", [f"group_{place}" for place in range(len(groups))])


def numbered(name: str, expressions: Sequence[str]) -> list[str]:
    return [f"{sql} AS {name}_{place}" for place, sql in enumerate(expressions)]


def group_expression(compiled: Compiled, field: str) -> str:
    """What a group or facet is made of; of a list each element."""
    if field.startswith(ATTRIBUTE):
        return attribute_text(compiled, field)
    if field not in GROUPS:
        raise KeyError(field)
    sql = expression(field)
    return ELEMENTS.format(sql) if SPAN_FIELDS[field] == "list" else sql


if MEASURE_SQL.keys() != set(MEASURES):
    raise RuntimeError(f"storage and contract.reading.MEASURES differ: {MEASURE_SQL.keys() ^ set(MEASURES)}")
