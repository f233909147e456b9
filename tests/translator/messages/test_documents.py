"""Documents and queries of retrievers."""

import json
from typing import Any

import pytest

from translator.messages.documents import listed, query

WANT = [{"id": "d", "content": "text", "score": 0.5, "metadata": {"a": 1}}]


@pytest.mark.parametrize(
    "sent",
    [
        [{"id": "d", "content": "text", "score": 0.5, "metadata": {"a": 1}}],
        [{"id": "d", "page_content": "text", "score": "0.5", "metadata": '{"a": 1}'}],
        [{"document": {"id": "d", "content": "text", "score": 0.5, "metadata": {"a": 1}}}],
        [{"node": {"id_": "d", "text": "text", "metadata": {"a": 1}}, "score": 0.5}],
        {"documents": [{"id": "d", "text": "text", "score": 0.5, "metadata": {"a": 1}}]},
    ],
)
def test_documents_have_one_form(sent: Any) -> None:
    assert listed(sent) == listed(json.dumps(sent)) == WANT


def test_texts_are_documents_and_other_things_are_none() -> None:
    assert listed(["a", 3]) == [{"id": None, "content": "a", "score": None, "metadata": None}]
    assert listed("no list") is None
    assert listed({}) is None


@pytest.mark.parametrize(
    "sent",
    ["what?", '{"query": "what?"}', '{"args": ["what?"], "kwargs": {}}', '{"query_bundle": {"query_str": "what?"}}',
     '"what?"', '{"kwargs": {"question": "what?"}}', '{"q": "what?"}', '{"args": [], "kwargs": {"q": "what?"}}'],
)  # fmt: skip
def test_the_query_is_the_text_that_was_asked(sent: str) -> None:
    assert query(sent) == "what?"


def test_a_query_of_another_form_is_shown_as_it_is() -> None:
    assert query('{"vector": [1]}') == '{"vector":[1]}'
    assert query('{"q": "what?", "k": 3}') == '{"q":"what?","k":3}'
    assert query(None) is None


def test_a_query_below_very_many_maps_is_shown_as_it_is() -> None:
    deep = '{"query":' * 900 + '"what?"' + "}" * 900
    assert (query(deep) or "").startswith('{"query":{"query":')
