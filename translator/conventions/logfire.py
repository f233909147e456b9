"""Pydantic Logfire and Pydantic AI: `logfire.*`, and bare keys within their scopes.

Source: pydantic/logfire 5.2 `_internal/integrations/`, pydantic/pydantic-ai 2.68 `models/instrumented.py`.
"""

from translator import answers, usage
from translator.messages import build, records
from translator.rules import (
    CALLS,
    GENERATIONS,
    Convention,
    Rule,
    content,
    identifier,
    integer,
    lookup,
    mapping,
    member,
    number,
    on,
    present,
    text,
    within,
    words,
)
from translator.rules import first as read

_SCOPES = ("logfire", "pydantic-ai", "pydantic_ai")
_AGENTS = ("logfire.openai_agents",)
_CLIENTS = ("logfire.openai", "logfire.anthropic")
_PYDANTIC_AI = ("pydantic-ai", "pydantic_ai")
"""Until version 3 of its format Pydantic AI's agent runs have a model and usage but no operation name."""

TEMPLATES = {
    "Function: {name}": "tool",
    "Agent run: {name!r}": "agent",
    "OpenAI Agents trace: {name}": "workflow",
    "Handoff: {from_agent} -> {to_agent}": "agent",
    "Guardrail {name!r} {triggered=}": "guardrail",
}
"""Logfire names what a span of the OpenAI Agents SDK is in its message template only."""
CALL_TEMPLATES = {
    "Chat Completion with {request_data[model]!r}": "generation",
    "Completion with {request_data[model]!r}": "generation",
    "Message with {request_data[model]!r}": "generation",
    "streaming response from {request_data[model]!r} took {duration:.2f}s": "generation",
    "Embedding Creation with {request_data[model]!r}": "embedding",
}
"""And up to version 2 what a call of a provider's SDK is: there is no `gen_ai.*` on it (`llm_providers/openai.py` and
`anthropic.py` at 2.1)."""

CONVENTION = Convention(
    name="logfire",
    fields={
        "kind": within(_AGENTS, *lookup("sdk_span_type", {"turn": "workflow", "task": "workflow"}))
        + within(_AGENTS, *lookup("logfire.msg_template", TEMPLATES))
        + within(_PYDANTIC_AI, *present("agent_name", "agent"))
        + within(_CLIENTS, *lookup("logfire.msg_template", CALL_TEMPLATES)),
        "display_name": text("logfire.msg"),
        "level_number": integer("logfire.level_num"),
        "request_model": within(_SCOPES, *text("model_name")) + on(CALLS, *member("request_data", "model")),
        "response_id": within(_SCOPES, *text("response_id")),
        "finish_reasons": on(GENERATIONS, *member("response_data", "finish_reason", then=answers.finish_reason_list)),
        "usage": on(CALLS, *within(_SCOPES, Rule("usage", usage.from_map)), Rule("response_data", usage.with_usage)),
        "total_cost": number("operation.cost"),
        "input": within(
            _SCOPES,
            *content(
                "raw_input",
                "all_messages_events",
                "pydantic_ai.all_messages",
                "events",
                "request_data",
                "prompt",
                "input",
                "tool_arguments",
                "inputs",
            ),
        ),
        "output": within(_SCOPES, *content("response", "final_result", "response_data", "output", "tool_response")),
        "tool_name": on({"tool"}, *within(_AGENTS, *text("name"))),
        "agent_name": within(_SCOPES, *text("agent_name")) + on({"agent"}, *within(_AGENTS, *text("name"))),
        "session_id": within(_AGENTS, *identifier("group_id")),
        "tags": words("logfire.tags"),
        "input_messages": read(records.inputs_of_list, "events", "all_messages_events")
        + read(build.input_messages, "pydantic_ai.all_messages")
        + on(
            GENERATIONS,
            *within(_SCOPES, Rule("raw_input", build.input_messages), Rule("request_data", build.input_messages)),
        ),
        "output_messages": read(records.outputs_of_list, "events", "all_messages_events")
        + on(
            GENERATIONS,
            *within(
                _SCOPES,
                Rule("response", build.output_messages),
                *member("response_data", "combined_chunk_content", then=build.output_messages),
                Rule("response_data", build.output_messages),
            ),
        ),
        "tool_definitions": within(_SCOPES, *read(build.offered_tools, "model_request_parameters")),
        "model_parameters": within(_SCOPES, *mapping("model_settings", "request_data")),
        "usage_details": within(_SCOPES, *mapping("usage")),
        "tool_arguments": on({"tool"}, *within(_SCOPES, *read(build.arguments, "tool_arguments", "input"))),
        "tool_result": on({"tool"}, *within(_SCOPES, *read(build.structure, "tool_response", "output"))),
    },
    prefixes=("logfire.", "pydantic_ai."),
)
