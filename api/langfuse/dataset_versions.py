"""Items of data sets as they were: what an item was is kept when it is changed or deleted.

A version of a data set is a time (langfuse/langfuse `fern/apis/server/definition/dataset-items.yml`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from api.langfuse.handling import Langfuse
from api.langfuse.parameters import Page
from api.langfuse.stored import Kept, derived_id, json_text, kept, read_stored
from api.times import LATEST, parse_time
from contract.documents import Change, Document
from contract.errors import NotFound

ITEMS, HISTORY = "dataset_item", "dataset_item_history"

MILLISECOND = 1_000_000
"""ns; of times that clients are told the rest is cut off."""


def parse_version(text: str, name: str, now_ns: int) -> int:
    """The moment that a version means: the end of its millisecond, so that an item's own `updatedAt` has it.

    Raises `BadQuery`.
    """
    return min(LATEST, parse_time(text, now_ns, name) // MILLISECOND * MILLISECOND + MILLISECOND - 1)


def changed_item(
    item_id: str, dataset: str, said: Mapping[str, Any], now_ns: int, known: Sequence[Document]
) -> tuple[Change, Kept]:
    """The item with what was said; nothing changes where it was said before. Raises `NotFound`."""
    old = kept(known[0]) if known else None
    if old is not None and old.parent != dataset:
        raise NotFound(f"{item_id[:100]!r} belongs to another data set")
    body = {**(old.body if old else {}), **said}
    if old is not None and body == old.body:
        return Change(), old
    made = Kept(item_id, dataset, body, old.created_ns if old else now_ns, now_ns)
    document = Document(ITEMS, item_id, dataset, json_text(body), made.created_ns, now_ns)
    return Change([document, *(was(each, now_ns) for each in known)]), made


def deleted_item(now_ns: int, known: Sequence[Document]) -> tuple[Change, int]:
    """Decides that it is gone from now on; how many they were."""
    return Change([was(each, now_ns) for each in known], [each.id for each in known]), len(known)


def was(item: Document, until_ns: int) -> Document:
    """What the item was, from its last change until now (the query list_documents_at)."""
    body = {"id": item.id, "created_ns": item.created_ns, "body": orjson.Fragment(item.body)}
    version_id = derived_id(HISTORY, item.id, str(item.updated_ns))
    return Document(HISTORY, version_id, item.parent, orjson.dumps(body).decode(), item.updated_ns, until_ns)


async def items_at(
    langfuse: Langfuse, project: str, at_ns: int, page: Page | None = None, **asked: str | None
) -> tuple[list[Kept], int]:
    """As `read_page`: the items of that `parent` or `id` at that moment."""
    parameters = {"project": project, "collection": ITEMS, "history": HISTORY, "at_ns": at_ns, **asked}
    return await read_stored(langfuse, "list_documents_at", parameters, page)


async def item_at(langfuse: Langfuse, project: str, item_id: str, at_ns: int) -> Kept:
    """Raises `NotFound`."""
    found, _ = await items_at(langfuse, project, at_ns, id=item_id)
    if not found:
        raise NotFound(f"no item {item_id[:100]!r} of a data set at that time")
    return found[0]
