"""VoltAgent's own spans, in its scopes only: its keys (`input`, `llm.model`, `span.type`) are words of others too.

Source: VoltAgent/voltagent `packages/core/src/agent`, `packages/core/src/observability`; recorded with 2.10. An LLM
span covers all steps of a call with tools and has the usage of the last; the answer is on the agent's span.
"""

from translator import answers
from translator.messages import build, documents
from translator.rules import (
    GENERATIONS,
    Convention,
    Rule,
    content,
    family,
    flag,
    identifier,
    integer,
    lookup,
    on,
    text,
    within,
)
from translator.rules import first as read

SCOPES = ("@voltagent", "voltagent")
KINDS = {
    "llm": "generation", "embedding": "embedding", "retriever": "retriever", "vector": "retriever", "tool": "tool",
    "memory": "memory", "agent": "agent", "subagent": "agent", "guardrail": "guardrail", "eval": "evaluator",
    **dict.fromkeys(("workflow", "workflow-step", "workflow_step"), "workflow"),
}  # fmt: skip
_PARAMETERS = ("temperature", "max_output_tokens", "top_p", "top_k", "frequency_penalty", "presence_penalty", "seed")


def _here(*rules: Rule) -> tuple[Rule, ...]:
    return within(SCOPES, *rules)


CONVENTION = Convention(
    name="voltagent",
    fields={
        # Children repeat the entity of the span above them, so that their own type goes first.
        "kind": _here(*lookup("span.type", KINDS), *lookup("entity.type", KINDS)),
        "request_model": _here(*text("llm.model", "ai.model.name")),
        "input_tokens": _here(*integer("llm.usage.prompt_tokens", "llm.usage.input_tokens")),
        "output_tokens": _here(*integer("llm.usage.completion_tokens", "llm.usage.output_tokens")),
        "total_tokens": _here(*integer("llm.usage.total_tokens")),
        "cache_read_tokens": _here(*integer("llm.usage.cached_tokens")),
        "reasoning_tokens": _here(*integer("llm.usage.reasoning_tokens")),
        "usage_details": _here(*family("usage.", answers.prefixed("usage."))),
        "finish_reasons": _here(*read(answers.one_reason, "llm.finish_reason", "ai.response.finish_reason")),
        "streaming": _here(*flag("llm.stream")),
        "model_parameters": _here(*family("llm.", answers.parameters("llm.", _PARAMETERS), *_PARAMETERS)),
        "input": _here(*content("llm.messages", "input")),
        "output": _here(*content("output")),
        "input_messages": _here(*read(build.input_messages, "llm.messages", "agent.messages")),
        "output_messages": _here(*on(GENERATIONS, *read(build.output_messages, "output"))),
        "tool_name": _here(*text("tool.name")),
        "tool_call_id": _here(*text("tool.call.id")),
        "tool_arguments": _here(*on({"tool"}, *read(build.arguments, "input"))),
        "tool_result": _here(*on({"tool"}, *read(build.structure, "output"))),
        "agent_name": _here(*on({"agent"}, *text("entity.name"))),
        "agent_id": _here(*on({"agent"}, *text("entity.id"))),
        "query": _here(*on({"retriever"}, *read(documents.query, "input"))),
        "documents": _here(*on({"retriever"}, *read(documents.listed, "output"))),
        "session_id": identifier("voltagent.conversation_id") + _here(*identifier("conversationId")),
        "user_id": _here(*identifier("userId")),
    },
    prefixes=("voltagent.",),
)
