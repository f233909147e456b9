"""Addresses that clients print: they lead to the answer of the query API about that trace, session or project."""

from urllib.parse import quote

from aiohttp import web

from api.langfuse.handling import Langfuse


async def show_project(_langfuse: Langfuse, request: web.Request) -> web.Response:
    """The traces of the key's project."""
    return led_to(request, "api/v1/traces")


async def show_trace(_langfuse: Langfuse, request: web.Request) -> web.Response:
    """One trace; an id that there is not leads to an answer that says so."""
    return led_to(request, f"api/v1/traces/{quote(request.match_info['trace_id'], safe='')}")


async def show_session(_langfuse: Langfuse, request: web.Request) -> web.Response:
    """One session."""
    return led_to(request, f"api/v1/sessions/{quote(request.match_info['session_id'], safe='')}")


def led_to(request: web.Request, path: str) -> web.Response:
    """A redirect by a relative address, so that a proxy's prefix stays. What asks is a browser: it follows a 302."""
    ups = request.rel_url.raw_path.count("/") - 1
    return web.Response(status=302, headers={"Location": "../" * ups + path, "Cache-Control": "no-store"})
