"""Mastra's exporter, as recorded with @mastra/core 1.71 (golden capture `mastra`)."""

import pytest

from tests.support.golden import shown
from tests.support.spans import START_NS, seen


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ({"mastra.span.type": "model_generation", "gen_ai.operation.name": "model_generation"}, "workflow"),
        ({"mastra.span.type": "model_generation", "gen_ai.operation.name": "chat"}, "generation"),
        ({"mastra.span.type": "model_inference", "gen_ai.operation.name": "chat"}, "generation"),
        ({"mastra.span.type": "model_chunk", "gen_ai.operation.name": "model_chunk"}, "span"),
        ({"mastra.span.type": "mcp_tool_call"}, "tool"),
    ],
)
def test_a_generation_that_holds_steps_is_no_call(sent: dict[str, str], kind: str) -> None:
    assert seen(sent)["kind"] == kind


def test_content_stands_below_the_type_of_the_span() -> None:
    row = seen({"mastra.span.type": "agent_run", "mastra.agent_run.input": "hi", "mastra.agent_run.output": "yes"})
    assert (row["kind"], row["input"], row["output"]) == ("agent", "hi", "yes")


def test_session_user_tags_and_first_token() -> None:
    start = "2026-09-21T14:13:20.500Z"
    row = seen({
        "gen_ai.operation.name": "chat", "mastra.metadata.sessionId": "s", "mastra.metadata.userId": "u",
        "mastra.metadata.runId": "r", "mastra.tags": '["a"]', "mastra.completion_start_time": start,
    }, start_ns=START_NS)  # fmt: skip
    assert (row["session_id"], row["user_id"], row["tags"]) == ("s", "u", '["a"]')
    assert row["time_to_first_token_ms"] == 500.0


def test_an_answer_that_was_left_out_is_not_known() -> None:
    """Where a call asks for a tool, the exporter writes one message with an empty text."""
    called = [span for span in shown("mastra").spans() if span["finish_reasons"] == ["tool-calls"]]
    assert called
    assert all(span["output"] is None and span["output_messages"] is None for span in called)
