"""Addresses that clients print lead to answers."""

from urllib.parse import urljoin

import pytest

from tests.support.langfuse_api import Talk, talking
from tests.support.stored import span


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("/project/p", "/api/v1/traces"),
        ("/project/p/traces/t1", "/api/v1/traces/t1"),
        ("/project/p/traces/a%2Fb%20c", "/api/v1/traces/a%2Fb%20c"),
        ("/trace/t1", "/api/v1/traces/t1"),
        ("/project/p/sessions/s%2F1", "/api/v1/sessions/s%2F1"),
        ("/project/p/experiments/results?baseline=e%261", "/api/v1/traces?attr.langfuse.experiment.id=e%261"),
        ("/project/p/experiments/results", "/api/v1/traces"),
        ("/lf/project/p/traces/t1", "/api/v1/traces/t1"),
        ("/lf/trace/nope", "/api/v1/traces/nope"),
        ("/project/p/sessions/nope", "/api/v1/sessions/nope"),
        ("/project/p/experiments/results?baseline=a%26b", "/api/v1/traces?attr.langfuse.experiment.id=a%26b"),
    ],
)
def test_a_printed_address_leads_to_the_answer(printed: str, shown: str) -> None:
    async def talk(ask: Talk) -> None:
        async with ask.client.get(printed, allow_redirects=False) as response:
            assert (response.status, urljoin(printed, response.headers["Location"])) == (302, shown)
        async with ask.client.get(printed) as response:
            assert response.status == (404 if "nope" in printed else 200)

    spans = [span(1, trace=1), span(2, trace=2), span(3, trace=3, session_id="s/1")]
    spans[0]["trace_id"], spans[1]["trace_id"] = "t1", "a/b c"
    talking(talk, *spans)


def test_a_run_and_its_data_set_are_found_by_the_ids_that_sdks_print() -> None:
    async def talk(ask: Talk) -> None:
        _, dataset = await ask("POST", "/api/public/v2/datasets", {"name": "ques/tions"})
        item = {"datasetName": "ques/tions", "id": "i"}
        await ask("POST", "/api/public/dataset-items", item)
        link = {"runName": "first run", "datasetItemId": "i", "traceId": "t"}
        _, made = await ask("POST", "/api/public/dataset-run-items", link)
        base = f"/project/p/datasets/{dataset['id']}"
        async with ask.client.get(base) as response:
            assert (await response.json())["name"] == "ques/tions"
        async with ask.client.get(f"{base}/runs/{made['datasetRunId']}") as response:
            found = await response.json()
            assert (found["name"], found["datasetRunItems"][0]["traceId"]) == ("first run", "t")
        for unknown in ("/project/p/datasets/nope", f"{base}/runs/nope"):
            status, body = await ask("GET", unknown)
            assert (status, "nope" in body["message"]) == (404, True)

    talking(talk)
