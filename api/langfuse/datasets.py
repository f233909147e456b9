"""Data sets and their items: made by name and id, changed by sending them again.

Source: the published SDKs 2.60.10 to 5.0.4.
"""

import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from api.langfuse.dataset_versions import ITEMS, changed_item, deleted_item, items_at, parse_version
from api.langfuse.handling import Langfuse, answer, json_object, optional_text, project_of, text_in
from api.langfuse.parameters import Page, given, parse_page
from api.langfuse.stored import Kept, derived_id, json_text, kept, read_one, read_page
from contract.documents import Change, Document
from contract.errors import BadQuery, NotFound

DATASETS, RUNS = "dataset", "dataset_run"
STATUSES = ("ACTIVE", "ARCHIVED")

DATASET_MEMBERS = ("description", "metadata", "inputSchema", "expectedOutputSchema")
ITEM_MEMBERS = ("input", "expectedOutput", "metadata", "sourceTraceId", "sourceObservationId", "status")
"""What a client may say of them; what it leaves out or null when it sends one again stays as it was."""


def upserted(
    collection: str, name: str, parent: str, said: Mapping[str, Any], now_ns: int, known: Sequence[Document]
) -> tuple[Change, Kept]:
    """The document with what was said. Raises `NotFound` where the id is that of another parent."""
    old = kept(known[0]) if known else None
    if old is not None and old.parent != parent:
        raise NotFound(f"{name[:100]!r} belongs to another run")
    body = {**(old.body if old else {}), **said}
    made = Kept(name, parent, body, old.created_ns if old else now_ns, now_ns)
    document = Document(collection, name, parent, json_text(body), made.created_ns, made.updated_ns)
    return Change([document]), made


async def create_dataset(langfuse: Langfuse, request: web.Request) -> web.Response:
    """The data set is there, with what was said of it."""
    body = await json_object(langfuse, request)
    project, name = project_of(request), text_in(body, "name")
    optional_text(body, "description")
    said = said_in(body, DATASET_MEMBERS)
    decide = partial(upserted, DATASETS, name, "", said, langfuse.api.now_ns())
    return answer(dataset(await langfuse.documents.change(project, DATASETS, decide, id=name), project))


def said_in(body: Mapping[str, Any], members: Sequence[str]) -> dict[str, Any]:
    """SDKs send null for what their user did not give."""
    return {member: body[member] for member in members if body.get(member) is not None}


def dataset(found: Kept, project: str) -> dict[str, Any]:
    known = {member: found.body.get(member) for member in DATASET_MEMBERS}
    return {"id": dataset_id(found.id), "name": found.id, "projectId": project, **known, **found.times}


def dataset_id(name: str) -> str:
    return derived_id(DATASETS, name)


async def list_datasets(langfuse: Langfuse, request: web.Request) -> web.Response:
    """`{"data": [...], "meta": {...}}`, the newest first."""
    page, project = parse_page(request.query), project_of(request)
    found, total = await read_page(langfuse, project, DATASETS, page)
    return answer({"data": [dataset(each, project) for each in found], "meta": page.meta(total)})


async def get_dataset(langfuse: Langfuse, request: web.Request) -> web.Response:
    """A data set by its name."""
    project = project_of(request)
    return answer(dataset(await known_dataset(langfuse, project, request.match_info["name"]), project))


async def get_dataset_whole(langfuse: Langfuse, request: web.Request) -> web.Response:
    """A data set with its items and the names of its runs: the first form of that route (JS SDK 3)."""
    project = project_of(request)
    found = await known_dataset(langfuse, project, request.match_info["name"])
    items, _ = await items_of(langfuse, request, project, None, found.id)
    runs, _ = await read_page(langfuse, project, RUNS, parent=found.id)
    parts = {"items": [item(each) for each in items], "runs": [each.body["name"] for each in runs]}
    return answer({**dataset(found, project), **parts})


async def known_dataset(langfuse: Langfuse, project: str, name: str) -> Kept:
    """Raises `NotFound`."""
    found = await read_one(langfuse, project, DATASETS, name)
    if found is None:
        raise NotFound(f"no data set {name[:100]!r}")
    return found


