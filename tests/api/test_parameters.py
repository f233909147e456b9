"""Query strings to typed values."""

import pytest

from api.parameters import ListQuestion, ListRoute, parse_detail, parse_list, stored_id
from contract.errors import BadQuery
from contract.reading import Condition

SPANS = ListRoute("list_spans", ("trace_id", "span_id"))


def parse(*pairs: tuple[str, str], path: str = "/p", project: str = "default") -> ListQuestion:
    return parse_list(pairs, SPANS, path=path, project=project, now_ns=10**18)


TYPED = [
    ("input_tokens__gte", "5", Condition("input_tokens", "gte", (5,))),
    ("total_cost__lt", "5e-3", Condition("total_cost", "lt", (0.005,))),
    ("streaming", "true", Condition("streaming", "eq", (True,))),
    ("trace_id", "A" * 32, Condition("trace_id", "eq", ("a" * 32,))),
    ("trace_id", "Chat-4", Condition("trace_id", "eq", ("Chat-4",))),
    ("kind__any_of", "tool,agent", Condition("kind", "any_of", ("tool", "agent"))),
    ("attr.a__b", "x", Condition("attr.a__b", "eq", ("x",))),
    ("attr.my__list", "x", Condition("attr.my__list", "eq", ("x",))),
    ("attr.a__gt", "x", Condition("attr.a", "gt", ("x",))),
    ("user_id__exists", "false", Condition("user_id", "exists", (False,))),
]


@pytest.mark.parametrize(("name", "text", "expected"), TYPED)
def test_a_filter_has_the_type_of_its_field(name: str, text: str, expected: Condition) -> None:
    assert parse((name, text)).conditions == (expected,)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("input_tokens", "1.5"),
        ("input_tokens", "9" * 30),
        ("total_cost", "nan"),
        ("streaming", "yes"),
        ("raw_attributes", "x"),
        ("streaming__gt", "true"),
        ("__eq", "x"),
        ("", "x"),
    ],
)
def test_a_value_or_field_that_does_not_fit_is_refused(name: str, text: str) -> None:
    with pytest.raises(BadQuery):
        parse((name, text))


@pytest.mark.parametrize(("op", "hint"), [("ge", "gte"), ("ne_", "ne"), ("like", None), ("icontains", "contains")])
def test_an_operator_of_an_attribute_that_is_none_is_no_part_of_its_key(op: str, hint: str | None) -> None:
    with pytest.raises(BadQuery, match=f"unknown operator '{op}'") as raised:
        parse((f"attr.http.route__{op}", "5"))
    assert (f"did you mean {hint!r}" in str(raised.value)) == (hint is not None)
    key = f"http.route__{op}"
    assert parse((f"attr.{key}__eq", "5")).conditions == (Condition(f"attr.{key}", "eq", ("5",)),)


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadQuery, match="from must be before to"):
        parse(("from", "-1h"), ("to", "-2h"))
    assert parse(("from", "-1h"), ("to", "-1h")).from_ns == parse(("to", "-1h")).to_ns


def test_what_can_be_given_once_is_refused_twice() -> None:
    for name, text in (("limit", "1"), ("io", "none"), ("streaming", "true")):
        with pytest.raises(BadQuery):
            parse((name, text), (name, text))


def test_the_digest_covers_everything_but_page_size_and_content() -> None:
    base = parse(("kind", "tool")).digest
    assert parse(("kind", "tool"), ("limit", "3"), ("io", "none")).digest == base
    others = [
        parse(("kind", "agent")),
        parse(("kind", "tool"), ("from", "-1h")),
        parse(("kind", "tool"), path="/q"),
        parse(("kind", "tool"), project="other"),
    ]
    assert base not in {other.digest for other in others}


def test_the_number_of_filters_is_bounded() -> None:
    with pytest.raises(BadQuery, match="more than"):
        parse(*[("name__contains", str(n)) for n in range(51)])


def test_details_take_io_only() -> None:
    assert parse_detail([]) == "full"
    with pytest.raises(BadQuery, match="limit"):
        parse_detail([("limit", "1")])


def test_only_hex_ids_are_lower_cased() -> None:
    assert [stored_id(each) for each in ("AB" * 8, "AB" * 16, "ABC", "Z" * 16)] == [
        "ab" * 8,
        "ab" * 16,
        "ABC",
        "Z" * 16,
    ]
