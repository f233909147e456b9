"""The vocabulary of the conventions' tables: each function makes a `Rule`, which reads one field from one place.

A rule answers with a value or None; the engine takes the first answer of a field. A rule may raise for odd data:
the engine counts that as no answer.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from translator import values
from translator.values import parsed

Convert = Callable[[Any], Any]

CALLS = frozenset({"generation", "embedding", "reranker"})
GENERATIONS = frozenset({"generation"})


class Rule(NamedTuple):
    """Where to look and how to read. `convert` gets the attribute's value, or all attributes for a family."""

    key: str
    convert: Convert
    mode: str = "key"
    """`key`: this attribute. `ending`: any attribute with this prefix and one of `endings`. `indexed`: `key` + number.
    `family`: any attribute with this prefix (and, where there are `endings`, with one of them as the rest)."""
    endings: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    """Prefixes of scope names within which the rule holds; empty: anywhere."""
    unless: tuple[str, ...] = ()
    """Prefixes of scope names within which it does not."""
    kinds: frozenset[str] | None = None
    """Kinds of span for which the rule holds; None: any. Such rules run once the kind is known."""


Fields = Mapping[str, tuple[Rule, ...]]


@dataclass(frozen=True)
class Convention:
    """One naming scheme: what it says of each field, in order of preference."""

    name: str
    fields: Fields
    events: Mapping[str, Fields] = field(default_factory=dict)
    """Span event name -> fields that the event's attributes give."""
    prefixes: tuple[str, ...] = ()
    """Key prefixes that are this convention's own; such a key without a rule counts as unmapped."""


def on(kinds: Iterable[str], *rules: Rule) -> tuple[Rule, ...]:
    """The rules, for these kinds of span only."""
    return tuple(rule._replace(kinds=frozenset(kinds)) for rule in rules)


def within(scopes: tuple[str, ...], *rules: Rule) -> tuple[Rule, ...]:
    """The rules, in these scopes only: for keys that applications use too."""
    return tuple(rule._replace(scopes=scopes) for rule in rules)


def outside(scopes: tuple[str, ...], *rules: Rule) -> tuple[Rule, ...]:
    """The rules, in all scopes but these."""
    return tuple(rule._replace(unless=scopes) for rule in rules)


def first(convert: Convert, *keys: str) -> tuple[Rule, ...]:
    """One rule for each key, in this order."""
    return tuple(Rule(key, convert) for key in keys)


def text(*keys: str) -> tuple[Rule, ...]:
    return first(values.text, *keys)


def identifier(*keys: str) -> tuple[Rule, ...]:
    return first(values.identifier, *keys)


def integer(*keys: str) -> tuple[Rule, ...]:
    return first(values.integer, *keys)


def number(*keys: str) -> tuple[Rule, ...]:
    return first(values.number, *keys)


def flag(*keys: str) -> tuple[Rule, ...]:
    return first(values.flag, *keys)


def content(*keys: str) -> tuple[Rule, ...]:
    return first(values.content, *keys)


def words(*keys: str) -> tuple[Rule, ...]:
    """Lists of texts, answered as JSON text."""
    return first(word_list, *keys)


def word_list(value: Any) -> str | None:
    found = values.words(value)
    return None if found is None else values.flat_json(found)


def mapping(*keys: str) -> tuple[Rule, ...]:
    return first(values.mapping, *keys)


def map_text(*keys: str) -> tuple[Rule, ...]:
    """Maps, answered as JSON text."""
    return first(map_json, *keys)


def map_json(value: Any) -> str | None:
    found = values.mapping(value)
    return None if found is None else values.plain_json(found)


def scaled(factor: float, *keys: str) -> tuple[Rule, ...]:
    """Numbers times a factor: units."""

    def convert(value: Any) -> float | None:
        found = values.number(value)
        return None if found is None or found < 0 else found * factor

    return first(convert, *keys)


def lookup(key: str, table: Mapping[str, str]) -> tuple[Rule, ...]:
    """The table's answer for the value (any case); no answer for a value it does not know."""

    def convert(value: Any) -> str | None:
        found = values.text(value)
        return None if found is None else table.get(found) or table.get(found.lower())

    return (Rule(key, convert),)


def present(key: str, answer: str) -> tuple[Rule, ...]:
    """The answer, when the attribute says anything."""
    return (Rule(key, lambda value: None if values.content(value) is None else answer),)


def member(key: str, *path: str | int, then: Convert = values.text) -> tuple[Rule, ...]:
    """A value within a JSON attribute. Text that does not name the member is not parsed."""
    name = next((step for step in path if isinstance(step, str)), "")
    quoted = f'"{name}"'
    escaped = f'\\"{name}\\"'

    def convert(value: Any) -> Any:
        if isinstance(value, str) and quoted not in value and escaped not in value:
            return None
        found = parsed(value)
        for step in path:
            found = _step(found, step)
        return None if found is None else then(found)

    return (Rule(key, convert),)


def _step(value: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and len(value) > step else None
    return value.get(step) if isinstance(value, dict) else None


def ending(prefix: str, convert: Convert, *endings: str) -> tuple[Rule, ...]:
    """Any attribute of a free map (`prefix...`) whose name ends so."""
    return (Rule(prefix, convert, "ending", endings),)


def indexed(prefix: str, convert: Convert) -> tuple[Rule, ...]:
    """All attributes `prefix` + number + rest, handed over together."""
    return (Rule(prefix, convert, "indexed"),)


def family(prefix: str, convert: Convert, *names: str) -> tuple[Rule, ...]:
    """All attributes with the prefix, handed over together when there is one (of these names, if any are given)."""
    return (Rule(prefix, convert, "family", names),)


def free_map(*prefixes: str) -> tuple[Rule, ...]:
    """The union of free maps as JSON text; a later prefix wins over an earlier one."""

    def convert(attributes: Mapping[str, Any]) -> str | None:
        merged = {
            key[len(prefix) :]: unwrapped(item)
            for prefix in prefixes
            for key, item in attributes.items()
            if key.startswith(prefix)
        }
        return values.plain_json(merged) if merged else None

    return tuple(rule for prefix in prefixes for rule in family(prefix, convert))


def unwrapped(value: Any) -> Any:
    """The JSON value within a string when it is one, else the value: some SDKs encode every metadata value."""
    found = parsed(value)
    return value if found is None else found
