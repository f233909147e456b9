"""Langfuse's API over a socket, on a store of the test's own that also writes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from api.langfuse.routes import routes as langfuse_routes
from api.routes import routes
from contract.access import Identity
from contract.prices import ListedPrice
from service.application import application
from storage.documents import StoredDocuments
from storage.reader import DuckReader
from tests.support.living import Living, live
from tests.support.stored import insert
from translator.present import present

PRICES = (
    ListedPrice("own:1", "my-model", "(?i)^my\\-model$", True, 1e-6, 2e-6, 5e-7, 1e-6),
    ListedPrice("openai:gpt-4o", "gpt-4o", "(?i)^gpt\\-4o", False, 2.5e-6, 1e-5, 1.25e-6, 2.5e-6),
)


class Talk:
    """A client, and the store behind the server."""

    def __init__(self, store: Living, client: TestClient[Any, Any]) -> None:
        self.store = store
        self.documents = StoredDocuments(store.writer)
        self.client = client

    async def __call__(
        self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | Sequence[Any] | None = None
    ) -> tuple[int, Any]:
        """Status and JSON."""
        options = {"allow_redirects": False, "params": params}
        async with self.client.request(method, path, json=body, **options) as response:
            return response.status, await response.json(content_type=None)

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON of a GET that succeeds."""
        status, body = await self("GET", f"/api/public/{path}", params=params)
        assert status == 200, body
        return body


def talking(
    talk: Callable[[Talk], Awaitable[Any]],
    *spans: dict[str, Any],
    path: Path | str = ":memory:",
    identity: Identity | None = None,
) -> None:
    """Run `talk` against a server whose store holds these spans (`tests.support.stored.span`)."""

    async def work(store: Living) -> None:
        insert(store.database, "span", *spans)
        reader = DuckReader(store.database, visible=store.writer.visible)
        documents = StoredDocuments(store.writer)
        found = routes(
            reader=reader,
            present=present,
            status_source=dict,
            ready=list,
            samples=list,
            langfuse=partial(langfuse_routes, store.upkeep, documents, lambda: PRICES),
        )
        async with TestClient(TestServer(application(lambda _: identity or Identity(), found))) as client:
            await talk(Talk(store, client))
        reader.close()

    live(path, work)
