"""Dify's dialects, as its code builds the spans (Dify itself cannot run here).

Source: langgenius/dify at November 2026: `api/extensions/otel/parser/{base,llm,retrieval,tool}.py` (native),
`api/core/ops/aliyun_trace/aliyun_trace.py`, `api/core/ops/tencent_trace/span_builder.py`,
`api/core/ops/unified_trace/{otlp_adapter,otel}.py` (the generic provider).
"""

import json
from typing import Any

import pytest

from tests.support.spans import seen

PROMPTS = json.dumps(
    [{"role": "system", "text": "Be brief.", "files": []}, {"role": "user", "text": "hi", "files": []}]
)
PROVIDER = "langgenius/openai/openai"
USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}

NATIVE = {
    "node.id": "n", "node.execution_id": "e", "node.type": "llm", "gen_ai.framework": "dify",
    "gen_ai.span.kind": "LLM", "input.value": "{}", "output.value": json.dumps({"text": "yes", "usage": USAGE}),
    "gen_ai.request.model": "gpt-4o", "gen_ai.provider.name": PROVIDER, "gen_ai.usage.input_tokens": 5,
    "gen_ai.usage.output_tokens": 2, "gen_ai.usage.total_tokens": 7, "gen_ai.prompt": PROMPTS,
    "gen_ai.completion": "yes", "gen_ai.response.finish_reason": "stop", "gen_ai.input.messages": "[]",
    "gen_ai.output.messages": "[]",
}  # fmt: skip
ALIYUN = {
    "gen_ai.session.id": "s", "gen_ai.user.id": "u", "gen_ai.span.kind": "LLM", "gen_ai.framework": "dify",
    "gen_ai.model_name": "gpt-4o", "gen_ai.system": "openai", "gen_ai.usage.input_tokens": "5",
    "gen_ai.usage.output_tokens": "2", "gen_ai.usage.total_tokens": "7", "gen_ai.prompt": PROMPTS,
    "gen_ai.prompt_template.template": "{{query}}", "gen_ai.completion": "yes", "input.value": PROMPTS,
    "output.value": "yes", "gen_ai.response.finish_reason": "stop",
}  # fmt: skip
TENCENT = {
    "gen_ai.session.id": "s", "gen_ai.span.kind": "GENERATION", "gen_ai.framework": "dify",
    "gen_ai.response.model": "gpt-4o", "gen_ai.provider.name": PROVIDER, "gen_ai.usage.input_tokens": "5",
    "gen_ai.usage.output_tokens": "2", "gen_ai.usage.total_tokens": "7", "gen_ai.prompt": PROMPTS,
    "gen_ai.completion": "yes", "gen_ai.response.finish_reason": "stop", "gen_ai.entity.input": PROMPTS,
    "gen_ai.entity.output": "yes", "llm.is_streaming": "true",
}  # fmt: skip
GENERIC = {
    "openinference.span.kind": "LLM", "input.value": json.dumps({"prompts": json.loads(PROMPTS)}),
    "input.mime_type": "application/json", "output.mime_type": "application/json",
    "output.value": json.dumps({"text": "yes", "finish_reason": "stop", "usage": USAGE}),
    "metadata": json.dumps({"model_provider": PROVIDER, "model_name": "gpt-4o", **USAGE, "dify.span.kind": "llm"}),
    "session.id": "s", "dify.span.id": "d", "dify.span.synthetic": False, "gen_ai.operation.name": "chat",
    "gen_ai.conversation.id": "s", "gen_ai.provider.name": PROVIDER, "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 2, "gen_ai.usage.total_tokens": 7,
}  # fmt: skip


