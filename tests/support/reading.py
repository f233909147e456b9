"""Questions of a reader."""

import asyncio
from typing import Any

from contract.reading import Condition
from storage.reader import DuckReader


def ask(reader: DuckReader, query: str, *conditions: Condition, **parameters: Any) -> list[dict[str, Any]]:
    given = {"project": "default", **parameters}
    return asyncio.run(reader.read(query, given, conditions))


def traces(reader: DuckReader, *conditions: Condition, **parameters: Any) -> list[dict[str, Any]]:
    return ask(reader, "list_traces", *conditions, **{"limit": 50, "io": "preview", **parameters})
