"""Paths and answers in Langfuse's form."""

import orjson
import pytest
from aiohttp import web

from contract.errors import NotFound, Overloaded, Refused, Unauthorized
from receiver.langfuse_answers import at, error_response, is_langfuse_path


def test_which_paths_are_langfuses() -> None:
    assert is_langfuse_path("/api/public/x")
    assert is_langfuse_path("/lf//api/public/scores/1")
    assert not is_langfuse_path("/api/v1/public")
    assert not is_langfuse_path("/public/api")


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (Unauthorized("who"), 401, "UnauthorizedError"),
        (NotFound("where"), 404, "LangfuseNotFoundError"),
        (Refused("what"), 400, "InvalidRequestError"),
        (Overloaded("when", reason="r", retry_after_s=2), 429, "RateLimitError"),
        (ValueError("secret"), 500, "InternalServerError"),
    ],
)
def test_errors_have_a_message_and_a_name(error: Exception, status: int, name: str) -> None:
    response = error_response(error)
    assert isinstance(response.body, bytes)
    told = orjson.loads(response.body)
    assert (response.status, told["error"]) == (status, name)
    assert "secret" not in told["message"]
    assert response.headers.get("Retry-After") == ("2" if status == 429 else None)


def test_a_path_is_found_below_any_prefix_but_not_in_the_query_api() -> None:
    pattern = web.DynamicResource(at("scores")).get_info()["pattern"]
    for path in ("/api/public/scores", "/api/public/scores//", "/lf/api/public/scores", "/lf//api/public/scores"):
        assert pattern.fullmatch(path)
    for path in (
        "/api/v1/api/public/scores",
        "//api/v1/x/api/public/scores",
        "/api/public/scores/x",
        "/xapi/public/scores",
    ):
        assert not pattern.fullmatch(path)
