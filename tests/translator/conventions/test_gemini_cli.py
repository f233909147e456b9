"""Gemini CLI: spans as frames, an answer in chunks."""

import json

from tests.support.spans import scoped, seen
from translator.conventions.gemini_cli import whole_answer

GEMINI = scoped("gemini-cli", "v1")


def test_the_span_around_a_call_is_a_frame_and_elsewhere_the_same_operation_is_a_call() -> None:
    call = {"gen_ai.operation.name": "llm_call", "gen_ai.request.model": "m"}
    assert seen(call, scope=GEMINI)["kind"] == "workflow"
    assert seen(call, scope=scoped("app"))["kind"] == "generation"
    tool = {"gen_ai.operation.name": "tool_call", "gen_ai.tool.name": "ls"}
    assert seen(tool, scope=GEMINI)["kind"] == "tool"


def test_the_chunks_of_a_stream_are_one_message() -> None:
    chunks = [{"candidates": [{"content": {"parts": [{"text": word}], "role": "model"}}]} for word in ("The ", "end")]
    assert whole_answer(json.dumps(chunks)) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "The end"}]}
    ]
    assert whole_answer("[{") is None


def test_a_reason_said_once_a_chunk_is_one_reason() -> None:
    sent = {"event.name": "gemini_cli.api_response", "model": "m", "finish_reasons": ["stop", "stop"]}
    assert seen(sent, scope=GEMINI)["finish_reasons"] == '["stop"]'
