"""The route of content that lies apart from its span: an image, a recording, a piece of a long text.

It is data that somebody sent, and never a page of ours: only formats that a browser does nothing with but decode are
shown in place, by their first bytes; all else is a download, and nothing may run in either.
"""

import re
from collections.abc import Sequence

from aiohttp import web

from api.handling import Api, identity_of, parse_no_parameters
from contract.errors import NotFound
from contract.formats import SHOWN_IN_PLACE, mime_type_of
from contract.raw import decode_base64
from contract.reading import Row

CONTENT_ID = re.compile(r"[0-9a-f]{32}")

LASTING_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
"""An id names its bytes: what a client has once, it need not ask for again."""


async def get_content(api: Api, request: web.Request) -> web.Response:
    """One content that a span or log record of the asker's project refers to."""
    parse_no_parameters(request)
    content_id = request.match_info["content_id"]
    asked = {"project": identity_of(request).project, "content_id": content_id}
    parts = await api.reader.read("get_content", asked) if CONTENT_ID.fullmatch(content_id) else []
    if not parts:
        raise NotFound(f"no content {content_id[:100]!r}")
    body, mime_type = decoded(parts)
    shown = "inline" if mime_type in SHOWN_IN_PLACE else "attachment"
    headers = LASTING_HEADERS | {
        "Content-Type": mime_type,
        "Content-Disposition": f'{shown}; filename="{content_id}"',
        "ETag": f'"{content_id}"',
    }
    if headers["ETag"] in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers)


def decoded(parts: Sequence[Row]) -> tuple[bytes, str]:
    """The bytes and their type: those that base64 holds, or a text."""
    text = "".join(part["text"] for part in parts)
    if not parts[0]["media"]:
        return text.encode(errors="replace"), "text/plain; charset=utf-8"
    body = decode_base64(text.rstrip("="))
    return body, mime_type_of(body) or "application/octet-stream"
