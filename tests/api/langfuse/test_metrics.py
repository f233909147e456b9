"""Langfuse's metrics API: the documented example queries and their answers on known data."""

import json
import random
from typing import Any

import pytest

from api.langfuse.filters import OPERATORS
from api.langfuse.metrics_query import GRANULARITIES
from api.langfuse.views import VIEWS
from contract.entities import AGGREGATIONS
from tests.support.langfuse_api import Talk, talking
from tests.support.stored import START_NS, span, span_id

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
START = "2026-09-21"
"""The day of `START_NS`, 14:13:20."""

T = {"fromTimestamp": "2026-09-20T00:00:00Z", "toTimestamp": "2026-09-24T00:00:00Z"}
CALL = {"kind": "generation", "model": "gpt-4o", "total_tokens": 15, "input_tokens": 10, "output_tokens": 5}

SPANS = (
    span(1, kind="agent", name="run", user_id="u1", session_id="s1", tags=["open-webui"], metadata={"app_id": "X"}),
    span(2, at_ms=1, parent_span_id=span_id(1), name="llm", total_cost=0.5, time_to_first_token_ms=200.0, **CALL),
    span(3, at_ms=2, parent_span_id=span_id(1), name="llm", total_cost=0.5, duplicate_of=span_id(2), **CALL),
    span(4, trace=2, at_ms=HOUR_MS, name="run", user_id="u2", session_id="s2"),
    span(5, trace=2, at_ms=HOUR_MS + 1, parent_span_id=span_id(4), name="llm", total_cost=0.25, **CALL),
    span(6, trace=3, at_ms=DAY_MS, name="other", user_id="u1", level="ERROR", metadata={"app_id": "Y"}),
    span(7, trace=4, at_ms=40 * DAY_MS, name="late"),
    span(8, trace=5, project="other"),
)
"""Three traces in the range: u1 0.5, u2 0.25, u1 without a call; the repeat of a call counts nothing."""


