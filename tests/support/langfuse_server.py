"""The writing side of Langfuse's API over a socket, with what it hands on kept in memory."""

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from contract.access import Identity
from contract.scoring import ScoreConfig
from contract.upkeep import Erased
from receiver.admission import Admission
from receiver.counters import Counters
from receiver.langfuse_http import routes
from receiver.limits import Limits
from tests.support.media import MediaInMemory
from tests.support.sinks import ListSink

Ask = Callable[..., Awaitable[tuple[int, Any, Any]]]


class Deleting:
    """Upkeep that has one score."""

    scores = ("shop", "s1")

    async def delete_scores(self, project: str, score_ids: Collection[str]) -> int:
        return sum((project, score_id) == self.scores for score_id in score_ids)

    async def delete_traces(self, project: str, trace_ids: Collection[str], *, dry_run: bool = False) -> Erased:
        raise AssertionError("no route of this side deletes traces")

    def snapshot(self) -> Any:
        raise AssertionError("no route of this side copies the file")


CONFIGS = (
    ScoreConfig("number", "quality", "NUMERIC", least=0, most=5),
    ScoreConfig("category", "tone", "CATEGORICAL", categories={"good": 2, "bad": -1}),
    ScoreConfig("flag", "passed", "BOOLEAN"),
    ScoreConfig("words", "remark", "TEXT"),
    ScoreConfig("old", "quality", "NUMERIC", is_archived=True),
)


async def find_configs(project: str, ids: Collection[str]) -> dict[str, ScoreConfig]:
    """Those of the project `shop`."""
    return {config.id: config for config in CONFIGS if project == "shop" and config.id in ids}


class Served:
    """What answered, and what it counted."""

    def __init__(
        self, sink: ListSink, identity: Identity, ready: Sequence[str], admission: Admission, now_s: float
    ) -> None:
        self.sink, self.identity, self.ready, self.admission = sink, identity, ready, admission
        self.now_s = now_s
        self.browsers = True
        self.counters = Counters()
        self.upkeep = Deleting()
        self.media = MediaInMemory()

    def talk(self, talk: Callable[[Ask], Awaitable[None]]) -> None:
        asyncio.run(self._serve(talk))

    async def _serve(self, talk: Callable[[Ask], Awaitable[None]]) -> None:
        @web.middleware
        async def identify(request: web.Request, handler: Any) -> web.StreamResponse:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", web.NotAppKeyWarning)
                request["identity"] = self.identity
            response: web.StreamResponse = await handler(request)
            return response

        application = web.Application(middlewares=[identify])
        limits = Limits(max_body_bytes=100_000, max_unpacked_bytes=100_000)
        application.add_routes(
            routes(
                self.sink,
                self.admission,
                self.counters,
                limits,
                ready=lambda: self.ready,
                version="1.2",
                upkeep=self.upkeep,
                media=self.media,
                score_configs=find_configs,
                browsers=self.browsers,
                clock_s=lambda: self.now_s,
            )
        )
        runner = web.AppRunner(application, auto_decompress=False)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with aiohttp.ClientSession() as client:

            async def ask(method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, Any]:
                data = body if isinstance(body, bytes) or body is None else orjson.dumps(body)
                headers = {"Content_Type": "application/json"} | headers
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                async with client.request(method, url + path, data=data, headers=named) as response:
                    text = await response.read()
                    return response.status, orjson.loads(text) if text[:1] == b"{" else text, response.headers

            await talk(ask)
        await runner.cleanup()


def served(
    answer: Any = None,
    identity: Identity | None = None,
    ready: Sequence[str] = (),
    admission: Admission | None = None,
    now_s: float = 1_800_000_000.0,
) -> Served:
    return Served(ListSink(answer), identity or Identity("shop"), ready, admission or Admission(), now_s)


def asked(server: Served, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, Any]:
    found: list[tuple[int, Any, Any]] = []

    async def talk(ask: Ask) -> None:
        found.append(await ask(method, path, body, **headers))

    server.talk(talk)
    return found[0]
