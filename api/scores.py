"""The routes that take and delete scores, in the names of product.md section 4."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from aiohttp import web

from api.errors import unknown
from api.handling import Api, Route, guarded, identity_of, json_response, parse_no_parameters, pattern
from api.parameters import stored_id
from api.upkeep import ADMIN, json_body
from contract.errors import NotFound, Refused
from contract.sink import PostScore
from contract.upkeep import Upkeep

INGEST = "ingest"

NAMES = {
    "id": "id",
    "name": "name",
    "value": "value",
    "string_value": "value",
    "data_type": "dataType",
    "source": "source",
    "comment": "comment",
    "trace_id": "traceId",
    "span_id": "observationId",
    "session_id": "sessionId",
    "timestamp": "timestamp",
    "environment": "environment",
    "metadata": "metadata",
}
"""Field of a score -> its name on the Langfuse wire, which has one field for numbers and texts."""

OUR_NAMES = {wire: ours for ours, wire in NAMES.items() if wire.lower() != wire}
WIRE_NAME = re.compile(rf"\b({'|'.join(OUR_NAMES)})\b")

Handler = Callable[[Api, web.Request], Awaitable[web.StreamResponse]]


def actions(post: PostScore, upkeep: Upkeep) -> Callable[[Api], list[web.RouteDef]]:
    """The routes, for `api.routes.routes`."""
    found = (
        ("POST", Route("/api/v1/scores", partial(post_score, post), INGEST)),
        ("DELETE", Route("/api/v1/scores/{score_id}", partial(delete_score, upkeep), ADMIN)),
    )
    return lambda api: [web.route(method, pattern(route), guarded(api, route)) for method, route in found]


async def post_score(post: PostScore, _api: Api, request: web.Request) -> web.Response:
    """One score; answered once it is committed."""
    parse_no_parameters(request)
    body = await json_body(request)
    score: dict[str, Any] = {}
    for name, value in body.items():
        if name not in NAMES:
            raise unknown("field", name, NAMES)
        if value is not None:
            score[NAMES[name]] = value
    try:
        return json_response({"id": await post(identity_of(request), score)})
    except Refused as error:
        raise Refused(in_our_names(str(error)), reason=error.reason, kind=error.kind) from error


def in_our_names(message: str) -> str:
    """What the receiver says of a body, whose fields have their names on the Langfuse wire there."""
    return WIRE_NAME.sub(lambda found: OUR_NAMES[found[0]], message)


async def delete_score(upkeep: Upkeep, _api: Api, request: web.Request) -> web.Response:
    """The score that the path names is gone."""
    parse_no_parameters(request)
    score_id = stored_id(request.match_info["score_id"])
    if not await upkeep.delete_scores(identity_of(request).project, [score_id]):
        raise NotFound(f"no score {score_id[:100]!r}")
    return json_response({"id": score_id, "deleted": 1})
