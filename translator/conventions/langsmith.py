"""LangSmith SDK's OTel export, and LangChain with it: `langsmith.*`.

Source: langchain-ai/langsmith-sdk 0.4 to 0.15 `_internal/otel/_otel_exporter.py`.
`langsmith.trace.session_id` is the project, no session. `gen_ai.prompt` and `gen_ai.completion` are the inputs and
outputs of a run of any kind as JSON.
"""

from translator import answers, recorded, usage
from translator.messages import build, documents, tool_runs
from translator.rules import (
    CALLS,
    GENERATIONS,
    Convention,
    Rule,
    ending,
    family,
    flag,
    free_map,
    lookup,
    on,
    text,
    words,
)
from translator.rules import first as read
from translator.values import identifier as as_identifier

KINDS = {
    "llm": "generation", "chain": "workflow", "tool": "tool", "retriever": "retriever", "embedding": "embedding",
    "prompt": "prompt", "parser": "span",
}  # fmt: skip
_METADATA = "langsmith.metadata."
_IN, _OUT = "gen_ai.prompt", "gen_ai.completion"
_PARAMETERS = ("temperature", "max_tokens", "stop")

CONVENTION = Convention(
    name="langsmith",
    fields={
        "kind": lookup("langsmith.span.kind", KINDS),
        "display_name": text("langsmith.trace.name"),
        "provider": read(answers.provider, _METADATA + "ls_provider"),
        "request_model": text(_METADATA + "ls_model_name"),
        "response_model": on(CALLS, Rule(_OUT, recorded.model)),
        "response_id": on(GENERATIONS, Rule(_OUT, recorded.response_id)),
        "finish_reasons": on(GENERATIONS, Rule(_OUT, recorded.finish_reasons)),
        "streaming": flag("langsmith.request.streaming"),
        "usage": on(CALLS, *read(usage.from_map, _METADATA + "usage_metadata"), Rule(_OUT, usage.with_usage)),
        "prompt_name": text(_METADATA + "lc_hub_repo"),
        "prompt_version": text(_METADATA + "lc_hub_commit_hash"),
        "session_id": ending(_METADATA, as_identifier, "session_id", "thread_id", "conversation_id", "sessionId"),
        "user_id": ending(_METADATA, as_identifier, "user_id", "userId"),
        "tags": words("langsmith.span.tags"),
        "metadata": free_map(_METADATA),
        "model_parameters": family(_METADATA + "ls_", answers.parameters(_METADATA + "ls_", _PARAMETERS), *_PARAMETERS),
        "tool_call_id": on({"tool"}, Rule(_OUT, tool_runs.call_id)),
        "tool_arguments": on({"tool"}, Rule(_IN, build.arguments)),
        "tool_result": on({"tool"}, Rule(_OUT, tool_runs.returned)),
        "query": on({"retriever"}, Rule(_IN, documents.query)),
        "documents": on({"retriever"}, Rule(_OUT, documents.listed)),
    },
    prefixes=("langsmith.",),
)
