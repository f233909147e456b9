"""`tracepond import-langfuse`: everything that a Langfuse server's public API tells goes to a running server.

No state is kept: ids stay, so that importing again changes nothing, and the newest records come first, so that an
import that stopped goes on before the time that its report names (`--to-time`).
"""

import argparse
import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import aiohttp

from api.langfuse.records import iso
from api.times import parse_time
from service import client
from service.config import Config, ConfigError
from service.langfuse import lists
from service.langfuse.documents import Documents
from service.langfuse.events import Event, media_uses, of_observation, of_observation_v2, of_score, of_trace
from service.langfuse.lists import Range, Record, Stream
from service.langfuse.remote import Asks, Refusal, Site
from service.langfuse.tally import Tally
from service.langfuse.target import MediaMover, equal_scores, first_hand, send
from service.quantities import Endpoint
from service.tls import Tls, Unusable, client_context

PROGRESS_EVERY_S = 2.0
Tell = Callable[[str], None]
Keys = tuple[str, str]
COUNTED = (lists.TRACES, lists.OBSERVATIONS)
"""Lists whose totals both sides tell, beside that of scores."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to import from where to where. Keys are left out of `repr`, so that they cannot reach a log."""

    source: str
    source_keys: Keys = field(repr=False)
    target: str
    target_keys: Keys | None = field(repr=False)
    range: Range
    local: Endpoint | None = None
    """Where the target is on this machine; null for another."""
    certificate: Tls | None = None


class Done(NamedTuple):
    report: str
    whole: bool
    """Whether everything that is there is here."""


def wanted(options: argparse.Namespace, environ: Mapping[str, str], config: Config) -> Wanted:
    """What the command line asks for. Raises `ConfigError`, `BadQuery`."""
    source_keys = (
        options.public_key or environ.get("LANGFUSE_PUBLIC_KEY", ""),
        options.secret_key or environ.get("LANGFUSE_SECRET_KEY", ""),
    )
    if not all(source_keys):
        raise ConfigError("the keys of the Langfuse project are needed: LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY")
    for url in (options.url, options.to or "http://"):
        if not url.startswith(("http://", "https://")):
            raise ConfigError(f"expected an address such as https://cloud.langfuse.com, got {url[:100]!r}")
    target = options.to or client.base(config)
    if options.url.rstrip("/") == target.rstrip("/"):
        raise ConfigError(f"{target} is the server to copy to: name the one to copy from")
    now_ns = time.time_ns()
    from_ns, to_ns = (
        None if text is None else parse_time(text, now_ns, flag)
        for flag, text in (("--from-time", options.from_time), ("--to-time", options.to_time))
    )
    local = None if options.to else config.receivers.http_endpoint
    return Wanted(
        options.url, source_keys, target, target_keys(options, config),
        Range(from_ns, to_ns), local, config.receivers.http_tls if local else None,
    )  # fmt: skip


def target_keys(options: argparse.Namespace, config: Config) -> Keys | None:
    """Those that are given, else those of the configuration's first project that may read and write."""
    if options.to_public_key and options.to_secret_key:
        return options.to_public_key, options.to_secret_key
    if options.to_public_key or options.to_secret_key:
        raise ConfigError("--to-public-key and --to-secret-key must be given together")
    fitting = (each for each in config.auth.projects if {"read", "ingest"} <= each.scopes)
    project = next(fitting, None) if config.auth.mode == "keys" else None
    return None if project is None else (project.public_key, project.secret_key)


def run(what: Wanted, tell: Tell) -> Done:
    """The import, until it is done or stopped; `tell` is given lines of progress. Raises `RequestFailed`."""
    return asyncio.run(between(what, tell))


async def between(what: Wanted, tell: Tell) -> Done:
    async with AsyncExitStack() as open_:
        there = await open_.enter_async_context(aiohttp.ClientSession(trust_env=True))
        here = await open_.enter_async_context(session_to(what))
        source = Site(there, what.source, what.source_keys, tell)
        target = Site(here, what.target, what.target_keys, tell)
        return await Import(source, target, what.range, tell).run()


def session_to(what: Wanted) -> aiohttp.ClientSession:
    """To the server on this machine without a proxy, by its socket or with its own certificate."""
    if what.local is None:
        return aiohttp.ClientSession(trust_env=True)
    if what.local.path:
        return aiohttp.ClientSession(connector=aiohttp.UnixConnector(what.local.path))
    try:
        context = client_context(what.certificate) if what.certificate else True
    except Unusable as error:
        raise client.RequestFailed(str(error)) from error
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context))


