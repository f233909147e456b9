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


def test_the_address_of_a_run_leads_to_it() -> None:
    async def talk(ask: Talk) -> None:
        await ask("POST", "/api/public/v2/datasets", {"name": "d/s"})
        await ask("POST", "/api/public/dataset-items", {"datasetName": "d/s", "id": "i"})
        link = {"runName": "run 1", "datasetItemId": "i", "traceId": "t"}
        _, item = await ask("POST", "/api/public/dataset-run-items", link)
        async with ask.client.get(f"/lf/project/p/datasets/x/runs/{item['datasetRunId']}") as response:
            assert (await response.json())["name"] == "run 1"
        assert (await ask("GET", "/project/p/datasets/x/runs/nope"))[0] == 404

    talking(talk)
