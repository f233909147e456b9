"""Deletes and copies over HTTP, on a store that writes."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from api.routes import routes
from api.upkeep import ACTIONS, actions
from contract.access import OWN_SCOPES, SCOPES, Identity
from contract.reading import FIELDS
from service.application import application
from storage.database import run
from storage.reader import DuckReader
from tests.support.living import Living, live
from tests.support.rows import generation_row, log_row, span_row
from tests.support.stored import opened

DELETE = "/api/v1/traces/delete"
FILE_NAME = re.compile(r'attachment; filename="tracepond-\d{8}T\d{6}Z.duckdb"')


class Asked:
    """A store and a client of its API."""

    def __init__(self, store: Living, client: TestClient[Any, Any]) -> None:
        self.store = store
        self.client = client

    async def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        async with self.client.request(method, path, json=body, **options) as response:
            return response.status, await response.json(content_type=None)

    async def post(self, body: Any) -> tuple[int, Any]:
        return await self("POST", DELETE, body)


def asking(path: Path | str, talk: Callable[[Asked], Awaitable[None]], identity: Identity | None = None) -> None:
    async def work(store: Living) -> None:
        reader = DuckReader(store.database, visible=store.writer.visible)
        found = routes(
            reader=reader,
            present=lambda *_: {},
            status_source=dict,
            ready=list,
            samples=list,
            actions=actions(store.upkeep),
        )
        async with TestClient(TestServer(application(lambda _: identity or Identity(), found))) as client:
            await talk(Asked(store, client))
        reader.close()

    live(path, work)


def test_a_deleted_trace_is_unknown_and_cannot_be_deleted_again(tmp_path: Path) -> None:
    async def talk(ask: Asked) -> None:
        await ask.store.commit(
            span_row("a"), span_row("b", "a"), span_row("c", trace_id="t2"), logs=(log_row("a", "d"),)
        )
        deleted = {"trace_id": "t1", "deleted": {"traces": 1, "spans": 2, "log_records": 1}}
        assert await ask("DELETE", "/api/v1/traces/t1") == (200, deleted)
        for method in ("DELETE", "GET"):
            status, problem = await ask(method, "/api/v1/traces/t1")
            assert (status, problem["type"]) == (404, "/errors/not-found")
        assert (await ask("GET", "/api/v1/traces"))[1]["data"][0]["trace_id"] == "t2"

    asking(tmp_path / "x.duckdb", talk)


def test_ids_in_capitals_and_of_text_are_found(tmp_path: Path) -> None:
    async def talk(ask: Asked) -> None:
        await ask.store.commit(span_row("a", trace_id="ab" * 16), span_row("b", trace_id="a / b?"))
        assert (await ask("DELETE", f"/api/v1/traces/{'AB' * 16}"))[0] == 200
        assert (await ask("DELETE", "/api/v1/traces/a%20%2F%20b%3F"))[0] == 200

    asking(tmp_path / "x.duckdb", talk)


def test_a_key_deletes_in_its_own_project_only(tmp_path: Path) -> None:
    async def talk(ask: Asked) -> None:
        await ask.store.commit(span_row("a"), span_row("b", trace_id="t2", project="shop"))
        assert (await ask("DELETE", "/api/v1/traces/t1"))[0] == 404
        assert (await ask.post({"all": True}))[1]["deleted"]["traces"] == 1
        assert await ask.store.rows() == ["a"]

    asking(tmp_path / "x.duckdb", talk, Identity("shop", SCOPES))


async def fill(store: Living) -> None:
    """Three traces, a second apart."""
    for number, model in enumerate(("gpt-4o", "gpt-4o", "claude-sonnet-4")):
        span = generation_row("a", trace_id=f"t{number}", model=model, start=number * 1_000_000, end=number * 1_000_001)
        await store.commit(span, span_row("b", "a", trace_id=f"t{number}", start=number * 1_000_000))


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({"model": "gpt-4o"}, ["t2"]),
        ({"model": ["gpt-4o", "claude-sonnet-4"]}, []),
        ({"to": "2026-09-21T14:13:21Z"}, ["t1", "t2"]),
        ({"from": "2026-09-21T14:13:21Z", "model": "gpt-4o"}, ["t0", "t2"]),
        ({"generation_count__gte": 2}, ["t0", "t1", "t2"]),
        ({"complete": True}, []),
        ({"q": "nothing of that kind"}, ["t0", "t1", "t2"]),
        ({"all": True}, []),
    ],
)
def test_the_filters_of_the_list_choose_what_is_deleted(tmp_path: Path, filters: Any, left: list[str]) -> None:
    async def talk(ask: Asked) -> None:
        await fill(ask.store)
        status, counted = await ask.post({**filters, "dry_run": True})
        assert (status, counted["dry_run"]) == (200, True)
        assert len(await ask.store.rows()) == 6
        status, done = await ask.post(filters)
        assert (status, done) == (200, {"dry_run": False, "deleted": counted["deleted"]})
        assert await ask.store.rows("DISTINCT trace_id") == left
        assert done["deleted"] == {"traces": 3 - len(left), "spans": 6 - 2 * len(left), "log_records": 0}

    asking(tmp_path / "x.duckdb", talk)


def test_more_traces_than_a_page_are_deleted_in_one_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.upkeep.LIMIT_AT_MOST", 3)

    async def talk(ask: Asked) -> None:
        await ask.store.commit(*(span_row("a", trace_id=f"t{n}", start=n // 2) for n in range(10)))
        for dry_run in (True, False):
            _, answer = await ask.post({"all": True, "dry_run": dry_run})
            assert answer["deleted"]["traces"] == 10
        assert await ask.store.rows() == []

    asking(tmp_path / "x.duckdb", talk)


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({}, 400, "all"),
        ({"dry_run": True}, 400, "all"),
        ({"all": False}, 400, "all"),
        ({"modle": "x"}, 400, "model"),
        ({"limit": 5}, 400, "limit"),
        ({"cursor": "x"}, 400, "cursor"),
        ({"io": "none"}, 400, "io"),
        ({"model": {"eq": "x"}}, 400, "model"),
        ({"model": None}, 400, "model"),
        ({"all": "yes"}, 400, "all"),
        ({"dry_run": 1, "all": True}, 400, "dry_run"),
        ({"duration_ms__gte": "long"}, 400, "duration_ms"),
        ([], 400, "object"),
        ("x", 400, "object"),
    ],
)
def test_a_body_that_is_not_understood_deletes_nothing_and_is_refused_by_name(
    tmp_path: Path, body: Any, status: int, named: str
) -> None:
    async def talk(ask: Asked) -> None:
        await fill(ask.store)
        answer = await ask.post(body)
        assert answer[0] == status
        assert named in answer[1]["detail"]
        assert len(await ask.store.rows()) == 6

    asking(tmp_path / "x.duckdb", talk)


@pytest.mark.parametrize("path", [DELETE, "/api/v1/snapshot"])
@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/plain", b'{"all": true}', 415),
        ("application/x-www-form-urlencoded", b"all=true", 415),
        ("application/json", b'{"all": ', 400),
        ("application/json", b"x" * 70_000, 413),
    ],
)
def test_only_json_of_bounded_size_is_read_so_that_no_foreign_page_can_ask(
    tmp_path: Path, path: str, content_type: str, body: bytes, status: int
) -> None:
    async def talk(ask: Asked) -> None:
        async with ask.client.post(path, data=body, headers={"Content-Type": content_type}) as response:
            assert response.status == status

    asking(tmp_path / "x.duckdb", talk)


def test_parameters_in_the_query_string_are_refused(tmp_path: Path) -> None:
    async def talk(ask: Asked) -> None:
        await fill(ask.store)
        assert (await ask("POST", f"{DELETE}?model=gpt-4o", {"all": True}))[0] == 400
        assert (await ask("DELETE", "/api/v1/traces/t1?dry_run=true"))[0] == 400
        assert (await ask("POST", "/api/v1/snapshot?x=1", {}))[0] == 400
        assert (await ask("POST", "/api/v1/snapshot", {"x": 1}))[0] == 400
        assert len(await ask.store.rows()) == 6

    asking(tmp_path / "x.duckdb", talk)


def test_a_snapshot_is_a_database_that_can_be_opened(tmp_path: Path) -> None:
    async def talk(ask: Asked) -> None:
        await ask.store.commit(span_row("a"), span_row("b", project="shop"))
        async with ask.client.post("/api/v1/snapshot", json={}) as response:
            assert response.status == 200
            assert response.headers["Cache-Control"] == "no-store"
            assert FILE_NAME.fullmatch(response.headers["Content-Disposition"])
            body = await response.read()
            assert response.content_length == len(body)
        (tmp_path / "copy.duckdb").write_bytes(body)
        database = await asyncio.to_thread(opened, str(tmp_path / "copy.duckdb"))
        assert run(database.cursor(), "SELECT span_id FROM span ORDER BY ALL") == [("a",), ("b",)]
        database.close()

    asking(tmp_path / "x.duckdb", talk)
    assert not list(tmp_path.glob("*snapshot*"))


def test_a_snapshot_of_a_database_in_memory_is_refused() -> None:
    async def talk(ask: Asked) -> None:
        status, problem = await ask("POST", "/api/v1/snapshot", {})
        assert status == 400
        assert "in memory" in problem["detail"]

    asking(":memory:", talk)


SCOPED = [(action.method, action.path.replace("{trace_id}", "t1"), action.scope) for action in ACTIONS if action.scope]


@pytest.mark.parametrize(("method", "path", "scope"), SCOPED)
def test_an_action_needs_its_scope_and_no_other(tmp_path: Path, method: str, path: str, scope: str) -> None:
    async def without(ask: Asked) -> None:
        await ask.store.commit(span_row("a"))
        status, problem = await ask(method, path, {})
        assert (status, problem["detail"]) == (403, f"this key has no scope {scope!r}")
        assert await ask.store.rows() == ["a"]

    async def with_it(ask: Asked) -> None:
        async with ask.client.request(method, path, json={}) as response:
            assert response.status not in (401, 403)

    assert scope not in OWN_SCOPES
    asking(tmp_path / "x.duckdb", without, Identity("default", SCOPES - {scope}))
    asking(tmp_path / "y.duckdb", with_it, Identity("default", frozenset({scope})))


def test_other_methods_are_answered_with_those_that_are_allowed(tmp_path: Path) -> None:
    async def talk(ask: Asked) -> None:
        for method, path, allowed in (
            ("GET", "/api/v1/snapshot", "POST"),
            ("PUT", "/api/v1/traces/t1", "GET, HEAD, DELETE"),
        ):
            async with ask.client.request(method, path) as response:
                assert (response.status, response.headers["Allow"]) == (405, allowed)

    asking(tmp_path / "x.duckdb", talk)


def test_every_filter_of_the_list_has_a_name_that_the_body_leaves_to_it() -> None:
    """`all` and `dry_run` are members of the body and would hide a field of that name."""
    assert not {"all", "dry_run"} & FIELDS["list_traces"].keys()


def test_docs_name_every_action() -> None:
    text = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text()
    assert [each.path for each in ACTIONS if each.scope and f"`{each.method} {each.path}`" not in text] == []
