"""Configurations of scores."""

import asyncio
from typing import Any

import pytest

from api.langfuse.score_configs import score_configs
from contract.access import Identity
from contract.scoring import ScoreConfig
from storage.reader import DuckReader
from tests.support.langfuse_api import Talk, talking

PATH = "/api/public/score-configs"
NUMBER = {"name": "quality", "dataType": "NUMERIC", "minValue": 0, "maxValue": 5, "description": None}
TONE = {"name": "tone", "dataType": "CATEGORICAL", "categories": [{"label": "good", "value": 2}]}


def test_a_configuration_is_made_changed_listed_and_archived() -> None:
    async def talk(ask: Talk) -> None:
        status, made = await ask("POST", PATH, NUMBER)
        assert status == 200
        assert (made["minValue"], made["maxValue"], made["categories"], made["isArchived"]) == (0, 5, None, False)
        assert await ask.get(f"score-configs/{made['id']}") == made
        _, tone = await ask("POST", PATH, TONE)
        listed = await ask.get("score-configs", limit=1)
        assert (listed["data"], listed["meta"]["totalItems"]) == ([tone], 2)
        status, changed = await ask("PATCH", f"{PATH}/{made['id']}", {"isArchived": True, "maxValue": 10})
        assert (status, changed["isArchived"], changed["maxValue"], changed["name"]) == (200, True, 10, "quality")
        assert (changed["createdAt"], await ask.get(f"score-configs/{made['id']}")) == (made["createdAt"], changed)

    talking(talk)


def test_categories_of_true_and_false_follow_from_the_type() -> None:
    async def talk(ask: Talk) -> None:
        _, made = await ask("POST", PATH, {"name": "passed", "dataType": "BOOLEAN"})
        assert made["categories"] == [{"label": "True", "value": 1}, {"label": "False", "value": 0}]

    talking(talk)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({**NUMBER, "name": "x" * 36}, "name"),
        ({**NUMBER, "name": "a/b"}, "name"),
        ({**NUMBER, "name": None}, "name"),
        ({**NUMBER, "dataType": "STAR"}, "dataType"),
        ({**NUMBER, "minValue": 5}, "maxValue"),
        ({**NUMBER, "minValue": "0"}, "numbers"),
        ({**NUMBER, "categories": []}, "categories"),
        ({**NUMBER, "description": 1}, "description"),
        ({**TONE, "maxValue": 1}, "maxValue"),
        ({**TONE, "categories": None}, "categories"),
        ({**TONE, "categories": [{"label": "good"}]}, "value"),
        ({**TONE, "categories": [{"label": "a", "value": 1}, {"label": "a", "value": 2}]}, "label"),
        ({**TONE, "categories": [{"label": "a", "value": 1}, {"label": "b", "value": 1}]}, "value"),
        ({"name": "passed", "dataType": "BOOLEAN", "categories": []}, "categories"),
        ({"name": "remark", "dataType": "TEXT", "minValue": 1}, "minValue"),
    ],
)
def test_what_makes_no_sense_is_400_and_names_the_member(body: dict[str, Any], named: str) -> None:
    async def talk(ask: Talk) -> None:
        status, said = await ask("POST", PATH, body)
        assert status == 400
        assert named in said["message"]
        assert (await ask.get("score-configs"))["data"] == []

    talking(talk)


def test_a_change_that_makes_no_sense_changes_nothing() -> None:
    async def talk(ask: Talk) -> None:
        _, made = await ask("POST", PATH, NUMBER)
        for body in ({}, {"name": None}, {"minValue": 6}, {"isArchived": "yes"}, {"categories": []}):
            assert (await ask("PATCH", f"{PATH}/{made['id']}", body))[0] == 400
        assert await ask.get(f"score-configs/{made['id']}") == made
        assert (await ask("PATCH", f"{PATH}/nope", {"name": "x"}))[0] == 404
        assert (await ask("GET", f"{PATH}/nope"))[0] == 404

    talking(talk)


def test_what_takes_scores_finds_the_configurations_of_its_project() -> None:
    async def talk(ask: Talk) -> None:
        (_, number), (_, tone) = [await ask("POST", PATH, body) for body in (NUMBER, TONE)]
        reader = DuckReader(ask.store.database, visible=ask.store.writer.visible)
        find = score_configs(reader)
        assert await find("default", [number["id"], tone["id"], "nope"]) == {
            number["id"]: ScoreConfig(number["id"], "quality", "NUMERIC", False, 0, 5, {}),
            tone["id"]: ScoreConfig(tone["id"], "tone", "CATEGORICAL", False, None, None, {"good": 2}),
        }
        assert await find("other", [number["id"]]) == {}
        await asyncio.to_thread(reader.close)

    talking(talk)


def test_a_key_that_only_reads_makes_none() -> None:
    async def talk(ask: Talk) -> None:
        assert (await ask("POST", PATH, NUMBER))[0] == 403
        assert (await ask("PATCH", f"{PATH}/x", NUMBER))[0] == 403

    talking(talk, identity=Identity("default", frozenset({"read"})))
