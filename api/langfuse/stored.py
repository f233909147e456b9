"""What clients keep here: documents read by page or whole, bodies as JSON, ids and times of new ones."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from api.langfuse.handling import Langfuse
from api.langfuse.parameters import Page
from api.langfuse.records import iso
from contract.documents import Document
from contract.errors import BadQuery

READ_AT_MOST = 10_000
"""Documents looked at for one answer where a filter is not the store's to ask."""


class Kept(NamedTuple):
    """A document, read."""

    id: str
    parent: str
    body: dict[str, Any]
    created_ns: int
    updated_ns: int

    @property
    def times(self) -> dict[str, str | None]:
        return {"createdAt": iso(self.created_ns), "updatedAt": iso(self.updated_ns)}


def kept(document: Document) -> Kept:
    return Kept(document.id, document.parent, orjson.loads(document.body), document.created_ns, document.updated_ns)


async def read_page(
    langfuse: Langfuse, project: str, collection: str, page: Page | None = None, **asked: str | None
) -> tuple[list[Kept], int]:
    """Documents of that `parent` or `id`, the newest first, and how many there are; all of them without a page.

    `without` is a JSON merge patch (RFC 7386): `{"prompt":null}` leaves that member out.
    """
    return await read_stored(langfuse, "list_documents", {"project": project, "collection": collection, **asked}, page)


async def read_stored(
    langfuse: Langfuse, query: str, parameters: Mapping[str, Any], page: Page | None
) -> tuple[list[Kept], int]:
    """What a query gives that asks for documents (`list_documents`, `list_documents_at`), and how many there are."""
    limits = {"limit": READ_AT_MOST} if page is None else {"limit": page.limit, "skip": page.skip}
    rows = await langfuse.api.reader.read(query, {**parameters, **limits})
    some = rows or (await langfuse.api.reader.read(query, {**parameters, "limit": 1}) if page else [])
    found = [
        Kept(row["id"], row["parent"], orjson.loads(row["body"]), row["created_ns"], row["updated_ns"]) for row in rows
    ]
    return found, some[0]["total"] if some else 0


async def read_one(langfuse: Langfuse, project: str, collection: str, name: str) -> Kept | None:
    found, _ = await read_page(langfuse, project, collection, id=name)
    return found[0] if found else None


def derived_id(*parts: str) -> str:
    """The id of what these parts name: the same whenever they come again."""
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:32]


def json_text(body: Mapping[str, Any]) -> str:
    """Raises `BadQuery` for what JSON cannot hold, as a lone surrogate."""
    try:
        return orjson.dumps(body).decode()
    except TypeError as error:
        raise BadQuery(f"the body cannot be stored: {error}") from None
