"""The routes of Langfuse's API that read: one table, to be added before those with open paths."""

from aiohttp import web

from api.handling import Api
from api.langfuse.handling import ADMIN, Langfuse, LangfuseRoute, guarded
from api.langfuse.metrics import get_metrics, get_metrics_v2
from api.langfuse.observations import get_observation, list_observations, list_observations_v2
from api.langfuse.sessions import get_session, list_sessions
from api.langfuse.traces import delete_trace, delete_traces, get_trace, list_traces
from contract.documents import Documents
from contract.prices import Prices
from contract.upkeep import Upkeep

TABLE = (
    LangfuseRoute("GET", "api/public/traces", list_traces),
    LangfuseRoute("DELETE", "api/public/traces", delete_traces, ADMIN),
    LangfuseRoute("GET", "api/public/traces/{trace_id}", get_trace),
    LangfuseRoute("DELETE", "api/public/traces/{trace_id}", delete_trace, ADMIN),
    LangfuseRoute("GET", "api/public/observations", list_observations),
    LangfuseRoute("GET", "api/public/v2/observations", list_observations_v2),
    LangfuseRoute("GET", "api/public/observations/{observation_id}", get_observation),
    LangfuseRoute("GET", "api/public/sessions", list_sessions),
    LangfuseRoute("GET", "api/public/sessions/{session_id}", get_session),
    LangfuseRoute("GET", "api/public/metrics", get_metrics),
    LangfuseRoute("GET", "api/public/v2/metrics", get_metrics_v2),
)


def routes(upkeep: Upkeep, documents: Documents, prices: Prices, api: Api) -> list[web.RouteDef]:
    """All routes, each below any prefix."""
    langfuse = Langfuse(api, upkeep, documents, prices)
    return [web.route(route.method, route.pattern, guarded(langfuse, route)) for route in TABLE]
