"""Comments on traces, observations, sessions and prompts."""

import uuid
from functools import partial
from typing import Any

from aiohttp import web

from api.langfuse.datasets import upserted
from api.langfuse.handling import Langfuse, answer, json_object, optional_text, project_of, text_in
from api.langfuse.parameters import given, parse_page
from api.langfuse.stored import Kept, read_one, read_page
from contract.errors import BadQuery, NotFound

COLLECTION = "comment"
OBJECT_TYPES = ("TRACE", "OBSERVATION", "SESSION", "PROMPT")
CONTENT_AT_MOST = 5000
FILTERS = ("objectType", "objectId", "authorUserId")


async def create_comment(langfuse: Langfuse, request: web.Request) -> web.Response:
    """The comment is stored."""
    body = await json_object(langfuse, request)
    if body.get("objectType") not in OBJECT_TYPES:
        raise BadQuery(f"objectType must be one of {', '.join(OBJECT_TYPES)}", parameter="objectType")
    object_id, content = text_in(body, "objectId"), text_in(body, "content")
    if len(content) > CONTENT_AT_MOST:
        raise BadQuery(f"content has more than {CONTENT_AT_MOST} characters", parameter="content")
    author = optional_text(body, "authorUserId")
    said = {"objectType": body["objectType"], "objectId": object_id, "content": content, "authorUserId": author}
    comment_id = str(uuid.uuid4())
    decide = partial(upserted, COLLECTION, comment_id, object_id, said, langfuse.api.now_ns())
    await langfuse.documents.change(project_of(request), COLLECTION, decide, id=comment_id)
    return answer({"id": comment_id})


def comment(found: Kept, project: str) -> dict[str, Any]:
    return {"id": found.id, "projectId": project, **found.body, **found.times}


async def list_comments(langfuse: Langfuse, request: web.Request) -> web.Response:
    """`{"data": [...], "meta": {...}}`, the newest first."""
    page, project = parse_page(request.query), project_of(request)
    wanted = {name: text for name in FILTERS if (text := given(request, name))}
    found, _ = await read_page(langfuse, project, COLLECTION, parent=given(request, "objectId"))
    fitting = [each for each in found if all(each.body.get(name) == text for name, text in wanted.items())]
    return answer({"data": [comment(each, project) for each in page.of(fitting)], "meta": page.meta(len(fitting))})


async def get_comment(langfuse: Langfuse, request: web.Request) -> web.Response:
    """A comment by its id."""
    project, comment_id = project_of(request), request.match_info["comment_id"]
    found = await read_one(langfuse, project, COLLECTION, comment_id)
    if found is None:
        raise NotFound(f"no comment {comment_id[:100]!r}")
    return answer(comment(found, project))
