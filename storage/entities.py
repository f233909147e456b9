"""Measures over traces and spans as SQL (`contract/entities.py`): every expression stands in a table here.

Names come from the tables of the contract, values and keys of metadata are bound.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contract.entities import (
    ENTITY_OPERATORS,
    METADATA,
    OF_SPANS,
    OF_TRACES,
    PERCENTILES,
    SPAN_IDS_AT_MOST,
    VALUES,
    Measure,
    Order,
)
from contract.reading import Condition
from storage.conditions import (
    POSITIVE,
    SAID_BY_A_SPAN,
    Compiled,
    compare,
    compare_field,
    pointer,
    said_by_a_span,
    some_span,
)

COSTS = ("input_cost", "output_cost", "total_cost")

MONTH = "strftime(start_time, '%Y-%m')"
ENVIRONMENT = "coalesce(environment, 'default')"

SCORED = """(
    SELECT count(*) FROM (SELECT trace_id AS scored_trace, span_id AS scored_span FROM score WHERE project = $project)
    WHERE {0}
)"""

SPENT = "CASE WHEN is_counted THEN {0} ELSE 0 END"
"""A trace without a call has spent nothing; one whose calls say nothing has spent what is not known."""

TRACE_SQL = {
    "environment": ENVIRONMENT,
    "month": MONTH,
    "level": "coalesce(level, 'DEFAULT')",
    "rows": "1",
    "bookmarked": "false",
    "score_count": SCORED.format("scored_trace = trace_id"),
    "span_ids": f"coalesce(span_ids[:{SPAN_IDS_AT_MOST}], [])",
    **{name: SPENT.format(name) for name in ("input_tokens", "output_tokens", *COSTS)},
    "total_tokens": SPENT.format("coalesce(total_tokens, input_tokens + output_tokens)"),
}

CALLS = "CASE WHEN is_call THEN {0} END"
PER_SECOND = CALLS.format("{0} * 1e9 / nullif(epoch_ns(end_time) - epoch_ns(start_time), 0)")

SPAN_SQL = {
    "environment": ENVIRONMENT,
    "month": MONTH,
    "level": "coalesce(level, 'DEFAULT')",
    "rows": "1",
    "score_count": SCORED.format("scored_trace = trace_id AND scored_span = span_id"),
    "is_root": "parent_span_id IS NULL",
    "streaming_ms": "(epoch_ns(end_time) - epoch_ns(start_time)) / 1e6 - time_to_first_token_ms",
    **{name: CALLS.format(name) for name in ("model", "input_tokens", "output_tokens", *COSTS)},
    "total_tokens": CALLS.format("coalesce(total_tokens, input_tokens + output_tokens)"),
    "output_tokens_per_second": PER_SECOND.format("output_tokens"),
    "total_tokens_per_second": PER_SECOND.format("total_tokens"),
}

SCORE_SQL = {
    "environment": ENVIRONMENT,
    "month": MONTH,
    "day": "strftime(start_time, '%Y-%m-%d')",
    "rows": "1",
    "is_true": "CASE WHEN data_type = 'BOOLEAN' THEN value = 1 END",
}

EXPRESSIONS = {"measure_traces": TRACE_SQL, "measure_spans": SPAN_SQL, "measure_scores": SCORE_SQL}
"""Query -> values whose expression is not the column of the same name."""

METADATA_MAPS = {"measure_traces": "metadata", "measure_spans": "[metadata]", "measure_scores": "[metadata]"}
"""The maps of the metadata, the one that goes before the others first."""

SPOKEN_OF = frozenset({"input_tokens", "output_tokens", "total_tokens", *COSTS})
"""A sum of these is 0 where there was no call, and null where there were calls and none says it."""

AGGREGATION_SQL = {
    "sum": "sum({0})",
    "avg": "avg({0})",
    "count": "count({0})",
    "max": "max({0})",
    "min": "min({0})",
    "uniq": "count(DISTINCT {0})",
    "histogram": "list({0}) FILTER ({0} IS NOT NULL)",
    **{name: f"quantile_cont({{0}}, {share})" for name, share in PERCENTILES.items()},
}
SUM_OF_CALLS = "CASE WHEN count(*) FILTER (is_counted) = 0 THEN 0 ELSE sum({0}) END"

HISTOGRAM = """
CASE
    WHEN list_max({0}) > list_min({0}) THEN list_filter(
        list_transform(range({1}), lambda i: [
            list_min({0}) + i * ((list_max({0}) - list_min({0})) / {1}),
            list_min({0}) + (i + 1) * ((list_max({0}) - list_min({0})) / {1}),
            len(list_filter(
                list_transform(
                    {0}, lambda v: least(floor((v - list_min({0})) / ((list_max({0}) - list_min({0})) / {1})), {1} - 1)
                ),
                lambda b: b = i
            ))
        ]),
        lambda bin: bin[3] > 0
    )
    WHEN len({0}) > 0 THEN [[list_min({0}), list_max({0}), len({0})]]
    ELSE []
