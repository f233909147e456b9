"""Spring AI's observations through Micrometer: `spring.ai.*`, `db.vector.*`; all values are strings.

Source: spring-projects/spring-ai `spring-ai-docs/.../observability/index.adoc`, 1.0 to 2.0. Its model calls speak
`gen_ai.*`; whatever is no model call says `framework` in `gen_ai.operation.name`, so that `spring.ai.kind` goes first.
"""

from collections.abc import Mapping
from typing import Any

from translator.messages import build, documents
from translator.rules import Convention, content, family, flag, identifier, integer, text
from translator.rules import first as read
from translator.values import text as as_text

KINDS = {"chat_client": "workflow", "advisor": "span", "tool_call": "tool"}
_KIND, _TOOL, _CLIENT, _VECTOR = "spring.ai.kind", "spring.ai.tool.", "spring.ai.chat.client.", "db.vector.query."


def kind(attributes: Mapping[str, Any]) -> str | None:
    """Of a vector store's operations only the query retrieves."""
    given = as_text(attributes.get(_KIND)) or ""
    if given == "vector_store":
        return "retriever" if attributes.get("db.operation.name") == "query" else "span"
    return KINDS.get(given)


CONVENTION = Convention(
    name="spring_ai",
    fields={
        "kind": family("spring.ai.", kind, "kind"),
        "input": content(_CLIENT + "user.text", _TOOL + "call.arguments", _VECTOR + "content"),
        "output": content(_TOOL + "call.result", _VECTOR + "response.documents"),
        "system_instructions": read(build.instructions, _CLIENT + "system.text"),
        "streaming": flag(_CLIENT + "stream"),
        "session_id": identifier(_CLIENT + "conversation.id"),
        "tool_name": text(_TOOL + "definition.name"),
        "tool_call_id": text(_TOOL + "call.id"),
        "tool_arguments": read(build.arguments, _TOOL + "call.arguments"),
        "tool_result": read(build.structure, _TOOL + "call.result"),
        "query": read(documents.query, _VECTOR + "content"),
        "documents": read(documents.listed, _VECTOR + "response.documents"),
        "embedding_dimensions": integer("gen_ai.request.embedding.dimensions"),
    },
    prefixes=("spring.ai.",),
)
