"""Prompts: versions, labels, both types, lists, deletes."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.langfuse_api import Talk, talking

PATH = "/api/public/v2/prompts"


async def create(ask: Talk, name: str = "greet", prompt: Any = "Hello", **more: Any) -> Any:
    status, body = await ask("POST", PATH, {"name": name, "prompt": prompt, **more})
    assert status == 201, body
    return body


async def names_of(ask: Talk, **params: Any) -> list[str]:
    return [each["name"] for each in (await ask.get("v2/prompts", **params))["data"]]


def test_a_prompt_has_versions_and_each_label_points_to_one_of_them() -> None:
    async def talk(ask: Talk) -> None:
        first = await create(ask, labels=["production", "x"], tags=["a"], config={"t": 1})
        assert (first["version"], first["labels"], first["config"]) == (1, ["production", "x", "latest"], {"t": 1})
        second = await create(ask, prompt="Bye", labels=["x"], commitMessage="why")
        assert (second["version"], second["labels"], second["tags"]) == (2, ["x", "latest"], ["a"])
        found = await ask.get("v2/prompts/greet")
        assert (found["version"], found["prompt"], found["labels"]) == (1, "Hello", ["production"])
        for params, version in (({"label": "latest"}, 2), ({"label": "x"}, 2), ({"version": 1}, 1)):
            assert (await ask.get("v2/prompts/greet", **params))["version"] == version
        assert (await ask.get("v2/prompts/greet", version=2))["commitMessage"] == "why"

    talking(talk)


def test_a_prompt_that_comes_from_elsewhere_keeps_its_numbers() -> None:
    async def talk(ask: Talk) -> None:
        assert (await create(ask, version=5, labels=["production"]))["labels"] == ["production", "latest"]
        assert (await create(ask, version=2, prompt="older"))["labels"] == []
        assert (await create(ask))["version"] == 6
        assert (await ask.get("v2/prompts/greet", version=2))["prompt"] == "older"
        for version in (5, 0, -1, True, "7", 10**9):
            status, body = await ask("POST", PATH, {"name": "greet", "prompt": "x", "version": version})
            assert (status, "version" in body["message"]) == (400, True)

    talking(talk)


def test_a_label_that_is_given_to_a_version_leaves_the_others() -> None:
    async def talk(ask: Talk) -> None:
        await create(ask, labels=["production"])
        await create(ask, labels=["staging"])
        status, body = await ask("PATCH", f"{PATH}/greet/versions/2", {"newLabels": ["production"]})
        assert (status, body["labels"]) == (200, ["staging", "production", "latest"])
        assert (await ask.get("v2/prompts/greet", version=1))["labels"] == []
        for version, labels in (("2", ["latest"]), ("x", ["a"]), ("3", ["a"])):
            status, _ = await ask("PATCH", f"{PATH}/greet/versions/{version}", {"newLabels": labels})
            assert status == (404 if version == "3" else 400)

    talking(talk)


def test_chat_prompts_have_messages_and_placeholders_with_types() -> None:
    async def talk(ask: Talk) -> None:
        sent = [{"role": "system", "content": "you"}, {"type": "placeholder", "name": "history"}]
        await create(ask, prompt=sent, type="chat", labels=["production"])
        found = await ask.get("v2/prompts/greet")
        assert found["type"] == "chat"
        assert found["prompt"] == [
            {"role": "system", "content": "you", "type": "chatmessage"},
            {"type": "placeholder", "name": "history"},
        ]

    talking(talk)


def test_names_may_have_slashes_and_projects_have_their_own() -> None:
    async def talk(ask: Talk) -> None:
        await create(ask, "folder/greet it", labels=["production"])
        status, body = await ask("GET", f"{PATH}/folder%2Fgreet%20it")
        assert (status, body["name"], body["projectId"]) == (200, "folder/greet it", "default")
        assert (await ask("GET", f"{PATH}/folder/greet%20it"))[0] == 200  # SDK 2
        assert (await ask("PATCH", f"{PATH}/folder/greet%20it/versions/1", {"newLabels": ["x"]}))[0] == 200

    talking(talk)


@pytest.mark.parametrize("params", [{}, {"label": "x"}, {"version": "2"}])
def test_what_there_is_not_is_404_so_that_clients_use_their_fallback(params: dict[str, str]) -> None:
    async def talk(ask: Talk) -> None:
        await create(ask)
        for name in ("greet", "nope"):
            status, body = await ask("GET", f"{PATH}/{name}", params=params)
            assert (status, body["error"]) == (404, "LangfuseNotFoundError")

    talking(talk)


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": "x"},
        {"name": "", "prompt": "x"},
        {"name": "a"},
        {"name": "a", "prompt": [], "type": "text"},
        {"name": "a", "prompt": "x", "type": "chat"},
        {"name": "a", "prompt": [{"role": "user"}], "type": "chat"},
        {"name": "a", "prompt": [{"content": "x"}], "type": "chat"},
        {"name": "a", "prompt": [{"type": "placeholder"}], "type": "chat"},
        {"name": "a", "prompt": "x", "type": "song"},
        {"name": "a", "prompt": "x", "labels": "production"},
    ],
)
def test_what_is_no_prompt_is_400(body: dict[str, Any]) -> None:
    async def talk(ask: Talk) -> None:
        status, answer = await ask("POST", PATH, body)
        assert (status, answer["error"]) == (400, "InvalidRequestError")
        assert await names_of(ask) == []

    talking(talk)


def test_the_list_has_a_line_for_each_name_without_texts() -> None:
    async def talk(ask: Talk) -> None:
        await create(ask, "a", labels=["production"], tags=["t"], config={"n": 1})
        await create(ask, "a", config={"n": 2})
        await create(ask, "b")
        body = await ask.get("v2/prompts")
        assert [each["name"] for each in body["data"]] == ["b", "a"]
        assert body["data"][1] | {"lastUpdatedAt": None} == {
            "name": "a",
            "type": "text",
            "versions": [1, 2],
            "labels": ["latest", "production"],
            "tags": ["t"],
            "lastUpdatedAt": None,
            "lastConfig": {"n": 2},
        }
        assert body["meta"]["totalItems"] == 2
        for params, expected in (
            ({"name": "b"}, ["b"]),
            ({"label": "production"}, ["a"]),
            ({"tag": "t"}, ["a"]),
            ({"limit": 1, "page": 2}, ["a"]),
            ({"toUpdatedAt": "2020-01-01T00:00:00Z"}, []),
        ):
            assert await names_of(ask, **params) == expected, params

    talking(talk)


def test_deleted_versions_are_gone_and_the_newest_left_is_latest() -> None:
    async def talk(ask: Talk) -> None:
        await create(ask, labels=["production"])
        await create(ask)
        assert (await ask("DELETE", f"{PATH}/greet", params={"version": 2}))[0] == 204
        assert (await ask.get("v2/prompts/greet", label="latest"))["version"] == 1
        assert (await ask("DELETE", f"{PATH}/greet"))[0] == 204
        assert (await ask("DELETE", f"{PATH}/greet"))[0] == 404

    talking(talk)


def test_a_prompt_outlives_the_server(tmp_path: Path) -> None:
    async def write(ask: Talk) -> None:
        await create(ask, labels=["production"])

    async def read(ask: Talk) -> None:
        assert (await ask.get("v2/prompts/greet"))["prompt"] == "Hello"

    talking(write, path=tmp_path / "x.duckdb")
    talking(read, path=tmp_path / "x.duckdb")


def test_a_reference_to_another_prompt_is_answered_as_what_it_stands_for() -> None:
    async def talk(ask: Talk) -> None:
        written = "@@@langfusePrompt:name=inner|label=latest@@@ world"
        await create(ask, "inner", "Hello")
        await create(ask, "outer", written, labels=["production"])
        found = await ask.get("v2/prompts/outer")
        assert found["prompt"] == "Hello world"
        assert found["resolutionGraph"]["dependencies"]["outer:1"][0]["name"] == "inner"
        assert (await ask.get("v2/prompts/outer", resolve="false"))["prompt"] == written

    talking(talk)
