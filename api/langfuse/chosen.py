"""Which traces or spans a list shows: their ids in order, and how many there are, by two questions to the store."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from api.langfuse.parameters import Page
from contract.entities import Measure, Order
from contract.reading import Condition, Reader


class Asked(NamedTuple):
    """A question of a list route, understood."""

    query: str
    parameters: dict[str, Any]
    conditions: tuple[Condition, ...]
    order: str
    descending: bool


async def ids_of(reader: Reader, asked: Asked, page: Page, values: Sequence[str]) -> list[dict[str, Any]]:
    """These values of the page's traces or spans; `values` begins with what makes the order total."""
    groups = (asked.order, *values)
    order = [Order("group", 0, asked.descending), Order("group", 1, asked.descending)]
    shape = {"groups": groups, "order": order, "limit": page.limit, "skip": page.skip}
    rows = await reader.read(asked.query, {**asked.parameters, **shape}, asked.conditions)
    return [{name: row[f"group_{place}"] for place, name in enumerate(groups)} for row in rows]


async def count(reader: Reader, asked: Asked) -> int:
    """How many there are on all pages."""
    shape = {"measures": (Measure("rows", "count"),), "limit": 1}
    rows = await reader.read(asked.query, {**asked.parameters, **shape}, asked.conditions)
    return rows[0]["measure_0"] if rows else 0
