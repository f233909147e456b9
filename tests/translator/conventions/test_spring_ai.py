"""Spring AI, with the keys of its documentation (it cannot run here).

Source: spring-projects/spring-ai `spring-ai-docs/src/main/antora/modules/ROOT/pages/observability/index.adoc`.
"""

from typing import Any

import pytest

from tests.support.spans import seen

FRAMEWORK = {"gen_ai.operation.name": "framework", "gen_ai.system": "spring_ai"}


def test_a_model_call_has_its_numbers_as_strings() -> None:
    row = seen({
        "gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.model": "gpt-4o-mini-2024-07-18", "gen_ai.usage.input_tokens": "5",
        "gen_ai.usage.output_tokens": "2", "gen_ai.usage.total_tokens": "7", "gen_ai.request.temperature": "0.7",
        "gen_ai.response.finish_reasons": '["STOP"]', "gen_ai.response.id": "chatcmpl-1",
    })  # fmt: skip
    assert (row["kind"], row["provider"], row["model"]) == ("generation", "openai", "gpt-4o-mini-2024-07-18")
    assert (row["input_tokens"], row["output_tokens"], row["finish_reasons"]) == (5, 2, '["STOP"]')


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ({"spring.ai.kind": "chat_client"}, "workflow"),
        ({"spring.ai.kind": "advisor"}, "span"),
        ({"spring.ai.kind": "tool_call"}, "tool"),
        ({"spring.ai.kind": "vector_store", "db.operation.name": "query"}, "retriever"),
        ({"spring.ai.kind": "vector_store", "db.operation.name": "add"}, "span"),
    ],
)
def test_what_is_no_model_call_says_framework_and_its_kind(sent: dict[str, Any], kind: str) -> None:
    row = seen({**FRAMEWORK, **sent})
    assert (row["kind"], row["provider"]) == (kind, None)


def test_a_client_call_names_the_conversation() -> None:
    row = seen({**FRAMEWORK, "spring.ai.kind": "chat_client", "spring.ai.chat.client.stream": "true",
                "spring.ai.chat.client.conversation.id": "c", "spring.ai.chat.client.user.text": "hi",
                "spring.ai.chat.client.system.text": "Be brief."})  # fmt: skip
    assert (row["session_id"], row["streaming"], row["input"]) == ("c", True, "hi")
    assert row["system_instructions"] == [{"type": "text", "content": "Be brief."}]


def test_a_tool_run() -> None:
    row = seen({**FRAMEWORK, "spring.ai.kind": "tool_call", "spring.ai.tool.definition.name": "f",
                "spring.ai.tool.call.arguments": '{"a": 1}', "spring.ai.tool.call.result": '"x"'})  # fmt: skip
    assert (row["tool_name"], row["tool_arguments"], row["tool_result"]) == ("f", {"a": 1}, "x")


def test_a_query_of_a_vector_store() -> None:
    row = seen({"spring.ai.kind": "vector_store", "db.operation.name": "query", "db.vector.query.content": "q",
                "db.vector.query.response.documents": '["one", "two"]'})  # fmt: skip
    assert (row["query"], [found["content"] for found in row["documents"]]) == ("q", ["one", "two"])
