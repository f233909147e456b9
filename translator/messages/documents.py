"""What a retriever was asked and what it found: `{id, content, score, metadata}` from every dialect."""

from typing import Any

from contract import raw
from translator import values
from translator.values import mapping, number, parsed, plain_json

_LISTS = ("documents", "docs", "nodes", "results", "matches", "data", "output", "result")
MAX_LEVELS = 8
"""Maps within maps that are looked into for a query; senders nest two."""
_CONTENT = ("content", "page_content", "text", "document", "value")
_IDS = ("id", "id_", "document_id", "doc_id", "node_id")


def listed(value: Any) -> list[dict[str, Any]] | None:
    """The documents of a list (or of the list within a map), in their order; None when there is no such list."""
    found = parsed(value)
    if isinstance(found, dict):
        found = next((found[key] for key in _LISTS if isinstance(found.get(key), list)), None)
    if not isinstance(found, list) or not found:
        return None
    some = [_document(item) for item in found]
    return [item for item in some if item is not None] or None


def _document(item: Any) -> dict[str, Any] | None:
    found = parsed(item)
    if not isinstance(found, dict):
        return {"id": None, "content": item, "score": None, "metadata": None} if isinstance(item, str) else None
    outer = found
    for key in ("document", "node", "kwargs"):
        if isinstance(found.get(key), dict):
            found = found[key]
    metadata = mapping(found.get("metadata")) or mapping(outer.get("metadata"))
    return {
        "id": _first(found, _IDS) or _first(outer, _IDS) or _first(metadata or {}, _IDS),
        "content": raw.plain(_first(found, _CONTENT)),
        "score": number(outer.get("score", found.get("score", (metadata or {}).get("score")))),
        "metadata": raw.plain(metadata),
    }


def _first(found: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((found[name] for name in names if isinstance(found.get(name), (str, int))), None)


def query(value: Any) -> str | None:
    """The text that was asked for: as sent, or the query within a decorated function's arguments."""
    found = parsed(value)
    if isinstance(found, str):
        return values.content(found)
    inner = _inner(found)
    if inner is not None:
        return inner
    return values.content(value if found is None else plain_json(found))


def _inner(found: Any, levels: int = MAX_LEVELS) -> str | None:
    """A query below one of the usual names, or the single text argument of a call."""
    if not isinstance(found, dict) or not levels:
        return None
    for key in ("query", "query_str", "question", "input", "text", "query_bundle", "str_or_query_bundle"):
        held = found.get(key)
        if isinstance(held, str) and held:
            return held
        if isinstance(held, dict):
            return _inner(held, levels - 1)
    args = found.get("args")
    if isinstance(args, list) and len(args) == 1 and isinstance(args[0], str):
        return args[0]
    kwargs = found.get("kwargs")
    return _inner(kwargs, levels - 1) if isinstance(kwargs, dict) else _only_text(found)


def _only_text(found: dict[str, Any]) -> str | None:
    """The one argument of a call, whatever its name, where it is a text."""
    held = next(iter(found.values())) if len(found) == 1 else None
    return held if isinstance(held, str) and held else None
