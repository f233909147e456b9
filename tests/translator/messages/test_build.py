"""One message form from every dialect."""

import json
from typing import Any

import pytest

from translator.messages.build import (
    arguments,
    arguments_unless_schema,
    definitions,
    input_messages,
    instructions,
    output_messages,
    said_content,
)

CALL = {"type": "tool_call", "id": "c1", "name": "get_weather", "arguments": {"city": "Paris"}}
FUNCTION = {"name": "get_weather", "arguments": '{"city": "Paris"}'}


@pytest.mark.parametrize(
    "content",
    [
        "hi",
        [{"type": "text", "content": "hi"}],
        [{"type": "text", "text": "hi"}],
        [{"text": "hi"}],
        [{"type": "input_text", "text": "hi"}],
        {"type": "text", "text": "hi"},
        json.dumps([{"type": "text", "text": "hi"}]),
    ],
)
def test_text_has_one_form(content: Any) -> None:
    want = [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]
    sent = [{"role": "user", "content": content}]
    assert input_messages(sent) == want
    assert input_messages(json.dumps(sent)) == want
    assert input_messages(json.dumps(json.dumps(sent))) == want


@pytest.mark.parametrize(
    "said",
    [
        {"parts": [CALL]},
        {"content": [{"toolUse": {"toolUseId": "c1", "name": "get_weather", "input": {"city": "Paris"}}}]},
        {"content": [{"type": "tool_use", "id": "c1", "name": "get_weather", "input": {"city": "Paris"}}]},
        {"tool_calls": [{"id": "c1", "type": "function", "function": FUNCTION}]},
        {"tool_calls": json.dumps([{"id": "c1", "function": FUNCTION}])},
        {"additional_kwargs": {"tool_calls": [{"id": "c1", "function": FUNCTION}]}},
        {
            "tool_calls": [{"id": "c1", "name": "get_weather", "args": {"city": "Paris"}}],
            "additional_kwargs": {"tool_calls": [{"id": "c1", "function": FUNCTION}]},
        },
        {"content": [{"type": "tool-call", "toolCallId": "c1", "toolName": "get_weather", "args": {"city": "Paris"}}]},
        {"tool_calls": [{"tool_call": {"id": "c1", "function": FUNCTION}}]},
    ],
)
def test_tool_calls_have_one_form_and_stand_once(said: dict[str, Any]) -> None:
    assert output_messages([{"role": "assistant", **said}]) == [{"role": "assistant", "parts": [CALL]}]


def test_arguments_that_do_not_parse_stay_text() -> None:
    found = output_messages(
        [{"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{"}}]}]
    )
    assert found is not None
    assert found[0]["parts"][0]["arguments"] == "{"


def test_gemini_function_call_is_a_tool_call() -> None:
    found = output_messages(
        {
            "candidates": [
                {
                    "content": {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]},
                    "finishReason": "STOP",
                }
            ]
        }
    )
    assert found == [
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": None, "name": "f", "arguments": {}}],
            "finish_reason": "STOP",
        }
    ]


@pytest.mark.parametrize(
    ("role", "want"),
    [
        ("human", "user"),
        ("ai", "assistant"),
        ("model", "assistant"),
        ("developer", "system"),
        ("function", "tool"),
        ("MessageRole.USER", "user"),
        ("wizard", "assistant"),
        ("", "assistant"),
    ],
)
def test_roles_are_one_of_four(role: str, want: str) -> None:
    found = output_messages([{"role": role, "content": "x"}])
    assert found is not None
    assert found[0]["role"] == want


@pytest.mark.parametrize(
    "answer",
    [
        {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "yes"}}]},
        {"role": "assistant", "content": [{"type": "text", "text": "yes"}], "stop_reason": "stop"},
        {
            "generations": [
                [
                    {
                        "generation_info": {"finish_reason": "stop"},
                        "message": {"lc": 1, "id": ["AIMessage"], "kwargs": {"content": "yes"}},
                    }
                ]
            ]
        },
    ],
)
def test_whole_answers_hold_the_message_and_its_finish_reason(answer: dict[str, Any]) -> None:
    want = {"role": "assistant", "parts": [{"type": "text", "content": "yes"}], "finish_reason": "stop"}
    assert output_messages(json.dumps(answer)) == [want]


@pytest.mark.parametrize(
    "answer",
    [
        {"text": "yes"},
        {"files": [], "reasoning": [], "sources": [], "text": "yes", "warnings": []},
        {"text": "yes", "toolCalls": []},
        {"text": "yes", "reasoningText": None, "steps": [{"text": "yes"}]},
    ],
)
def test_a_result_of_the_ai_sdk_is_its_text(answer: dict[str, Any]) -> None:
    """Mastra 0.24 writes it as its completion; it was shown as one JSON text."""
    assert output_messages(json.dumps(answer)) == [{"role": "assistant", "parts": [{"type": "text", "content": "yes"}]}]


def test_a_result_of_the_ai_sdk_has_reasoning_and_calls_too() -> None:
    call = {"toolCallId": "c1", "toolName": "get_weather", "args": {"city": "Paris"}}
    answer = {"text": "", "reasoning": [{"type": "reasoning", "text": "hm"}], "files": [], "toolCalls": [call]}
    assert output_messages(answer) == [{"role": "assistant", "parts": [{"type": "reasoning", "content": "hm"}, CALL]}]


def test_a_map_of_an_application_with_a_text_stays_as_sent() -> None:
    sent = '{"text":"yes","score":0.5}'
    assert output_messages(sent) == [{"role": "assistant", "parts": [{"type": "text", "content": sent}]}]


