"""Fields that have few words."""

import pytest

from api.enumerations import ENUMERATIONS, KINDS, enumeration, nearest_value
from api.otlp_json import SPAN_KINDS, STATUS_CODES
from contract.reading import FIELDS


def test_every_enumeration_is_of_a_field_that_its_query_has() -> None:
    for query, fields in ENUMERATIONS.items():
        assert fields.keys() <= FIELDS[query].keys()


def test_words_are_those_that_otlp_knows() -> None:
    assert set(enumeration("list_spans", "otlp_kind")) == SPAN_KINDS.keys()
    assert set(enumeration("list_traces", "status")) == STATUS_CODES.keys()


def test_a_field_that_may_hold_anything_has_no_words() -> None:
    assert enumeration("list_spans", "model") == ()
    assert enumeration("list_logs", "severity_text") == ()


@pytest.mark.parametrize(
    ("text", "word"),
    [("genration", "generation"), ("Tool", "tool"), ("LLM", None), ("", None), ("retrieval", "retriever")],
)
def test_the_nearest_word_is_offered_in_any_case_of_letters(text: str, word: str | None) -> None:
    assert nearest_value(text, KINDS) == word