async def spelled_dataset(langfuse: Langfuse, project: str, name: str) -> Kept:
    """SDK 2 encodes the name in a query string twice (`langfuse/client.py: get_dataset`)."""
    try:
        return await known_dataset(langfuse, project, name)
    except NotFound:
        return await known_dataset(langfuse, project, unquote(name))


async def create_item(langfuse: Langfuse, request: web.Request) -> web.Response:
    """The item is in its data set, with what was said of it."""
    body = await json_object(langfuse, request)
    project, name = project_of(request), text_in(body, "datasetName")
    await known_dataset(langfuse, project, name)
    if (body.get("status") or STATUSES[0]) not in STATUSES:
        raise BadQuery(f"status must be one of {', '.join(STATUSES)}", parameter="status")
    said = said_in(body, ITEM_MEMBERS)
    item_id = optional_text(body, "id") or str(uuid.uuid4())
    decide = partial(changed_item, item_id, name, said, langfuse.api.now_ns())
    return answer(item(await langfuse.documents.change(project, ITEMS, decide, id=item_id)))


def item(found: Kept) -> dict[str, Any]:
    known = {member: found.body.get(member) for member in ITEM_MEMBERS}
    known["status"] = known["status"] or STATUSES[0]
    of_dataset = {"datasetId": dataset_id(found.parent), "datasetName": found.parent}
    return {"id": found.id, **of_dataset, **known, "mediaReferences": [], **found.times}


async def list_items(langfuse: Langfuse, request: web.Request) -> web.Response:
    """`{"data": [...], "meta": {...}}`, the newest first."""
    page, project, name = parse_page(request.query), project_of(request), given(request, "datasetName")
    if name is not None:
        name = (await spelled_dataset(langfuse, project, name)).id
    wanted = {each: text for each in ("sourceTraceId", "sourceObservationId") if (text := given(request, each))}
    if not wanted:
        found, total = await items_of(langfuse, request, project, page, name)
        return answer({"data": [item(each) for each in found], "meta": page.meta(total)})
    everything, _ = await items_of(langfuse, request, project, None, name)
    fitting = [each for each in everything if wanted.items() <= {k: each.body.get(k) for k in wanted}.items()]
    return answer({"data": [item(each) for each in page.of(fitting)], "meta": page.meta(len(fitting))})


async def items_of(
    langfuse: Langfuse, request: web.Request, project: str, page: Page | None, name: str | None
) -> tuple[list[Kept], int]:
    """As `read_page`, at the `version` that is asked for. Raises `BadQuery`."""
    version = given(request, "version")
    if version is None:
        return await read_page(langfuse, project, ITEMS, page, parent=name)
    if name is None:
        raise BadQuery("version needs a datasetName", parameter="version")
    at_ns = parse_version(version, "version", langfuse.api.now_ns())
    return await items_at(langfuse, project, at_ns, page, parent=name)


async def known_item(langfuse: Langfuse, project: str, item_id: str) -> Kept:
    """Raises `NotFound`."""
    found = await read_one(langfuse, project, ITEMS, item_id)
    if found is None:
        raise NotFound(f"no item {item_id[:100]!r} of a data set")
    return found


async def get_item(langfuse: Langfuse, request: web.Request) -> web.Response:
    """An item by its id."""
    return answer(item(await known_item(langfuse, project_of(request), request.match_info["item_id"])))


async def delete_item(langfuse: Langfuse, request: web.Request) -> web.Response:
    """The item is gone; versions of before have it."""
    project, item_id = project_of(request), request.match_info["item_id"]
    decide = partial(deleted_item, langfuse.api.now_ns())
    if not await langfuse.documents.change(project, ITEMS, decide, id=item_id):
        raise NotFound(f"no item {item_id[:100]!r} of a data set")
    return answer({"message": "Dataset item successfully deleted"})


def gone(known: Sequence[Document]) -> tuple[Change, int]:
    """Decides that all of them are gone; how many they were."""
    return Change(gone=[each.id for each in known]), len(known)
