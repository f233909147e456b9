"""The vocabulary of the tables."""

import json

from translator import rules


def answer(made: tuple[rules.Rule, ...], value: object) -> object:
    return made[0].convert(value)


def test_lookup_is_case_insensitive_and_knows_only_its_table() -> None:
    table = rules.lookup("k", {"llm": "generation"})
    assert [answer(table, sent) for sent in ("llm", "LLM", '"LLM"', "other", 3)] == ["generation"] * 3 + [None] * 2


def test_member_reads_json_text_and_structures_also_when_encoded_twice() -> None:
    made = rules.member("k", "a", 0, "b")
    sent = {"a": [{"b": "x"}]}
    assert [answer(made, form) for form in (sent, json.dumps(sent), json.dumps(json.dumps(sent)))] == ["x"] * 3
    assert answer(made, '{"a": [') is None
    assert answer(made, {"a": {"b": 1}}) is None


def test_scaled_numbers_refuse_negatives() -> None:
    assert answer(rules.scaled(1e3, "k"), "0.5") == 500.0
    assert answer(rules.scaled(1e3, "k"), -1) is None


def test_free_map_joins_its_prefixes_and_decodes_values() -> None:
    made = rules.free_map("a.", "b.")
    sent = {"a.x": '"1"', "b.x": "2", "b.y": "[1]", "c": 1}
    assert json.loads(str(answer(made, sent))) == {"x": "2", "y": [1]}


def test_present_answers_for_any_content() -> None:
    made = rules.present("k", "yes")
    assert answer(made, "x") == "yes"
    assert answer(made, "[]") is None


def test_kinds_and_scopes_are_put_on_every_rule() -> None:
    made = rules.on({"tool"}, *rules.within(("s",), *rules.text("a", "b")))
    assert [(rule.kinds, rule.scopes) for rule in made] == [(frozenset({"tool"}), ("s",))] * 2


def test_a_rule_may_hold_outside_of_some_scopes() -> None:
    made = rules.outside(("s",), *rules.text("a"))
    assert [(rule.scopes, rule.unless) for rule in made] == [((), ("s",))]


def test_maps_and_words_are_json_text() -> None:
    assert answer(rules.map_text("k"), '{"a": 1}') == '{"a":1}'
    assert answer(rules.words("k"), "a, b") == '["a","b"]'
