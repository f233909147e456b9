"""Runs of data sets: which trace an item was answered by in which run."""

from functools import partial
from typing import Any

from aiohttp import web

from api.langfuse.dataset_versions import item_at, parse_version
from api.langfuse.datasets import RUNS, dataset_id, gone, known_dataset, known_item, upserted
from api.langfuse.handling import Langfuse, answer, json_object, optional_text, project_of, text_in
from api.langfuse.parameters import given, parse_page
from api.langfuse.records import iso
from api.langfuse.stored import Kept, derived_id, read_one, read_page
from api.parameters import stored_id
from contract.errors import BadQuery, NotFound

RUN_ITEMS = "dataset_run_item"


async def create_run_item(langfuse: Langfuse, request: web.Request) -> web.Response:
    """The item is linked to its trace in the run, which is made where it is not there; sent again it is the same."""
    body = await json_object(langfuse, request)
    project, run_name, now_ns = project_of(request), text_in(body, "runName"), langfuse.api.now_ns()
    item_id, version = text_in(body, "datasetItemId"), optional_text(body, "datasetVersion")
    at_ns = None if version is None else parse_version(version, "datasetVersion", now_ns)
    if at_ns is None:
        item = await known_item(langfuse, project, item_id)
    else:
        item = await item_at(langfuse, project, item_id, at_ns)
    observation_id = optional_text(body, "observationId")
    trace_id = optional_text(body, "traceId") or await trace_of(langfuse, project, observation_id)
    run_id = derived_id(RUNS, item.parent, run_name)
    told = {"description": body.get("runDescription"), "metadata": body.get("metadata")}
    said = {"name": run_name, **{name: value for name, value in told.items() if value is not None}}
    run = partial(upserted, RUNS, run_id, item.parent, said, now_ns)
    await langfuse.documents.change(project, RUNS, run, id=run_id)
    link = {
        "datasetRunName": run_name, "datasetItemId": item.id, "traceId": trace_id, "observationId": observation_id,
        "datasetVersion": None if at_ns is None else iso(at_ns),
    }  # fmt: skip
    link_id = derived_id(RUN_ITEMS, run_id, item.id, trace_id, observation_id or "")
    decide = partial(upserted, RUN_ITEMS, link_id, run_id, link, now_ns)
    return answer(run_item(await langfuse.documents.change(project, RUN_ITEMS, decide, id=link_id)))


async def trace_of(langfuse: Langfuse, project: str, observation_id: str | None) -> str:
    """The trace of an observation, for clients that name only that. Raises `BadQuery`, `NotFound`."""
    if observation_id is None:
        raise BadQuery("traceId or observationId is needed", parameter="traceId")
    asked = {"project": project, "span_ids": [stored_id(observation_id)], "limit": 1}
    rows = await langfuse.api.reader.read("get_chosen_spans", asked)
    if not rows:
        raise NotFound(f"no observation {observation_id[:100]!r}")
    return str(rows[0]["trace_id"])


def run_item(found: Kept) -> dict[str, Any]:
    return {"id": found.id, "datasetRunId": found.parent, **found.body, **found.times}


def run(found: Kept) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.body["name"],
        "description": found.body.get("description"),
        "metadata": found.body.get("metadata"),
        "datasetId": dataset_id(found.parent),
        "datasetName": found.parent,
        **found.times,
    }


async def list_runs(langfuse: Langfuse, request: web.Request) -> web.Response:
    """`{"data": [...], "meta": {...}}`, the newest first."""
    page, project, name = parse_page(request.query), project_of(request), request.match_info["name"]
    await known_dataset(langfuse, project, name)
    found, total = await read_page(langfuse, project, RUNS, page, parent=name)
    return answer({"data": [run(each) for each in found], "meta": page.meta(total)})


async def known_run(langfuse: Langfuse, request: web.Request) -> Kept:
    """The run that the path names. Raises `NotFound`."""
    name, run_name = request.match_info["name"], request.match_info["run_name"]
    found = await read_one(langfuse, project_of(request), RUNS, derived_id(RUNS, name, run_name))
    if found is None:
        raise NotFound(f"no run {run_name[:100]!r} of a data set {name[:100]!r}")
    return found


async def get_run(langfuse: Langfuse, request: web.Request) -> web.Response:
    """A run with its items."""
    found = await known_run(langfuse, request)
    items, _ = await read_page(langfuse, project_of(request), RUN_ITEMS, parent=found.id)
    return answer({**run(found), "datasetRunItems": [run_item(each) for each in items]})


async def delete_run(langfuse: Langfuse, request: web.Request) -> web.Response:
    """The run and its items are gone; the data set and the traces stay."""
    project, found = project_of(request), await known_run(langfuse, request)
    await langfuse.documents.change(project, RUN_ITEMS, gone, parent=found.id)
    await langfuse.documents.change(project, RUNS, gone, id=found.id)
    return answer({"message": "Dataset run successfully deleted"})


async def list_run_items(langfuse: Langfuse, request: web.Request) -> web.Response:
    """`{"data": [...], "meta": {...}}` of one run, which `datasetId` and `runName` name."""
    page, project = parse_page(request.query), project_of(request)
    wanted, run_name = given(request, "datasetId"), given(request, "runName")
    if wanted is None or run_name is None:
        raise BadQuery("datasetId and runName are needed", parameter="datasetId")
    runs, _ = await read_page(langfuse, project, RUNS)
    fitting = [each for each in runs if each.body["name"] == run_name and dataset_id(each.parent) == wanted]
    if not fitting:
        raise NotFound(f"no run {run_name[:100]!r} of that data set")
    found, total = await read_page(langfuse, project, RUN_ITEMS, page, parent=fitting[0].id)
    return answer({"data": [run_item(each) for each in found], "meta": page.meta(total)})
