"""The third API's list of scores."""

import pytest

from tests.support.langfuse_api import Talk
from tests.support.langfuse_scores import ids, scored
from tests.support.stored import span_id, trace_id

PATH = "/api/public/v3/scores"
CORE = {"id", "projectId", "name", "value", "dataType", "source", "timestamp", "environment", "createdAt", "updatedAt"}


def test_a_value_has_the_type_that_is_said() -> None:
    async def talk(ask: Talk) -> None:
        values = {each["id"]: each["value"] for each in (await ask.get("v3/scores"))["data"]}
        assert values == {"s1": 0.5, "s2": True, "s3": "good", "s4": 0.9}

    scored(talk)


def test_groups_of_fields_are_given_on_demand() -> None:
    async def talk(ask: Talk) -> None:
        async def of(fields: str) -> dict[str, object]:
            [found] = (await ask.get("v3/scores", id="s1", **({"fields": fields} if fields else {})))["data"]
            return dict(found)

        assert (await of("")).keys() == CORE
        details = await of("details")
        assert (details["comment"], details["metadata"], details["configId"]) == ("so so", {"k": 1}, None)
        assert (await of("annotation,subject")).keys() == CORE | {"authorUserId", "queueId", "subject"}
        assert (await ask("GET", PATH, params={"fields": "core"}))[0] == 400

    scored(talk)


def test_it_says_what_a_score_is_about() -> None:
    async def talk(ask: Talk) -> None:
        about = {each["id"]: each["subject"] for each in (await ask.get("v3/scores", fields="subject"))["data"]}
        assert about["s1"] == {"kind": "trace", "id": trace_id(1)}
        assert about["s2"] == {"kind": "observation", "id": span_id(1), "traceId": trace_id(1)}
        assert about["s4"] == {"kind": "session", "id": "x"}

    scored(talk)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"name": "q,kind"}, ["s4", "s3", "s1"]),
        ({"id": "s1, s3"}, ["s3", "s1"]),
        ({"userId": "u1"}, ["s2", "s1"]),
        ({"traceId": f"{trace_id(1).upper()},{trace_id(2)}"}, ["s3", "s2", "s1"]),
        ({"observationId": span_id(1)}, ["s2"]),
        ({"sessionId": "x"}, ["s4"]),
        ({"experimentId": "r"}, []),
        ({"dataType": "boolean"}, ["s2"]),
        ({"source": "api"}, ["s4", "s3", "s2", "s1"]),
        ({"environment": "prod,default"}, ["s4", "s3", "s2", "s1"]),
        ({"authorUserId": "a"}, []),
        ({"dataType": "NUMERIC", "value": "0.5,7"}, ["s1"]),
        ({"dataType": "NUMERIC", "valueMin": "0.5", "valueMax": "0.9"}, ["s4", "s1"]),
        ({"dataType": "NUMERIC", "valueMin": "0.6"}, ["s4"]),
        ({"dataType": "BOOLEAN", "value": "true"}, ["s2"]),
        ({"dataType": "BOOLEAN", "value": "false"}, []),
        ({"dataType": "CATEGORICAL", "value": "good,bad"}, ["s3"]),
        ({"fromTimestamp": "2026-09-21T14:13:23Z"}, ["s4", "s3"]),
        ({"toTimestamp": "2026-09-21T14:13:22Z"}, ["s1"]),
    ],
)
def test_filters(params: dict[str, str], expected: list[str]) -> None:
    async def talk(ask: Talk) -> None:
        assert await ids(ask, "v3/scores", **params) == expected

    scored(talk)


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"value": "1"}, "dataType"),
        ({"value": "1", "dataType": "NUMERIC,BOOLEAN"}, "dataType"),
        ({"value": "x", "dataType": "NUMERIC"}, "number"),
        ({"value": "1", "dataType": "BOOLEAN"}, "true or false"),
        ({"valueMin": "0"}, "dataType"),
        ({"valueMax": "nan", "dataType": "NUMERIC"}, "number"),
        ({"name": ",".join(map(str, range(1001)))}, "1000"),
    ],
)
def test_a_filter_that_means_nothing_is_400(params: dict[str, str], named: str) -> None:
    async def talk(ask: Talk) -> None:
        status, body = await ask("GET", PATH, params=params)
        assert status == 400
        assert named in body["message"]

    scored(talk)


def test_cursors_lead_through_all_of_them() -> None:
    async def talk(ask: Talk) -> None:
        found, cursor = [], None
        while True:
            body = await ask.get("v3/scores", limit=3, **({"cursor": cursor} if cursor else {}))
            found += [each["id"] for each in body["data"]]
            if (cursor := body["meta"].get("cursor")) is None:
                break
        assert found == ["s4", "s3", "s2", "s1"]

    scored(talk)
