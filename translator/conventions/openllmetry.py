"""OpenLLMetry / Traceloop SDK: `traceloop.*`, indexed `gen_ai.prompt.N.*`, `llm.request.type`.

Source: traceloop/openllmetry `opentelemetry-semantic-conventions-ai` 0.5.1 and the instrumentations 0.40 to 0.62.
Its current versions write `gen_ai.*` of the OTel conventions besides: those keys stand in `genai.py`.
"""

from translator import answers
from translator.messages import build, documents, indexed, tool_runs
from translator.rules import (
    Convention,
    Rule,
    content,
    ending,
    flag,
    free_map,
    integer,
    lookup,
    on,
    present,
    text,
    words,
)
from translator.rules import first as read
from translator.rules import indexed as numbered
from translator.values import identifier as as_identifier

SPAN_KINDS = {"workflow": "workflow", "task": "workflow", "agent": "agent", "tool": "tool"}
REQUEST_TYPES = {
    "chat": "generation", "completion": "generation", "embedding": "embedding", "embeddings": "embedding",
    "rerank": "reranker",
}  # fmt: skip

_PROPERTIES = "traceloop.association.properties."
_IN, _OUT, _FUNCTIONS = "gen_ai.prompt.", "gen_ai.completion.", "llm.request.functions."

CONVENTION = Convention(
    name="openllmetry",
    fields={
        "kind": lookup("traceloop.span.kind", SPAN_KINDS)
        + lookup("llm.request.type", REQUEST_TYPES)
        + present("mcp.request.argument", "tool"),
        "finish_reasons": numbered(_OUT, indexed.finish_reasons(_OUT)),
        "streaming": flag("llm.is_streaming", "llm.stream"),
        "input": numbered(_IN, indexed.as_text(_IN)) + content("traceloop.entity.input", "mcp.request.argument"),
        "output": numbered(_OUT, indexed.as_text(_OUT)) + content("traceloop.entity.output", "mcp.response.value"),
        "input_tokens": integer("llm.usage.prompt_tokens"),
        "output_tokens": integer("llm.usage.completion_tokens"),
        "total_tokens": integer("llm.usage.total_tokens", "mistral_ai.request.total_tokens"),
        "reasoning_tokens": integer("llm.usage.reasoning_tokens"),
        "tool_name": on({"tool"}, *text("traceloop.entity.name")),
        "entity_name": text("traceloop.entity.name"),
        "agent_name": on({"agent"}, *text("traceloop.entity.name")),
        "prompt_name": text("traceloop.prompt.key"),
        "prompt_version": text("traceloop.prompt.version", "traceloop.prompt.version_name"),
        "session_id": ending(
            _PROPERTIES, as_identifier, "session_id", "sessionId", "thread_id", "chat_id", "conversation_id"
        ),
        "user_id": ending(_PROPERTIES, as_identifier, "user_id", "userId"),
        "tags": words(_PROPERTIES + "tags"),
        "metadata": free_map(_PROPERTIES),
        "trace_name": text("traceloop.workflow.name"),
        "input_messages": numbered(_IN, indexed.as_messages(_IN, build.input_messages)),
        "output_messages": numbered(_OUT, indexed.as_messages(_OUT, build.output_messages)),
        "tool_definitions": numbered(_FUNCTIONS, indexed.as_messages(_FUNCTIONS, build.definitions)),
        "model_parameters": read(answers.items, "llm.request.parameters"),
        "tool_call_id": on({"tool"}, *read(tool_runs.call_id, "traceloop.entity.input", "traceloop.entity.output")),
        "tool_arguments": on(
            {"tool"}, Rule("traceloop.entity.input", tool_runs.arguments), *read(build.arguments, "tool.arguments")
        ),
        "tool_result": on({"tool"}, Rule("traceloop.entity.output", tool_runs.result)),
        "query": on({"retriever"}, Rule("traceloop.entity.input", documents.query)),
        "documents": on({"retriever"}, Rule("traceloop.entity.output", documents.listed)),
    },
    prefixes=("traceloop.",),
)