@pytest.mark.parametrize("sent", [NATIVE, ALIYUN, TENCENT, GENERIC], ids=["native", "aliyun", "tencent", "generic"])
def test_a_call_is_the_same_from_every_provider(sent: dict[str, Any]) -> None:
    row = seen(sent)
    assert (row["kind"], row["provider"], row["model"]) == ("generation", "openai", "gpt-4o")
    assert (row["input_tokens"], row["output_tokens"], row["total_tokens"]) == (5, 2, 7)
    assert row["finish_reasons"] == '["stop"]'
    assert [(item["role"], item["parts"][0]["content"]) for item in row["input_messages"]] == [
        ("system", "Be brief."),
        ("user", "hi"),
    ]
    assert [(item["role"], item["parts"]) for item in row["output_messages"]] == [
        ("assistant", [{"type": "text", "content": "yes"}])
    ]


def test_session_and_user() -> None:
    assert (seen(ALIYUN)["session_id"], seen(ALIYUN)["user_id"]) == ("s", "u")
    assert (seen(TENCENT)["session_id"], seen(GENERIC)["session_id"]) == ("s", "s")
    assert seen(TENCENT)["streaming"] is True


@pytest.mark.parametrize(
    "documents",
    [
        [{"document": {"content": "c", "metadata": {"title": "t"}, "score": 0.5, "id": "d"}}],
        [{"content": "c", "metadata": {"dataset_id": "ds", "document_id": "d"}, "score": 0.5}],
    ],
)
def test_retrieval_with_the_singular_key(documents: list[dict[str, Any]]) -> None:
    sent = {"gen_ai.span.kind": "RETRIEVER", "retrieval.query": "q", "retrieval.document": json.dumps(documents)}
    row = seen(sent)
    assert (row["kind"], row["query"]) == ("retriever", "q")
    assert [(found["id"], found["content"], found["score"]) for found in row["documents"]] == [("d", "c", 0.5)]


def test_a_tool_and_a_node_of_another_kind() -> None:
    row = seen({"gen_ai.span.kind": "TOOL", "tool.name": "f", "tool.parameters": '{"a": 1}',
                "gen_ai.entity.input": '{"a": 1}', "gen_ai.entity.output": "x"})  # fmt: skip
    assert (row["kind"], row["tool_name"], row["tool_arguments"], row["tool_result"]) == ("tool", "f", {"a": 1}, "x")
    row = seen({"gen_ai.span.kind": "TASK", "gen_ai.operation.name": "TASK", "input.value": "{}"})
    assert (row["kind"], row["input_tokens"]) == ("workflow", None)


@pytest.mark.parametrize(
    ("node", "kind"),
    [("knowledge-retrieval", "retriever"), ("tool", "tool"), ("agent", "agent"), ("if-else", "span"), ("llm", "span")],
)
def test_a_span_of_the_langfuse_provider_is_what_its_node_is(node: str, kind: str) -> None:
    sent = {"langfuse.observation.type": "span", "langfuse.observation.metadata.node_type": node}
    assert seen(sent)["kind"] == kind


def test_what_a_node_retrieved() -> None:
    found = [{"content": "c", "title": "t", "metadata": {"document_id": "d", "score": 0.77}}]
    sent = {
        "langfuse.observation.type": "span",
        "langfuse.observation.metadata.node_type": "knowledge-retrieval",
        "langfuse.observation.input": '{"query": "q"}',
        "langfuse.observation.output": json.dumps({"result": found}),
    }
    row = seen(sent)
    assert row["query"] == "q"
    assert [(each["id"], each["content"], each["score"]) for each in row["documents"]] == [("d", "c", 0.77)]


def test_the_user_of_a_request() -> None:
    assert seen({"http.method": "POST", "service.tenant.id": "t", "service.user.id": "u"})["user_id"] == "u"


def test_an_answer_that_is_only_a_text_is_that_text() -> None:
    sent = {"openinference.span.kind": "LLM", "output.value": '{"text": "Hello"}', "llm.model_name": "m"}
    assert [each["parts"] for each in seen(sent)["output_messages"]] == [[{"type": "text", "content": "Hello"}]]
