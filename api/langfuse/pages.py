"""Addresses that clients print: they lead to the answer of the query API about that trace, session or project."""

from urllib.parse import quote, urlencode

from aiohttp import web

from api.langfuse.datasets import RUNS
from api.langfuse.handling import Langfuse, project_of
from api.langfuse.parameters import given
from api.langfuse.stored import read_one
from contract.errors import NotFound

EXPERIMENT = "attr.langfuse.experiment.id"
"""What the SDKs write on the spans of an experiment (langfuse-python 5.0.4 `langfuse/_client/attributes.py`)."""


async def show_project(_langfuse: Langfuse, request: web.Request) -> web.Response:
    """The traces of the key's project."""
    return led_to(request, "api/v1/traces")


async def show_trace(_langfuse: Langfuse, request: web.Request) -> web.Response:
    """One trace; an id that there is not leads to an answer that says so."""
    return led_to(request, f"api/v1/traces/{quote(request.match_info['trace_id'], safe='')}")


async def show_session(_langfuse: Langfuse, request: web.Request) -> web.Response:
    """One session."""
    return led_to(request, f"api/v1/sessions/{quote(request.match_info['session_id'], safe='')}")


async def show_run(langfuse: Langfuse, request: web.Request) -> web.Response:
    """One run of a data set, by the ids that SDKs 3 and 4 print."""
    run_id = request.match_info["run_id"]
    found = await read_one(langfuse, project_of(request), RUNS, run_id)
    if found is None:
        raise NotFound(f"no run {run_id[:100]!r} of a data set")
    names = (quote(name, safe="") for name in (found.parent, found.body["name"]))
    return led_to(request, "api/public/datasets/{}/runs/{}".format(*names))


async def show_experiment(_langfuse: Langfuse, request: web.Request) -> web.Response:
    """The traces of an experiment, by the address that SDK 5 prints."""
    baseline = given(request, "baseline")
    return led_to(request, "api/v1/traces" + (f"?{urlencode({EXPERIMENT: baseline})}" if baseline else ""))


def led_to(request: web.Request, path: str) -> web.Response:
    """A redirect by a relative address, so that a proxy's prefix stays. What asks is a browser: it follows a 302."""
    ups = request.rel_url.raw_path.count("/") - 1
    return web.Response(status=302, headers={"Location": "../" * ups + path, "Cache-Control": "no-store"})
