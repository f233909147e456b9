"""Codex CLI: the log records of its `codex_otel` crate, of which spans are made (`translator/log_calls.py`).

Source: openai/codex `codex-rs/otel/src/events/session_telemetry.rs`; traffic of version 0.169. Counts are text and
inclusive; `tool_token_count` is the total. Its own spans are the program's internals: the one that has usage has
neither a model nor a conversation, so that calls are read from the records alone.
"""

from translator import answers
from translator.messages import build
from translator.rules import GENERATIONS, Convention, content, identifier, integer, lookup, on, scaled, text, within
from translator.rules import first as read

SCOPES = ("codex_otel",)

EVENTS = {
    "codex.sse_event": "generation",
    "codex.api_request": "generation",
    "codex.websocket_request": "generation",
    "codex.tool_result": "tool",
    "codex.user_prompt": "event",
}

CONVENTION = Convention(
    name="codex",
    fields={
        "kind": within(SCOPES, *lookup("event.name", EVENTS)),
        "request_model": on(GENERATIONS, *within(SCOPES, *text("model", "slug"))),
        "time_to_first_token_ms": within(SCOPES, *scaled(1.0, "ttft_ms")),
        "input_tokens": within(SCOPES, *integer("input_token_count")),
        "output_tokens": within(SCOPES, *integer("output_token_count")),
        "cache_read_tokens": within(SCOPES, *integer("cached_token_count")),
        "cache_write_tokens": within(SCOPES, *integer("cache_write_token_count")),
        "reasoning_tokens": within(SCOPES, *integer("reasoning_token_count")),
        "error_type": within(SCOPES, *read(answers.error_code, "http.response.status_code")),
        "status_text": within(SCOPES, *text("error.message")),
        "tool_name": within(SCOPES, *text("tool_name")),
        "tool_call_id": within(SCOPES, *text("call_id")),
        "tool_arguments": within(SCOPES, *read(build.arguments, "arguments")),
        "tool_result": within(SCOPES, *read(build.structure, "output")),
        "input": within(SCOPES, *content("prompt", "arguments")),
        "output": within(SCOPES, *content("output")),
        "user_id": within(SCOPES, *identifier("user.account_id", "user.email")),
    },
)
