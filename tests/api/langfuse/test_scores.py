"""Scores as Langfuse's clients list, read and delete them, and those of a trace."""

import json
from typing import Any

from contract.translated import Translated
from tests.support.langfuse_api import Talk, talking
from tests.support.langfuse_scores import SPANS, ids, score, scored
from tests.support.stored import span_id, trace_id


def test_lists_are_newest_first_and_the_first_one_leaves_out_sessions() -> None:
    async def talk(ask: Talk) -> None:
        assert await ids(ask, "scores") == ["s3", "s2", "s1"]
        body = await ask.get("v2/scores", limit=2)
        assert [each["id"] for each in body["data"]] == ["s4", "s3"]
        assert body["meta"] == {"page": 1, "limit": 2, "totalItems": 4, "totalPages": 2}
        assert body["data"][0]["trace"] is None
        first = (await ask.get("v2/scores/s1"))["trace"]
        assert (first["userId"], first["tags"]) == ("u1", ["a"])
        assert (await ask("GET", "/api/public/v2/scores/s5"))[0] == 404

    scored(talk)


def test_a_value_has_the_form_of_its_version() -> None:
    async def talk(ask: Talk) -> None:
        two = {each["id"]: each for each in (await ask.get("v2/scores"))["data"]}
        assert (two["s1"]["value"], "stringValue" in two["s1"], two["s1"]["metadata"]) == (0.5, False, {"k": 1})
        assert (two["s2"]["value"], two["s2"]["stringValue"]) == (1.0, "True")
        assert (two["s3"]["value"], two["s3"]["stringValue"]) == (0, "good")

    scored(talk)


def test_a_source_that_sdks_refuse_is_not_shown() -> None:
    async def work(ask: Talk) -> None:
        await ask.store.writer.commit(Translated(scores=[score(1, source="mine"), score(2, source="EVAL")]))
        found = (await ask.get("v2/scores"))["data"]
        assert [each["source"] for each in found] == ["EVAL", "API"]

    talking(work, *SPANS)


def test_filters() -> None:
    async def talk(ask: Talk) -> None:
        for params, expected in (
            ({"name": "q"}, ["s4", "s1"]),
            ({"userId": "u1"}, ["s2", "s1"]),
            ({"traceId": f"{trace_id(1)},{trace_id(2)}"}, ["s3", "s2", "s1"]),
            ({"observationId": span_id(1)}, ["s2"]),
            ({"sessionId": "x"}, ["s4"]),
            ({"dataType": "BOOLEAN"}, ["s2"]),
            ({"environment": "prod"}, ["s3"]),
            ({"value": "0.5", "operator": ">"}, ["s4", "s2"]),
            ({"scoreIds": "s1,s3"}, ["s3", "s1"]),
            ({"fromTimestamp": "2026-09-21T14:13:23Z"}, ["s4", "s3"]),
            ({"toTimestamp": "2026-09-21T14:13:22Z"}, ["s1"]),
            ({"filter": '[{"type":"stringObject","column":"metadata","key":"k","operator":"=","value":"1"}]'}, ["s1"]),
            ({"filter": '[{"type":"number","column":"value","operator":">=","value":0.9}]'}, ["s4", "s2"]),
            ({"filter": '[{"type":"string","column":"comment","operator":"contains","value":"SO"}]'}, ["s1"]),
        ):
            assert await ids(ask, "v2/scores", **params) == expected, params
        for wrong in ({"value": "x"}, {"value": "1", "operator": "~"}):
            assert (await ask("GET", "/api/public/v2/scores", params=wrong))[0] == 400

    scored(talk)


def test_what_traces_say_is_left_out_where_only_scores_are_asked_for() -> None:
    async def talk(ask: Talk) -> None:
        assert all("trace" not in each for each in (await ask.get("v2/scores", fields="score"))["data"])
        assert all("trace" in each for each in (await ask.get("v2/scores", fields="score,trace"))["data"])
        assert (await ask("GET", "/api/public/v2/scores", params={"fields": "all"}))[0] == 400

    scored(talk)


def test_a_trace_has_its_scores() -> None:
    async def talk(ask: Talk) -> None:
        body = await ask.get("traces")
        assert [each["scores"] for each in body["data"]] == [["s3"], ["s2", "s1"]]
        one = await ask.get(f"traces/{trace_id(1)}")
        assert [(each["id"], each["comment"]) for each in one["scores"]] == [("s2", None), ("s1", "so so")]

    scored(talk)


def test_scores_are_measured_by_what_they_are_about() -> None:
    async def talk(ask: Talk) -> None:
        async def asked(view: str, *measures: tuple[str, str], by: str = "name") -> Any:
            query = {
                "view": view,
                "dimensions": [{"field": by}],
                "metrics": [{"measure": measure, "aggregation": aggregation} for measure, aggregation in measures],
                "fromTimestamp": "2026-09-21T00:00:00Z",
                "toTimestamp": "2026-09-22T00:00:00Z",
            }
            return (await ask.get("metrics", query=json.dumps(query)))["data"]

        count = ("count", "count")
        assert await asked("scores-numeric", ("value", "avg"), count) == [
            {"name": "q", "avg_value": 0.7, "count_count": "2"}
        ]
        assert await asked("scores-boolean", count, by="observationName") == [
            {"observationName": "run", "count_count": "1"}
        ]
        assert await asked("scores-categorical", count, by="stringValue") == [
            {"stringValue": "good", "count_count": "1"}
        ]
        traces = await asked("traces", ("scoresCount", "sum"))
        assert {row["name"]: row["sum_scoresCount"] for row in traces} == {"run": "2", "other": "1"}
        assert (await asked("observations", ("countScores", "sum")))[-1]["sum_countScores"] in ("0", "1")

    scored(talk)
