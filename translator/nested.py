"""Maps in metadata that several events tell: joined leaf by leaf, the last one counts, whatever the order of arrival.

Langfuse joins them as lodash's `merge` does (langfuse/langfuse `worker/src/services/IngestionService/utils.ts`), in
order of arrival. Here each leaf is a field of its own with the time at which it was said. What is no map (a text, a
list) and is said later takes the place of a map with all that was said of it before; a map that is said later takes the
place of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from translator.told import Stamp, Told, is_silent

PREFIXES = ("langfuse.trace.metadata.", "langfuse.observation.metadata.")

LEAF = "~"
"""Begins the name of a leaf's field, behind it the attribute and the keys as JSON; no attribute begins so."""

LEAVES_AT_MOST = 32
DEPTH_AT_MOST = 8
"""A larger map is one value. The limits are of one map alone, so that it is the same value in any company."""

Path = tuple[str | None, ...]
Entry = tuple[Stamp, Any]
_MISSING = object()


def spread(told: Told) -> Told:
    """Every map of metadata as its leaves."""
    found: Told = {}
    for name, (stamp, value) in told.items():
        leaves = leaves_of(name, value)
        found |= {name: (stamp, value)} if leaves is None else {each: (stamp, leaf) for each, leaf in leaves.items()}
    return found


def leaves_of(name: str, value: Any) -> dict[str, Any] | None:
    """Field -> value of the leaves of an attribute; null for one that is no map, or too large a one.

    A text that would not come back as it is from its leaves (`in_order` of the receiver writes maps so) is no map.
    """
    if not isinstance(value, str) or value[:1] != "{" or not name.startswith(PREFIXES):
        return None
    try:
        sent = orjson.loads(value)
        found = dict(_walk((name,), sent)) if text_of(sent) == value else {}
    except (orjson.JSONDecodeError, TypeError, _TooLarge):
        return None
    return found or None


class _TooLarge(Exception):
    """More levels or leaves than are told apart."""


def _walk(path: Path, value: Any, left: list[None] | None = None) -> Iterator[tuple[str, Any]]:
    left = [None] * LEAVES_AT_MOST if left is None else left
    if not left or len(path) > DEPTH_AT_MOST:
        raise _TooLarge
    if not isinstance(value, dict):
        left.pop()
        yield named(path), written(value)
        return
    if len(path) > 1:
        left.pop()
        yield named((*path, None)), written({})
    for key, item in value.items():
        yield from _walk((*path, key), item, left)


def named(path: Path) -> str:
    """The field of a path: the attribute, then keys; null at the end says that a map stood there."""
    return LEAF + orjson.dumps(path).decode()


def written(value: Any) -> str:
    """A leaf as the value of a field: within a map null says something, unlike elsewhere (`told.SILENT`)."""
    return f"={text_of(value)}"


def text_of(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


@dataclass(slots=True)
class Node:
    """What was said at a path, and below it."""

    entry: Entry | None = None
    below: dict[str | None, "Node"] = field(default_factory=dict)


def joined(told: Told) -> tuple[Told, Told]:
    """What is to be kept, and what it shows: leaves are maps again there.

    What a later value has taken the place of is let go for good; a value that later leaves have taken the place of is
    kept, for it still takes the place of earlier ones that may come.
    """
    roots = trees(told)
    shown = {name: entry for name, entry in told.items() if not name.startswith(LEAF) and name not in roots}
    kept = dict(shown)
    for name, root in roots.items():
        prune(root, None)
        kept |= entries(root, (name,))
        shown[name] = as_text(seen(root)) if root.below else root.entry or told[name]
    return kept, shown


def as_text(entry: Entry) -> Entry:
    return entry[0], text_of(entry[1])


def trees(told: Told) -> dict[str, Node]:
    """Attribute -> all that was said of it, of those that have leaves."""
    roots: dict[str, Node] = {}
    for name, entry in told.items():
        if name.startswith(LEAF):
            top, *path = orjson.loads(name[len(LEAF) :])
            node = roots.setdefault(top, Node())
            for key in path:
                node = node.below.setdefault(key, Node())
            node.entry = entry
    for name, root in roots.items():
        root.entry = told.get(name)
    return roots


def prune(node: Node, over: Stamp | None) -> None:
    """Let go of what was said no later than `over`, and below each value of what was said no later than that."""
    if node.entry is not None and over is not None and node.entry[0] <= over:
        node.entry = None
    said = node.entry[0] if node.entry is not None and not is_silent(node.entry[1]) else None
    newest = max((each for each in (over, said) if each is not None), default=None)
    for key, child in list(node.below.items()):
        prune(child, newest)
        if child.entry is None and not child.below:
            del node.below[key]


def entries(node: Node, path: Path) -> Told:
    """The fields of a tree."""
    found: Told = {}
    if node.entry is not None:
        found[str(path[0]) if len(path) == 1 else named(path)] = node.entry
    for key, child in node.below.items():
        found |= entries(child, (*path, key))
    return found


def seen(node: Node) -> Entry:
    """The map of what was said below a node, and when something of it was last said."""
    newest: list[Stamp] = []
    found: dict[str, Any] = {}
    for key, child in node.below.items():
        stamp, value = seen(child) if child.below else read(child)
        newest.append(stamp)
        if key is not None:
            found[key] = value
    return max(newest), found


def read(node: Node) -> Entry:
    assert node.entry is not None  # nothing else is left by `prune`
    return node.entry[0], orjson.loads(node.entry[1][1:])


def hidden(kept: Told, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Fields whose value cannot be read back from what is shown (`recovered`)."""
    return {name: value for name, (_, value) in sorted(kept.items()) if is_hidden(name, value, shown)}


def is_hidden(name: str, value: Any, shown: Mapping[str, Any]) -> bool:
    if name.startswith(LEAF):
        found = recovered(name, shown)
        return found is _MISSING or found != value
    return name.startswith(PREFIXES) and shown.get(name) != value


def recovered_all(names: Iterable[str], shown: Mapping[str, Any]) -> dict[str, Any]:
    """The values of those of the fields that are leaves."""
    found = {name: recovered(name, shown) for name in names if name.startswith(LEAF)}
    return {name: value for name, value in found.items() if value is not _MISSING}


def recovered(name: str, shown: Mapping[str, Any]) -> Any:
    """The value of a leaf's field, from the attribute that shows it."""
    top, *path = orjson.loads(name[len(LEAF) :])
    try:
        found = orjson.loads(shown.get(top) or "")
    except (orjson.JSONDecodeError, TypeError):
        return _MISSING
    for key in path:
        if not isinstance(found, dict) or (key is not None and key not in found):
            return _MISSING
        found = {} if key is None else found[key]
    return written(found)
