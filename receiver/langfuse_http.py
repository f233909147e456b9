"""The writing side of Langfuse's API, below `/api/public/` and any prefix: events, scores, and what clients ask first.

Success is answered once the events are committed. Sources: langfuse/langfuse `web/src/pages/api/public/`; which
answers clients insist on was seen with the clients (tests/golden/langfuse).
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

from aiohttp import web

from contract.access import SCORE, Identity
from contract.errors import Forbidden, NotFound, Refused
from contract.media import MediaStore
from contract.scoring import ScoreConfigs
from contract.sink import Outcome, PostScore, Sink
from contract.span import Batch
from contract.upkeep import Upkeep
from receiver import langfuse_media
from receiver.admission import Admission
from receiver.body import content_encoding, read_body
from receiver.clients import http_arrival
from receiver.counters import Counters
from receiver.intake import Intake, require_ingest
from receiver.langfuse_answers import ERROR_NAMES, at, json_response, status_response
from receiver.langfuse_events import Events, decode_batch, decode_scores
from receiver.langfuse_media import MediaRoutes
from receiver.langfuse_score_configs import hold_to_configs
from receiver.langfuse_values import BadEvent, identifier, json_text
from receiver.limits import Limits
from receiver.rejections import Rejections

Handler = Callable[[web.Request], Awaitable[web.Response]]


class _Events(NamedTuple):
    name: str = "langfuse"
    items: str = "langfuse_events"


EVENTS = _Events()

HEALTH, READY, SCORES, PROJECTS = at("health"), at("ready"), at("scores"), at("projects")


BROWSER_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "*, Authorization",
    "Access-Control-Max-Age": "86400",
}


class _Context(NamedTuple):
    intake: Intake
    admission: Admission
    counters: Counters
    limits: Limits
    ready: Callable[[], Sequence[str]]
    version: str
    upkeep: Upkeep
    score_configs: ScoreConfigs


Handle = Callable[[_Context, web.Request], Awaitable[web.Response]]


def routes(
    sink: Sink,
    admission: Admission,
    counters: Counters,
    limits: Limits,
    *,
    ready: Callable[[], Sequence[str]],
    version: str,
    upkeep: Upkeep,
    media: MediaStore,
    score_configs: ScoreConfigs,
    browsers: bool,
    clock_s: Callable[[], float] = time.time,
) -> list[web.RouteDef]:
    """The routes; `ready` gives the reasons why not.

    `browsers`: pages of any origin may post scores, as they may to Langfuse. Only where keys are needed: without them
    every page that somebody visits could.
    """
    intake = Intake(sink, counters, "http", limits)
    context = _Context(intake, admission, counters, limits, ready, version, upkeep, score_configs)

    def handler(handle: Handle) -> Handler:
        async def answered(request: web.Request) -> web.Response:
            try:
                return await handle(context, request)
            except Exception as error:
                return status_response(context.intake.failure(error, http_arrival(request, EVENTS.name)))

        return answered

    return [
        web.post(at("ingestion"), handler(_post_ingestion)),
        web.post(SCORES, handler(_open_to_browsers(_post_scores) if browsers else _post_scores)),
        *([web.options(SCORES, handler(_open_to_browsers(_no_content)))] if browsers else []),
        web.delete(at("scores/{score_id}"), handler(_delete_score)),
        web.get(PROJECTS, handler(_get_projects)),
        web.get(HEALTH, handler(_get_health)),
        web.get(READY, handler(_get_health)),
        *langfuse_media.routes(MediaRoutes(media, admission, limits, clock_s), context.intake.failure),
    ]


async def _post_ingestion(context: _Context, request: web.Request) -> web.Response:
    """207 with what became of each event (`IngestionResponse`)."""
    events = await _receive(context, request, decode_batch, require_ingest)
    errors = [
        {"id": fault.event_id, "status": 400, "message": "Invalid request data", "error": fault.message}
        for fault in events.faults
    ]
    return json_response(
        {"successes": [{"id": each, "status": 201} for each in events.accepted], "errors": errors}, 207
    )


async def _post_scores(context: _Context, request: web.Request) -> web.Response:
    """One score: 200 with its id. A list, as Python SDK 5 sends them: 202, or 207 with what was refused."""
    events = await _receive(context, request, decode_scores, _require_score)
    if not events.is_list:
        if events.faults:
            return json_response({"message": events.faults[0].message, "error": ERROR_NAMES[400]}, 400)
        return json_response({"id": events.scores[0].score_id})
    if not events.faults:
        return json_response({"message": "Accepted"}, 202)
    errors = [{"message": fault.message} for fault in events.faults]
    return json_response({"accepted": len(events.accepted), "rejected": len(errors), "errors": errors}, 207)


def _open_to_browsers(handle: Handle) -> Handle:
    """With the headers by which a browser lets a page of another origin call it (Fetch, "CORS protocol")."""

    async def answered(context: _Context, request: web.Request) -> web.Response:
        try:
            response = await handle(context, request)
        except Exception as error:
            response = status_response(context.intake.failure(error))
        response.headers.update(BROWSER_HEADERS)
        return response

    return answered


async def _no_content(_context: _Context, _request: web.Request) -> web.Response:
    """What a browser asks before it lets a page post; it sends no credentials with that."""
    return web.Response(status=204)


def score_poster(sink: Sink, counters: Counters, limits: Limits, score_configs: ScoreConfigs) -> PostScore:
    """For routes of other forms: the same way in."""
    intake = Intake(sink, counters, "http", limits)

    async def post(identity: Identity, score: Mapping[str, Any]) -> str:
        require_ingest(identity)
        body = score_body(score)
        events = decode_scores(body)
        await hold_to_configs(events, identity.project, score_configs)
        counters.received(EVENTS.items, "http", 1)
        if events.faults:
            counters.refused(EVENTS.items, "http", {"invalid": 1})
            raise Refused(events.faults[0].message)
        batch = intake.batch(identity, len(body))
        batch.scores = events.scores
        told(await intake.accept(EVENTS, batch, 1))
        return events.scores[0].score_id

    return post


def score_body(score: Mapping[str, Any]) -> bytes:
    """The score as a client would have sent it. Raises `Refused` where it nests too deeply."""
    try:
        return json_text(dict(score)).encode()
    except BadEvent as error:
        raise Refused(str(error)) from None


async def _delete_score(context: _Context, request: web.Request) -> web.Response:
    """The score that the path names is gone."""
    identity: Identity = request.get("identity") or Identity()
    if "admin" not in identity.scopes:
        raise Forbidden("this key may not delete (scope admin)")
    score_id = identifier(request.match_info["score_id"], "score id") or ""
    if not await context.upkeep.delete_scores(identity.project, [score_id]):
        raise NotFound(f"no score {score_id[:100]!r}")
    return json_response({"message": "Score deleted"})


def _require_json(request: web.Request) -> None:
    """What a page of somebody else can send without being asked for leave is never JSON (Fetch, "simple requests")."""
    if request.content_type != "application/json":
        raise Refused("Content-Type must be application/json", reason="unsupported_type", kind="unsupported_type")


def _require_score(identity: Identity) -> None:
    if not identity.scopes & {SCORE, "ingest"}:
        raise Forbidden("this key may not send scores (scope ingest)")


async def _receive(
    context: _Context,
    request: web.Request,
    decode: Callable[[bytes, Limits], Events],
    require: Callable[[Identity], None],
) -> Events:
    """What the body says, committed but for its faults."""
    intake = context.intake
    with ExitStack() as until_committed:
        with intake.before_decoding(EVENTS):
            identity: Identity = request.get("identity") or Identity()
            require(identity)
            _require_json(request)
            encoding = content_encoding(request.headers.get("Content-Encoding", ""))
            hold = until_committed.enter_context(context.admission.hold())
            body = await read_body(request.content, request.content_length, context.limits, hold)
            body = await intake.unpack(body, encoding)
            hold.grow_to(len(body))
            await hold.room_behind()
        async with context.admission.large.turn(len(body)):
            events = await _decode_and_commit(context, body, identity, decode)
    _tell(context, request, events)
    return events


async def _decode_and_commit(
    context: _Context, body: bytes, identity: Identity, decode: Callable[[bytes, Limits], Events]
) -> Events:
    intake = context.intake
    with intake.before_decoding(EVENTS):
        events = await intake.decoded(body, lambda text: decode(text, context.limits))
        await hold_to_configs(events, identity.project, context.score_configs)
    context.counters.received(EVENTS.items, "http", len(events.accepted) + len(events.faults))
    context.counters.refused(EVENTS.items, "http", {"invalid": len(events.faults)} if events.faults else {})
    batch = intake.batch(identity, len(body))
    batch.spans, batch.scores = events.spans, events.scores
    await _commit(context, batch, len(events.accepted))
    return events


def _tell(context: _Context, request: web.Request, events: Events) -> None:
    """Who sent them, for `/api/v1/status`."""
    arrival = http_arrival(request, EVENTS.name)
    arrival.items = len(events.accepted) + len(events.faults)
    rejections = Rejections()
    for fault in events.faults:
        rejections.add("invalid", fault.message)
    context.counters.clients.took(arrival, rejections)


async def _commit(context: _Context, batch: Batch, count: int) -> None:
    if batch.spans or batch.scores:
        told(await context.intake.accept(EVENTS, batch, count))
    else:
        context.counters.accepted(EVENTS.items, "http", count)  # log lines of SDKs are taken and dropped


def told(outcome: Outcome) -> None:
    """Raises `Refused` when something cannot be stored: its event is not known any more. The others are."""
    if outcome.rejected:
        raise Refused(outcome.reasons[0])


async def _get_projects(_context: _Context, request: web.Request) -> web.Response:
    """The project of the key: SDKs check their keys with this and print its id in the addresses of traces."""
    identity: Identity = request.get("identity") or Identity()
    name = identity.project
    organization = {"id": "tracepond", "name": "tracepond"}
    return json_response({"data": [{"id": name, "name": name, "organization": organization, "metadata": {}}]})


async def _get_health(context: _Context, _request: web.Request) -> web.Response:
    """200 when events are taken, else 503."""
    reasons = list(context.ready())
    body = {"status": "error" if reasons else "OK", "version": context.version}
    return json_response(body | ({"message": "; ".join(reasons)} if reasons else {}), 503 if reasons else 200)
