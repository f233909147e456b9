"""Conditions to SQL: fields from fixed tables, values only ever as bound parameters.

What a condition means is the same for every question; where it is asked differs: of a row, or (for traces) of the
record that rolls the trace up, or of some span of the trace.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from contract.reading import (
    ATTRIBUTE,
    FIELDS,
    OPERATORS,
    SESSION_RECORD_FIELDS,
    SOME_SPAN,
    SPAN_FIELDS,
    TEXT_SEARCH,
    TRACE_RECORD_FIELDS,
    USER_RECORD_FIELDS,
    Condition,
    Value,
)
from storage.contents import TEXT_IDS_SQL, recipes_sql
from storage.text_search import mark

COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}

JSON_LIST = "TRY_CAST(TRY_CAST({0} AS JSON) AS VARCHAR[])"
ROW_EXPRESSIONS = {
    "duration_ms": "((epoch_ns(end_time) - epoch_ns(start_time)) / 1e6)",
    "tags": JSON_LIST.format("tags"),
    "finish_reasons": JSON_LIST.format("finish_reasons"),
}
"""Fields whose row expression is not the column of the same name."""

SEARCHED = {
    **dict.fromkeys(("list_spans", "metrics", "facet"), ("name", "input", "output")),
    **dict.fromkeys(("list_traces", "list_sessions", "list_users"), ("name", "trace_name", "input", "output")),
    "list_logs": ("event_name", "raw_body"),
    "list_metric_points": ("name", "description"),
    "list_scores": ("name", "string_value", "comment"),
}
"""What `q` searches (product.md section 6)."""

SAID_BY_A_SPAN = {
    "name": ("name", "trace_name"),
    "service_name": ("service_name",),
    "session_id": ("session_id",),
    "user_id": ("user_id",),
    "environment": ("environment",),
    "release": ("release",),
    "version": ("version",),
    "tags": ("tags",),
    "models": ("model",),
}
"""Record field -> span columns it is taken from: a record can only satisfy a positive condition if some span does.

Asking the spans first spares rolling up every trace: the traces of one session among 1 M spans take 340 ms this way; a
condition on a trace's sums, which no span can say, rolls all of them up and takes 5 s.
"""

POSITIVE = frozenset({"eq", "contains", "any_of", "gt", "gte", "lt", "lte"})


class Compiled:
    """SQL of a question's conditions by place (`span`, `candidate`, `record`, ...), and the values they bind."""

    def __init__(self) -> None:
        self.parameters: dict[str, Value] = {}
        self._parts: dict[str, list[str]] = {}
        self._lists: dict[str, str] = {}
        self.reads_texts = False
        """A condition has to unpack long texts: 2 µs a row, a hundred times what others cost."""
        self.reads_traces = False
        """Spans are asked for what only their whole traces can tell."""
        self.terms: list[list[str]] = []
        """The forms of each term that is searched for (`storage.text_search.Search`)."""

    def bind(self, value: Value) -> str:
        """The placeholder that stands for this value."""
        name = f"c{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"

    def add(self, place: str, sql: str) -> None:
        self._parts.setdefault(place, []).append(sql)

    def sql(self, place: str) -> str:
        """All of a place's conditions as one expression; `true` where there are none."""
        return " AND ".join(f"({part})" for part in self._parts.get(place, [])) or "true"

    def has(self, place: str) -> bool:
        return place in self._parts

    def places(self) -> frozenset[str]:
        """Where there are conditions."""
        return frozenset(self._parts)

    def set_list(self, place: str, expressions: Iterable[str]) -> None:
        """The columns that stand in that place of a SELECT, instead of those in the file."""
        self._lists[place] = ", ".join(expressions)

    def listed(self, place: str) -> str | None:
        return self._lists.get(place)


PLACES = {
    "list_spans": "span",
    "metrics": "span",
    "facet": "span",
    "list_logs": "log",
    "list_metric_points": "metric",
    "list_scores": "score",
}

