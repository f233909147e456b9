"""`q=`: words and phrases, and nothing that looks like more."""

import pytest

from api.search import search_terms
from contract.errors import BadQuery

TERMS = [
    ("", []),
    ("  hello world ", ["hello", "world"]),
    ('"two words" third', ["two words", "third"]),
    ('"say \\"hi\\"" 你好', ['say "hi"', "你好"]),
    ('"a:b" "or"', ["a:b", "or"]),
    ("well-known don't 50%", ["well-known", "don't", "50%"]),
]


@pytest.mark.parametrize(("text", "expected"), TERMS)
def test_words_and_quoted_phrases_are_terms(text: str, expected: list[str]) -> None:
    assert [condition.values[0] for condition in search_terms(text)] == expected


@pytest.mark.parametrize(
    "text", ["kind:tool", "cost>5", "-status", "a or b", "NOT x", "(a b)", 'open "quote', "a=b", "~x", "w " * 11]
)
def test_what_only_the_grammar_could_read_is_refused(text: str) -> None:
    with pytest.raises(BadQuery) as caught:
        search_terms(text)
    assert caught.value.parameter == "q"
