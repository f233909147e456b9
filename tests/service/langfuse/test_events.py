"""Records become events that say the same, whichever server they come from."""

import json
from typing import Any

from receiver.langfuse_events import decode_batch
from service.langfuse.events import (
    Event,
    media_ids,
    media_uses,
    of_observation,
    of_observation_v2,
    of_score,
    of_trace,
)
from tests.support.langfuse_elsewhere import PIXEL_ID, REFERENCE, TYPES, in_v3, observation, score, trace


def body(event: Event) -> Any:
    return json.loads(event.text)["body"]


def test_every_event_is_taken_by_the_ingestion_api() -> None:
    events = [
        made
        for number in range(40)
        for made in (*of_trace(trace(number)), *of_observation(observation(number)), *of_score(score(number), {}))
    ]
    told = decode_batch(b'{"batch":[' + b",".join(event.text for event in events) + b"]}")
    assert (told.faults, told.accepted) == ([], [event.id for event in events])
    assert {json.loads(event.text)["type"] for event in events} >= {f"{kind.lower()}-create" for kind in TYPES}


def test_the_same_record_is_the_same_event_and_a_later_state_counts_after_it() -> None:
    [first], [again] = of_trace(trace(1)), of_trace(trace(1))
    assert first == again
    [later] = of_trace({**trace(1), "name": "new", "updatedAt": "2026-11-22T00:00:00.000Z"})
    assert later.id > first.id
    assert later.id.startswith("import 2026-11-22T00:00:00.000Z ")
    assert json.loads(later.text)["timestamp"] == trace(1)["timestamp"]


def test_what_langfuse_answers_for_nothing_is_not_said() -> None:
    [event] = of_trace({**trace(1), "tags": [], "environment": "default", "metadata": {}, "output": None})
    assert not {"tags", "environment", "metadata", "output", "public", "release"} & set(body(event))
    [event] = of_observation({**observation(1), "level": "DEFAULT", "usageDetails": {}, "costDetails": {}})
    assert not {"level", "usageDetails", "costDetails", "version"} & set(body(event))


def test_empty_and_false_inputs_are_said() -> None:
    for value in ("", 0, False, [], {}):
        assert body(of_trace({**trace(1), "input": value})[0])["input"] == value


def test_usage_and_cost_of_servers_without_details() -> None:
    old = {**observation(1), "usage": {"input": 3, "output": 4, "total": 7, "unit": "CHARACTERS"}}
    old |= {"calculatedInputCost": 0.5, "calculatedOutputCost": None, "calculatedTotalCost": 0.5}
    del old["usageDetails"], old["costDetails"]
    said = body(of_observation(old)[0])
    assert said["usage"] == {"input": 3, "output": 4, "total": 7, "unit": "CHARACTERS"}
    assert said["costDetails"] == {"input": 0.5, "total": 0.5}


def test_an_observation_of_the_second_api_tells_of_its_trace_too() -> None:
    record = {**observation(1), "providedModelName": "m", "traceName": "turn", "userId": "u", "tags": ["a"]}
    mine, of_its_trace = of_observation_v2(record)
    assert (body(mine)["model"], body(mine)["id"]) == ("m", "observation-1")
    assert body(of_its_trace) == {
        "id": "trace-0",
        "name": "turn",
        "userId": "u",
        "tags": ["a"],
        "environment": "staging",
    }
    assert [event.kind for event in (mine, of_its_trace)] == ["observations", "parts of traces"]


def test_scores_of_all_apis_say_the_same() -> None:
    for number in range(12):
        [second], [third] = of_score(score(number), {}), of_score(in_v3(score(number)), {})
        assert body(second) == body(third)
    assert [body(of_score(score(number), {})[0])["value"] for number in range(3)] == [0.5, 1, "fine"]


def test_a_score_of_a_run_is_one_of_the_run_here() -> None:
    assert body(of_score(score(0), {"run-there": "run-here"})[0])["datasetRunId"] == "run-here"
    assert body(of_score(score(0), {})[0])["datasetRunId"] == "run-there"


def test_files_are_found_where_references_stand() -> None:
    record = {
        "input": {"a": [REFERENCE, REFERENCE]},
        "output": "@@@langfuseMedia:nothing@@@",
        "metadata": {"b": REFERENCE},
    }
    uses = list(media_uses(record, "t", "o"))
    assert [(use.media_id, use.field) for use in uses] == [(PIXEL_ID, "input"), (PIXEL_ID, "metadata")]
    assert media_ids(None) == media_ids("plain") == []
    assert media_ids("@@@langfuseMedia:type=a/b|id=../../x|source=bytes@@@") == []