OWN_TABLES = ("list_logs", "list_metric_points", "list_scores")
"""Every other query asks the rows of `span`."""

INDEXED = {**{query: "span" for query in SEARCHED if query not in OWN_TABLES}, "list_logs": "log_record"}
"""Query -> the table in whose texts it searches, where the index of words has them."""

ROLL_UPS = {
    "list_sessions": ("session_id", SESSION_RECORD_FIELDS),
    "list_users": ("user_id", USER_RECORD_FIELDS),
}
"""Query -> the span column that names what is rolled up, and the fields of its record."""


def compile_conditions(query: str, conditions: Iterable[Condition]) -> Compiled:
    """What the conditions become in that query. KeyError or ValueError for a field or operator it does not have."""
    compiled = Compiled()
    for condition in conditions:
        check(query, condition)
        if query == "list_traces":
            add_trace_condition(compiled, condition)
        elif query in ROLL_UPS:
            add_roll_up_condition(compiled, query, condition)
        else:
            compiled.add(PLACES[query], row_condition(compiled, query, condition))
    return compiled


def check(query: str, condition: Condition) -> None:
    allowed = OPERATORS[type_of(FIELDS[query], condition.field)]
    if condition.op not in allowed or not condition.values:
        raise ValueError(f"{condition.op} cannot be asked of {condition.field}")


def type_of(fields: Mapping[str, str], field: str) -> str:
    """The type that decides which operators a field has. KeyError for a field that is not in the table."""
    if field.startswith(ATTRIBUTE):
        return "attribute"
    field = field.removeprefix(SOME_SPAN)
    return "text" if field == TEXT_SEARCH else fields[field]


def add_trace_condition(compiled: Compiled, condition: Condition) -> None:
    """Of the record where it has the field, else of some span (`exists=false`: of no span)."""
    field = condition.field
    if field.startswith(SOME_SPAN):
        condition = Condition(field.removeprefix(SOME_SPAN), condition.op, condition.values)
    if field not in TRACE_RECORD_FIELDS:
        absent = condition.op == "exists" and not condition.values[0]
        asked = Condition(condition.field, "exists", (True,)) if absent else condition
        some = some_span(row_condition(compiled, "list_traces", asked))
        compiled.add("candidate", f"NOT {some}" if absent else some)
        return
    compiled.add("record", compare(compiled, TRACE_RECORD_FIELDS[field], field, condition))
    if condition.op in POSITIVE and field in SAID_BY_A_SPAN:
        compiled.add("candidate", some_span(said_by_a_span(compiled, condition)))


def add_roll_up_condition(compiled: Compiled, query: str, condition: Condition) -> None:
    """Of the id itself, of the roll-up where it has the field, else of some span of its traces in the range."""
    column, record_fields = ROLL_UPS[query]
    if condition.field == column:
        compiled.add("candidate", compare_field(compiled, condition))
    elif condition.field in record_fields:
        compiled.add("record", compare(compiled, record_fields[condition.field], condition.field, condition))
    else:
        absent = condition.op == "exists" and not condition.values[0]
        asked = Condition(condition.field, "exists", (True,)) if absent else condition
        traces = some_span(f"{UNTIL} AND ({row_condition(compiled, query, asked)})")
        named = f"project = $project AND {column} IS NOT NULL AND {IN_RANGE} AND {UNTIL} AND {traces}"
        some = f"{column} IN (SELECT {column} FROM span WHERE {named})"
        compiled.add("candidate", f"NOT {some}" if absent else some)


def said_by_a_span(compiled: Compiled, condition: Condition) -> str:
    columns = SAID_BY_A_SPAN[condition.field]
    asked = (Condition(column, condition.op, condition.values) for column in columns)
    return " OR ".join(compare_field(compiled, each) for each in asked)


IN_RANGE = "($from_ns IS NULL OR start_time >= make_timestamp_ns($from_ns))"
UNTIL = "($to_ns IS NULL OR start_time < make_timestamp_ns($to_ns))"
"""Spans that are looked at for sessions and users; a trace has all of its spans, however late."""