class Import:
    """One import; `run` once."""

    def __init__(self, source: Asks, target: Asks, range_: Range, tell: Tell) -> None:
        self._source, self._target, self._range, self._tell = source, target, range_, tell
        self._tally = Tally()
        self._media = MediaMover(source, target, self._tally)
        self._done_ns: int | None = None
        """Records at or after it are here."""
        self._told_s = 0.0

    async def run(self) -> Done:
        """Raises `Refusal` where one of the servers does not take the keys, or is none."""
        for site in (self._source, self._target):
            await site.json("GET", "api/public/projects")
        try:
            return await self._whole()
        except Refusal as error:
            return self._stopped(str(error))
        except asyncio.CancelledError:  # Ctrl-C
            return self._stopped("it was interrupted")

    async def _whole(self) -> Done:
        documents = Documents(self._source, self._target, self._tally)
        await documents.move()
        streams = await lists.streams(self._source, self._range, self._tally)
        counted = [*COUNTED, *(each.listed for each in streams if each.listed.kind == "scores")]
        there = {listed.kind: await lists.total(self._source, listed, self._range) for listed in counted}
        await self._records(streams, makers(documents.run_ids))
        here_lists = (*COUNTED, lists.SCORES_V2)
        here = {listed.kind: await lists.total(self._target, listed, self._range) for listed in here_lists}
        return Done(self._tally.report(there, here), self._tally.fault_count == 0)

    def _stopped(self, why: str) -> Done:
        where = iso(self._done_ns)
        on = f"--to-time={where} goes on there" if where else "again from the start: what is here stays as it is"
        return Done(f"{self._tally.report({}, {})}\nnot done: {why}\n{on}", False)

    async def _records(self, streams: list[Stream], make: "Makers") -> None:
        """All streams to their ends, always the one that is behind: so all are as far back in time."""
        while going := [stream for stream in streams if not stream.ended]:
            stream = max(going, key=lambda each: float("inf") if each.before_ns is None else each.before_ns)
            await self._move(stream.listed.kind, await stream.read(), make[stream.listed.path])
            behind = [each.before_ns for each in streams if not each.ended]
            self._done_ns = None if not behind or None in behind else max(each for each in behind if each is not None)
            self._progress()

    async def _move(self, kind: str, records: list[Record], make: "Maker") -> None:
        made = [(record["id"], make(record)) for record in records]
        known = await self._known(kind, made)
        self._tally.read.update(event.kind for _, events in made for event in events)
        self._tally.stored.update(event.kind for name, events in made if name in known for event in events)
        fresh = [event for name, events in made if name not in known for event in events]
        await send(self._target, fresh, self._tally)
        for record in records if kind != "scores" else ():
            of_observation_ = "traceId" in record
            trace_id = (record["traceId"] if of_observation_ else None) or record["id"]
            for use in media_uses(record, trace_id, record["id"] if of_observation_ else None):
                await self._media.move(use)

    async def _known(self, kind: str, made: Sequence[tuple[str, list[Event]]]) -> set[str]:
        """Ids of the records that need not be sent."""
        if kind == "scores":
            return await equal_scores(self._target, {name: events[0].digest for name, events in made})
        known = await first_hand(self._target, kind, [name for name, _ in made])
        self._tally.first_hand += len(known)
        return known

    def _progress(self) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= PROGRESS_EVERY_S:
            self._told_s = now_s
            back = f", back to {iso(self._done_ns)}" if self._done_ns is not None else ""
            self._tell(self._tally.line() + back)


Maker = Callable[[Record], list[Event]]
Makers = Mapping[str, Maker]


def makers(run_ids: Mapping[str, str]) -> dict[str, Any]:
    """Path of a list -> what makes events of its records."""
    scores = partial(of_score, run_ids=run_ids)
    return {
        lists.TRACES.path: of_trace,
        lists.OBSERVATIONS.path: of_observation,
        lists.OBSERVATIONS_V2.path: of_observation_v2,
        **{listed.path: scores for listed in (lists.SCORES_V1, lists.SCORES_V2, lists.SCORES_V3)},
    }
