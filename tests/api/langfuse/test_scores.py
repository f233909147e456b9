"""Scores as Langfuse's clients list, read and delete them, and those of a trace."""

import json
from typing import Any

from contract.columns import EMPTY_SCORE, C, Row
from contract.translated import Translated
from tests.support.langfuse_api import Talk, talking
from tests.support.stored import START_NS, span, span_id, trace_id

SPANS = (span(1, name="run", user_id="u1", tags=["a"]), span(2, trace=2, at_ms=1000, name="other"))


def score(number: int, **columns: Any) -> Row:
    row = list(EMPTY_SCORE)
    at = START_NS + number * 10**9
    given = {"project": "default", "name": "q", "data_type": "NUMERIC", "source": "API", "trace_id": trace_id(1)}
    for name, value in {**given, "score_id": f"s{number}", "time": at, "received_time": at, **columns}.items():
        row[getattr(C, name)] = value
    return row


SCORES = (
    score(1, value=0.5, comment="so so", metadata='{"k":1}'),
    score(2, value=1.0, string_value="True", data_type="BOOLEAN", name="ok", span_id=span_id(1)),
    score(3, string_value="good", data_type="CATEGORICAL", name="kind", trace_id=trace_id(2), environment="prod"),
    score(4, value=0.9, trace_id=None, session_id="x"),
    score(5, value=0.1, project="other"),
)


def scored(talk: Any) -> None:
    async def work(ask: Talk) -> None:
        await ask.store.writer.commit(Translated(scores=[list(row) for row in SCORES], size_bytes=100))
        await talk(ask)

    talking(work, *SPANS)


async def ids(ask: Talk, path: str, **params: Any) -> list[str]:
    return [each["id"] for each in (await ask.get(path, **params))["data"]]


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
        three = {each["id"]: each["value"] for each in (await ask.get("v3/scores"))["data"]}
        assert three == {"s1": 0.5, "s2": True, "s3": "good", "s4": 0.9}

    scored(talk)


def test_the_third_api_says_what_a_score_is_about() -> None:
    async def talk(ask: Talk) -> None:
        about = {each["id"]: each["subject"] for each in (await ask.get("v3/scores"))["data"]}
        assert about["s1"] == {"kind": "trace", "id": trace_id(1)}
        assert about["s2"] == {"kind": "observation", "id": span_id(1), "traceId": trace_id(1)}
        assert about["s4"] == {"kind": "session", "id": "x"}

    scored(talk)


def test_a_source_that_sdks_refuse_is_not_shown() -> None:
    async def work(ask: Talk) -> None:
        await ask.store.writer.commit(Translated(scores=[score(1, source="mine"), score(2, source="EVAL")]))
        found = (await ask.get("v2/scores"))["data"]
        assert [each["source"] for each in found] == ["EVAL", "API"]

    talking(work, *SPANS)


def test_filters_and_cursors() -> None:
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
        ):
            for path in ("v2/scores", "v3/scores"):
                assert await ids(ask, path, **params) == expected, params
        found, cursor = [], None
        while True:
            body = await ask.get("v3/scores", limit=3, **({"cursor": cursor} if cursor else {}))
            found += [each["id"] for each in body["data"]]
            if (cursor := body["meta"].get("cursor")) is None:
                break
        assert found == ["s4", "s3", "s2", "s1"]
        for wrong in ({"value": "x"}, {"value": "1", "operator": "~"}):
            assert (await ask("GET", "/api/public/v2/scores", params=wrong))[0] == 400

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
