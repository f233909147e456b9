"""Sessions and users over a socket, on a real database."""

import random
from typing import Any

import pytest

from api import lists
from contract.access import Identity
from storage.database import Database
from tests.support.asking import Get, asking
from tests.support.stored import START_NS, insert, span, span_id, trace_id

CALL = {"kind": "generation", "model": "m", "input_tokens": 10, "output_tokens": 1, "total_cost": 0.5}


@pytest.fixture
def two_sessions(database: Database) -> Database:
    """Trace 1 names s1 at its root and s2 further in; trace 2 is of s1 only; trace 3 of nobody."""
    child = {"parent_span_id": "p"}
    insert(
        database,
        "span",
        span(1, session_id="s1", user_id="u1", environment="prod"),
        span(2, at_ms=1, session_id="s2", user_id="u1", **child, **CALL),
        span(3, at_ms=2, duplicate_of=span_id(2), **child, **CALL),
        span(4, at_ms=3, status="error", **child, **{**CALL, "kind": "embedding", "model": "e"}),
        span(5, trace=2, at_ms=60_000, session_id="s1", user_id="u2"),
        span(6, trace=2, at_ms=60_001, **child, **CALL),
        span(7, trace=3, at_ms=120_000, **CALL),
    )
    return database


def test_a_session_adds_up_the_traces_whose_spans_name_it(two_sessions: Database) -> None:
    async def talk(get: Get) -> None:
        first, second = (await get("/api/v1/sessions")).json["data"]
        assert first == {
            "project": "default",
            "session_id": "s1",
            "last_active_time": "2026-09-21T14:14:20.000000000Z",
            "start_time": "2026-09-21T14:13:20.000000000Z",
            "end_time": "2026-09-21T14:14:21.001000000Z",
            "duration_ms": 61_001.0,
            "trace_count": 2,
            "span_count": 6,
            "generation_count": 2,
            "error_count": 1,
            "models": ["e", "m"],
            "environments": ["prod"],
            "input_tokens": 30,
            "output_tokens": 3,
            "total_tokens": None,
            "cache_read_tokens": None,
            "total_cost": 1.5,
            "user_ids": ["u1", "u2"],
        }
        assert (second["session_id"], second["trace_count"], second["input_tokens"]) == ("s2", 1, 20)

    asking(two_sessions, talk)


def test_a_trace_that_names_two_sessions_is_in_both(two_sessions: Database) -> None:
    async def talk(get: Get) -> None:
        for session, traces in (("s1", [2, 1]), ("s2", [1])):
            answer = (await get(f"/api/v1/sessions/{session}")).json
            assert [each["trace_id"] for each in answer["traces"]] == [trace_id(number) for number in traces]
            assert answer["session"]["trace_count"] == len(traces)
            listed = (await get("/api/v1/sessions", session_id=session)).json["data"]
            assert listed == [answer["session"]]

    asking(two_sessions, talk)


def test_a_user_has_sessions_and_traces(two_sessions: Database) -> None:
    async def talk(get: Get) -> None:
        users = (await get("/api/v1/users")).json["data"]
        assert [(each["user_id"], each["session_count"], each["trace_count"]) for each in users] == [
            ("u2", 1, 1),
            ("u1", 2, 1),
        ]
        answer = (await get("/api/v1/users/u1")).json
        assert answer["user"] == users[1]
        assert [each["trace_id"] for each in answer["traces"]] == [trace_id(1)]

    asking(two_sessions, talk)


FILTERS: list[tuple[dict[str, str], list[str]]] = [
    ({"session_id": "s2"}, ["s2"]),
    ({"session_id__ne": "s2"}, ["s1"]),
    ({"session_id__contains": "S"}, ["s1", "s2"]),
    ({"trace_count__gte": "2"}, ["s1"]),
    ({"total_cost__lt": "1.5"}, ["s2"]),
    ({"user_ids": "u2"}, ["s1"]),
    ({"user_id": "u2"}, ["s1"]),
    ({"models": "e", "error_count": "1"}, ["s1", "s2"]),
    ({"status": "error"}, ["s1", "s2"]),
    ({"environment__exists": "false"}, []),
    ({"kind": "tool"}, []),
    ({"q": "nothing like it"}, []),
    ({"from": str(START_NS + 1_500_000)}, ["s1"]),
    ({"to": str(START_NS + 1_000_000)}, ["s1"]),
    ({"start_time__gt": str(START_NS)}, []),
    ({"last_active_time": str(START_NS + 1_000_000)}, ["s2"]),
]


