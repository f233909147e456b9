"""Data sets and their items."""

from typing import Any

import pytest
from yarl import URL

from tests.support.langfuse_api import Talk, talking

ITEMS = "/api/public/dataset-items"


async def post(ask: Talk, path: str, body: dict[str, Any], expected: int = 200) -> Any:
    status, answer = await ask("POST", f"/api/public/{path}", body)
    assert status == expected, answer
    return answer


async def with_dataset(ask: Talk, name: str = "d s") -> Any:
    return await post(ask, "v2/datasets", {"name": name, "description": "D", "metadata": {"m": 1}})


def test_a_data_set_is_made_by_name_and_what_is_not_said_again_stays() -> None:
    async def talk(ask: Talk) -> None:
        made = await with_dataset(ask)
        again = await post(ask, "v2/datasets", {"name": "d s", "description": None, "metadata": {"m": 2}})
        assert (again["id"], again["description"], again["metadata"]) == (made["id"], "D", {"m": 2})
        assert again["createdAt"] == made["createdAt"]
        status, found = await ask("GET", "/api/public/v2/datasets/d%20s")
        assert (status, found) == (200, again)
        assert await post(ask, "datasets", {"name": "d s"}) | {"updatedAt": 0} == again | {"updatedAt": 0}
        for version in ("", "v2/"):
            [listed] = (await ask.get(f"{version}datasets"))["data"]
            assert listed["id"] == again["id"]
        assert (await ask("GET", "/api/public/v2/datasets/nope"))[0] == 404

    talking(talk)


@pytest.mark.parametrize("spelled", ["a/b c", "a%2Fb%20c"])
def test_a_name_with_slashes_is_understood_encoded_and_not(spelled: str) -> None:
    async def talk(ask: Talk) -> None:
        await with_dataset(ask, "a/b c")
        await post(ask, "dataset-items", {"datasetName": "a/b c", "id": "i"})
        await post(ask, "dataset-run-items", {"runName": "r", "datasetItemId": "i", "traceId": "t"})
        for path, members in (
            (f"v2/datasets/{spelled}", {"name": "a/b c"}),
            (f"datasets/{spelled}", {"runs": ["r"]}),
            (f"datasets/{spelled}/runs/r", {"name": "r", "datasetName": "a/b c"}),
        ):
            url = URL(f"/api/public/{path.replace(' ', '%20')}", encoded=True)
            async with ask.client.get(url) as response:
                found = await response.json()
            assert {name: found[name] for name in members} == members
        async with ask.client.get(URL(f"/api/public/datasets/{spelled.replace(' ', '%20')}/runs", encoded=True)) as got:
            assert [each["name"] for each in (await got.json())["data"]] == ["r"]

    talking(talk)


def test_an_item_sent_again_is_the_same_item_with_what_was_added() -> None:
    async def talk(ask: Talk) -> None:
        of_dataset = await with_dataset(ask)
        made = await post(ask, "dataset-items", {"datasetName": "d s", "id": "i", "input": {"q": 1}})
        assert (made["datasetId"], made["status"], made["mediaReferences"]) == (of_dataset["id"], "ACTIVE", [])
        await post(ask, "dataset-items", {"datasetName": "d s", "id": "i", "input": None, "status": "ARCHIVED"})
        found = await ask.get("dataset-items/i")
        assert (found["input"], found["status"], found["expectedOutput"]) == ({"q": 1}, "ARCHIVED", None)
        assert (await ask.get("dataset-items"))["meta"]["totalItems"] == 1

    talking(talk)


def test_items_are_listed_by_data_set_and_source() -> None:
    async def talk(ask: Talk) -> None:
        for name in ("d s", "other"):
            await with_dataset(ask, name)
            for number in range(3):
                body = {"datasetName": name, "id": f"{name}{number}", "sourceTraceId": f"t{number}"}
                await post(ask, "dataset-items", body)
        for name in ("d s", "d%20s"):  # SDK 2 encodes it twice
            body = await ask.get("dataset-items", datasetName=name, limit=2)
            assert [each["id"] for each in body["data"]] == ["d s2", "d s1"]
            assert body["meta"] == {"page": 1, "limit": 2, "totalItems": 3, "totalPages": 2}
        of_trace = await ask.get("dataset-items", sourceTraceId="t1")
        assert [each["id"] for each in of_trace["data"]] == ["other1", "d s1"]
        assert (await ask("GET", ITEMS, params={"datasetName": "nope"}))[0] == 404

    talking(talk)


def test_an_item_belongs_to_one_data_set() -> None:
    async def talk(ask: Talk) -> None:
        await with_dataset(ask, "a")
        await with_dataset(ask, "b")
        await post(ask, "dataset-items", {"datasetName": "a", "id": "i", "input": 1})
        await post(ask, "dataset-items", {"datasetName": "b", "id": "i", "input": 2}, 404)
        await post(ask, "dataset-items", {"datasetName": "nope", "input": 2}, 404)
        assert (await ask.get("dataset-items/i"))["input"] == 1

    talking(talk)


@pytest.mark.parametrize("body", [{"datasetName": 1}, {"datasetName": "d s", "status": "OLD"}, {"input": 1}])
def test_what_is_no_item_is_400(body: dict[str, Any]) -> None:
    async def talk(ask: Talk) -> None:
        await with_dataset(ask)
        await post(ask, "dataset-items", body, 400)
        await post(ask, "v2/datasets", {"name": ""}, 400)

    talking(talk)


def test_a_deleted_item_is_gone() -> None:
    async def talk(ask: Talk) -> None:
        await with_dataset(ask)
        await post(ask, "dataset-items", {"datasetName": "d s", "id": "i"})
        assert (await ask("DELETE", f"{ITEMS}/i"))[0] == 200
        assert (await ask("DELETE", f"{ITEMS}/i"))[0] == 404
        assert (await ask("GET", f"{ITEMS}/i"))[0] == 404

    talking(talk)
