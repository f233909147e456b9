"""Scores in Langfuse's JSON."""

from typing import Any

import pytest

from contract.columns import SCORE_COLUMNS
from contract.span import Revision
from receiver.langfuse_scores import score_of
from receiver.langfuse_values import BadEvent

SAID = Revision(1_795_237_824_000_000_000, False, "event-1")


def said(**body: Any) -> dict[str, Any]:
    return score_of({"name": "quality", "value": 1, "traceId": "t", **body}, SAID).said


@pytest.mark.parametrize(
    ("value", "data_type", "wanted"),
    [
        (0.9, None, (0.9, None, "NUMERIC")),
        (1, "NUMERIC", (1.0, None, "NUMERIC")),
        ("good", None, (None, "good", "CATEGORICAL")),
        ("good", "CATEGORICAL", (None, "good", "CATEGORICAL")),
        (1, "BOOLEAN", (1.0, "True", "BOOLEAN")),
        (0.0, "BOOLEAN", (0.0, "False", "BOOLEAN")),
        (True, None, (1.0, "True", "BOOLEAN")),
        ("better so", "CORRECTION", (None, "better so", "CORRECTION")),
    ],
)
def test_number_text_and_type_follow_from_each_other(value: Any, data_type: str | None, wanted: Any) -> None:
    score = said(value=value, dataType=data_type)
    assert (score.get("value"), score.get("string_value"), score["data_type"]) == wanted


def test_what_is_said_stands_in_columns_and_the_rest_is_kept() -> None:
    score = score_of(
        {
            "id": "s", "name": "n", "value": 1, "traceId": "AB" * 16, "observationId": "o", "sessionId": "x",
            "comment": "c", "metadata": {"k": 1}, "configId": "f", "timestamp": "2026-11-21T05:10:24Z", "odd": [1],
        },
        SAID,
    )  # fmt: skip
    assert score.score_id == "s"
    assert score.said.keys() <= {column.name for column in SCORE_COLUMNS}
    assert score.said == {
        "name": "n", "value": 1.0, "data_type": "NUMERIC", "trace_id": "ab" * 16, "span_id": "o", "session_id": "x",
        "comment": "c", "metadata": '{"k":1}', "config_id": "f", "source": "API", "time": 1_795_237_824_000_000_000,
        "rest": '{"odd":[1]}',
    }  # fmt: skip


def test_without_an_id_the_event_gives_one_so_that_a_retry_is_the_same_score() -> None:
    assert score_of({"name": "n", "value": 1, "sessionId": "x"}, SAID).score_id == "event-1"
    assert said()["time"] == SAID.time_ns


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"value": None}, "value"),
        ({"value": "x", "dataType": "NUMERIC"}, "value"),
        ({"value": 2, "dataType": "BOOLEAN"}, "value"),
        ({"value": 1, "dataType": "CATEGORICAL"}, "value"),
        ({"dataType": "COLOUR"}, "dataType"),
        ({"traceId": None}, "traceId"),
        ({"traceId": 5}, "traceId"),
        ({"comment": 5}, "comment"),
        ({"timestamp": "soon"}, "timestamp"),
    ],
)
def test_what_is_no_score_is_refused_by_the_name_of_its_field(body: dict[str, Any], field: str) -> None:
    with pytest.raises(BadEvent, match=field):
        said(**body)
