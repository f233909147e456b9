"""What Langfuse's published API has and this server has not: answered with the reason, never with an empty success.

Sources: langfuse/langfuse `web/public/generated/api/openapi.yml`, 22 August 2026; the clients in the published packages
`langfuse` 2.60.10 to 5.0.4.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from aiohttp import web

from api.langfuse.handling import Langfuse, LangfuseRoute, answer


class Reason(NamedTuple):
    """How a call is answered; `docs/langfuse-read.md` has the texts in its table."""

    status: int
    error: str
    message: str


def missing(message: str) -> Reason:
    """404, as Langfuse answers on routes that its mode of writing rules out: SDKs repeat what is answered 501."""
    return Reason(404, "LangfuseNotFoundError", f"not served here: {message}")


ORGANIZATION = Reason(
    403, "ForbiddenError", "Invalid API key. Organization-scoped API key required for this operation."
)
"""Word for word what Langfuse answers to the key of a project: there are no other keys here."""

QUEUES = missing("there are no annotation queues; post scores to /api/public/scores")
MODELS = missing("prices are set in the configuration (prices)")
NO_CALLS = missing("this server calls no model: no connections to models, no evaluators, no evaluation rules")
SKILLS = missing("there are no skills; keep prompts with /api/public/v2/prompts")
DASHBOARDS = missing("there are no dashboards; ask /api/public/metrics")
EXPERIMENTS = missing("read data sets' runs (/api/public/datasets/{name}/runs), or the experiment's traces")
FEEDBACK = missing("there is nobody to read feedback about Langfuse")

UNSERVED: Mapping[str, tuple[str, Reason]] = {
    "organizations/memberships": ("GET PUT DELETE", ORGANIZATION),
    "organizations/projects": ("GET", ORGANIZATION),
    "organizations/apiKeys": ("GET", ORGANIZATION),
    "projects": ("POST", ORGANIZATION),
    "projects/{id}": ("PUT DELETE", ORGANIZATION),
    "projects/{id}/memberships": ("GET PUT DELETE", ORGANIZATION),
    "projects/{id}/apiKeys": ("GET POST", ORGANIZATION),
    "projects/{id}/apiKeys/{key_id}": ("DELETE", ORGANIZATION),
    "scim/{rest+}": ("GET POST DELETE", ORGANIZATION),
    "integrations/blob-storage": ("GET PUT", ORGANIZATION),
    "integrations/blob-storage/{id}": ("GET DELETE", ORGANIZATION),
    "annotation-queues": ("GET POST", QUEUES),
    "annotation-queues/{rest+}": ("GET POST PATCH DELETE", QUEUES),
    "models": ("POST", MODELS),
    "models/{id}": ("PUT DELETE", MODELS),
    "llm-connections": ("GET PUT", NO_CALLS),
    "llm-connections/{id}": ("DELETE", NO_CALLS),
    "v2/evaluators": ("GET POST", NO_CALLS),
    "v2/evaluators/{rest+}": ("GET PATCH DELETE", NO_CALLS),
    "v2/evaluation-rules": ("GET POST", NO_CALLS),
    "v2/evaluation-rules/{id}": ("GET PATCH DELETE", NO_CALLS),
    "unstable/evaluators": ("GET POST", NO_CALLS),
    "unstable/evaluators/{id}": ("GET DELETE", NO_CALLS),
    "unstable/evaluation-rules": ("GET POST", NO_CALLS),
    "unstable/evaluation-rules/{id}": ("GET PATCH DELETE", NO_CALLS),
    "unstable/dashboards": ("GET POST", DASHBOARDS),
    "unstable/dashboards/{rest+}": ("GET POST PATCH DELETE", DASHBOARDS),
    "unstable/dashboard-widgets": ("GET POST", DASHBOARDS),
    "unstable/dashboard-widgets/{id}": ("GET PATCH DELETE", DASHBOARDS),
    "unstable/skills": ("GET POST", SKILLS),
    "unstable/skills/{rest+}": ("GET PATCH DELETE", SKILLS),
    "experiments": ("GET", EXPERIMENTS),
    "experiment-items": ("GET", EXPERIMENTS),
    "feedback": ("POST", FEEDBACK),
}
"""Path below `/api/public` -> its methods, and why it is not served."""

Handler = Callable[[Langfuse, web.Request], Awaitable[web.StreamResponse]]


def refusing(reason: Reason) -> Handler:
    async def refuse(_langfuse: Langfuse, _request: web.Request) -> web.Response:
        return answer({"message": reason.message, "error": reason.error}, reason.status)

    return refuse


TABLE = tuple(
    LangfuseRoute(method, f"api/public/{path}", refusing(reason))
    for path, (methods, reason) in UNSERVED.items()
    for method in methods.split()
)
