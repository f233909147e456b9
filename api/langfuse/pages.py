"""Addresses that clients print: they lead to the answer of the query API about that trace, session or project."""

from urllib.parse import quote, urlencode

from aiohttp import web

from api.langfuse.datasets import DATASETS, RUNS, dataset_id
from api.langfuse.handling import Langfuse, project_of
from api.langfuse.stored import read_one, read_page
from contract.errors import NotFound

EXPERIMENT = "attr.langfuse.experiment.id"
"""How SDK 5 marks the spans of an experiment (langfuse/langfuse `packages/shared/src/server/otel/attributes.ts`)."""


async def show_project(_langfuse: Langfuse, request: web.Request) -> web.Response:
    """The traces of the key's project."""
    return led_to(request, "api/v1/traces")


async def show_trace(_langfuse: Langfuse, request: web.Request) -> web.Response:
    """One trace; an id that there is not leads to an answer that says so."""
    return led_to(request, f"api/v1/traces/{quote(request.match_info['trace_id'], safe='')}")


async def show_session(_langfuse: Langfuse, request: web.Request) -> web.Response:
    """One session."""
    return led_to(request, f"api/v1/sessions/{quote(request.match_info['session_id'], safe='')}")


async def show_dataset(langfuse: Langfuse, request: web.Request) -> web.Response:
    """A data set by its id. Raises `NotFound`."""
    wanted = request.match_info["dataset_id"]
    known, _ = await read_page(langfuse, project_of(request), DATASETS)
    name = next((each.id for each in known if dataset_id(each.id) == wanted), None)
    if name is None:
        raise NotFound(f"no data set with the id {wanted[:100]!r}")
    return led_to(request, f"api/public/v2/datasets/{quote(name, safe='')}")


async def show_run(langfuse: Langfuse, request: web.Request) -> web.Response:
    """A run of a data set by its id. Raises `NotFound`."""
    wanted = request.match_info["run_id"]
    found = await read_one(langfuse, project_of(request), RUNS, wanted)
    if found is None:
        raise NotFound(f"no run with the id {wanted[:100]!r}")
    names = (quote(name, safe="") for name in (found.parent, found.body["name"]))
    return led_to(request, "api/public/datasets/{}/runs/{}".format(*names))


async def show_experiment(_langfuse: Langfuse, request: web.Request) -> web.Response:
    """The traces of the experiment that `baseline` names."""
    wanted = request.query.get("baseline")
    return led_to(request, "api/v1/traces" + (f"?{urlencode({EXPERIMENT: wanted})}" if wanted else ""))


def led_to(request: web.Request, path: str) -> web.Response:
    """A redirect by a relative address, so that a proxy's prefix stays. What asks is a browser: it follows a 302."""
    ups = request.rel_url.raw_path.count("/") - 1
    return web.Response(status=302, headers={"Location": "../" * ups + path, "Cache-Control": "no-store"})
