"""Gemini CLI (scope `gemini-cli`): the log records of which spans are made (`translator/log_calls.py`), its spans.

Source: google-gemini/gemini-cli `docs/cli/telemetry.md`, `packages/core/src/telemetry/`; traffic of version 0.61. Each
`llm_call` span is a trace of its own and has no usage; the record of its answer names no span. The record tells the
call, the span is the frame around it. Counts are Gemini's: thoughts and tool prompts stand beside the others.
"""

from collections.abc import Mapping
from typing import Any

from translator import answers, usage
from translator.messages import build
from translator.messages.message import Message, message
from translator.rules import Convention, Rule, content, lookup, scaled, text, within
from translator.rules import first as read
from translator.values import listing, plain_json
from translator.values import words as as_words

SCOPES = ("gemini-cli",)

EVENTS = {
    "gemini_cli.api_response": "generation",
    "gemini_cli.api_error": "generation",
    "gen_ai.client.inference.operation.details": "generation",
    "gemini_cli.tool_call": "tool",
    "gemini_cli.user_prompt": "agent",
}
OPERATIONS = {
    "llm_call": "workflow",
    "tool_call": "tool",
    "schedule_tool_calls": "workflow",
    "agent_call": "agent",
    "user_prompt": "agent",
    "system_prompt": "span",
}
"""`gen_ai.operation.name` of its spans."""

_COUNTS = {
    "input_token_count": "prompt_token_count",
    "output_token_count": "candidates_token_count",
    "thoughts_token_count": "thoughts_token_count",
    "tool_token_count": "tool_use_prompt_token_count",
    "cached_content_token_count": "cached_content_token_count",
    "total_token_count": "total_token_count",
}
"""Key of a record -> key of Gemini's own usage."""


def counts(attributes: Mapping[str, Any]) -> dict[str, int] | None:
    """Inclusive counts from those of the record."""
    return usage.from_map({name: attributes[key] for key, name in _COUNTS.items() if key in attributes})


def usage_sent(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {key: attributes[key] for key in _COUNTS if key in attributes}


def whole_answer(value: Any) -> list[Message] | None:
    """One message from the chunks of a stream, which are whole answers of some words each."""
    chunks = listing(value) or [value]
    candidates = [(build.structure(chunk) or {}).get("candidates") for chunk in chunks if isinstance(chunk, dict)]
    some = [found[0]["content"] for found in candidates if found and isinstance(found[0].get("content"), dict)]
    parts = [part for held in some for part in held.get("parts") or [] if isinstance(part, dict)]
    return [joined(message({"role": "model", "parts": parts}, "assistant"))] if parts else None


def joined(answer: Message) -> Message:
    """Neighbouring texts as one."""
    parts: list[dict[str, Any]] = []
    for part in answer["parts"]:
        if parts and part["type"] == parts[-1]["type"] == "text":
            parts[-1] = {**parts[-1], "content": parts[-1]["content"] + part["content"]}
        else:
            parts.append(part)
    return {**answer, "parts": parts}


def answer_text(value: Any) -> str | None:
    found = whole_answer(value)
    return None if found is None else plain_json(found)


def distinct(value: Any) -> str | None:
    """Finish reasons, each once: a stream says one a chunk."""
    found = as_words(value)
    return None if found is None else plain_json(list(dict.fromkeys(found)))


CONVENTION = Convention(
    name="gemini_cli",
    fields={
        "kind": within(SCOPES, *lookup("event.name", EVENTS))
        + within(SCOPES, *lookup("gen_ai.operation.name", OPERATIONS)),
        "request_model": within(SCOPES, *text("model")),
        "finish_reasons": within(SCOPES, *read(distinct, "finish_reasons", "gen_ai.response.finish_reasons")),
        "usage": within(SCOPES, Rule("input_token_count", counts, "family", ("",))),
        "usage_details": within(SCOPES, Rule("input_token_count", usage_sent, "family", ("",))),
        "error_type": within(SCOPES, *text("error_type", "error.type"), *read(answers.error_code, "status_code")),
        "status_text": within(SCOPES, *text("error.message", "error")),
        "time_to_first_token_ms": within(SCOPES, *scaled(1.0, "ttft_ms")),
        "tool_name": within(SCOPES, *text("function_name")),
        "tool_arguments": within(SCOPES, *read(build.arguments, "function_args")),
        "input": within(SCOPES, *content("prompt", "function_args")),
        "output": within(SCOPES, *read(answer_text, "response_text")),
        "output_messages": within(SCOPES, *read(whole_answer, "response_text")),
    },
)
