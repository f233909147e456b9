"""Scores over HTTP, on a store that writes."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from api.langfuse.score_configs import score_configs
from api.records import SCORE_FIELDS
from api.routes import routes
from api.scores import NAMES, actions
from contract.access import Identity
from receiver.counters import Counters
from receiver.langfuse_http import score_poster
from receiver.limits import DEFAULT_LIMITS
from service.application import application
from service.pipeline import Pipeline
from storage.reader import DuckReader
from tests.support.living import Living, live
from tests.support.rows import span_row
from translator.translate import Translator

Ask = Callable[..., Awaitable[tuple[int, Any]]]
SCORE = {"id": "s", "name": "quality", "value": 0.5, "trace_id": "t1"}


def asking(path: Path, talk: Callable[[Ask], Awaitable[None]], identity: Identity | None = None) -> None:
    async def work(store: Living) -> None:
        await store.commit(span_row("a"))
        reader = DuckReader(store.database, visible=store.writer.visible)
        pipeline = Pipeline(Translator().translate, store.writer.commit)
        found = routes(
            reader=reader, present=lambda *_: {}, status_source=dict, ready=list, samples=list,
            actions=actions(score_poster(pipeline, Counters(), DEFAULT_LIMITS, score_configs(reader)), store.upkeep),
        )  # fmt: skip
        async with TestClient(TestServer(application(lambda _: identity or Identity(), found))) as client:

            async def ask(method: str, path: str, body: Any = None) -> tuple[int, Any]:
                async with client.request(method, path, json=body) as response:
                    return response.status, await response.json(content_type=None)

            await talk(ask)
        reader.close()
        pipeline.close()

    live(path / "x.duckdb", work)


def test_a_score_is_listed_and_shown_with_its_trace_until_it_is_deleted(tmp_path: Path) -> None:
    async def talk(ask: Ask) -> None:
        sent = {**SCORE, "comment": "ok", "timestamp": "2026-11-21T05:00:00Z", "metadata": {"k": 1}, "span_id": "a"}
        assert await ask("POST", "/api/v1/scores", sent) == (200, {"id": "s"})
        [score] = (await ask("GET", "/api/v1/scores?name=quality"))[1]["data"]
        assert score == {
            **sent, "project": "default", "string_value": None, "data_type": "NUMERIC", "source": "API",
            "session_id": None, "environment": None, "timestamp": "2026-11-21T05:00:00.000000000Z",
        }  # fmt: skip
        assert (await ask("GET", "/api/v1/traces/t1"))[1]["trace"]["scores"] == [score]
        assert (await ask("GET", "/api/v1/traces"))[1]["data"][0]["scores"] == [score]
        assert await ask("DELETE", "/api/v1/scores/s") == (200, {"id": "s", "deleted": 1})
        assert (await ask("DELETE", "/api/v1/scores/s"))[0] == 404
        assert (await ask("GET", "/api/v1/scores"))[1]["data"] == []

    asking(tmp_path, talk)


def test_a_score_that_is_sent_again_takes_the_new_values(tmp_path: Path) -> None:
    async def talk(ask: Ask) -> None:
        for value in (1, "good", True):
            await ask("POST", "/api/v1/scores", {**SCORE, "value": value})
        [score] = (await ask("GET", "/api/v1/scores"))[1]["data"]
        assert (score["value"], score["string_value"], score["data_type"]) == (1.0, "True", "BOOLEAN")
        assert (await ask("POST", "/api/v1/scores", {"name": "n", "string_value": "x", "session_id": "s"}))[0] == 200

    asking(tmp_path, talk)


def test_scores_are_filtered_searched_and_paged_newest_first(tmp_path: Path) -> None:
    async def talk(ask: Ask) -> None:
        for number in range(3):
            moment = f"2026-11-21T05:00:0{number}Z"
            more = {"metadata": {"judge": f"j{number}"}, "comment": f"Said {number}"}
            await ask("POST", "/api/v1/scores", {**SCORE, "id": f"s{number}", "timestamp": moment, **more})

        async def ids(query: str) -> list[str]:
            return [score["id"] for score in (await ask("GET", f"/api/v1/scores?{query}"))[1]["data"]]

        assert await ids("") == ["s2", "s1", "s0"]
        assert await ids("q=said+1") == await ids("attr.judge=j1") == await ids("id=s1") == ["s1"]
        assert await ids("from=2026-11-21T05:00:01Z&value__gte=0.5") == ["s2", "s1"]
        page = (await ask("GET", "/api/v1/scores?limit=2"))[1]
        assert await ids(f"limit=2&cursor={page['next_cursor']}") == ["s0"]

    asking(tmp_path, talk)


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({**SCORE, "valeu": 1}, 400, "value"),
        ({**SCORE, "value": None}, 400, "value"),
        ({**SCORE, "trace_id": None}, 400, "a score needs a trace_id or a session_id"),
        ({**SCORE, "data_type": "GOOD"}, 400, "data_type must be one of"),
        ([], 400, "object"),
    ],
)
def test_what_is_no_score_is_refused_by_name(body: Any, status: int, named: str, tmp_path: Path) -> None:
    async def talk(ask: Ask) -> None:
        found, problem = await ask("POST", "/api/v1/scores", body)
        assert found == status
        assert named in problem["detail"]

    asking(tmp_path, talk)


def test_scopes_are_asked_for(tmp_path: Path) -> None:
    async def talk(ask: Ask) -> None:
        assert (await ask("POST", "/api/v1/scores", SCORE))[0] == 403
        assert (await ask("DELETE", "/api/v1/scores/s"))[0] == 403
        assert (await ask("GET", "/api/v1/scores"))[0] == 200

    asking(tmp_path, talk, Identity("default", frozenset({"read"})))


def test_every_field_of_a_score_can_be_posted() -> None:
    assert set(NAMES) == set(SCORE_FIELDS) - {"project"}
