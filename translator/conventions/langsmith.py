"""LangSmith SDK's OTel export, and LangChain with it: `langsmith.*`.

Source: langchain-ai/langsmith-sdk `_internal/otel/_otel_exporter.py`.
`langsmith.trace.session_id` is the project, no session.
"""

from translator.rules import Convention, ending, flag, free_map, lookup, text, words
from translator.values import identifier as as_identifier

KINDS = {
    "llm": "generation", "chain": "workflow", "tool": "tool", "retriever": "retriever", "embedding": "embedding",
    "prompt": "prompt", "parser": "span",
}  # fmt: skip
_METADATA = "langsmith.metadata."

CONVENTION = Convention(
    name="langsmith",
    fields={
        "kind": lookup("langsmith.span.kind", KINDS),
        "display_name": text("langsmith.trace.name"),
        "provider": text(_METADATA + "ls_provider"),
        "request_model": text(_METADATA + "ls_model_name"),
        "streaming": flag("langsmith.request.streaming"),
        "session_id": ending(_METADATA, as_identifier, "session_id", "thread_id", "conversation_id", "sessionId"),
        "user_id": ending(_METADATA, as_identifier, "user_id", "userId"),
        "tags": words("langsmith.span.tags"),
        "metadata": free_map(_METADATA),
    },
    prefixes=("langsmith.",),
)
