"""`/api/v1/metrics/query` over a socket, on a real database."""

import math
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from api import metrics
from api.metrics import MetricsQuestion, parse_metrics
from api.times import parse_time
from contract.errors import BadQuery
from contract.reading import COUNTS, GROUPS, MEASURES, SUMS
from storage.database import Database
from tests.support.asking import Get, asking
from tests.support.stored import START_NS, insert, opened, span, span_id

PATH = "/api/v1/metrics/query"
HOUR_MS = 3_600_000
END = {"from": str(START_NS), "to": str(START_NS + 24 * HOUR_MS * 1_000_000)}
LATER = {"received_time": START_NS + 10**15}


@pytest.fixture(scope="module")
def random_spans() -> Iterator[Database]:
    """Calls that know their tokens or not, repeats of them, spans of other kinds; over a day."""
    rng = random.Random(11)

    def some(*values: Any) -> Any:
        return rng.choice(values)

    rows = []
    for number in range(1, 161):
        sums = {name: some(None, rng.randrange(1000)) for name in SUMS if name.endswith("tokens")}
        sums |= {name: some(None, 0.0, rng.random()) for name in SUMS if name.endswith("cost")}
        rows.append(
            span(
                number,
                trace=rng.randrange(30),
                at_ms=rng.randrange(24) * HOUR_MS + rng.randrange(HOUR_MS),
                kind=some("generation", "generation", "embedding", "tool", "agent"),
                duplicate_of=some(None, None, None, span_id(1)),
                model=some(None, "a", "b", "你好"),
                provider=some(None, "p"),
                name=some("x", "y"),
                user_id=some(None, "u1", "u2"),
                session_id=some(None, "s"),
                service_name=some("web", "job"),
                environment=some(None, "prod"),
                status=some("ok", "error", "unset"),
                tags=some(None, [], ["t1"], ["t1", "t2"]),
                synthetic=some(None, True),
                streaming=some(None, True, False),
                time_to_first_token_ms=some(None, rng.random() * 100),
                end_time=START_NS + 48 * HOUR_MS * 1_000_000,
                **LATER,
                **sums,
            )
        )
    made = opened()
    insert(made, "span", *rows)
    yield made
    made.close()


FILTERS: list[dict[str, str]] = [{}, {"model": "a"}, {"status": "error"}, {"user_id__exists": "false"}, {"q": "x"}]
GROUPINGS = st.lists(
    st.sampled_from(["model", "provider", "name", "user_id", "service_name", "environment", "status", "streaming"]),
    max_size=3,
    unique=True,
)
QUESTIONS = st.tuples(
    GROUPINGS,
    st.sampled_from([None, "hour", "7h", "day", "month", "auto"]),
    st.sampled_from(FILTERS),
    st.integers(0, 20),
    st.integers(1, 24),
)


