"""Query strings to typed values, or `BadQuery` naming the parameter and the nearest valid one."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

from api.cursor import After, decode_cursor, digest_of
from api.enumerations import enumeration, nearest_value
from api.errors import did_you_mean, unknown
from api.search import search_terms
from api.times import parse_time
from contract.errors import BadQuery
from contract.reading import ATTRIBUTE, FIELDS, OPERATORS, TEXT_SEARCH, Condition, Value

LIMIT, LIMIT_AT_MOST = 50, 1000
IO = ("none", "preview", "full")
CONTROLS = ("limit", "cursor", "from", "to", "io", TEXT_SEARCH)

CONDITIONS_AT_MOST = 50
"""More filters than a person writes; each costs a scan on `/traces`."""

LIKE_AN_OPERATOR = 0.75
OPERATORS_ELSEWHERE = frozenset({
    "endswith", "icontains", "iexact", "ilike", "in", "is", "isnull", "like", "not", "null", "range", "regex",
    "startswith",
})  # fmt: skip
"""What others call such conditions (Django, PostgREST): behind an attribute they would be a part of its key, of which
nothing is found."""

_HEX_ID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{16}")
_ID_FIELDS = frozenset({"trace_id", "span_id", "parent_span_id", "duplicate_of", "duplicate_of_trace"})
_INT = re.compile(r"[+-]?[0-9]{1,18}")
_BOOL = {"true": True, "false": False}


class ListRoute(NamedTuple):
    """What a list route asks, and how its pages are ordered."""

    query: str
    id_columns: tuple[str, ...]
    """Columns that make the order total, after the time."""
    takes_io: bool = True


@dataclass(frozen=True, slots=True)
class ListQuestion:
    """A list route's query string, understood."""

    limit: int
    io: str
    from_ns: int | None
    to_ns: int | None
    after: After | None
    conditions: tuple[Condition, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class SpansQuestion:
    """The query string of a route that answers with the spans of one trace, understood."""

    io: str
    limit: int
    after: After | None
    digest: str


def parse_list(
    pairs: Iterable[tuple[str, str]], route: ListRoute, *, path: str, project: str, now_ns: int
) -> ListQuestion:
    """All parameters of a list route. Raises `BadQuery`."""
    names = CONTROLS if route.takes_io else tuple(name for name in CONTROLS if name != "io")
    controls, conditions = parse_filtered(pairs, route.query, names, now_ns)
    times = [controls.get("from"), controls.get("to")]
    from_ns, to_ns = parse_range(controls, now_ns)
    digest = digest_of(path, project, times, [[c.field, c.op, *c.values] for c in conditions])
    return ListQuestion(
        limit=parse_limit(controls.get("limit")),
        io=parse_io(controls.get("io"), "preview"),
        from_ns=from_ns,
        to_ns=to_ns,
        after=decode_cursor(controls["cursor"], digest, len(route.id_columns)) if "cursor" in controls else None,
        conditions=conditions,
        digest=digest,
    )


def parse_filtered(
    pairs: Iterable[tuple[str, str]], query: str, names: Sequence[str], now_ns: int
) -> tuple[dict[str, str], tuple[Condition, ...]]:
    """The parameters that the route itself has, by name, and all others as conditions. Raises `BadQuery`."""
    controls: dict[str, str] = {}
    filters: list[tuple[str, str]] = []
    for name, value in pairs:
        if name in names:
            _once(controls, name, value)
        else:
            filters.append((name, value))
    conditions = (*_conditions(filters, query, names, now_ns), *search_terms(controls.get(TEXT_SEARCH, "")))
    if len(conditions) > CONDITIONS_AT_MOST:
        raise BadQuery(f"more than {CONDITIONS_AT_MOST} filters", parameter=None)
    return controls, conditions


def parse_names(text: str, name: str, valid: Sequence[str], most: int) -> tuple[str, ...]:
    """Words with commas between, each once and each one of `valid` or, where that has fields, an attribute."""
    words = [word.strip() for word in text.split(",")] if text else []
    for word in words:
        is_attribute = word.startswith(ATTRIBUTE) and len(word) > len(ATTRIBUTE) and "kind" in valid
        if word not in valid and not is_attribute:
            raise _no_such(name, word, valid)
    if len(words) > most:
        raise BadQuery(f"{name} takes at most {most} names", parameter=name)
    return tuple(dict.fromkeys(words))


def _no_such(name: str, word: str, valid: Sequence[str]) -> BadQuery:
    hint = unknown("name", word, valid).hint
    told = did_you_mean(hint) or f"; it knows {', '.join(valid)}"
    return BadQuery(f"{name} knows no {word[:60]!r}{told}", parameter=name, hint=hint)


def parse_detail(pairs: Iterable[tuple[str, str]], names: tuple[str, ...] = ("io",)) -> str:
    """The `io` of a detail route, `full` where not given. Raises `BadQuery` for anything else."""
    return parse_io(_given(pairs, names).get("io"), "full")


def parse_spans(
    pairs: Iterable[tuple[str, str]], names: tuple[str, ...], *, path: str, project: str, limit: int
) -> SpansQuestion:
    """Which spans of one trace are asked for; `limit` is the default and the most. Raises `BadQuery`."""
    given = _given(pairs, names)
    digest = digest_of(path, project)
    return SpansQuestion(
        io=parse_io(given.get("io"), "full"),
        limit=parse_limit(given.get("limit"), limit, limit),
        after=decode_cursor(given["cursor"], digest, 1) if "cursor" in given else None,
        digest=digest,
    )


def _given(pairs: Iterable[tuple[str, str]], names: tuple[str, ...]) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in pairs:
        if name not in names:
            raise unknown("parameter", name, names)
        _once(given, name, value)
    return given


def parse_limit(text: str | None, default: int = LIMIT, most: int = LIMIT_AT_MOST) -> int:
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= most:
        raise BadQuery(f"limit must be a number from 1 to {most}, not {text[:60]!r}", parameter="limit")
    return int(text)


def parse_io(text: str | None, default: str) -> str:
    if text is None:
        return default
    if text not in IO:
        hint = nearest_value(text, IO)
        raise BadQuery(f"io must be none, preview or full, not {text[:60]!r}", parameter="io", hint=hint)
    return text


def stored_id(text: str) -> str:
    """Hex ids are stored in lower case, any other text id as it was sent (product.md section 6, "ids")."""
    return text.lower() if _HEX_ID.fullmatch(text) else text


def _once(given: dict[str, str], name: str, value: str) -> None:
    if name in given:
        raise BadQuery(f"{name} is given twice", parameter=name)
    given[name] = value


def parse_range(controls: Mapping[str, str], now_ns: int) -> tuple[int | None, int | None]:
    """`from` and `to`. Raises `BadQuery` where they are the wrong way round: it would look as if nothing were there."""
    from_ns, to_ns = (parse_bound(controls, name, now_ns) for name in ("from", "to"))
    if from_ns is not None and to_ns is not None and from_ns > to_ns:
        raise BadQuery("from must be before to", parameter="from")
    return from_ns, to_ns


def parse_bound(controls: Mapping[str, str], name: str, now_ns: int) -> int | None:
    """`from` or `to` as nanoseconds; null where it is not given."""
    return parse_time(controls[name], now_ns, name) if name in controls else None


def _conditions(filters: list[tuple[str, str]], query: str, names: Sequence[str], now_ns: int) -> list[Condition]:
    """One condition a parameter; the same field asked for equality several times means any of the values."""
    found: dict[tuple[str, str], list[Value]] = {}
    conditions = []
    for name, text in filters:
        field, op = split_name(name, query, names)
        words = enumeration(query, field)
        values = _values(field, op, _split(text, op, words), FIELDS[query], name, now_ns)
        _check_words(words, op, values, name)
        if op in ("eq", "any_of"):
            found.setdefault((field, "eq"), []).extend(values)
        else:
            conditions.append(Condition(field, op, values))
    equal = [Condition(field, "eq" if len(v) == 1 else "any_of", tuple(v)) for (field, _), v in found.items()]
    return [_askable(condition, FIELDS[query]) for condition in (*equal, *conditions)]


def split_name(name: str, query: str, names: Sequence[str] = CONTROLS) -> tuple[str, str]:
    """`duration_ms__gte` -> (`duration_ms`, `gte`); without a suffix `eq`. Raises `BadQuery` for unknown names."""
    fields = FIELDS[query]
    field, _, op = name.rpartition("__")
    if name.startswith(ATTRIBUTE):
        field, op = (field, op) if _is_operator(op, name) and field != "" else (name, "eq")
        if len(field) <= len(ATTRIBUTE):
            raise BadQuery("attr. needs the attribute's key behind the dot, as in attr.http.route=/", parameter=name)
        return field, op
    if name in fields:
        return name, "eq"
    if field not in fields:
        raise unknown("parameter", name, (*names, *_names_with(op, fields)))
    if op not in OPERATORS[fields[field]]:
        raise unknown("parameter", name, [f"{field}__{each}" for each in OPERATORS[fields[field]]])
    return field, op


def _is_operator(op: str, name: str) -> bool:
    """Whether the end of an attribute's name is an operator; one that was probably meant for one is a `BadQuery`."""
    valid = OPERATORS["attribute"]
    if op in valid:
        return True
    near = get_close_matches(op, valid, n=1, cutoff=LIKE_AN_OPERATOR)
    if "__" in name and (near or op in OPERATORS_ELSEWHERE):
        detail = f"unknown operator {op[:60]!r}{did_you_mean(near[0] if near else None)}; there are {', '.join(valid)}"
        raise BadQuery(f"{detail} (a key that ends so: {name[:60]}__eq)", parameter=name)
    return False


def _names_with(op: str, fields: Mapping[str, str]) -> list[str]:
    """The names that a parameter with this suffix can have; a suffix that is no operator is part of the name."""
    asked = [f"{field}__{op}" for field, kind in fields.items() if op in OPERATORS[kind]]
    return asked or list(fields)


def _askable(condition: Condition, fields: Mapping[str, str]) -> Condition:
    kind = "attribute" if condition.field.startswith(ATTRIBUTE) else fields[condition.field]
    if condition.op not in OPERATORS[kind]:
        raise BadQuery(f"{condition.field} can be given once only", parameter=condition.field)
    return condition


def _split(text: str, op: str, words: Sequence[str]) -> list[str]:
    """The values of `any_of`; no word of an enumeration has a comma, so that `kind=tool,agent` can mean one thing."""
    return text.split(",") if op == "any_of" or (op == "eq" and words) else [text]


def _values(
    field: str, op: str, texts: Sequence[str], fields: Mapping[str, str], name: str, now_ns: int
) -> tuple[Value, ...]:
    kind = "text" if field.startswith(ATTRIBUTE) else fields[field]
    if op == "exists":
        return tuple(_typed("bool", each, name, now_ns) for each in texts)
    values = tuple(_typed(kind, each, name, now_ns) for each in texts)
    return tuple(stored_id(str(value)) for value in values) if field in _ID_FIELDS and op != "contains" else values


def _typed(kind: str, text: str, name: str, now_ns: int) -> Value:
    """A value of that type, or `BadQuery` naming the parameter and the type."""
    if kind == "time":
        return parse_time(text, now_ns, name)
    if kind == "int" and _INT.fullmatch(text):
        return int(text)
    if kind == "float" and (number := _finite(text)) is not None:
        return number
    if kind == "bool" and text in _BOOL:
        return _BOOL[text]
    if kind in ("text", "list"):
        return text
    wanted = {"int": "a whole number", "float": "a number", "bool": "true or false"}[kind]
    raise BadQuery(f"{name} takes {wanted}, not {text[:60]!r}", parameter=name)


def _check_words(words: Sequence[str], op: str, values: Sequence[Value], name: str) -> None:
    """A field that has few words is asked for one of them: a slip of the pen must not answer "nothing found"."""
    if not words or op not in ("eq", "ne", "any_of"):
        return
    for value in values:
        if value not in words:
            hint = nearest_value(str(value), words)
            shown = str(value)[:60]
            detail = f"{name} takes one of {', '.join(words)}, not {shown!r}{did_you_mean(hint)}"
            raise BadQuery(detail, parameter=name, hint=hint)


def _finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
