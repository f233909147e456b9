"""Runs of data sets."""

from typing import Any

import pytest

from tests.support.langfuse_api import Talk, talking
from tests.support.stored import span, span_id, trace_id

LINK = {"runName": "run 1", "datasetItemId": "i", "traceId": "t", "runDescription": "first", "metadata": {"m": 1}}


async def link(ask: Talk, expected: int = 200, **more: Any) -> Any:
    status, answer = await ask("POST", "/api/public/dataset-run-items", {**LINK, **more})
    assert status == expected, answer
    return answer


async def prepared(ask: Talk) -> Any:
    await ask("POST", "/api/public/dataset-items", {"datasetName": "d", "id": "i"})
    _, dataset = await ask("POST", "/api/public/v2/datasets", {"name": "d"})
    await ask("POST", "/api/public/dataset-items", {"datasetName": "d", "id": "i"})
    return dataset


def test_a_run_is_made_by_its_first_item_and_an_item_sent_again_is_the_same() -> None:
    async def talk(ask: Talk) -> None:
        dataset = await prepared(ask)
        first = await link(ask)
        assert await link(ask, runDescription=None) | {"updatedAt": 0} == first | {"updatedAt": 0}
        other = await link(ask, traceId="t2")
        status, run = await ask("GET", "/api/public/datasets/d/runs/run%201")
        assert status == 200
        assert (run["name"], run["description"], run["metadata"]) == ("run 1", "first", {"m": 1})
        assert (run["datasetId"], run["id"]) == (dataset["id"], first["datasetRunId"])
        assert {each["id"] for each in run["datasetRunItems"]} == {first["id"], other["id"]}
        whole = await ask.get("datasets/d")
        assert ([each["id"] for each in whole["items"]], whole["runs"]) == (["i"], ["run 1"])
        listed = await ask.get("datasets/d/runs")
        assert [each["name"] for each in listed["data"]] == ["run 1"]
        items = await ask.get("dataset-run-items", datasetId=dataset["id"], runName="run 1", limit=1)
        assert (len(items["data"]), items["meta"]["totalItems"]) == (1, 2)

    talking(talk)


def test_an_observation_leads_to_its_trace() -> None:
    async def talk(ask: Talk) -> None:
        await prepared(ask)
        assert (await link(ask, traceId=None, observationId=span_id(1)))["traceId"] == trace_id(1)
        await link(ask, 404, traceId=None, observationId=span_id(2))

    talking(talk, span(1))


@pytest.mark.parametrize(
    ("more", "expected"),
    [({"datasetItemId": "nope"}, 404), ({"runName": ""}, 400), ({"traceId": None}, 400), ({"datasetItemId": 1}, 400)],
)
def test_what_cannot_be_linked_is_refused(more: dict[str, Any], expected: int) -> None:
    async def talk(ask: Talk) -> None:
        await prepared(ask)
        await link(ask, expected, **more)
        assert (await ask.get("datasets/d/runs"))["data"] == []

    talking(talk)


def test_a_deleted_run_is_gone_with_its_items() -> None:
    async def talk(ask: Talk) -> None:
        dataset = await prepared(ask)
        await link(ask)
        assert (await ask("DELETE", "/api/public/datasets/d/runs/run%201"))[0] == 200
        assert (await ask("GET", "/api/public/datasets/d/runs/run%201"))[0] == 404
        params = {"datasetId": dataset["id"], "runName": "run 1"}
        assert (await ask("GET", "/api/public/dataset-run-items", params=params))[0] == 404
        assert (await ask("GET", "/api/public/dataset-run-items"))[0] == 400
        assert (await ask("GET", "/api/public/datasets/nope/runs"))[0] == 404

    talking(talk)
