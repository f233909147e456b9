"""The server that takes what is imported: events in batches, files by announcing them."""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from api.parameters import stored_id
from service.langfuse.events import Event, MediaUse, of_score
from service.langfuse.remote import ABSENT, Asks, Refusal
from service.langfuse.tally import Tally

BATCH_BYTES, BATCH_EVENTS = 2 << 20, 500
TOO_LARGE = 413
MEDIA_AT_MOST_BYTES = 256 << 20
MARK = "import-langfuse"
"""`scope_version` of what an import has told."""
ASKED_CHARACTERS = 4000
"""Of ids in one question: half of what a server takes as the first line of a request."""
KNOWN_BY = {"traces": ("api/v1/traces", "trace_id"), "observations": ("api/v1/spans", "span_id")}
"""Kind of record -> our list that has it, and its id there."""


SAID_BY = b'{"sdk_name":"%(mark)b","sdk_version":"%(mark)b"}' % {b"mark": MARK.encode()}


async def first_hand(site: Asks, kind: str, ids: Sequence[str]) -> set[str]:
    """Which of these traces or observations applications have told this server themselves: they know better."""
    path, name = KNOWN_BY[kind]
    found: set[str] = set()
    for some in portions([stored_id(each) for each in ids]):
        asked = {"io": "none", "limit": 1000, "scope_version__ne": MARK, name: some}
        try:
            answer = await site.json("GET", path, **asked)
        except Refusal as error:
            if error.status not in ABSENT:
                raise
            return set()
        found |= {each[name] for each in answer["data"]}
    return {each for each in ids if stored_id(each) in found}


async def equal_scores(site: Asks, wanted: Mapping[str, str]) -> set[str]:
    """Which of these scores (id -> digest of what they say) are here and say the same: times here may be finer."""
    found: set[str] = set()
    for some in portions(list(wanted)):
        try:
            answer = await site.json("GET", "api/public/v2/scores", scoreIds=",".join(some), limit=100)
        except Refusal as error:
            if error.status not in ABSENT:
                raise
            return set()
        told = {record["id"]: of_score(record, {})[0].digest for record in answer["data"]}
        found |= {score_id for score_id, digest in told.items() if wanted.get(score_id) == digest}
    return found


def portions(ids: Sequence[str]) -> Iterator[list[str]]:
    """The ids in parts that fit into an address."""
    part: list[str] = []
    size = 0
    for each in ids:
        length = len(quote(each, safe="")) + 10
        if part and size + length > ASKED_CHARACTERS:
            yield part
            part, size = [], 0
        part.append(each)
        size += length
    if part:
        yield part


async def send(site: Asks, events: Iterable[Event], tally: Tally) -> None:
    """All are stored, or named as faults. Raises `Refusal` where the server takes none."""
    batch: list[Event] = []
    size = 0
    for event in events:
        if batch and (size + len(event.text) > BATCH_BYTES or len(batch) >= BATCH_EVENTS):
            await send_batch(site, batch, tally)
            batch, size = [], 0
        batch.append(event)
        size += len(event.text)
    if batch:
        await send_batch(site, batch, tally)


async def send_batch(site: Asks, batch: Sequence[Event], tally: Tally) -> None:
    body = b'{"batch":[' + b",".join(event.text for event in batch) + b'],"metadata":' + SAID_BY + b"}"
    try:
        answer = await site.json("POST", "api/public/ingestion", body)
    except Refusal as error:
        if error.status != TOO_LARGE:
            raise
        if len(batch) == 1:
            tally.fault(f"{batch[0].name}: {error}")
        else:
            middle = len(batch) // 2
            await send_batch(site, batch[:middle], tally)
            await send_batch(site, batch[middle:], tally)
        return
    count(batch, answer, tally)


def count(batch: Sequence[Event], answer: Any, tally: Tally) -> None:
    """What became of each event (`IngestionResponse`)."""
    refused = {error["id"]: error.get("error") or error.get("message") for error in answer["errors"]}
    for event in batch:
        if event.id in refused:
            tally.fault(f"{event.name}: {refused[event.id]}")
        else:
            tally.stored[event.kind] += 1


class MediaMover:
    """Files that texts refer to: each is fetched once, and announced for each place that shows it."""

    def __init__(self, source: Asks, target: Asks, tally: Tally) -> None:
        self._source, self._target, self._tally = source, target, tally
        self._known: dict[str, dict[str, Any] | None] = {}
        """Of each file what its announcement says; null where it cannot be had."""

    async def move(self, use: MediaUse) -> None:
        """The file is here, or named as a fault. Raises `Refusal` where a server does not answer at all."""
        if use.media_id in self._known:
            announcement = self._known[use.media_id]
            if announcement is not None:
                await self._announce(announcement, use)
            return
        self._tally.read["media"] += 1
        self._known[use.media_id] = None
        try:
            self._known[use.media_id] = await self._copy(use)
        except Refusal as error:
            self._tally.fault(f"media: {use.media_id}: {error}")
        else:
            self._tally.stored["media"] += 1

    async def _copy(self, use: MediaUse) -> dict[str, Any]:
        found = await self._source.json("GET", f"api/public/media/{use.media_id}")
        url = found.get("url") if isinstance(found, dict) else None
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            raise Refusal(404, "the server names no address for its bytes")
        data = await self._source.content(url, MEDIA_AT_MOST_BYTES)
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        announcement = {"contentType": found["contentType"], "contentLength": len(data), "sha256Hash": digest}
        answer = await self._announce(announcement, use)
        if answer["mediaId"] != use.media_id:
            raise Refusal(409, f"its bytes are those of {answer['mediaId']}")
        if answer["uploadUrl"]:
            headers = {"Content-Type": found["contentType"], "x-amz-checksum-sha256": digest}
            await self._target.put(answer["uploadUrl"], data, headers)
        return announcement

    async def _announce(self, announcement: dict[str, Any], use: MediaUse) -> Any:
        shown = {"traceId": use.trace_id, "observationId": use.observation_id, "field": use.field}
        return await self._target.json("POST", "api/public/media", {**announcement, **shown})
