"""Langfuse SDKs (Python >= 3, JS >= 4) and whoever writes `langfuse.*`.

Source: langfuse-python `langfuse/_client/attributes.py`, langfuse `packages/shared/src/server/otel/`, read at 5.0.4.
Keys that only `receiver/langfuse_events.py` writes: `langfuse.observation.usage`, and `langfuse.trace.input` and
`langfuse.trace.output` on what was said of a trace itself.
"""

from typing import Any

from contract.columns import TRACE_KIND
from translator import answers, usage
from translator.messages import build, documents, tool_runs
from translator.rules import (
    GENERATIONS,
    Convention,
    Rule,
    content,
    ending,
    flag,
    free_map,
    identifier,
    lookup,
    mapping,
    member,
    on,
    outside,
    text,
    words,
)
from translator.rules import first as read
from translator.values import identifier as as_identifier
from translator.values import mapping as as_mapping
from translator.values import unquoted

KINDS = {
    name: name for name in ("span", "generation", "event", "embedding", "agent", "tool", "retriever", "guardrail")
} | {"chain": "workflow", "evaluator": "evaluator"}  # fmt: skip

_SESSION = ("session_id", "sessionId", "thread_id")
_USER = ("user_id", "userId")
_TRACE_MAP, _MAP = "langfuse.trace.metadata.", "langfuse.observation.metadata."

_EVENTS = ("langfuse-ingestion",)
"""Scope of what events tell (`receiver/langfuse_events.py`): there a trace names session and user in fields of their
own. Metadata names others: Open WebUI's browser session, Dify's way to an account."""

_USAGE = "langfuse.observation.usage"
"""The older form of usage on the ingestion API: counts with a unit, and costs beside them."""
_COSTS = {"inputCost": "input", "outputCost": "output", "totalCost": "total"}


def counted_usage(value: Any) -> dict[str, int] | None:
    """Counts of tokens; Dify counts characters of some calls."""
    found = as_mapping(value)
    unit = found.get("unit") if found else None
    return usage.from_map(found) if unit in (None, "", "TOKENS") else None


def costs_of_usage(value: Any) -> dict[str, float] | None:
    """The costs that stand beside the counts."""
    found = as_mapping(value) or {}
    return answers.costs({name: found[key] for key, name in _COSTS.items() if found.get(key) is not None})


def input_messages(value: Any) -> Any:
    return build.input_messages(as_said(value))


def output_messages(value: Any) -> Any:
    return build.output_messages(as_said(value))


def as_said(value: Any) -> Any:
    """A text without the quotes of JSON: 3.0 writes every value as JSON, later versions texts as they are."""
    return (unquoted(value) or value) if isinstance(value, str) and value[:1] == '"' else value


CONVENTION = Convention(
    name="langfuse",
    fields={
        "kind": lookup("langfuse.observation.type", KINDS),
        "input": content("langfuse.observation.input") + on({TRACE_KIND}, *content("langfuse.trace.input")),
        "output": content("langfuse.observation.output") + on({TRACE_KIND}, *content("langfuse.trace.output")),
        "any_model": text("langfuse.observation.model.name", "langfuse.model"),
        "request_model": text(_MAP + "ls_model_name"),
        "provider": read(answers.provider, _MAP + "ls_provider"),
        "usage": read(usage.from_map, "langfuse.observation.usage_details", "langfuse.usage_details")
        + read(counted_usage, _USAGE),
        "costs": read(answers.costs, "langfuse.observation.cost_details", "langfuse.cost_details")
        + read(costs_of_usage, _USAGE),
        "finish_reasons": words(_MAP + "finish_reason", _MAP + "stop_reason"),
        "response_id": on(GENERATIONS, *member("langfuse.observation.output", "id", then=answers.response_id)),
        "first_token_ns": read(answers.timestamp_ns, "langfuse.observation.completion_start_time"),
        "level_name": text("langfuse.observation.level"),
        "status_text": text("langfuse.observation.status_message"),
        "prompt_name": text("langfuse.observation.prompt.name", "langfuse.prompt.name"),
        "prompt_version": text("langfuse.observation.prompt.version", "langfuse.prompt.version"),
        "session_id": identifier(
            "langfuse.session.id", _MAP + "langfuse_session_id", _TRACE_MAP + "langfuse_session_id"
        )
        + outside(_EVENTS, *ending(_TRACE_MAP, as_identifier, *_SESSION), *ending(_MAP, as_identifier, *_SESSION)),
        "user_id": identifier("langfuse.user.id", _MAP + "langfuse_user_id", _TRACE_MAP + "langfuse_user_id")
        + outside(_EVENTS, *ending(_TRACE_MAP, as_identifier, *_USER), *ending(_MAP, as_identifier, *_USER)),
        "tags": words("langfuse.trace.tags", "langfuse.tags", _MAP + "langfuse_tags"),
        "metadata": free_map(_TRACE_MAP, _MAP, "langfuse.metadata."),
        "trace_name": text("langfuse.trace.name"),
        "public": flag("langfuse.trace.public", "langfuse.public"),
        "environment": text("langfuse.environment"),
        "release": text("langfuse.release"),
        "version": text("langfuse.version"),
        "input_messages": on(GENERATIONS, *read(input_messages, "langfuse.observation.input")),
        "output_messages": on(GENERATIONS, *read(output_messages, "langfuse.observation.output")),
        "tool_definitions": on(GENERATIONS, *member("langfuse.observation.input", "tools", then=build.definitions)),
        "model_parameters": mapping("langfuse.observation.model.parameters"),
        "usage_details": mapping("langfuse.observation.usage_details", _USAGE),
        "cost_details": mapping("langfuse.observation.cost_details"),
        "tool_call_id": on({"tool"}, Rule("langfuse.observation.output", tool_runs.call_id)),
        "tool_arguments": on({"tool"}, Rule("langfuse.observation.input", build.arguments)),
        "tool_result": on({"tool"}, Rule("langfuse.observation.output", tool_runs.result)),
        "query": on({"retriever"}, Rule("langfuse.observation.input", documents.query)),
        "documents": on({"retriever"}, Rule("langfuse.observation.output", documents.listed)),
        "embedding_dimensions": on(
            {"embedding"}, *member("langfuse.observation.output", "dimensions", then=answers.count)
        ),
    },
    prefixes=("langfuse.",),
)
