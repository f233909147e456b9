"""Values of Langfuse's JSON."""

import orjson
import pytest

from receiver.langfuse_values import MAX_ID_CHARACTERS, BadEvent, attribute, identifier, in_order, texts, time_ns

NS = 1_795_237_824_000_000_000


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-11-21T05:10:24Z", NS),
        ("2026-11-21T05:10:24.179Z", NS + 179_000_000),
        ("2026-11-21T05:10:24.179705Z", NS + 179_705_000),
        ("2026-11-21T05:10:24.123456789Z", NS + 123_456_789),
        ("2026-11-21T07:10:24.000001+02:00", NS + 1000),
        ("2026-11-21T05:10:24", NS),
        (None, None),
    ],
)
def test_times_keep_every_digit(text: str | None, wanted: int | None) -> None:
    assert time_ns(text, "startTime") == wanted


@pytest.mark.parametrize("value", ["soon", 5, "1950-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "", {}])
def test_what_is_no_time_is_refused_by_the_name_of_its_field(value: object) -> None:
    with pytest.raises(BadEvent, match=r"^startTime "):
        time_ns(value, "startTime")


def test_ids_are_any_text_and_hex_ones_have_small_letters() -> None:
    assert identifier("chatcmpl-ABC", "id") == "chatcmpl-ABC"
    assert identifier("AB" * 16, "id") == "ab" * 16
    assert identifier("AB" * 8, "id") == "ab" * 8
    assert identifier(None, "id") is identifier("", "id") is None
    assert identifier("x" * MAX_ID_CHARACTERS, "id")
    for bad in (5, "x" * (MAX_ID_CHARACTERS + 1), ["a"]):
        with pytest.raises(BadEvent, match=r"^id "):
            identifier(bad, "id")


def test_structures_become_text_and_plain_values_stay() -> None:
    assert attribute({"q": [1, 2.0]}) == '{"q":[1,2.0]}'
    assert [attribute(value) for value in ("a", 1, 1.5, True, 2**63)] == ["a", 1, 1.5, True, str(2**63)]


def test_tags_are_a_set_of_texts() -> None:
    assert texts(["b", "a", "b", 5, ""]) == ["a", "b"]
    assert texts(["", 5]) is texts("a") is texts(None) is None


def test_a_map_has_its_keys_in_order_in_all_levels_and_nothing_else_changes() -> None:
    assert str(in_order({"b": {"d": 1, "c": [{"f": 1, "e": 2}]}, "a": 2.0})) == str(
        {"a": 2.0, "b": {"c": [{"e": 2, "f": 1}], "d": 1}}
    )
    too_deep = orjson.loads('{"a":' * 300 + "1" + "}" * 300)
    for value in ("text", 5, None, ["b", "a"], too_deep):
        assert in_order(value) is value


def test_what_nests_deeper_than_one_writer_goes_is_text_all_the_same_and_deeper_still_refused() -> None:
    for levels in (300, 600):
        text = "[" * levels + '"é",1.5' + "]" * levels
        assert attribute(orjson.loads(text)) == text
    with pytest.raises(BadEvent, match="nested too deeply"):
        attribute(orjson.loads("[" * 1020 + "]" * 1020))
