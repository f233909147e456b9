"""Lists that were flattened into numbered attributes: `llm.input_messages.0.message.role`.

Numbers may be sparse, unordered or huge; they order the list and never size it.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from translator.answers import reasons
from translator.values import listing, plain_json

MAX_ITEMS = 10_000
"""Langfuse bounds the same lists to 10,001."""

MAX_LEVELS = 48
"""Dots that make a level, as deep as the decoder lets values be; the rest of a longer key is one name."""

Attributes = Mapping[str, Any]


class _Node(dict[str, Any]):
    """A level that the keys of attributes make; told apart from a map that was sent, which nobody may change."""


def nested(attributes: Attributes, prefix: str) -> list[Any]:
    """The list below `prefix`, in numeric order; maps and lists within it are rebuilt alike."""
    tree = _Node()
    size = len(prefix)
    below = [(key[size:], value) for key, value in attributes.items() if key.startswith(prefix)]
    for key, value in sorted(below, key=_maps_first):
        _put(tree, key.split(".", MAX_LEVELS), value)
    found = _rebuilt(tree)
    return found if isinstance(found, list) else []


def _maps_first(item: tuple[str, Any]) -> float:
    """A map that was sent stands before the keys below it, whatever the order they came in."""
    return len(item[0]) if isinstance(item[1], dict) else math.inf


def _put(tree: _Node, path: list[str], value: Any) -> None:
    for step in path[:-1]:
        inner = tree.get(step)
        if not isinstance(inner, _Node):
            inner = tree[step] = _level(inner)
        tree = inner
    last = path[-1]
    known = tree.get(last)
    if isinstance(known, _Node):
        known[""] = value
    else:
        tree[last] = value


def _level(value: Any) -> _Node:
    """A level that begins with a value which has keys below it: a map's own keys, anything else under no name."""
    if value is None:
        return _Node()
    return _Node(value) if isinstance(value, dict) else _Node({"": value})


def _rebuilt(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    numbered = [key for key in tree if key.isascii() and key.isdigit()]
    if numbered and len(numbered) == len(tree):
        ordered = sorted(numbered, key=lambda digits: (len(digits.lstrip("0")), digits.lstrip("0")))
        return [_rebuilt(tree[key]) for key in ordered[:MAX_ITEMS]]
    if numbered and "" not in tree and not any(key.isidentifier() for key in tree):
        return [_rebuilt(tree[key]) for key in numbered]
    return {key: _rebuilt(item) for key, item in tree.items()}


def messages(attributes: Attributes, prefix: str) -> list[dict[str, Any]]:
    """The messages below `prefix`, without OpenInference's wrappings (`message.`, `message_content.`)."""
    return [found for item in nested(attributes, prefix) if isinstance(found := _unwrapped(item), dict)]


_WRAPPINGS = ("message", "message_content", "document", "prompt", "completion", "embedding")


def _unwrapped(item: Any) -> Any:
    """A map without the one key that OpenInference repeats at each level of its lists."""
    if isinstance(item, list):
        return [_unwrapped(entry) for entry in item]
    if not isinstance(item, dict):
        return item
    if len(item) == 1:
        key, inner = next(iter(item.items()))
        if key in _WRAPPINGS and isinstance(inner, dict):
            return _unwrapped(inner)
    return {key: _unwrapped(inner) for key, inner in item.items()}


def as_messages(prefix: str, then: Callable[[Any], Any]) -> Callable[[Attributes], Any]:
    """Reads the list below `prefix` and hands it on."""
    return lambda attributes: then(messages(attributes, prefix))


def as_text(prefix: str) -> Callable[[Attributes], str | None]:
    """The list below `prefix` as JSON text."""

    def convert(attributes: Attributes) -> str | None:
        found = messages(attributes, prefix)
        return plain_json(found) if found else None

    return convert


def texts_as_text(prefix: str, path: str) -> Callable[[Attributes], str | None]:
    """One text of each entry below `prefix`: the text itself when it is alone, else a JSON list."""

    def convert(attributes: Attributes) -> str | None:
        found = [
            value
            for key, value in attributes.items()
            if key.startswith(prefix) and key.endswith(path) and isinstance(value, str)
        ]
        if len(found) == 1:
            return found[0]
        return plain_json(found) if found else None

    return convert


def finish_reasons(prefix: str) -> Callable[[Attributes], str | None]:
    """The finish reasons of the completions below `prefix`, in their order."""
    return lambda attributes: reasons(item.get("finish_reason") for item in messages(attributes, prefix))


def vector_length(prefix: str) -> Callable[[Attributes], int | None]:
    """Dimensions of the first vector below `prefix`: a list, a JSON list, or numbered attributes."""

    def convert(attributes: Attributes) -> int | None:
        for item in messages(attributes, prefix):
            vector = listing(item.get("vector"))
            if vector:
                return len(vector)
        return None

    return convert
