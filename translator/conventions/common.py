"""What any span may say, whoever made it: session, user, error, environment of the general OTel conventions.

Source: open-telemetry/semantic-conventions `docs/general/session.md`, `docs/registry/attributes/`.
"""

from typing import Any

from translator import answers
from translator.rules import Convention, Rule, identifier, on, text, word_list
from translator.rules import first as read

_GENAI = (
    "generation", "embedding", "retriever", "reranker", "tool", "agent", "workflow", "guardrail", "evaluator", "prompt",
    "memory",
)  # fmt: skip


def tags(value: Any) -> str | None:
    """A list of texts: what Strands' `trace_attributes` and other applications set. Other `tags` may be anything."""
    return word_list(value) if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


CONVENTION = Convention(
    name="common",
    fields={
        "session_id": identifier("session.id", "session_id", "sessionId", "thread_id", "conversation.id"),
        "user_id": identifier("user.id", "user_id", "userId"),
        "error_type": read(answers.error_type, "error.type"),
        "tags": on(_GENAI, Rule("tags", tags)),
        "environment": text("deployment.environment.name", "deployment.environment"),
    },
)
