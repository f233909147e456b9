"""What any span may say, whoever made it: session, user, error, environment of the general OTel conventions.

Source: open-telemetry/semantic-conventions `docs/general/session.md`, `docs/registry/attributes/`.
"""

from translator.rules import Convention, identifier, text

CONVENTION = Convention(
    name="common",
    fields={
        "session_id": identifier("session.id", "session_id", "sessionId", "thread_id", "conversation.id"),
        "user_id": identifier("user.id", "user_id", "userId"),
        "error_type": text("error.type"),
        "environment": text("deployment.environment.name", "deployment.environment"),
    },
)
