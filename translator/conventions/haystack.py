"""Haystack's own tracing, 2.x and 3.x: `haystack.*`, content only with HAYSTACK_CONTENT_TRACING_ENABLED.

Source: deepset-ai/haystack `haystack/core/pipeline/pipeline.py`, `haystack/components/agents/agent.py`,
deepset-ai/haystack-core-integrations `integrations/opentelemetry`; recorded with 2.31 and 3.4. Model, usage and finish
reason stand in the `meta` of the component's output.
"""

from collections.abc import Callable
from typing import Any

from translator import answers
from translator.messages import build, documents
from translator.rules import CALLS, GENERATIONS, Convention, Rule, content, member, on, present, text
from translator.rules import first as read
from translator.usage import from_map
from translator.values import mapping
from translator.values import text as as_text

SUFFIXES = {
    "Generator": "generation", "Embedder": "embedding", "Retriever": "retriever", "Ranker": "reranker",
    "ToolInvoker": "tool", "Agent": "agent", "Evaluator": "evaluator", "PromptBuilder": "prompt",
}  # fmt: skip
"""How the names of component classes end, and what such components do."""

_COMPONENT, _LLM, _TOOL = "haystack.component.", "haystack.agent.step.llm.", "haystack.agent.step.tool."
_INPUTS = (_COMPONENT + "input", _LLM + "input")
_OUTPUTS = (_COMPONENT + "output", _LLM + "output")
_INVOKED = ("tool_messages", 0, "content", 0, "tool_call_result")


def component_kind(value: Any) -> str | None:
    name = as_text(value) or ""
    return next((kind for suffix, kind in SUFFIXES.items() if name.endswith(suffix)), None)


def of_meta(then: Callable[[list[dict[str, Any]]], Any]) -> Callable[[Any], Any]:
    """What `then` makes of the `meta` maps of an output: of its replies, or beside them."""

    def convert(value: Any) -> Any:
        output = mapping(value) or {}
        replies = output.get("replies")
        some = [reply.get("meta") or reply.get("_meta") for reply in replies or [] if isinstance(reply, dict)]
        beside = output.get("meta")
        some += beside if isinstance(beside, list) else [beside]
        return then([meta for meta in some if isinstance(meta, dict)])

    return convert


def _model(metas: list[dict[str, Any]]) -> str | None:
    return next((model for meta in metas if (model := as_text(meta.get("model")))), None)


def _usage(metas: list[dict[str, Any]]) -> dict[str, int] | None:
    """Usage is the whole request's, also where it is repeated in each of several replies."""
    return next((usage for meta in metas if (usage := from_map(meta.get("usage")))), None)


def _reasons(metas: list[dict[str, Any]]) -> str | None:
    return answers.reasons(meta.get("finish_reason") for meta in metas)


def _tools(value: Any) -> list[Any] | None:
    """Tools as Haystack serializes them: the definition stands below `data`."""
    some = value if isinstance(value, list) else [value]
    inner = [tool.get("data", tool) for tool in some if isinstance(tool, dict)]
    kept = [{key: tool[key] for key in ("name", "description", "parameters") if key in tool} for tool in inner]
    return build.definitions([tool for tool in kept if "name" in tool])


CONVENTION = Convention(
    name="haystack",
    fields={
        "kind": (
            *present(_LLM + "input", "generation"),
            *present("haystack.tool.name", "tool"),
            *read(component_kind, _COMPONENT + "type"),
            *present("haystack.agent.max_steps", "agent"),
            *present("haystack.agent.step", "workflow"),
            *present("haystack.pipeline.max_runs_per_component", "workflow"),
        ),
        "entity_name": text(_COMPONENT + "name"),
        "response_model": on(CALLS, *read(of_meta(_model), *_OUTPUTS)),
        "finish_reasons": on(GENERATIONS, *read(of_meta(_reasons), *_OUTPUTS)),
        "usage": on(CALLS, *read(of_meta(_usage), *_OUTPUTS)),
        "input": content(*_INPUTS, _TOOL + "input", "haystack.agent.input", "haystack.pipeline.input_data"),
        "output": content(*_OUTPUTS, _TOOL + "output", "haystack.agent.output", "haystack.pipeline.output_data"),
        "input_messages": on(GENERATIONS, *read(build.input_messages, *_INPUTS)),
        "output_messages": on(GENERATIONS, *read(build.output_messages, *_OUTPUTS)),
        "tool_definitions": on(GENERATIONS, *(rule for key in _INPUTS for rule in member(key, "tools", then=_tools))),
        "tool_name": text("haystack.tool.name")
        + on({"tool"}, *member(_COMPONENT + "output", *_INVOKED, "origin", "tool_name")),
        "tool_arguments": read(build.arguments, _TOOL + "input")
        + on({"tool"}, *member(_COMPONENT + "output", *_INVOKED, "origin", "arguments", then=build.arguments)),
        "tool_result": read(build.structure, _TOOL + "output")
        + on({"tool"}, *member(_COMPONENT + "output", *_INVOKED, "result", then=build.structure)),
        "query": on({"retriever", "reranker"}, *member(_COMPONENT + "input", "query")),
        "documents": on({"retriever", "reranker"}, Rule(_COMPONENT + "output", documents.listed)),
    },
    prefixes=("haystack.",),
)