def some_span(sql: str) -> str:
    """Traces with such a span. Those that are asked for have no span before `$from_ns`, so that none is looked for."""
    return f"trace_id IN (SELECT trace_id FROM span WHERE project = $project AND {IN_RANGE} AND ({sql}))"


def row_condition(compiled: Compiled, query: str, condition: Condition) -> str:
    """A condition on one row: text search, an attribute as sent, or a column."""
    if condition.field == TEXT_SEARCH:
        hand_on(compiled)
        return found_in(compiled, SEARCHED[query], str(condition.values[0]))
    if condition.field.startswith(ATTRIBUTE):
        return attribute_condition(compiled, attribute_text(compiled, condition.field), condition)
    fields = FIELDS[query] if query in OWN_TABLES else SPAN_FIELDS
    return compare(compiled, fields[condition.field], expression(condition.field), condition)


TEXT = "CASE $io WHEN 'full' THEN {0} WHEN 'preview' THEN left({0}, 301) END AS found_{0}"


def hand_on(compiled: Compiled) -> None:
    """What a search has read is shown as it was read, where the query can do that (`list_spans`)."""
    compiled.set_list("found", [TEXT.format(column) for column in ("input", "output")])
    for column in ("input", "output"):
        compiled.set_list(column, [f"found_{column} AS {column}"])


def found_in(compiled: Compiled, columns: Iterable[str], term: str) -> str:
    """The term in one of the columns, in any case of letters, also where JSON has escaped it.

    What the index of words knows to be without the term is left out where the mark stands.
    """
    compiled.reads_texts = True
    forms = written_forms(term)
    compiled.terms.append(forms)
    tests = [form_test(compiled, form) for form in forms]
    known = mark(len(compiled.terms) - 1)
    in_row = [test.format(column) for column in columns for test in tests]
    long = [column for column in columns if column in LIE_APART]
    apart = [found_apart(long, [test.format("text") for test in tests], known)] if long else []
    return f"{known} AND ({' OR '.join([*in_row, *apart])})"


LIE_APART = {
    "input": ("span", "start_time"),
    "output": ("span", "start_time"),
    "raw_body": ("log_record", "time"),
}
"""Columns that are searched and may have but the beginning of their text -> their table, and its time."""


def found_apart(columns: Sequence[str], tests: Sequence[str], known: str) -> str:
    """A piece of these columns' texts passes a test: all pieces are asked, then joined with the rows."""
    table, time = LIE_APART[columns[0]]
    return f"""rowid IN (
        SELECT DISTINCT row_id FROM (
            SELECT rowid AS row_id, {TEXT_IDS_SQL.format(recipes_sql(columns))} AS content_id
            FROM {table}
            WHERE project = $project AND apart IS NOT NULL AND {IN_RANGE.replace("start_time", time)} AND {known}
        ) JOIN (
            SELECT content_id FROM content WHERE project = $project AND NOT media AND ({" OR ".join(tests)})
        ) USING (content_id)
    )"""


def written_forms(term: str) -> list[str]:
    """How a term may stand in a text: as it is, and as JSON writes it, with or without other than ASCII characters."""
    forms = [term, *(json.dumps(term, ensure_ascii=ascii_only)[1:-1] for ascii_only in (False, True))]
    if not term.isascii():  # the escapes of great and small letters differ by more than case
        forms += [json.dumps(each)[1:-1] for each in (term.lower(), term.upper())]
    return list(dict.fromkeys(forms))


def form_test(compiled: Compiled, form: str) -> str:
    """SQL, with a place for the text, that holds where that has the form in any case of letters.

    2,048 texts of 1.2 kB: 1.8 ms to unpack, 0.9 for `regexp_matches` with the flag `i`, 0.2 to 0.6 for `contains`, 3.0
    for `contains(lower(...))`. So what has no letters needs `contains` only, and where a part of the form has none,
    such as the digits of a number, the rest is asked of those texts that have that.
    """
    part = caseless_part(form)
    has_part = f"contains({{0}}, {compiled.bind(part)})" if part == form or len(part) >= CASELESS_PART else "true"
    if part == form:
        return has_part
    return f"({has_part} AND regexp_matches({{0}}, regexp_escape({compiled.bind(form)}), 'i'))"


