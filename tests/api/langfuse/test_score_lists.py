"""Lists of scores: pages, cursors, filters."""

from typing import Any

import pytest

from contract.translated import Translated
from tests.support.langfuse_api import Talk, talking
from tests.support.scores import score
from tests.support.stored import span

SCORES = [
    score("num", 1, value=0.5, observationId="o1", environment="prod", configId="c", comment="why", metadata={"k": 1}),
    score("cat", 2, name="kind", value="good", traceId="t2", source="EVAL"),
    score("bool", 3, value=True, dataType="BOOLEAN"),
    score("session", 4, traceId=None, sessionId="s1", value=3),
]
SPANS = (span(1, trace_id="t1", user_id="alice"), span(2, trace_id="t2", user_id="bob"))


def asked(path: str, **parameters: Any) -> Any:
    found: list[Any] = []

    async def talk(ask: Talk) -> None:
        await ask.store.writer.commit(Translated(scores=[list(row) for row in SCORES]))
        found.append(await ask("GET", f"/api/public/{path}", params=parameters))

    talking(talk, *SPANS)
    status, body = found[0]
    return body if status == 200 else status


def ids(path: str, **parameters: Any) -> list[str]:
    return [each["id"] for each in asked(path, **parameters)["data"]]


def test_pages_are_counted_and_the_first_api_leaves_sessions_out() -> None:
    assert ids("scores") == ["bool", "cat", "num"]
    body = asked("v2/scores", limit=3, page=2)
    assert [each["id"] for each in body["data"]] == ["num"]
    assert body["meta"] == {"page": 2, "limit": 3, "totalItems": 4, "totalPages": 2}


def test_every_score_tells_of_its_trace() -> None:
    by_id = {each["id"]: each["trace"] for each in asked("v2/scores")["data"]}
    assert by_id["num"] == {"userId": "alice", "sessionId": None, "tags": [], "environment": "default"}
    assert (by_id["cat"]["userId"], by_id["session"]) == ("bob", None)


def test_the_first_api_leaves_out_what_sdk_2_refuses() -> None:
    SCORES.append(score("late", 9, value="better so", dataType="CORRECTION"))
    try:
        assert "late" in ids("v2/scores")
        assert "late" not in ids("scores")
    finally:
        SCORES.pop()


def test_a_page_behind_the_last_one_is_empty_and_counted_all_the_same() -> None:
    body = asked("v2/scores", page=9)
    assert (body["data"], body["meta"]["totalItems"]) == ([], 4)
    assert asked("v2/scores", name="nothing")["meta"]["totalItems"] == 0


@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        ({"name": "kind"}, ["cat"]),
        ({"traceId": "t1"}, ["bool", "num"]),
        ({"sessionId": "s1"}, ["session"]),
        ({"observationId": "o1"}, ["num"]),
        ({"source": "EVAL"}, ["cat"]),
        ({"dataType": "BOOLEAN"}, ["bool"]),
        ({"configId": "c", "environment": "prod"}, ["num"]),
        ({"scoreIds": "num,cat"}, ["cat", "num"]),
        ({"value": "1", "operator": ">="}, ["session", "bool"]),
        ({"value": "0.5"}, ["num"]),
        ({"userId": "alice"}, ["bool", "num"]),
        ({"userId": "nobody"}, []),
        ({"fromTimestamp": "2050-01-01T00:00:00Z"}, []),
    ],
)
def test_filters_of_the_second_api(parameters: dict[str, str], wanted: list[str]) -> None:
    assert ids("v2/scores", **parameters) == wanted


@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        ({"name": "kind,quality"}, ["session", "bool", "cat", "num"]),
        ({"source": "eval,annotation"}, ["cat"]),
        ({"dataType": "boolean", "value": "true"}, ["bool"]),
        ({"dataType": "CATEGORICAL", "value": "good,bad"}, ["cat"]),
        ({"dataType": "NUMERIC", "value": "0.5,3"}, ["session", "num"]),
        ({"dataType": "NUMERIC", "valueMin": "1", "valueMax": "3"}, ["session"]),
        ({"id": "num"}, ["num"]),
    ],
)
def test_filters_of_the_third_api(parameters: dict[str, str], wanted: list[str]) -> None:
    assert ids("v3/scores", **parameters) == wanted


def test_the_third_api_goes_on_by_cursor() -> None:
    found: list[str] = []

    async def talk(ask: Talk) -> None:
        await ask.store.writer.commit(Translated(scores=[list(row) for row in SCORES]))
        cursor = None
        while len(found) < 9:
            body = await ask.get("v3/scores", limit=3, **({"cursor": cursor} if cursor else {}))
            found.extend(each["id"] for each in body["data"])
            cursor = body["meta"].get("cursor")
            if cursor is None:
                return

    talking(talk)
    assert found == ["session", "bool", "cat", "num"]


def test_one_score_and_none() -> None:
    for path in ("scores/num", "v2/scores/num"):
        assert asked(path)["comment"] == "why"
        assert asked(path)["metadata"] == {"k": 1}
    assert asked("v2/scores/nothing") == 404


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("v2/scores", {"value": "x"}),
        ("v2/scores", {"value": "1", "operator": "~"}),
        ("v2/scores", {"limit": "101"}),
        ("v3/scores", {"valueMin": "1"}),
        ("v3/scores", {"value": "1"}),
        ("v3/scores", {"value": "yes", "dataType": "BOOLEAN"}),
        ("v3/scores", {"value": "nan", "dataType": "NUMERIC"}),
        ("v3/scores", {"fields": "everything"}),
        ("v3/scores", {"cursor": "x"}),
    ],
)
def test_what_is_not_understood_is_refused(path: str, parameters: dict[str, str]) -> None:
    assert asked(path, **parameters) == 400
