"""What settling gave a row: put over its own values, and remembered apart from them."""

from typing import Any

import orjson

from contract.columns import Row, S
from contract.settling import CONTENT_COLUMNS, SettledSpan


def cover(row: Row, change: SettledSpan) -> None:
    """Settled values over a row's own, which go to `own`."""
    own = {}
    for name, (value, _) in change.columns.items():
        place = getattr(S, name)
        if row[place] is not None:
            own[name] = row[place]
        row[place] = value
    row[S.own] = dumps(own)
    row[S.settled_from] = dumps({name: source for name, (_, source) in change.columns.items()})


def remembered(change: SettledSpan) -> dict[str, tuple[Any, str]]:
    """What `Facts.settled` keeps of a change: content columns without their text."""
    return {n: (None if n in CONTENT_COLUMNS else v, source) for n, (v, source) in change.columns.items()}


def settled_of(row: Row) -> dict[str, tuple[Any, str]]:
    sources = orjson.loads(row[S.settled_from] or b"{}")
    return {n: (None if n in CONTENT_COLUMNS else row[getattr(S, n)], source) for n, source in sources.items()}


def dumps(value: dict[str, Any]) -> str | None:
    return orjson.dumps(value).decode() if value else None
