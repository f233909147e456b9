"""Claude Code: its log records (scope `com.anthropic.claude_code.events`) and its beta spans (`...tracing`).

Source: Claude Code docs `monitoring-usage`; traffic of version 2.1.197. Keys are bare, so every rule holds within
Claude Code's scopes only. Input tokens, tokens read from a cache and tokens written to it are disjoint. A request id
is the call's id in both signals. The prompt is `<REDACTED>` unless the user lets it be logged.
"""

from collections.abc import Mapping
from typing import Any

from translator import answers
from translator.messages import build
from translator.rules import (
    Convention,
    Rule,
    content,
    identifier,
    integer,
    lookup,
    member,
    number,
    scaled,
    text,
    within,
    words,
)
from translator.rules import first as read
from translator.values import content as as_content
from translator.values import integer as count
from translator.values import text as as_text

SCOPES = ("com.anthropic.claude_code",)
RECORDS = ("com.anthropic.claude_code.events",)
"""Scope of the log records, of which spans are made (`translator/log_calls.py`)."""

ANSWERS = ("api_request", "assistant_response", "api_response_body")
EVENTS = {
    **dict.fromkeys((*ANSWERS, "api_error", "api_refusal"), "generation"),
    "tool_result": "tool",
    "user_prompt": "agent",
}
SPANS = {"interaction": "agent", "llm_request": "generation", "tool": "tool"}
SPANS |= dict.fromkeys(("tool.execution", "tool.blocked_on_user", "hook"), "span")
"""`tool.execution` is within `tool` and names its call again: one run of a tool is one tool span."""

USAGE = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens")


def whole_input(attributes: Mapping[str, Any]) -> int | None:
    """Input tokens with those read from and written to a cache."""
    known = count(attributes["input_tokens"])
    beside = [count(attributes.get(key)) or 0 for key in ("cache_read_tokens", "cache_creation_tokens")]
    return None if known is None else count(known + sum(beside))


def usage_sent(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {key: attributes[key] for key in USAGE if key in attributes}


def asked_model(attributes: Mapping[str, Any]) -> str | None:
    return None if is_answer(attributes) else as_text(attributes["model"])


def answering_model(attributes: Mapping[str, Any]) -> str | None:
    return as_text(attributes["model"]) if is_answer(attributes) else None


def is_answer(attributes: Mapping[str, Any]) -> bool:
    """Records of an answer name the model that gave it (dated), others the one that was asked for."""
    return attributes.get("event.name") in ANSWERS


def own(key: str, convert: Any) -> tuple[Rule, ...]:
    """All attributes are handed over where `key` is there."""
    return within(SCOPES, Rule(key, convert, "family", ("",)))


CONVENTION = Convention(
    name="claude_code",
    fields={
        "kind": within(RECORDS, *lookup("event.name", EVENTS))
        + within(SCOPES, *lookup("span.type", SPANS | {f"claude_code.{name}": kind for name, kind in SPANS.items()})),
        "request_model": own("model", asked_model),
        "response_model": own("model", answering_model),
        "response_id": within(SCOPES, *identifier("request_id")),
        "finish_reasons": within(SCOPES, *words("stop_reason"))
        + within(RECORDS, *member("body", "stop_reason", then=answers.one_reason)),
        "time_to_first_token_ms": within(SCOPES, *scaled(1.0, "ttft_ms")),
        "input_tokens": own("input_tokens", whole_input),
        "output_tokens": within(SCOPES, *integer("output_tokens")),
        "cache_read_tokens": within(SCOPES, *integer("cache_read_tokens")),
        "cache_write_tokens": within(SCOPES, *integer("cache_creation_tokens")),
        "usage_details": own("input_tokens", usage_sent),
        "total_cost": within(SCOPES, *number("cost_usd")) + within(SCOPES, *scaled(1e-6, "cost_usd_micros")),
        "error_type": within(RECORDS, *text("error_type"), *read(answers.error_code, "status_code")),
        "status_text": within(SCOPES, *text("error")),
        "agent_name": within(SCOPES, *text("agent.name")),
        "tool_name": within(SCOPES, *text("tool_name")),
        "tool_call_id": within(SCOPES, *text("tool_use_id")),
        "tool_arguments": within(SCOPES, *read(build.arguments, "tool_input", "tool_parameters")),
        "input": within(SCOPES, *content("prompt", "user_prompt", "tool_input", "tool_parameters")),
        "output": within(RECORDS, *content("response", "body")),
        "output_messages": within(RECORDS, *read(build.output_messages, "response", "body")),
    },
    events={
        "tool.output": {
            "output": read(as_content, "content", "output", "bash_output"),
            "tool_result": read(build.structure, "content", "output", "bash_output"),
        }
    },
)
