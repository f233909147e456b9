"""Langfuse's filters, `[{column, type, operator, value, key?}]`, to conditions.

Source: langfuse/langfuse `packages/shared/src/interfaces/filters.ts` and the documentation of its metrics API.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from api.errors import unknown
from api.times import parse_time
from contract.entities import METADATA
from contract.errors import BadQuery
from contract.reading import Condition, Value

FILTERS_AT_MOST = 50
VALUES_AT_MOST = 1000

_TEXT = {
    "=": "eq",
    "contains": "contains",
    "does not contain": "not_contains",
    "starts with": "starts_with",
    "ends with": "ends_with",
}
_NUMBER = {"=": "eq", ">": "gt", "<": "lt", ">=": "gte", "<=": "lte"}
_OPTIONS = {"any of": "any_of", "none of": "none_of"}
_BOOLEAN = {"=": "eq", "<>": "ne"}

OPERATORS: dict[str, dict[str, str]] = {
    "datetime": {name: op for name, op in _NUMBER.items() if name != "="},
    "string": _TEXT,
    "number": _NUMBER,
    "stringOptions": _OPTIONS,
    "categoryOptions": _OPTIONS,
    "arrayOptions": {**_OPTIONS, "all of": "all_of"},
    "stringObject": _TEXT,
    "numberObject": _NUMBER,
    "booleanObject": _BOOLEAN,
    "boolean": _BOOLEAN,
    "null": {"is null": "exists", "is not null": "exists"},
}
"""Type of a filter -> operator as Langfuse spells it -> ours."""

TYPES_OF = {
    "text": ("string", "stringOptions", "null"),
    "list": ("arrayOptions", "null"),
    "int": ("number", "null"),
    "float": ("number", "null"),
    "time": ("datetime", "null"),
    "bool": ("boolean", "null"),
}
"""Type of a value -> types of filters that fit it."""

OF_METADATA = ("stringObject", "numberObject", "booleanObject", "categoryOptions")

EXPECTED: dict[str, tuple[type, ...]] = {
    "datetime": (str,),
    "string": (str,),
    "stringObject": (str,),
    "number": (int, float),
    "numberObject": (int, float),
    "boolean": (bool,),
    "booleanObject": (bool,),
}
"""Type of a filter -> types of its value; the others take lists of texts."""


class Column(NamedTuple):
    """What a name of Langfuse's stands for: a value of the query, its words, and its unit in ours (seconds: 1000)."""

    value: str
    words: Mapping[str, str] = {}
    scale: float = 1

    def shown(self, value: Any) -> Any:
        """A value of ours in Langfuse's words."""
        return next((theirs for theirs, ours in self.words.items() if ours == value), value)


def parse_filters(
    filters: Any, types: Mapping[str, str], columns: Mapping[str, Column], now_ns: int, *, name: str = "filters"
) -> list[Condition]:
    """Conditions on values of these types. Raises `BadQuery` naming what is wrong."""
    if not isinstance(filters, list) or not all(isinstance(each, dict) for each in filters):
        raise BadQuery(f"{name} must be a list of objects", parameter=name)
    if len(filters) > FILTERS_AT_MOST:
        raise BadQuery(f"more than {FILTERS_AT_MOST} filters", parameter=name)
    return [parse_filter(each, types, columns, now_ns) for each in filters]


def parse_filter_text(
    text: str, types: Mapping[str, str], columns: Mapping[str, Column], now_ns: int
) -> list[Condition]:
    """The parameter `filter` of a list route."""
    try:
        filters = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadQuery(f"filter is not JSON: {error}", parameter="filter") from None
    return parse_filters(filters, types, columns, now_ns, name="filter")


def parse_filter(
    given: Mapping[str, Any], types: Mapping[str, str], columns: Mapping[str, Column], now_ns: int
) -> Condition:
    kind, operator = str(given.get("type")), str(given.get("operator"))
    if kind not in OPERATORS:
        raise unknown("filter type", kind, OPERATORS)
    if operator not in OPERATORS[kind]:
        raise unknown(f"operator of a {kind} filter", operator, OPERATORS[kind])
    op = OPERATORS[kind][operator]
    if given.get("column") == "metadata":
        return metadata_condition(given, kind, op, now_ns)
    column = column_of(str(given.get("column")), columns)
    fitting = TYPES_OF[types[column.value]]
    if kind not in fitting:
        raise BadQuery(f"the column {given['column']} takes a filter of type {', '.join(fitting)}", parameter="filters")
    if kind == "null":
        return Condition(column.value, "exists", (operator == "is not null",))
    values = typed(kind, given.get("value"), now_ns)
    return Condition(column.value, op, tuple(translated(column, value) for value in values))


def metadata_condition(given: Mapping[str, Any], kind: str, op: str, now_ns: int) -> Condition:
    key = given.get("key")
    if kind not in OF_METADATA or not isinstance(key, str) or not key:
        wanted = ", ".join(OF_METADATA)
        raise BadQuery(f"a filter on metadata needs a key and a type of {wanted}", parameter="filters")
    return Condition(METADATA + key, op, typed(kind, given.get("value"), now_ns))


def column_of(name: str, columns: Mapping[str, Column]) -> Column:
    """A name, or one such as `traceName` where the view has `name`."""
    if name not in columns and name.endswith("Name") and "name" in columns:
        return columns["name"]
    if name not in columns:
        allowed = ", ".join([*columns, "metadata"])
        raise BadQuery(f"unknown column {name[:60]!r}; there are {allowed}", parameter="filters")
    return columns[name]


def typed(kind: str, value: Any, now_ns: int) -> tuple[Value, ...]:
    """The value or values of a filter. Raises `BadQuery`."""
    if kind in EXPECTED:
        fits = isinstance(value, EXPECTED[kind]) and isinstance(value, bool) == (bool in EXPECTED[kind])
        if not fits:
            raise BadQuery(f"a {kind} filter takes no {str(value)[:60]!r}", parameter="filters")
        return (parse_time(value, now_ns, "filters") if kind == "datetime" else _number_as_float(value),)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise BadQuery(f"a {kind} filter takes a list of texts", parameter="filters")
    if not 0 < len(value) <= VALUES_AT_MOST:
        raise BadQuery(f"a {kind} filter takes 1 to {VALUES_AT_MOST} texts", parameter="filters")
    return tuple(value)


def _number_as_float(value: Any) -> Value:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def translated(column: Column, value: Value) -> Value:
    if isinstance(value, str):
        return column.words.get(value, value)
    return value * column.scale if isinstance(value, float) else value
