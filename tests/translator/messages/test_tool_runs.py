"""Runs of tools as LangChain's callbacks see them."""

import json
from typing import Any

import pytest

from tests.support.golden import shown
from translator.messages.tool_runs import arguments, blocks_result, call_id, result, returned

FIELDS = {"content": "sunny", "type": "tool", "name": "get_weather", "tool_call_id": "c1", "status": "success"}
BUILT = {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "ToolMessage"], "kwargs": FIELDS}
STARTED = {"input_str": "{'city': 'Paris'}", "tags": [], "metadata": {}, "inputs": {"city": "Paris"},
           "kwargs": {"color": "green", "tool_call_id": "c1"}}  # fmt: skip


@pytest.mark.parametrize(
    "sent",
    [
        FIELDS,
        BUILT,
        {**BUILT, "kwargs": {key: FIELDS[key] for key in ("content", "tool_call_id")}},
        {"type": "tool", "data": FIELDS},
        {"output": FIELDS},
        {"output": BUILT},
        {"output": BUILT, "kwargs": {"color": "green"}},
        json.dumps({"output": BUILT}),
    ],
)
def test_a_tools_message_gives_its_content_and_its_call(sent: Any) -> None:
    """OpenInference, Langfuse, LangSmith, MLflow and OpenLLMetry each wrap it in their own way."""
    assert result(sent) == returned(sent) == "sunny"
    assert call_id(sent) == "c1"


@pytest.mark.parametrize(
    "capture",
    [
        "langchain-langfuse-js",
        "langchain-langfuse-openinference",
        "langchain-langfuse-v3",
        "langchain-langfuse-v5",
        "langchain-openinference",
        "langchain-openinference-js",
        "langsmith-langchain",
        "mlflow-langchain",
    ],
)
def test_recorded_tools_gave_a_text_to_a_call(capture: str) -> None:
    tools = [span for span in shown(capture).spans() if span["tool_result"] is not None]
    assert {span["tool_result"] for span in tools} == {"Paris: 18 degrees, sunny"}
    assert all(span["tool_call_id"].startswith("call_") for span in tools)


def test_what_a_callback_was_given_at_the_start_holds_arguments_and_call() -> None:
    assert arguments(json.dumps(STARTED)) == {"city": "Paris"}
    assert call_id(json.dumps(STARTED)) == "c1"


def test_inputs_are_an_argument_like_any_other_where_no_callback_wrote_them() -> None:
    for sent in ({"inputs": {"a": 1}}, {"input_str": "x", "inputs": {"a": 1}, "more": 2}, {**STARTED, "inputs": "x"}):
        assert arguments(sent) == sent


def test_arguments_of_another_form_are_read_as_before() -> None:
    assert arguments('{"args": [], "kwargs": {"city": "Paris"}}') == {"city": "Paris"}
    assert call_id('{"kwargs": {"tool_call_id": "c1"}}') is None


@pytest.mark.parametrize(
    "sent",
    [
        {"content": "x", "tool_call_id": "c1"},
        {"content": "x", "type": "ai", "tool_call_id": "c1"},
        {"content": "x", "type": "tool"},
        {"lc": 1, "id": [], "kwargs": FIELDS},
        {"lc": 1, "id": ["AIMessage"], "kwargs": {"content": "x"}},
        {"output": 1, "kwargs": 2},
        {"type": "tool", "data": 1},
        {"output": {"output": {"output": {"output": {"output": {}}}}}},
        [FIELDS],
    ],
)
def test_what_is_no_tools_message_stays_as_sent(sent: Any) -> None:
    assert result(sent) == sent
    assert call_id(sent) is None


def test_the_output_of_a_callback_is_the_result() -> None:
    assert result({"output": "sunny", "kwargs": {"color": "green"}}) == "sunny"


def test_a_tools_message_with_json_gives_the_structure() -> None:
    assert result({**FIELDS, "content": '{"degrees": 18}'}) == {"degrees": 18}
    assert result({**FIELDS, "content": ""}) is None


def test_a_returned_value_is_taken_out_of_its_wrapping() -> None:
    assert returned('{"output": {"a": 1}}') == {"a": 1}
    assert returned('{"output": 1, "more": 2}') == {"output": 1, "more": 2}
    assert returned("text") == "text"


@pytest.mark.parametrize("odd", [None, "", "tool_call_id", '{"tool_call_id":', b"\xff", 1.5, [], {}])
def test_odd_values_name_no_call(odd: Any) -> None:
    assert call_id(odd) is None


def test_text_blocks_of_a_result_are_its_text() -> None:
    assert blocks_result('[{"text": "sunny"}]') == "sunny"
    assert blocks_result('[{"image": {}}]') == [{"image": {}}]
    assert blocks_result(None) is None
