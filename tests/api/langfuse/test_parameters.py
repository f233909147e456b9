"""Pages, order and groups of fields."""

import pytest
from aiohttp.test_utils import make_mocked_request

from api.langfuse.parameters import (
    Page,
    all_given,
    parse_flag,
    parse_groups,
    parse_moment,
    parse_order,
    parse_page,
)
from contract.errors import BadQuery


def test_a_page_begins_behind_those_before_it() -> None:
    assert parse_page({}) == Page(1, 50)
    page = parse_page({"page": "3", "limit": "20"})
    assert (page.skip, page.meta(41)) == (40, {"page": 3, "limit": 20, "totalItems": 41, "totalPages": 3})
    assert page.of(range(41)) == range(40, 41)
    assert page.meta(0)["totalPages"] == 0


@pytest.mark.parametrize(
    "query",
    [{"page": "0"}, {"page": "x"}, {"page": "٣"}, {"limit": "101"}, {"page": "9" * 30}, {"page": "0" * 8 + "1" * 5000}],
)
def test_what_is_no_page_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(BadQuery):
        parse_page(query)


def test_order_is_a_field_and_a_direction() -> None:
    names = {"timestamp": "start_time"}
    assert parse_order(None, names, "timestamp.desc") == ("start_time", True)
    assert parse_order("timestamp.ASC", names, "timestamp.desc") == ("start_time", False)
    for wrong in ("timestamp", "timestamp.up", "time.asc"):
        with pytest.raises(BadQuery):
            parse_order(wrong, names, "timestamp.desc")


def test_no_group_means_all_of_them() -> None:
    assert parse_groups(None, ("a", "b")) == {"a", "b"}
    assert parse_groups("a, ", ("a", "b")) == {"a"}
    with pytest.raises(BadQuery, match="'c'"):
        parse_groups("c", ("a", "b"))


def test_a_flag_is_true_or_false() -> None:
    assert (parse_flag("true", "f"), parse_flag("False", "f")) == (True, False)
    with pytest.raises(BadQuery, match="f is true or false"):
        parse_flag("1", "f")


def test_an_empty_time_is_none() -> None:
    assert parse_moment({"from": ""}, "from", 0) is None
    assert parse_moment({"from": "1970-01-01T00:00:01Z"}, "from", 0) == 10**9


@pytest.mark.parametrize(
    ("query", "want"),
    [("tags=a&tags=b,c", ("a", "b,c")), ("tags=a%2Cb,", ("a", "b")), ("tags=a", ("a",)), ("tags=", ()), ("", ())],
)
def test_several_values_are_repeated_or_stand_between_commas(query: str, want: tuple[str, ...]) -> None:
    assert all_given(make_mocked_request("GET", f"/?{query}"), "tags") == want
