"""Mastra's OTel exporter: `mastra.*` beside `gen_ai.*`.

Source: mastra-ai/mastra `observability/otel-exporter/src/gen-ai.ts`, `packages/core/src/observability/types`; recorded
with @mastra/core 1.71. A `model_generation` of 1.x holds steps, and each step one `model_inference`, which is the call;
up to 0.x it is the call and says `chat` in `gen_ai.operation.name`.
"""

from translator import answers
from translator.rules import Convention, content, ending, free_map, lookup, text, words
from translator.rules import first as read
from translator.values import identifier as as_identifier

KINDS = {
    "agent_run": "agent",
    "model_inference": "generation",
    "tool_call": "tool", "mcp_tool_call": "tool", "client_tool_call": "tool", "provider_tool_call": "tool",
    "memory_operation": "memory",
    "scorer_run": "evaluator", "scorer_step": "evaluator",
    "rag_embedding": "embedding",
    **dict.fromkeys(
        (
            "model_generation", "model_step", "workflow_run", "workflow_step", "workflow_conditional",
            "workflow_conditional_eval", "workflow_parallel", "workflow_loop", "workflow_sleep", "workflow_wait_event",
            "rag_ingestion",
        ),
        "workflow",
    ),
}  # fmt: skip
_TYPES = (*KINDS, "model_chunk", "processor_run", "generic")
_METADATA = "mastra.metadata."

CONVENTION = Convention(
    name="mastra",
    fields={
        "kind": lookup("mastra.span.type", KINDS),
        "input": content(*(f"mastra.{name}.input" for name in _TYPES)),
        "output": content(*(f"mastra.{name}.output" for name in _TYPES)),
        "first_token_ns": read(answers.timestamp_ns, "mastra.completion_start_time"),
        "session_id": ending(_METADATA, as_identifier, "sessionId", "session_id", "threadId", "thread_id"),
        "user_id": ending(_METADATA, as_identifier, "userId", "user_id"),
        "trace_name": text(_METADATA + "traceName"),
        "tags": words("mastra.tags"),
        "metadata": free_map(_METADATA),
    },
    prefixes=("mastra.",),
)
