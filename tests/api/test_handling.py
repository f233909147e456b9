"""What every route is made of."""

from aiohttp.test_utils import make_mocked_request

from api.handling import Route, identity_of, json_response, next_link, pattern
from contract.access import Identity


async def nothing(*_: object) -> None: ...


def test_who_asks_is_the_default_project_where_nobody_says_otherwise() -> None:
    request = make_mocked_request("GET", "/")
    assert identity_of(request) == Identity()


def test_the_link_to_the_next_page_is_the_same_question_with_its_cursor() -> None:
    request = make_mocked_request("GET", "/api/v1/spans?kind=tool&cursor=old")
    assert next_link(request, "new") == {"Link": '</api/v1/spans?kind=tool&cursor=new>; rel="next"'}
    assert next_link(request, None) == {}


def test_an_id_in_a_path_may_hold_anything_but_a_slash() -> None:
    assert pattern(Route("/a/{b}/c/{d}", nothing)) == "/a/{b:[^/]+}/c/{d:[^/]+}"  # type: ignore[arg-type]


def test_json_is_not_to_be_kept_or_guessed() -> None:
    response = json_response({"a": 1}, headers={"X": "y"})
    assert response.body == b'{"a":1}'
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X"] == "y"
