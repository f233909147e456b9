"""Scores in the forms of three APIs."""

import asyncio
from typing import Any

import pytest

from api.langfuse.scores import SOURCES, measured_scores, score, score_v3, subject
from contract.translated import Translated
from tests.support.langfuse_api import Talk, talking
from tests.support.scores import score as stored_score
from tests.support.stored import span

ROW: dict[str, Any] = {
    "id": "s", "project": "p", "name": "n", "value": 1.0, "string_value": "True", "data_type": "BOOLEAN",
    "source": "API", "comment": None, "trace_id": "t", "span_id": None, "session_id": None, "dataset_run_id": None,
    "timestamp": 1_790_000_000_000_000_000, "environment": None, "config_id": None, "queue_id": None,
    "author_user_id": None, "metadata": None, "received_time": 1_790_000_000_000_000_000,
}  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "value", "typed"),
    [
        ({}, 1.0, True),
        ({"data_type": "NUMERIC", "string_value": None, "value": 0.5}, 0.5, 0.5),
        ({"data_type": "CATEGORICAL", "string_value": "good", "value": None}, 0, "good"),
        ({"data_type": "CORRECTION", "string_value": "so", "value": None}, 0, "so"),
    ],
)
def test_a_value_is_a_number_and_in_the_third_api_of_its_own_type(columns: Any, value: Any, typed: Any) -> None:
    assert score({**ROW, **columns})["value"] == value
    assert score_v3({**ROW, **columns}, frozenset())["value"] == typed


def test_what_a_score_is_about() -> None:
    assert subject(ROW) == {"kind": "trace", "id": "t"}
    assert subject({**ROW, "span_id": "o"}) == {"kind": "observation", "id": "o", "traceId": "t"}
    assert subject({**ROW, "trace_id": None, "session_id": "x"}) == {"kind": "session", "id": "x"}
    assert subject({**ROW, "trace_id": None, "dataset_run_id": "r"}) == {"kind": "experiment", "id": "r"}


def test_sources_that_sdks_refuse_are_not_shown() -> None:
    assert [score({**ROW, "source": source})["source"] for source in (*SOURCES, "mine")] == [*SOURCES, "API"]


def test_groups_of_the_third_api_are_there_when_asked_for() -> None:
    assert "comment" not in score_v3(ROW, frozenset())
    assert {"comment", "subject", "queueId"} <= score_v3(ROW, frozenset({"details", "subject", "annotation"})).keys()


def test_a_trace_shows_its_scores() -> None:
    async def talk(ask: Talk) -> None:
        await ask.store.writer.commit(Translated(scores=[stored_score("a", 1), stored_score("b", 2, traceId="t2")]))
        assert (await ask.get("traces"))["data"][0]["scores"] == ["a"]
        [found] = (await ask.get("traces/t1"))["scores"]
        assert (found["id"], found["traceId"], found["value"], found["dataType"]) == ("a", "t1", 1.0, "NUMERIC")

    talking(talk, span(1, trace_id="t1"))


def test_measures_of_scores_are_not_offered() -> None:
    reader: Any = None
    assert asyncio.run(measured_scores(reader, {})) == []