def test_items_of_the_responses_api_become_messages() -> None:
    items = [
        {"type": "function_call", "id": "fc", "call_id": "c1", "name": "get_weather", "arguments": '{"city": "Paris"}'},
        {"type": "function_call_output", "call_id": "c1", "output": "sunny"},
    ]
    assert input_messages(items) == [
        {"role": "assistant", "parts": [CALL]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "sunny"}]},
    ]


def test_a_tools_message_is_a_response_with_the_calls_id() -> None:
    found = input_messages([{"role": "tool", "tool_call_id": "c1", "content": "sunny"}])
    assert found == [{"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "sunny"}]}]


def test_cut_json_is_kept_as_text_and_flagged() -> None:
    cut = '[{"role": "user", "content": "What is'
    assert input_messages(cut) == [{"role": "user", "parts": [{"type": "text", "content": cut, "unparsed": True}]}]


def test_unknown_parts_are_kept_and_media_is_never_fetched() -> None:
    parts = [
        {"type": "hologram", "x": 1},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
    ]
    found = input_messages([{"role": "user", "content": parts}])
    assert found is not None
    assert found[0]["parts"] == [
        {"type": "hologram", "x": 1},
        {"type": "uri", "modality": "image", "mime_type": None, "uri": "https://example.com/a.png"},
        {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "QUJD"},
    ]


def test_a_request_gives_its_system_text_and_its_messages() -> None:
    found = input_messages({"system": "Be brief.", "messages": [{"role": "user", "content": "hi"}]})
    assert [item["role"] for item in found or []] == ["system", "user"]


@pytest.mark.parametrize("nothing", [None, "", "[]", "{}", [], {}, "null"])
def test_nothing_is_null_and_no_empty_list(nothing: Any) -> None:
    assert input_messages(nothing) is None


def test_tool_definitions_are_flat() -> None:
    want = [{"type": "function", "name": "f", "parameters": {"type": "object"}}]
    nested = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    assert definitions(json.dumps(nested)) == want
    assert definitions([{"tool": {"json_schema": json.dumps(nested[0])}}]) == want


def test_tool_parameters_are_arguments_only_when_no_schema() -> None:
    assert arguments_unless_schema('{"type": "object", "properties": {}}') is None
    assert arguments_unless_schema('{"city": "Paris"}') == {"city": "Paris"}


def test_arguments_of_a_decorated_function_are_unwrapped() -> None:
    assert arguments('{"args": [], "kwargs": {"city": "Paris"}}') == {"city": "Paris"}
    assert arguments('{"tool_name": "f", "arguments": {"city": "Paris"}}') == {"city": "Paris"}


def test_a_traced_tools_flag_is_no_argument() -> None:
    assert arguments('{"args": [], "sanitize_inputs_outputs": true, "kwargs": {"a": 1}}') == {"a": 1}
    assert arguments({"args": [1], "kwargs": {}}) == {"args": [1], "kwargs": {}}


def test_messages_without_any_part_are_no_answer() -> None:
    assert output_messages('[{"role": "assistant", "parts": [], "finish_reason": "tool_calls"}]') is None


@pytest.mark.parametrize("part", [{"type": "text", "content": ""}, {"type": "reasoning", "content": ""}])
def test_messages_whose_parts_are_all_empty_are_no_answer(part: dict[str, str]) -> None:
    assert output_messages([{"role": "assistant", "parts": [part]}]) is None
    assert output_messages([{"role": "assistant", "parts": [part, CALL]}]) is not None


@pytest.mark.parametrize(
    "sent",
    [
        '[{"role": "assistant", "parts": [], "finish_reason": "tool_calls"}]',
        [{"role": "assistant", "parts": []}],
        '[{"role":"assistant","parts":[{"type":"text","content":""}]}]',
        '{"files":[],"reasoning":[],"text":"","warnings":[]}',
    ],
)
def test_content_that_says_nothing_is_null(sent: Any) -> None:
    assert said_content(sent) is None


@pytest.mark.parametrize(
    "sent",
    [
        "[]]",
        '[{"role": "assistant", "parts": [], "tool_calls": [{"id": "c1", "name": "f"}]}]',
        '[{"role": "assistant", "content": ""}, []]',
        '{"messages": [{"role": "assistant", "parts": []}], "found": "x"}',
        '{"text": "", "score": 0}',
        '{"city": ""}',
        '[{"role": "assistant", "parts": [], "x": "' + "x" * 5000 + '"}]',
    ],
)
def test_content_that_says_anything_stays_as_sent(sent: str) -> None:
    assert said_content(sent) == sent


def test_roles_of_smolagents_are_the_assistants_and_the_tools() -> None:
    sent = [{"role": "tool-call", "content": "f()"}, {"role": "tool-response", "content": "x"}]
    assert [item["role"] for item in input_messages(sent) or []] == ["assistant", "tool"]


@pytest.mark.parametrize("deep", ["[" * 1000 + "]" * 1000, '{"data":' * 1000 + "1" + "}" * 1000])
def test_what_is_nested_too_deep_stays_as_sent(deep: str) -> None:
    """It raised, and the answer of another key, or none, was shown."""
    assert said_content(deep) == deep
    assert input_messages(deep) is not None
    assert instructions(deep) is not None
    assert arguments(deep) is not None


def test_ids_of_any_type_name_a_call() -> None:
    sent = {"content": [{"type": "tool_use", "id": {"a": 1}, "name": []}], "tool_calls": [{"id": {"a": 1}, "name": []}]}
    found = output_messages([{"role": "assistant", **sent}])
    assert found is not None
    assert [part["type"] for part in found[0]["parts"]] == ["tool_call"]