END
"""
"""Bins of one width from the least to the greatest value, those that hold something: lower end, upper end, height."""

FOUND_BY_SPANS = SAID_BY_A_SPAN.keys() - {"environment"}
"""Values of a trace that some span says; the environment `default` is said by none."""

NEGATIVE = {"none_of": "any_of", "not_contains": "contains"}
ENDS = {"starts_with": "starts_with({0}, {1})", "ends_with": "ends_with({0}, {1})"}


def compile_measures(query: str, conditions: Iterable[Condition], shape: Mapping[str, Any]) -> Compiled:
    """What a question to `measure_traces` or `measure_spans` becomes: `groups`, `measures`, `order`, conditions."""
    compiled = Compiled()
    for condition in conditions:
        add_entity_condition(compiled, query, condition)
    add_measures(compiled, query, shape.get("groups", ()), shape.get("measures", ()), shape.get("order", ()))
    return compiled


def expression(query: str, value: str) -> str:
    """KeyError for a value that the query does not have. Times are integer ns."""
    kind = VALUES[query][value]
    sql = EXPRESSIONS[query].get(value, value)
    return f"epoch_ns({sql})" if kind == "time" else sql


def add_measures(
    compiled: Compiled, query: str, groups: Sequence[str], measures: Sequence[Measure], order: Sequence[Order]
) -> None:
    """The columns of a question. Without measures each trace or span is a row of its own."""
    if groups:
        compiled.set_list("groups", (f"{expression(query, name)} AS group_{n}" for n, name in enumerate(groups)))
        compiled.set_list("names", (f"group_{n}" for n in range(len(groups))))
    if measures:
        compiled.set_list("measures", (f"{aggregation(query, m)} AS measure_{n}" for n, m in enumerate(measures)))
        compiled.set_list("shown", (shown(f"measure_{n}", m) for n, m in enumerate(measures)))
    else:
        compiled.set_list("measures", ["NULL AS measure_0"])
        compiled.set_list("grouping", ["WHERE true"])
    values = {*groups, *(measure.value for measure in measures)}
    compiled.reads_traces |= any(is_of_trace(query, value) for value in values)
    compiled.set_list("order", [*map(ordered, order), "bucket_ns", *(f"group_{n}" for n in range(len(groups)))])


def is_of_trace(query: str, value: str) -> bool:
    """Whether spans have to be looked at for it that the question is not about."""
    return value in OF_TRACES or (query == "measure_scores" and value in OF_SPANS)


def aggregation(query: str, measure: Measure) -> str:
    sql = SUM_OF_CALLS if measure.aggregation == "sum" and measure.value in SPOKEN_OF else None
    return (sql or AGGREGATION_SQL[measure.aggregation]).format(f"({expression(query, measure.value)})")


def shown(column: str, measure: Measure) -> str:
    if measure.aggregation != "histogram":
        return column
    return f"{HISTOGRAM.format(column, int(measure.bins))} AS {column}"


def ordered(order: Order) -> str:
    column = "bucket_ns" if order.kind == "time" else f"{order.kind}_{order.place:d}"
    return f"{column} {'DESC' if order.descending else 'ASC'} NULLS LAST"


def add_entity_condition(compiled: Compiled, query: str, condition: Condition) -> None:
    """KeyError or ValueError for a value or operator that there is not."""
    if condition.field.startswith(METADATA):
        compiled.add("entity", metadata_condition(compiled, query, condition))
        return
    kind = VALUES[query][condition.field]
    if condition.op not in ENTITY_OPERATORS[kind] or not condition.values:
        raise ValueError(f"{condition.op} cannot be asked of {condition.field}")
    sql = EXPRESSIONS[query].get(condition.field, condition.field)
    compiled.reads_traces |= is_of_trace(query, condition.field)
    compiled.add("entity", entity_condition(compiled, kind, f"({sql})", condition))
    if query == "measure_traces" and condition.op in POSITIVE:
        add_short_way(compiled, condition)


def add_short_way(compiled: Compiled, condition: Condition) -> None:
    """Few traces are found by what their spans say, before any is looked at whole."""
    if condition.field == "trace_id":
        compiled.add("candidate", compare_field(compiled, condition))
    elif condition.field in FOUND_BY_SPANS:
        compiled.add("candidate", some_span(said_by_a_span(compiled, condition)))


def metadata_condition(compiled: Compiled, query: str, condition: Condition) -> str:
    """A key's value as text, compared as a number where it is asked for one."""
    key = compiled.bind(pointer(condition.field.removeprefix(METADATA)))
    texts = f"list_transform({METADATA_MAPS[query]}, lambda m: json_extract_string(m, {key}))"
    text = f"list_filter({texts}, lambda t: t IS NOT NULL)[1]"
    value = condition.values[0]
    if condition.op == "exists" or isinstance(value, str):
        return entity_condition(compiled, "text", text, condition)
    if isinstance(value, bool):
        asked = Condition(condition.field, condition.op, ("true" if value else "false",))
        return entity_condition(compiled, "text", text, asked)
    return entity_condition(compiled, "float", f"TRY_CAST({text} AS DOUBLE)", condition)


def entity_condition(compiled: Compiled, kind: str, sql: str, condition: Condition) -> str:
    op = condition.op
    if op in NEGATIVE:
        positive = Condition(condition.field, NEGATIVE[op], condition.values)
        return f"({entity_condition(compiled, kind, sql, positive)}) IS NOT TRUE"
    if op in ENDS:
        return ENDS[op].format(sql, compiled.bind(condition.values[0]))
    if op == "all_of":
        values = ", ".join(compiled.bind(value) for value in condition.values)
        return f"list_has_all({sql}, [{values}])"
    return compare(compiled, kind, sql, condition)