def metrics(view: str, *measures: tuple[str, str], by: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    return {
        "view": view,
        "dimensions": [{"field": name} for name in by],
        "metrics": [{"measure": measure, "aggregation": aggregation} for measure, aggregation in measures],
        **T,
        **more,
    }


async def asked(ask: Talk, query: Any, version: str = "") -> Any:
    return (await ask.get(f"{version}metrics", query=json.dumps(query)))["data"]


def answers(query: dict[str, Any], expected: Any, *spans: Any, version: str = "") -> None:
    async def talk(ask: Talk) -> None:
        assert await asked(ask, query, version) == expected

    talking(talk, *(spans or SPANS))


COUNT = ("count", "count")


def test_1_how_many_traces() -> None:
    answers(metrics("traces", COUNT), [{"count_count": "3"}])


def test_1_no_trace_at_all_is_a_zero() -> None:
    answers(metrics("traces", COUNT, ("totalCost", "avg")), [{"count_count": "0", "avg_totalCost": None}], SPANS[-1])


def test_2_traces_by_name_the_most_first() -> None:
    expected = [{"name": "run", "count_count": "2"}, {"name": "other", "count_count": "1"}]
    answers(metrics("traces", COUNT, by=("name",)), expected)


def test_3_cost_and_tokens_of_the_most_expensive_users() -> None:
    order = [{"field": "sum_totalCost", "direction": "desc"}]
    query = metrics(
        "traces", ("totalCost", "sum"), ("totalTokens", "sum"), by=("userId",), orderBy=order, config={"row_limit": 20}
    )
    answers(
        query,
        [
            {"userId": "u1", "sum_totalCost": 0.5, "sum_totalTokens": "15"},
            {"userId": "u2", "sum_totalCost": 0.25, "sum_totalTokens": "15"},
        ],
    )


def test_4_cost_and_tokens_by_model_leave_out_repeats() -> None:
    calls = [{"column": "type", "operator": "any of", "value": ["GENERATION", "EMBEDDING"], "type": "stringOptions"}]
    measures = (("totalCost", "sum"), ("inputTokens", "sum"), ("outputTokens", "sum"))
    query = metrics("observations", *measures, by=("providedModelName",), filters=calls)
    row = {"providedModelName": "gpt-4o", "sum_totalCost": 0.75, "sum_inputTokens": "20", "sum_outputTokens": "10"}
    answers(query, [row])
    answers(query, [row], version="v2/")


def test_5_latency_by_day_has_the_days_without_any() -> None:
    query = metrics("observations", ("latency", "p95"), ("latency", "p50"), timeDimension={"granularity": "day"})
    days = ["2026-09-20", "2026-09-21", "2026-09-22", "2026-09-23", "2026-09-24"]
    known = {"2026-09-21": 1000.0, "2026-09-22": 1000.0}
    rows = [{"time_dimension": day, "p95_latency": known.get(day), "p50_latency": known.get(day)} for day in days]
    answers(query, rows)


def test_6_tagged_traces_by_hour() -> None:
    tagged = [{"column": "tags", "operator": "any of", "value": ["open-webui"], "type": "arrayOptions"}]
    query = metrics("traces", COUNT, timeDimension={"granularity": "hour"}, filters=tagged)

    async def talk(ask: Talk) -> None:
        rows = await asked(ask, query)
        assert len(rows) == 4 * 24 + 1
        assert [row for row in rows if row["count_count"] != "0"] == [
            {"time_dimension": f"{START}T14:00:00Z", "count_count": "1"}
        ]

    talking(talk, *SPANS)


def test_7_traces_of_one_application_by_their_metadata() -> None:
    one = [{"column": "metadata", "operator": "=", "key": "app_id", "value": "X", "type": "stringObject"}]
    answers(metrics("traces", COUNT, by=("userId",), filters=one), [{"userId": "u1", "count_count": "1"}])


def test_8_failing_steps_by_name() -> None:
    failed = [{"column": "level", "operator": "=", "value": "ERROR", "type": "string"}]
    answers(metrics("observations", COUNT, by=("name",), filters=failed), [{"name": "other", "count_count": "1"}])


def test_9_time_to_first_token_leaves_out_what_is_not_known() -> None:
    query = metrics("observations", ("timeToFirstToken", "avg"), by=("providedModelName",))
    answers(
        query,
        [
            {"providedModelName": "gpt-4o", "avg_timeToFirstToken": 200.0},
            {"providedModelName": None, "avg_timeToFirstToken": None},
        ],
    )


def test_10_without_scores_there_is_nothing_to_measure() -> None:
    answers(metrics("scores-numeric", ("value", "avg"), COUNT, by=("name",)), [])
    answers(metrics("scores-numeric", ("value", "avg"), COUNT), [{"avg_value": None, "count_count": "0"}])


def test_11_a_histogram_holds_every_value() -> None:
    query = metrics("observations", ("totalCost", "histogram"), config={"bins": 15})

    async def talk(ask: Talk) -> None:
        [row] = await asked(ask, query)
        bins = row["histogram_totalCost"]
        assert (bins[0][0], bins[-1][1], sum(height for *_, height in bins)) == (0.25, 0.5, 2)
        assert len(bins) <= 15

    talking(talk, *SPANS)


def test_12_distinct_users_and_sessions() -> None:
    query = metrics("traces", ("uniqueUserIds", "uniq"), ("uniqueSessionIds", "uniq"))
    answers(query, [{"uniq_uniqueUserIds": "2", "uniq_uniqueSessionIds": "2"}])
    answers(metrics("traces", ("uniqueUserIds", "count")), [{"count_uniqueUserIds": "2"}])


def test_each_trace_is_one_number_first() -> None:
    """The mean over traces, of which one has no call and has spent nothing: 0.75 / 3, not / 2 and not / 6."""
    query = metrics("traces", ("totalCost", "avg"), ("observationsCount", "max"), ("latency", "max"))
    answers(query, [{"avg_totalCost": 0.25, "max_observationsCount": "3", "max_latency": 1002.0}])


def test_observations_tell_what_their_traces_say() -> None:
    query = metrics(
        "observations", COUNT, by=("traceName", "userId"), orderBy=[{"field": "userId", "direction": "asc"}]
    )
    answers(
        query,
        [
            {"traceName": "other", "userId": "u1", "count_count": "1"},
            {"traceName": "run", "userId": "u1", "count_count": "3"},
            {"traceName": "run", "userId": "u2", "count_count": "2"},
        ],
    )


def test_both_ends_of_the_range_are_within() -> None:
    at = {"fromTimestamp": "2026-09-21T13:00:00Z", "toTimestamp": "2026-09-21T14:13:20Z"}
    assert START_NS % 10**9 == 0
    answers(metrics("traces", COUNT) | at, [{"count_count": "1"}])


def test_rows_are_limited_and_ordered_as_asked() -> None:
    query = metrics("traces", COUNT, by=("name",), orderBy=[{"field": "name", "direction": "asc"}])
    answers(query | {"config": {"row_limit": 1}}, [{"name": "other", "count_count": "1"}])


def test_with_an_order_gaps_are_not_filled() -> None:
    day = metrics("traces", COUNT, timeDimension={"granularity": "day"})
    rows = [{"time_dimension": "2026-09-22", "count_count": "1"}, {"time_dimension": "2026-09-21", "count_count": "2"}]
    answers(day | {"orderBy": [{"field": "time_dimension", "direction": "desc"}]}, rows)


@pytest.mark.parametrize("query", ["{}", "x", "[]", json.dumps(metrics("traces")), ""])
def test_what_is_no_query_is_400(query: str) -> None:
    async def talk(ask: Talk) -> None:
        for version in ("", "v2/"):
            status, body = await ask("GET", f"/api/public/{version}metrics", params={"query": query})
            assert (status, body["error"]) == (400, "InvalidRequestError")
        assert (await ask("GET", "/api/public/metrics"))[0] == 400

    talking(talk)


def random_query(chooser: random.Random) -> dict[str, Any]:
    """Mostly of the grammar; now and then a name, operator or value from somewhere else."""
    name = chooser.choice(list(VIEWS))
    view = VIEWS[name]
    kinds = list(OPERATORS)

    def odd(value: Any) -> Any:
        return chooser.choice([None, "x", -1, [], {}, "'; DROP TABLE span; --"]) if chooser.random() < 0.03 else value

    def one_filter() -> dict[str, Any]:
        column, kind = chooser.choice([*view.filters, "metadata"]), chooser.choice(kinds)
        value = chooser.choice(["x", 1, 1.5, True, ["a", "b"], "2026-09-21T00:00:00Z", ""])
        operator = chooser.choice(list(OPERATORS[kind]))
        return {"column": odd(column), "type": odd(kind), "operator": odd(operator), "value": value, "key": "a/b.c"}

    shown = chooser.sample(list(view.dimensions), chooser.randrange(3))
    asked = [
        (chooser.choice(list(view.measures)), chooser.choice(AGGREGATIONS)) for _ in range(chooser.randrange(1, 3))
    ]
    query = metrics(name, *asked, by=tuple(shown))
    query["filters"] = odd([one_filter() for _ in range(chooser.randrange(2))])
    query["timeDimension"] = odd(chooser.choice([None, {"granularity": chooser.choice(GRANULARITIES)}]))
    fields = [*shown, "time_dimension", *(f"{aggregation}_{measure}" for measure, aggregation in asked)]
    query["orderBy"] = odd(chooser.choice([None, [{"field": chooser.choice(fields), "direction": "desc"}]]))
    query["config"] = odd(chooser.choice([None, {"bins": 3, "row_limit": 2}]))
    return query


def test_any_query_is_answered_or_refused() -> None:
    async def talk(ask: Talk) -> None:
        chooser, answered = random.Random(7), 0
        for _ in range(150):
            query = random_query(chooser)
            status, body = await ask("GET", "/api/public/metrics", params={"query": json.dumps(query)})
            assert status in (200, 400), (query, body)
            answered += status == 200
        assert answered > 30

    talking(talk, *SPANS)
