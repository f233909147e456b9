"""AgentOps, as recorded with 0.4.21 (golden capture `agentops`)."""

import pytest

from tests.support.spans import seen


@pytest.mark.parametrize(("sent", "kind"), [("chat", "generation"), ("embedding", "embedding"), ("rerank", "reranker")])
def test_the_type_of_a_request_is_the_kind(sent: str, kind: str) -> None:
    assert seen({"gen_ai.request.type": sent, "gen_ai.request.model": "m"})["kind"] == kind


def test_a_decorated_tool() -> None:
    row = seen({
        "agentops.span.kind": "tool", "operation.name": "lookup", "agentops.tool.output": "Paris found",
        "agentops.tool.input": '{"args": [], "kwargs": {"city": "Paris"}}',
    })  # fmt: skip
    assert (row["kind"], row["tool_name"], row["tool_arguments"]) == ("tool", "lookup", {"city": "Paris"})
    assert (row["tool_result"], row["output"]) == ("Paris found", "Paris found")


def test_a_session_span_is_a_workflow_and_names_no_tool() -> None:
    row = seen({"agentops.span.kind": "session", "operation.name": "app", "agentops.tags": ["a"]})
    assert (row["kind"], row["tool_name"], row["tags"]) == ("workflow", None, '["a"]')
