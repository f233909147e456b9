"""Langfuse's API in the document: every route that is registered, and answers as it says."""

import re
from pathlib import Path
from typing import Any

from api.langfuse.openapi import DESCRIBED, paths, schema_of
from api.langfuse.routes import TABLE
from contract.translated import Translated
from receiver import langfuse_http
from receiver.admission import Admission
from receiver.counters import Counters
from receiver.limits import DEFAULT_LIMITS
from tests.support.json_schema import faults
from tests.support.langfuse_api import Talk, talking
from tests.support.langfuse_scores import score
from tests.support.langfuse_server import Deleting, find_configs
from tests.support.media import MediaInMemory
from tests.support.sinks import ListSink
from tests.support.stored import span, span_id, trace_id

OVER_OTLP = {("POST", "otel"), ("POST", "otel/v1/traces")}
"""Served by the routes of OTLP, which take any prefix."""

DOCS = Path(__file__).parents[3] / "docs"


def below_api_public(method: str, pattern: str) -> tuple[str, str]:
    path = pattern.partition("api/public/")[2].replace("{slashes:/*}", "")
    return method, re.sub(r"\{(\w+)\+?(:[^}]*)?\}", r"{\1}", path)


def received() -> set[tuple[str, str]]:
    found = langfuse_http.routes(
        ListSink(), Admission(), Counters(), DEFAULT_LIMITS,
        ready=list, version="1", upkeep=Deleting(), media=MediaInMemory(), score_configs=find_configs, browsers=False,
    )  # fmt: skip
    return {below_api_public(route.method, route.path) for route in found}


def test_what_is_registered_is_what_is_described() -> None:
    answered = {below_api_public(r.method, r.path) for r in TABLE if r.path.startswith("api/public/")}
    assert DESCRIBED.keys() == answered | received() | OVER_OTLP


def test_every_path_stands_beside_the_document_for_readers() -> None:
    text = "".join((DOCS / name).read_text("utf-8") for name in ("langfuse.md", "langfuse-read.md"))
    named = {re.sub(r"\{\w+\}", "{}", path) for path in re.findall(r"`(?:[A-Z]+ )?(/[^` ?]*)", text)}
    assert {re.sub(r"\{\w+\}", "{}", f"/{path}") for _, path in DESCRIBED} - named == set()


def test_an_operation_has_the_parameters_of_its_path_and_what_it_takes() -> None:
    made = paths()["/api/public/v2/prompts/{name}"]["get"]
    assert [(each["name"], each["in"]) for each in made["parameters"]] == [
        ("name", "path"), ("version", "query"), ("label", "query"), ("resolve", "query"),
    ]  # fmt: skip
    assert made["security"]
    assert paths()["/api/public/health"]["get"]["security"] == []
    assert paths()["/api/public/comments"]["post"]["requestBody"]["required"]


async def filled(ask: Talk) -> dict[str, str]:
    """Something of everything; the ids that stand in paths."""
    await ask.store.writer.commit(Translated(scores=[score(1, value=0.5)], size_bytes=100))
    made = {}
    for path, body in (
        ("score-configs", {"name": "c", "dataType": "CATEGORICAL", "categories": [{"label": "a", "value": 1}]}),
        ("comments", {"objectType": "TRACE", "objectId": "t", "content": "x"}),
        ("v2/prompts", {"name": "p", "prompt": "hello", "labels": ["production"]}),
        ("v2/datasets", {"name": "d", "metadata": {"a": 1}}),
        ("dataset-items", {"datasetName": "d", "id": "i", "input": 1}),
        ("dataset-run-items", {"runName": "r", "datasetItemId": "i", "traceId": trace_id(1)}),
    ):
        status, answer = await ask("POST", f"/api/public/{path}", body)
        described = DESCRIBED["POST", path]
        assert (status, faults(schema_of(described.gives), answer)) == (described.status, []), path
        made[path] = answer["id"]
    return {
        "trace_id": trace_id(1), "observation_id": span_id(1), "session_id": "s", "score_id": "s1",
        "config_id": made["score-configs"], "model_id": "own:1", "comment_id": made["comments"], "item_id": "i",
        "run_name": "r",
    }  # fmt: skip


NEEDED: dict[str, dict[str, str]] = {
    "dataset-run-items": {"runName": "r"},
    "metrics": {},
    "v2/metrics": {},
}
QUERY = (
    '{"view":"observations","metrics":[{"measure":"count","aggregation":"count"}],'
    '"fromTimestamp":"2026-01-01T00:00:00Z","toTimestamp":"2027-01-01T00:00:00Z"}'
)


def test_every_answer_has_the_shape_that_is_described() -> None:
    async def talk(ask: Talk) -> None:
        ids = await filled(ask)
        dataset = await ask.get("v2/datasets/d")
        for (method, path), described in DESCRIBED.items():
            if (method, path) in received() or method != "GET":
                continue
            names = {**ids, "name": "p" if "prompts" in path else "d"}
            params: dict[str, Any] = {**NEEDED.get(path, {})}
            params |= {"datasetId": dataset["id"]} if path == "dataset-run-items" else {}
            params |= {"query": QUERY} if path.endswith("metrics") else {}
            answer = await ask.get(path.format(**names), **params)
            assert faults(schema_of(described.gives), answer) == [], path
            assert answer.get("data", [1]), path
        status, answer = await ask("GET", "/api/public/traces/nope")
        assert (status, faults(schema_of("Error"), answer)) == (404, [])

    call = {"kind": "generation", "model": "gpt-4o", "input_tokens": 10, "output_tokens": 5, "total_cost": 0.5}
    talking(talk, span(1, session_id="s", user_id="u", input='{"q":1}', **call))
