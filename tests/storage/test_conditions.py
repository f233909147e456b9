"""Conditions become SQL with bound values only."""

import sys

import pytest

from contract.reading import Condition
from storage.conditions import caseless_part, compile_conditions
from storage.words import in_re2
from tests.support.stored import insert, opened, span

CODES = [*range(0xD800), *range(0xE000, sys.maxunicode + 1)]
RENDERED = [
    (Condition("model", "eq", ("m",)), "(model = $c0)"),
    (Condition("model", "ne", ("m",)), "(model IS DISTINCT FROM $c0)"),
    (Condition("model", "any_of", ("m", "n")), "(model IN ($c0, $c1))"),
    (Condition("name", "contains", ("m",)), "(contains(lower(name), lower($c0)))"),
    (Condition("model", "exists", (False,)), "(model IS NULL)"),
    (Condition("start_time", "gte", (5,)), "(start_time >= make_timestamp_ns($c0))"),
    (
        Condition("attr.k", "contains", ("v",)),
        "(contains(lower(json_extract_string(raw_attributes, $c0)), lower($c1)))",
    ),
]


@pytest.mark.parametrize(("condition", "sql"), RENDERED)
def test_a_condition_on_a_row_renders_to_this(condition: Condition, sql: str) -> None:
    compiled = compile_conditions("list_spans", [condition])
    assert compiled.sql("span") == sql
    assert set(condition.values) <= {*compiled.parameters.values(), False}


def test_a_span_field_of_traces_asks_for_some_span() -> None:
    compiled = compile_conditions("list_traces", [Condition("model", "eq", ("m",))])
    assert compiled.sql("candidate") == (
        "(trace_id IN (SELECT trace_id FROM span WHERE project = $project AND "
        "($from_ns IS NULL OR start_time >= make_timestamp_ns($from_ns)) AND (model = $c0)))"
    )
    assert not compiled.has("record")


def test_a_record_field_of_traces_asks_the_record_and_spares_traces_that_cannot_have_it() -> None:
    compiled = compile_conditions("list_traces", [Condition("session_id", "eq", ("s",))])
    assert compiled.sql("record") == "(session_id = $c0)"
    assert "(session_id = $c1)" in compiled.sql("candidate")
    assert not compile_conditions("list_traces", [Condition("session_id", "ne", ("s",))]).has("candidate")


def test_without_conditions_everything_holds() -> None:
    assert compile_conditions("list_spans", []).sql("span") == "true"


ATTRIBUTES = [
    ({"k": "plain"}, "plain", True),
    ({"k": "plain"}, "plai", False),
    ({"other": "plain"}, "plain", False),
    ({"k": 'say "hi"\\'}, 'say "hi"\\', True),
    ({"k": "line\nbreak"}, "line\nbreak", True),
    ({"k": "你好"}, "你好", True),
    ({"k": ""}, "", True),
    ({"k": True}, "true", True),
    ({"k": 5}, "5.0", True),
    ({"k": None}, "null", False),
]


@pytest.mark.parametrize(("attributes", "value", "found"), ATTRIBUTES)
def test_an_attribute_is_found_however_json_writes_its_value(
    attributes: dict[str, object], value: str, found: bool
) -> None:
    assert matches(Condition("attr.k", "eq", (value,)), raw_attributes=attributes) is found


TEXTS = [
    ("Hello World", "hello", True),
    ("Hello World", "WORLD", True),
    ("Hello World", "o w", True),
    ("Hello World", "o  w", False),
    ("50% off (now)", "50% OFF (", True),
    ("a.b", "a?b", False),
    ("axb", "a.b", False),
    ("你好世界", "你好", True),
    ("你好世界", "世好", False),
    ('{"content":"\\u4f60\\u597d"}', "你好", True),
    ('{"content":"caf\\u00c9 au lait"}', "café", True),
    ("ÜBER den Wolken", "über", True),
    ("ПОИСК", "поиск", True),
    ('{"content":"say \\"hi\\"\\nnow"}', 'say "hi"', True),
    ('{"content":"C:\\\\temp"}', "c:\\TEMP", True),
    ("nul\x00byte", "\x00", True),
    ("$c0 \\1", "\\1", True),
    ("order a-1234 is late", "A-1234", True),
    ("order a-1235, B-1234", "A-1234", False),
    ("costs 5", "5", True),
    ("GPT-4O-MINI, GPT 4", "gpt-4o", True),
]