@settings(
    max_examples=12, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(question=QUESTIONS)
def test_sums_are_those_over_the_generations_in_every_group_and_piece_of_time(
    random_spans: Database, question: tuple[list[str], str | None, dict[str, str], int, int]
) -> None:
    groups, interval, filters, first_hour, hours = question
    bounds = {
        "from": str(START_NS + first_hour * HOUR_MS * 1_000_000),
        "to": str(START_NS + (first_hour + hours) * HOUR_MS * 1_000_000),
    }
    asked = {"measures": ",".join(("generation_count", *SUMS)), "group_by": ",".join(groups), **bounds, **filters}
    if interval:
        asked["interval"] = interval

    async def talk(get: Get) -> None:
        answer = (await get(PATH, limit=1000, **asked)).json
        listed = (await get("/api/v1/generations", limit=1000, **bounds, **filters)).json["data"]
        data = answer["data"]
        for row in data:
            inside = [each for each in listed if all(each[name] == row[name] for name in groups)]
            if interval:
                inside = [each for each in inside if row["time"] == piece(answer, each)]
            assert row["generation_count"] == len(inside)
            for name in SUMS:
                assert_sum(row[name], [each[name] for each in inside])
        assert sum(row["generation_count"] for row in data) == len(listed)

    asking(random_spans, talk)


def piece(answer: Any, generation: Any) -> str:
    """The last beginning that is not after the generation's start."""
    return max(time for row in answer["data"] if (time := row["time"]) <= generation["start_time"])


def assert_sum(found: Any, values: list[Any]) -> None:
    known = [value for value in values if value is not None]
    if not values:
        assert found == 0
    elif not known:
        assert found is None
    else:
        assert math.isclose(found, sum(known), abs_tol=1e-9)


def test_where_the_question_is_about_kinds_sums_are_the_totals_of_the_traces(random_spans: Database) -> None:
    async def talk(get: Get) -> None:
        traces = (await get("/api/v1/traces", limit=1000, io="none")).json["data"]
        total = sum(trace["total_tokens"] or 0 for trace in traces)
        both = (await get(PATH, measures="total_tokens", kind="generation,embedding", **END)).json["data"]
        assert both == [{"total_tokens": total}]
        by_kind = (await get(PATH, measures="total_tokens", group_by="kind", **END)).json["data"]
        assert sum(row["total_tokens"] for row in by_kind) == total

    asking(random_spans, talk)


def test_counts_are_those_of_the_lists_and_percentiles_those_of_the_values(database: Database) -> None:
    insert(
        database,
        "span",
        *(span(n, trace=n % 2, end_time=START_NS + n * 10**9, **LATER) for n in range(1, 6)),
        span(6, trace=1, status="error", duplicate_of=span_id(1), synthetic=True, **LATER),
        span(7, trace=1, status="error", end_time=None, **LATER),
    )

    async def talk(get: Get) -> None:
        measures = "trace_count,span_count,error_count,avg(duration_ms),p50(duration_ms),p99(duration_ms)"
        [row] = (await get(PATH, measures=measures, **END)).json["data"]
        assert row == {
            "trace_count": 2,
            "span_count": 6,
            "error_count": 1,
            "avg(duration_ms)": 3000.0,
            "p50(duration_ms)": 3000.0,
            "p99(duration_ms)": 4960.0,
        }

    asking(database, talk)


def test_gaps_are_filled_with_what_is_true_of_nothing(database: Database) -> None:
    call = {"kind": "generation", "model": "m"}
    insert(database, "span", span(1, **call, input_tokens=3), span(2, at_ms=2 * HOUR_MS, **call))

    async def talk(get: Get) -> None:
        bounds = {"from": "2026-09-21T14:00:00Z", "to": "2026-09-21T17:00:00Z"}
        asked = {"measures": "input_tokens,p95(duration_ms)", "interval": "hour", "group_by": "model", **bounds}
        answer = (await get(PATH, **asked)).json
        assert [tuple(row.values()) for row in answer["data"]] == [
            ("2026-09-21T14:00:00.000000000Z", "m", 3, 1000.0),
            ("2026-09-21T15:00:00.000000000Z", "m", 0, None),
            ("2026-09-21T16:00:00.000000000Z", "m", None, 1000.0),
        ]
        assert (answer["interval"], answer["from"]) == ("hour", "2026-09-21T14:00:00.000000000Z")
        nothing = (await get(PATH, measures="span_count,avg(duration_ms)", model="other", **bounds)).json["data"]
        assert nothing == [{"span_count": 0, "avg(duration_ms)": None}]
        assert (await get(PATH, group_by="model", model="other", **bounds)).json["data"] == []

    asking(database, talk)


def test_the_biggest_groups_are_answered_and_more_are_told_of(database: Database) -> None:
    rows = [(name, n) for n, name in enumerate("aabbbc", 1)]
    insert(database, "span", *(span(n, at_ms=n * HOUR_MS, name=name) for name, n in rows))

    async def talk(get: Get) -> None:
        asked = {"measures": "span_count", "group_by": "name", **END}
        answer = (await get(PATH, limit=2, **asked)).json
        assert answer["data"] == [{"name": "b", "span_count": 3}, {"name": "a", "span_count": 2}]
        assert answer["more_groups"] is True
        assert (await get(PATH, limit=3, **asked)).json["more_groups"] is False
        timed = (await get(PATH, limit=1, interval="day", **asked)).json["data"]
        assert {row["name"] for row in timed} == {"b"}

    asking(database, talk)


def test_a_sum_beyond_64_bits_is_null_and_no_failure(database: Database) -> None:
    call = {"kind": "generation", "input_tokens": 2**63 - 1, "session_id": "s", "user_id": "u"}
    insert(database, "span", span(1, **call), span(2, **call))

    async def talk(get: Get) -> None:
        [row] = (await get(PATH, measures="input_tokens", **END)).json["data"]
        assert row == {"input_tokens": None}
        for path in ("traces", "sessions", "users"):
            assert (await get(f"/api/v1/{path}")).json["data"][0]["input_tokens"] is None

    asking(database, talk)


def parsed(*pairs: tuple[str, str]) -> MetricsQuestion:
    return parse_metrics(pairs, 10**18)


def test_the_range_is_the_last_day_where_none_is_given() -> None:
    question = parsed()
    assert (question.from_ns, question.to_ns) == (10**18 - 86_400 * 10**9, 10**18)
    assert question.measures == metrics.MEASURES_WHERE_NOT_GIVEN
    assert parsed(("to", "-1d")).from_ns == parse_time("-2d", 10**18, "from")


REFUSED = [
    ({"measures": "cost"}, "measures", "avg(duration_ms)"),
    ({"measures": "total_tokns"}, "measures", "total_tokens"),
    ({"group_by": "modle"}, "group_by", "model"),
    ({"group_by": "input"}, "group_by", None),
    ({"group_by": "attr."}, "group_by", None),
    ({"group_by": "kind,model,name,status,level"}, "group_by", None),
    ({"interval": "hourly"}, "interval", None),
    ({"interval": "minute", "from": "-7d"}, "interval", None),
    ({"interval": "minute", "group_by": "model", "limit": "1000"}, "limit", None),
    ({"from": "now", "to": "-1h"}, "from", None),
    ({"cursor": "x"}, "cursor", None),
    ({"intervall": "hour"}, "intervall", "interval"),
]


@pytest.mark.parametrize(("given", "parameter", "hint"), REFUSED)
def test_what_is_not_understood_is_refused_by_name(given: dict[str, str], parameter: str, hint: str | None) -> None:
    with pytest.raises(BadQuery) as caught:
        parsed(*given.items())
    assert caught.value.parameter == parameter
    if hint == "total_tokens":
        assert caught.value.hint == hint


def test_every_measure_and_group_of_the_contract_is_understood() -> None:
    assert parsed(("measures", ",".join(MEASURES))).measures == MEASURES
    for group in GROUPS:
        assert parsed(("group_by", group)).group_by == (group,)
    assert parsed(("group_by", "attr.http.route,model,model")).group_by == ("attr.http.route", "model")
    assert set(COUNTS) <= metrics.ZERO_WHERE_NOTHING_WAS