CASELESS_PART = 2
"""Characters at least: one alone, such as a space, is in most texts."""


def caseless_part(text: str) -> str:
    """The longest run of characters that are the same in great and small."""
    runs = ("".join(run) for is_caseless, run in groupby(text, lambda c: c.lower() == c.upper()) if is_caseless)
    return max(runs, key=len, default="")


def attribute_text(compiled: Compiled, field: str) -> str:
    """The attribute that `attr.KEY` names, as text."""
    compiled.reads_texts = True
    key = compiled.bind(pointer(field.removeprefix(ATTRIBUTE)))
    return f"json_extract_string(raw_attributes, {key})"


def pointer(key: str) -> str:
    """The JSON pointer (RFC 6901) of an attribute; any key, dots and quotes included."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def compare_field(compiled: Compiled, condition: Condition) -> str:
    return compare(compiled, SPAN_FIELDS[condition.field], expression(condition.field), condition)


def expression(field: str) -> str:
    return ROW_EXPRESSIONS.get(field, field)


def compare(compiled: Compiled, kind: str, sql: str, condition: Condition) -> str:
    """One comparison; `ne` holds for null too, `contains` ignores case."""
    if condition.op == "exists":
        return f"{sql} IS {'NOT ' if condition.values[0] else ''}NULL"
    values = [placeholder(compiled, kind, value) for value in condition.values]
    if kind == "list":
        return compare_list(sql, condition.op, values)
    if condition.op == "any_of":
        return f"{sql} IN ({', '.join(values)})"
    if condition.op == "contains":
        return f"contains(lower({sql}), lower({values[0]}))"
    if condition.op == "ne":
        return f"{sql} IS DISTINCT FROM {values[0]}"
    return f"{sql} {COMPARISONS.get(condition.op, '=')} {values[0]}"


def placeholder(compiled: Compiled, kind: str, value: Value) -> str:
    bound = compiled.bind(value)
    return f"make_timestamp_ns({bound})" if kind == "time" else bound


def compare_list(sql: str, op: str, values: list[str]) -> str:
    if op == "contains":
        return f"len(list_filter({sql}, lambda item: contains(lower(item), lower({values[0]})))) > 0"
    hit = f"list_has_any({sql}, [{', '.join(values)}])"
    return f"{hit} IS NOT TRUE" if op == "ne" else hit


def attribute_condition(compiled: Compiled, sql: str, condition: Condition) -> str:
    """An attribute is compared as text, and as a number where the value asked for is one: `5` finds 5, 5.0 and "5"."""
    number = as_number(condition.values[0])
    if number is not None and condition.op in {*COMPARISONS, "eq", "ne"}:
        asked = Condition(condition.field, "eq" if condition.op == "ne" else condition.op, (number,))
        hit = compare(compiled, "float", f"TRY_CAST({sql} AS DOUBLE)", asked)
        return f"({hit}) IS NOT TRUE" if condition.op == "ne" else hit
    found = compare(compiled, "text", sql, condition)
    return f"{stands_in(compiled, condition)}{found}" if condition.op == "eq" else found


PLAIN = re.compile(r"[ !#-\[\]-~]+")
"""What every JSON text has as it is: printable ASCII but quote and backslash."""


def stands_in(compiled: Compiled, condition: Condition) -> str:
    """A look for the value anywhere in the attributes, half the cost of parsing them, before they are parsed."""
    value = str(condition.values[0])
    return f"contains(raw_attributes, {compiled.bind(value)}) AND " if PLAIN.fullmatch(value) else ""


def as_number(value: Value) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except ValueError:
        return None
