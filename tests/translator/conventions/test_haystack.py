"""Haystack's own tracing, as recorded with 2.31 and 3.4 (golden captures `haystack-*`)."""

import json
from typing import Any

import pytest

from tests.support.spans import seen

META = {"model": "gpt-4o-2024-08-06", "finish_reason": "stop", "usage": {"prompt_tokens": 3, "completion_tokens": 2}}


@pytest.mark.parametrize(
    ("component", "kind"),
    [
        ("OpenAIChatGenerator", "generation"),
        ("SentenceTransformersTextEmbedder", "embedding"),
        ("InMemoryBM25Retriever", "retriever"),
        ("CohereRanker", "reranker"),
        ("ToolInvoker", "tool"),
        ("Agent", "agent"),
        ("DocumentJoiner", "span"),
    ],
)
def test_the_class_of_a_component_says_what_it_does(component: str, kind: str) -> None:
    assert seen({"haystack.component.type": component})["kind"] == kind


@pytest.mark.parametrize(
    "output",
    [
        {"replies": [{"role": "assistant", "meta": META, "content": [{"text": "yes"}]}]},
        {"replies": [{"_role": "assistant", "_meta": META, "_content": [{"text": "yes"}]}]},
        {"replies": ["yes"], "meta": [META]},
    ],
)
def test_model_usage_and_reason_stand_in_the_meta_of_an_answer(output: dict[str, Any]) -> None:
    row = seen({"haystack.component.type": "OpenAIChatGenerator", "haystack.component.output": json.dumps(output)})
    assert (row["response_model"], row["input_tokens"], row["output_tokens"]) == ("gpt-4o-2024-08-06", 3, 2)
    assert row["finish_reasons"] == '["stop"]'


def test_an_agents_step_is_a_call_with_its_tools() -> None:
    tool = {"type": "haystack.tools.tool.Tool", "data": {"name": "f", "parameters": {}, "function": "app.f"}}
    sent = {"messages": [{"role": "user", "content": [{"text": "hi"}]}], "tools": [tool]}
    call = {"tool_call": {"tool_name": "f", "arguments": {"a": 1}, "id": "c"}}
    answer = {"replies": [{"role": "assistant", "content": [call]}]}
    step = "haystack.agent.step.llm."
    row = seen({step + "input": json.dumps(sent), step + "output": json.dumps(answer)})
    assert (row["kind"], row["tool_definitions"]) == ("generation", [{"name": "f", "parameters": {}}])
    assert row["output_messages"][0]["parts"] == [{"type": "tool_call", "id": "c", "name": "f", "arguments": {"a": 1}}]


def test_a_tool_run_by_name_and_by_invoker() -> None:
    row = seen({"haystack.tool.name": "f", "haystack.agent.step.tool.input": '{"a": 1}'})
    assert (row["kind"], row["tool_name"], row["tool_arguments"]) == ("tool", "f", {"a": 1})
    result = {"result": "x", "origin": {"tool_name": "f", "arguments": {"a": 1}, "id": "c"}}
    output = {"tool_messages": [{"role": "tool", "content": [{"tool_call_result": result}]}]}
    row = seen({"haystack.component.type": "ToolInvoker", "haystack.component.output": json.dumps(output)})
    assert (row["tool_name"], row["tool_arguments"], row["tool_result"]) == ("f", {"a": 1}, "x")


def test_a_retriever_says_what_it_found() -> None:
    row = seen({"haystack.component.type": "InMemoryBM25Retriever", "haystack.component.input": '{"query": "q"}',
                "haystack.component.output": '{"documents": [{"id": "d", "content": "x", "score": 0.5}]}'})  # fmt: skip
    assert (row["query"], row["documents"][0]["id"], row["documents"][0]["score"]) == ("q", "d", 0.5)


def test_a_pipeline_is_a_workflow_without_counts() -> None:
    row = seen({"haystack.pipeline.max_runs_per_component": 100, "haystack.pipeline.input_data": '{"llm": {}}'})
    assert (row["kind"], row["input"], row["input_tokens"]) == ("workflow", '{"llm": {}}', None)
