"""Scores by a configuration: what fits takes its name and number, what does not is refused alone."""

from typing import Any

import pytest

from contract.access import Identity
from tests.support.langfuse import event
from tests.support.langfuse_server import Served, asked, served

SCORES, INGESTION = "/api/public/scores", "/api/public/ingestion"


def said(server: Served) -> list[dict[str, Any]]:
    return [score.said for batch in server.sink.batches for score in batch.scores]


def score(config: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"name": "any", "traceId": "t", "configId": config, "value": value, **more}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (score("number", 5), {"name": "quality", "value": 5.0, "data_type": "NUMERIC"}),
        (score("category", "bad"), {"name": "tone", "value": -1.0, "string_value": "bad", "data_type": "CATEGORICAL"}),
        (score("flag", 1), {"name": "passed", "value": 1.0, "string_value": "True", "data_type": "BOOLEAN"}),
        (score("flag", 0, dataType="BOOLEAN"), {"name": "passed", "string_value": "False", "data_type": "BOOLEAN"}),
        (score("words", "fine"), {"name": "remark", "string_value": "fine", "data_type": "TEXT"}),
        (score("elsewhere", 99), {"name": "any", "value": 99.0, "data_type": "NUMERIC"}),
    ],
)
def test_a_score_that_fits_has_the_name_and_type_of_its_configuration(
    sent: dict[str, Any], expected: dict[str, Any]
) -> None:
    server = served()
    assert asked(server, "POST", SCORES, sent)[0] == 200
    [found] = said(server)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (score("number", 5.1), "maxValue 5"),
        (score("number", -1), "minValue 0"),
        (score("number", "high"), "NUMERIC"),
        (score("number", 1, dataType="BOOLEAN"), "NUMERIC"),
        (score("category", "so-so"), "categories"),
        (score("category", 2), "CATEGORICAL"),
        (score("flag", 2), "0 or 1"),
        (score("words", "x" * 501), "500"),
        (score("old", 1), "archived"),
    ],
)
def test_a_score_that_does_not_fit_is_refused_with_the_reason(sent: dict[str, Any], reason: str) -> None:
    server = served()
    status, body, _ = asked(server, "POST", SCORES, sent)
    assert status == 400
    assert reason in body["message"]
    assert server.sink.batches == []


def test_its_neighbours_are_kept() -> None:
    server = served()
    batch = [
        event("score-create", "e1", id="a", **score("number", 9)),
        event("score-create", "e2", id="b", **score("number", 3)),
    ]
    _, body, _ = asked(server, "POST", INGESTION, {"batch": batch})
    assert body["successes"] == [{"id": "e2", "status": 201}]
    assert [(each["id"], each["status"]) for each in body["errors"]] == [("e1", 400)]
    assert [found["value"] for found in said(server)] == [3.0]


def test_the_configurations_of_other_projects_hold_nobody() -> None:
    server = served(identity=Identity("other"))
    assert asked(server, "POST", SCORES, score("number", 99))[0] == 200


def test_scores_of_too_many_configurations_are_refused_before_any_is_looked_up() -> None:
    scores = [score(str(number), 1) for number in range(101)]
    assert asked(served(), "POST", SCORES, scores)[0] == 413
