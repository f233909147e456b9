"""Content blocks of every provider."""

import json
from typing import Any

import pytest

from translator.messages.parts import part, parts


@pytest.mark.parametrize(
    ("block", "want"),
    [
        ({"type": "thinking", "thinking": "hm"}, {"type": "reasoning", "content": "hm"}),
        ({"reasoningContent": {"reasoningText": {"text": "hm"}}}, {"type": "reasoning", "content": "hm"}),
        ({"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": "x"}]},
         {"type": "tool_call_response", "id": "c", "response": "x"}),
        ({"toolResult": {"toolUseId": "c", "content": [{"text": "x"}]}},
         {"type": "tool_call_response", "id": "c", "response": "x"}),
        ({"type": "tool_call_response", "id": "c", "response": {"a": 1}},
         {"type": "tool_call_response", "id": "c", "response": {"a": 1}}),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}},
         {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "QUJD"}),
        ({"image": {"format": "png", "source": {"bytes": b"ABC"}}},
         {"type": "blob", "modality": "image", "mime_type": "png", "content": "QUJD"}),
        ({"type": "blob", "mime_type": "image/png", "content": b"ABC"},
         {"type": "blob", "mime_type": "image/png", "content": "QUJD"}),
        ({"inlineData": {"mimeType": "audio/wav", "data": "QUJD"}},
         {"type": "blob", "modality": "audio", "mime_type": "audio/wav", "data": "QUJD", "content": "QUJD"}),
        ({"inline_data": {"mime_type": "image/png", "data": "QUJD"}},
         {"type": "blob", "modality": "image", "mime_type": "image/png", "data": "QUJD", "content": "QUJD"}),
        ({"fileData": {"fileUri": "gs://b/x.pdf", "mimeType": "application/pdf"}},
         {"type": "uri", "modality": "application", "mime_type": "application/pdf", "uri": "gs://b/x.pdf"}),
        ({"media": {"url": "https://x/y.png", "contentType": "image/png"}},
         {"type": "uri", "modality": "image", "mime_type": "image/png", "uri": "https://x/y.png"}),
        ({"function_response": {"name": "f", "id": "c", "response": {"a": 1}}},
         {"type": "tool_call_response", "id": "c", "response": {"a": 1}}),
        ({"toolResponse": {"name": "f", "ref": "c", "output": "x"}},
         {"type": "tool_call_response", "id": "c", "response": "x"}),
        ({"tool_call_result": {"result": "x", "origin": {"id": "c"}}},
         {"type": "tool_call_response", "id": "c", "response": "x"}),
        ({"text": "hm", "thought": True}, {"type": "reasoning", "content": "hm"}),
        ({"reasoning": {"reasoning_text": "hm", "extra": {}}}, {"type": "reasoning", "content": "hm"}),
        ({"reasoning": {"reasoning_text": "", "extra": {}}}, {"type": "reasoning", "content": ""}),
        ({"type": "refusal", "refusal": "no"}, {"type": "text", "content": "no"}),
        ({"nobody": "knows"}, {"nobody": "knows"}),
    ],
)  # fmt: skip
def test_blocks_have_one_form(block: dict[str, Any], want: dict[str, Any]) -> None:
    found = part(block)
    assert {key: found[key] for key in want if key in found} == {key: want[key] for key in want if key in found}
    assert found["type"] == want["type"] if "type" in want else found == want
    assert found.get("content", found.get("response")) == want.get("content", want.get("response"))


def test_json_text_that_is_no_list_of_blocks_stays_text() -> None:
    assert parts('{"a": 1}') == [{"type": "text", "content": '{"a": 1}'}]
    assert parts("[1, 2]") == [{"type": "text", "content": "[1, 2]"}]


@pytest.mark.parametrize("other", [{"cachePoint": {"type": "default"}}, {"guardContent": {"text": {"text": "x"}}}, {}])
@pytest.mark.parametrize("known", [{"text": "hi"}, {"type": "text", "text": "hi"}])
def test_one_known_block_shows_that_json_text_is_blocks(known: dict[str, Any], other: dict[str, Any]) -> None:
    """Strands' system prompt with a cache point stayed JSON text."""
    assert parts(json.dumps([known, other])) == [{"type": "text", "content": "hi"}, other]
    assert parts(json.dumps([other, known])) == [other, {"type": "text", "content": "hi"}]


@pytest.mark.parametrize(
    "rows",
    ['[{"id": 1, "text": "a"}, {"id": 2}]', '[{"text": "a"}, 1]', '[{"text": "a"}, null]', '[{"a": 1}, {"b": 2}]'],
)
def test_rows_of_data_in_a_text_are_no_blocks(rows: str) -> None:
    assert parts(rows) == [{"type": "text", "content": rows}]


def test_no_content_is_no_part() -> None:
    assert parts(None) == parts("") == parts([]) == []