@pytest.mark.parametrize(("parameters", "expected"), FILTERS)
def test_filters_choose_sessions(two_sessions: Database, parameters: dict[str, str], expected: list[str]) -> None:
    async def talk(get: Get) -> None:
        answer = await get("/api/v1/sessions", **parameters)
        assert [each["session_id"] for each in answer.json["data"]] == expected

    asking(two_sessions, talk)


def test_a_range_bounds_the_spans_that_are_added_up(two_sessions: Database) -> None:
    async def talk(get: Get) -> None:
        [session] = (await get("/api/v1/sessions", **{"from": str(START_NS + 1_500_000)})).json["data"]
        assert (session["trace_count"], session["span_count"], session["input_tokens"]) == (1, 2, 10)

    asking(two_sessions, talk)


@pytest.mark.parametrize("path", ["/api/v1/sessions", "/api/v1/users"])
def test_pages_hold_everyone_once_in_order_also_where_times_are_equal(database: Database, path: str) -> None:
    for number in range(1, 12):
        insert(database, "span", span(number, at_ms=number // 4, user_id=f"u{number}", session_id=f"s{number}"))

    async def talk(get: Get) -> None:
        whole = (await get(path)).json["data"]
        parts: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await get(path, limit=3, **cursor)).json
            parts += page["data"]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert len(whole) == 11
        assert parts == whole

    asking(database, talk)


def test_a_page_of_whole_traces_ends_where_its_texts_are_enough_for_one_answer(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As lists do: a session may have any number of traces, of any size."""
    monkeypatch.setattr(lists, "PAGE_BYTES", 5_000)
    monkeypatch.setattr(lists, "LARGE_ROWS", 2)
    for number in range(1, 12):
        insert(database, "span", span(number, trace=number, at_ms=number, session_id="s", input="x" * 1_000))

    async def talk(get: Get) -> None:
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await get("/api/v1/sessions/s", limit=100, io="full", **cursor)).json
            assert 0 < len(page["traces"]) <= 7
            assert page["session"]["trace_count"] == 11
            seen += [each["trace_id"] for each in page["traces"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert seen == [trace_id(number) for number in range(11, 0, -1)]

    asking(database, talk)


def test_the_traces_of_a_session_come_in_pages_that_belong_to_it(two_sessions: Database) -> None:
    async def talk(get: Get) -> None:
        first = await get("/api/v1/sessions/s1", limit=1, io="none")
        assert [each["trace_id"] for each in first.json["traces"]] == [trace_id(2)]
        assert "input" not in first.json["traces"][0]
        cursor = first.json["next_cursor"]
        assert f"cursor={cursor}" in first.headers["Link"]
        second = (await get("/api/v1/sessions/s1", limit=1, cursor=cursor)).json
        assert [each["trace_id"] for each in second["traces"]] == [trace_id(1)]
        assert second["next_cursor"] is None
        assert (await get("/api/v1/sessions/s2", cursor=cursor)).status == 400

    asking(two_sessions, talk)


def test_an_unknown_session_is_404_and_an_unknown_parameter_400(two_sessions: Database) -> None:
    async def talk(get: Get) -> None:
        for path in ("/api/v1/sessions/s9", "/api/v1/users/s1"):
            answer = await get(path)
            assert (answer.status, answer.json["type"]) == (404, "/errors/not-found")
        answer = await get("/api/v1/sessions/s1", model="m")
        assert answer.json["errors"][0]["parameter"] == "model"
        assert (await get("/api/v1/sessions", io="full")).status == 400

    asking(two_sessions, talk)


def test_another_project_has_no_such_session(two_sessions: Database) -> None:
    async def talk(get: Get) -> None:
        assert (await get("/api/v1/sessions/s1")).status == 404
        assert (await get("/api/v1/users")).json["data"] == []

    asking(two_sessions, talk, identity=Identity("other"))


def test_sums_of_a_session_are_the_sums_of_its_traces(database: Database) -> None:
    rng = random.Random(2)
    rows = [
        span(
            number,
            trace=rng.randrange(8),
            at_ms=number,
            session_id=rng.choice([None, "a", "b"]),
            kind=rng.choice(["generation", "embedding", "agent"]),
            duplicate_of=rng.choice([None, None, span_id(1)]),
            total_tokens=rng.choice([None, number]),
            total_cost=rng.choice([None, 0.25]),
        )
        for number in range(1, 60)
    ]
    insert(database, "span", *rows)

    async def talk(get: Get) -> None:
        for session in (await get("/api/v1/sessions")).json["data"]:
            traces = (await get(f"/api/v1/sessions/{session['session_id']}")).json["traces"]
            for name in ("total_tokens", "total_cost", "span_count", "generation_count"):
                assert session[name] == sum(each[name] or 0 for each in traces), name
            assert session["trace_count"] == len(traces)

    asking(database, talk)
