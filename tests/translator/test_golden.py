"""Every capture's translation says what the application did."""

import json

import pytest

from contract.columns import SPAN_COLUMNS, S
from contract.raw import key_values, restore
from tests.support.golden import CAPTURES, batches, expected, shown
from tests.support.truth import faults
from translator.translate import Translator


@pytest.mark.parametrize("capture", CAPTURES)
def test_translation_tells_the_truth_of_the_capture(capture: str) -> None:
    assert faults(expected(capture), shown(capture)) == []


@pytest.mark.parametrize("capture", CAPTURES)
def test_stored_attributes_give_back_what_was_sent(capture: str) -> None:
    translator = Translator()
    for batch in batches(capture):
        rows = [row for row in translator.translate(batch).spans if not row[S.synthetic]]
        for span, row in zip(batch.spans, rows, strict=True):
            stored = json.loads(row[S.raw_attributes]) if row[S.raw_attributes] else {}
            back = restore(stored, {"input": row[S.input], "output": row[S.output]})
            assert key_values(back) == key_values(span.attributes)


@pytest.mark.parametrize("capture", CAPTURES)
def test_rows_have_every_column_and_no_more(capture: str) -> None:
    for batch in batches(capture):
        assert {len(row) for row in Translator().translate(batch).spans} <= {len(SPAN_COLUMNS)}


def test_there_are_captures_and_each_has_calls_or_tools() -> None:
    assert len(CAPTURES) >= 47
    assert all(expected(capture)["llm_calls"] or expected(capture)["tool_runs"] for capture in CAPTURES)


def test_a_wrong_truth_is_a_fault() -> None:
    truth = expected("openai-genai-span")
    truth["llm_calls"][0]["completion"] = "something never said"
    truth["llm_calls"][0]["input_tokens"] += 1
    found = " ".join(faults(truth, shown("openai-genai-span")))
    assert "something never said" in found
    assert "input_tokens" in found
