"""Each error of the contract has its status in the one table."""

from typing import Any

import orjson
import pytest
from aiohttp.test_utils import make_mocked_request

from api.errors import dump, error_response, unknown
from contract.errors import BadQuery, Forbidden, NotFound, Overloaded, Refused, Unauthorized, Unavailable

STATUSES = [
    (BadQuery("m", parameter="p", hint="h"), 400),
    (Unauthorized("m"), 401),
    (Forbidden("m"), 403),
    (NotFound("m"), 404),
    (Refused("m"), 400),
    (Refused("m", kind="too_large"), 413),
    (Refused("m", kind="unsupported_type"), 415),
    (Overloaded("m", reason="r", retry_after_s=2.4), 429),
    (Unavailable("m", reason="r", retry_after_s=0.1), 503),
    (RuntimeError("secret"), 500),
]


@pytest.mark.parametrize(("error", "status"), STATUSES)
def test_an_error_becomes_a_problem_document(error: Exception, status: int) -> None:
    response = error_response(make_mocked_request("GET", "/api/v1/traces?x=1"), error)
    body = orjson.loads(response.body)
    assert (response.status, body["status"], body["instance"]) == (status, status, "/api/v1/traces")
    assert response.content_type == "application/problem+json"
    assert "secret" not in body["detail"]
    assert ("Retry-After" in response.headers) == (status in (429, 503))
    assert ("WWW-Authenticate" in response.headers) == (status == 401)
    assert ("errors" in body) == isinstance(error, BadQuery)


def test_the_nearest_valid_name_is_offered_only_when_it_is_near() -> None:
    assert unknown("parameter", "modell", ["model", "name"]).hint == "model"
    assert str(unknown("parameter", "modell", ["model"])) == "unknown parameter 'modell', did you mean 'model'?"
    assert unknown("parameter", "zzz", ["model", "name"]).hint is None
    assert str(unknown("parameter", "zzz", ["model"])) == "unknown parameter 'zzz'"


def test_a_lone_surrogate_does_not_break_the_answer() -> None:
    response = error_response(make_mocked_request("GET", "/x"), NotFound("\ud800"))
    assert orjson.loads(response.body)["detail"] == "?"


def test_what_nests_too_deep_for_the_answer_is_left_out_and_the_rest_is_there() -> None:
    deep: list[Any] = []
    for _ in range(900):
        deep = [deep]
    answer = orjson.loads(dump({"input": deep, "name": "\ud800"}))
    assert answer["name"] == "?"
    assert "nests more than 200 levels" in str(answer["input"])
