"""Traces, observations, tokens and cost by day."""

from tests.support.langfuse_api import Talk, talking
from tests.support.stored import span, span_id

DAY_MS = 86_400_000
CALL = {"kind": "generation", "model": "m", "input_tokens": 10, "output_tokens": 5, "total_cost": 0.5}
SPANS = (
    span(1, name="run", user_id="u1", tags=["a"]),
    span(2, at_ms=1, parent_span_id=span_id(1), **CALL),
    span(3, at_ms=2, parent_span_id=span_id(1), duplicate_of=span_id(2), **CALL),
    span(4, trace=2, at_ms=DAY_MS, name="run", user_id="u2", environment="prod", **CALL),
)


def test_days_are_newest_first_with_models_and_repeats_count_no_tokens() -> None:
    async def talk(ask: Talk) -> None:
        body = await ask.get("metrics/daily")
        assert [each["date"] for each in body["data"]] == ["2026-09-22", "2026-09-21"]
        first = body["data"][1]
        assert (first["countTraces"], first["countObservations"], first["totalCost"]) == (1, 3, 0.5)
        assert first["usage"][0] == {
            "model": "m",
            "countTraces": 1,
            "countObservations": 1,
            "inputUsage": 10,
            "outputUsage": 5,
            "totalUsage": 15,
            "totalCost": 0.5,
        }
        assert body["meta"]["totalItems"] == 2

    talking(talk, *SPANS)


def test_filters_leave_days() -> None:
    async def talk(ask: Talk) -> None:
        for params, expected in (
            ({"userId": "u1"}, ["2026-09-21"]),
            ({"tags": "a"}, ["2026-09-21"]),
            ({"environment": "prod"}, ["2026-09-22"]),
            ({"traceName": "nope"}, []),
            ({"fromTimestamp": "2026-09-22T00:00:00Z"}, ["2026-09-22"]),
            ({"limit": 1, "page": 2}, ["2026-09-21"]),
        ):
            body = await ask.get("metrics/daily", **params)
            assert [each["date"] for each in body["data"]] == expected, params

    talking(talk, *SPANS)
