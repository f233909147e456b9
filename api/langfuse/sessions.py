"""Sessions: what spans name by a session's id, and the traces that belong to one."""

from aiohttp import web

from api.langfuse import records
from api.langfuse.handling import Langfuse, answer, project_of
from api.langfuse.parameters import all_given, parse_moment, parse_page
from contract.errors import NotFound
from contract.reading import INLINE, MEDIA, SOME_SPAN, Condition

TRACES_AT_MOST = 1000


async def list_sessions(langfuse: Langfuse, request: web.Request) -> web.Response:
    """`{"data": [...], "meta": {...}}`, the newest first."""
    page, now_ns, project = parse_page(request.query), langfuse.api.now_ns(), project_of(request)
    asked = {
        "project": project,
        "from_ns": parse_moment(request.query, "fromTimestamp", now_ns),
        "to_ns": parse_moment(request.query, "toTimestamp", now_ns),
        "environments": list(all_given(request, "environment")) or None,
    }
    reader = langfuse.api.reader
    rows = await reader.read("page_sessions", {**asked, "limit": page.limit, "skip": page.skip})
    some = rows or await reader.read("page_sessions", {**asked, "limit": 1})
    total = some[0]["total"] if some else 0
    return answer({"data": [records.session(row, project) for row in rows], "meta": page.meta(total)})


async def get_session(langfuse: Langfuse, request: web.Request) -> web.Response:
    """A session with its newest traces, at most `TRACES_AT_MOST`."""
    project, session_id = project_of(request), request.match_info["session_id"]
    reader = langfuse.api.reader
    some_span = Condition(SOME_SPAN + "session_id", "eq", (session_id,))
    found = await reader.read("page_sessions", {"project": project, "id": session_id, "limit": 1})
    if not found:
        raise NotFound(f"no session {session_id[:100]!r}")
    asked = {"project": project, "limit": TRACES_AT_MOST, "io": "full", MEDIA: INLINE}
    rows = await reader.read("list_traces", asked, (some_span,))
    traces = [records.trace(row, project, None) for row in rows]
    return answer({**records.session(found[0], project), "traces": traces})