@pytest.mark.parametrize(("text", "term", "found"), TEXTS)
def test_a_term_is_found_in_any_case_and_script_also_where_json_has_escaped_it(
    text: str, term: str, found: bool
) -> None:
    for column in ("input", "output", "name"):
        assert matches(Condition("q", "contains", (term,)), **{column: text}) is found, column


OF_A_TERM = [
    ("word", "(true AND regexp_matches(name, regexp_escape($c0), 'i'))", ["word"]),
    ("A-1234 b", "(contains(name, $c0) AND regexp_matches(name, regexp_escape($c1), 'i'))", ["-1234 ", "A-1234 b"]),
    ("gpt 4", "(contains(name, $c0) AND regexp_matches(name, regexp_escape($c1), 'i'))", [" 4", "gpt 4"]),
    ("to be", "(true AND regexp_matches(name, regexp_escape($c0), 'i'))", ["to be"]),
    ("2026-11", "contains(name, $c0)", ["2026-11"]),
    ("5", "contains(name, $c0)", ["5"]),
]


@pytest.mark.parametrize(("term", "sql", "values"), OF_A_TERM)
def test_of_a_term_first_that_part_is_asked_which_has_no_letters(term: str, sql: str, values: list[str]) -> None:
    compiled = compile_conditions("list_scores", [Condition("q", "contains", (term,))])
    assert f"AND ({sql} OR " in compiled.sql("score")
    assert list(compiled.parameters.values()) == values


def test_no_letter_is_taken_for_a_character_without_great_and_small() -> None:
    """Else a text could have the term in other letters, and not the part that is asked first."""
    letters = [code for code in CODES if not caseless_part(chr(code))]
    between = zip([-1, *letters], [*letters, sys.maxunicode + 1], strict=True)
    caseless = [(before + 1, after - 1) for before, after in between if before + 1 < after]
    assert len(letters) > 2500
    sql = "SELECT regexp_extract_all($letters, $caseless, 0, 'i')"
    values = {"letters": "".join(map(chr, letters)), "caseless": f"[{in_re2(tuple(caseless))}]"}
    database = opened()
    assert database.cursor().execute(sql, values).fetchall() == [([],)]
    assert database.cursor().execute(sql, {**values, "caseless": "[K-L]"}).fetchall() == [
        (["K", "L", "k", "l", "\u212a"],)
    ]
    database.close()


def matches(condition: Condition, **columns: object) -> bool:
    """Whether a span with these columns meets it."""
    database = opened()
    insert(database, "span", span(1, **columns))
    compiled = compile_conditions("list_spans", [condition])
    sql = f"SELECT count(*) FROM span WHERE project = $project AND $from_ns IS NULL AND {compiled.sql('span')}"
    [[count]] = (
        database.cursor().execute(sql, {"project": "default", "from_ns": None, **compiled.parameters}).fetchall()
    )
    database.close()
    return bool(count)


def test_a_condition_on_sessions_is_asked_of_the_id_of_the_sums_or_of_some_span_of_their_traces() -> None:
    compiled = compile_conditions(
        "list_sessions",
        [
            Condition("session_id", "eq", ("s",)),
            Condition("trace_count", "gt", (1,)),
            Condition("model", "eq", ("m",)),
            Condition("model", "exists", (False,)),
        ],
    )
    assert compiled.sql("record") == "(trace_count > $c1)"
    by_id, some, none = compiled.sql("candidate").split(" AND (", 1)[0], "", ""
    assert by_id == "(session_id = $c0)"
    some, none = (part for part in compiled.sql("candidate").split("session_id IN (SELECT session_id FROM span")[1:])
    assert "(model = $c2)" in some
    assert some.endswith("NOT ")
    assert "(model IS NOT NULL)" in none


def test_some_span_of_a_trace_is_asked_also_where_the_record_has_the_field() -> None:
    compiled = compile_conditions("list_traces", [Condition("span.session_id", "eq", ("s",))])
    assert not compiled.has("record")
    assert "(session_id = $c0)" in compiled.sql("candidate")
