"""The routes of Langfuse's API but those that take traces and scores: one table."""

from aiohttp import web

from api.handling import Api
from api.langfuse.comments import create_comment, get_comment, list_comments
from api.langfuse.daily import get_daily
from api.langfuse.dataset_runs import create_run_item, delete_run, get_run, list_run_items, list_runs
from api.langfuse.datasets import (
    create_dataset,
    create_item,
    delete_item,
    get_dataset,
    get_dataset_whole,
    get_item,
    list_datasets,
    list_items,
)
from api.langfuse.handling import ADMIN, INGEST, Langfuse, LangfuseRoute, guarded
from api.langfuse.metrics import get_metrics, get_metrics_v2
from api.langfuse.models import get_model, list_models
from api.langfuse.observations import get_observation, list_observations, list_observations_v2
from api.langfuse.pages import show_dataset, show_experiment, show_project, show_run, show_session, show_trace
from api.langfuse.prompts import create_prompt, delete_prompt, get_prompt, list_prompts, update_labels
from api.langfuse.score_configs import (
    create_score_config,
    get_score_config,
    list_score_configs,
    update_score_config,
)
from api.langfuse.scores import get_score, list_scores, list_scores_v2
from api.langfuse.scores_v3 import list_scores_v3
from api.langfuse.sessions import get_session, list_sessions
from api.langfuse.traces import delete_trace, delete_traces, get_trace, list_traces
from api.langfuse.unserved import TABLE as UNSERVED
from contract.documents import Documents
from contract.prices import Prices
from contract.upkeep import Upkeep

TABLE = (
    LangfuseRoute("GET", "api/public/traces", list_traces, is_large=True),
    LangfuseRoute("DELETE", "api/public/traces", delete_traces, ADMIN),
    LangfuseRoute("GET", "api/public/traces/{trace_id}", get_trace, is_large=True),
    LangfuseRoute("DELETE", "api/public/traces/{trace_id}", delete_trace, ADMIN),
    LangfuseRoute("GET", "api/public/observations", list_observations, is_large=True),
    LangfuseRoute("GET", "api/public/v2/observations", list_observations_v2, is_large=True),
    LangfuseRoute("GET", "api/public/observations/{observation_id}", get_observation),
    LangfuseRoute("GET", "api/public/sessions", list_sessions),
    LangfuseRoute("GET", "api/public/sessions/{session_id}", get_session, is_large=True),
    LangfuseRoute("GET", "api/public/metrics", get_metrics),
    LangfuseRoute("GET", "api/public/v2/metrics", get_metrics_v2),
    LangfuseRoute("GET", "api/public/metrics/daily", get_daily),
    LangfuseRoute("GET", "api/public/scores", list_scores),
    LangfuseRoute("GET", "api/public/v2/scores", list_scores_v2),
    LangfuseRoute("GET", "api/public/v3/scores", list_scores_v3),
    LangfuseRoute("GET", "api/public/scores/{score_id}", get_score),
    LangfuseRoute("GET", "api/public/v2/scores/{score_id}", get_score),
    LangfuseRoute("GET", "api/public/models", list_models),
    LangfuseRoute("GET", "api/public/models/{model_id}", get_model),
    LangfuseRoute("GET", "api/public/score-configs", list_score_configs),
    LangfuseRoute("POST", "api/public/score-configs", create_score_config, INGEST),
    LangfuseRoute("GET", "api/public/score-configs/{config_id}", get_score_config),
    LangfuseRoute("PATCH", "api/public/score-configs/{config_id}", update_score_config, INGEST),
    LangfuseRoute("GET", "api/public/v2/prompts", list_prompts),
    LangfuseRoute("POST", "api/public/v2/prompts", create_prompt, INGEST),
    LangfuseRoute("GET", "api/public/v2/prompts/{name+}", get_prompt),
    LangfuseRoute("DELETE", "api/public/v2/prompts/{name+}", delete_prompt, ADMIN),
    LangfuseRoute("PATCH", "api/public/v2/prompts/{name+}/versions/{version}", update_labels, INGEST),
    LangfuseRoute("POST", "api/public/datasets", create_dataset, INGEST),
    LangfuseRoute("GET", "api/public/datasets", list_datasets),
    LangfuseRoute("GET", "api/public/datasets/{name+}/runs", list_runs),
    LangfuseRoute("GET", "api/public/datasets/{name+}/runs/{run_name}", get_run),
    LangfuseRoute("DELETE", "api/public/datasets/{name+}/runs/{run_name}", delete_run, ADMIN),
    LangfuseRoute("GET", "api/public/datasets/{name+}", get_dataset_whole),
    LangfuseRoute("GET", "api/public/v2/datasets", list_datasets),
    LangfuseRoute("POST", "api/public/v2/datasets", create_dataset, INGEST),
    LangfuseRoute("GET", "api/public/v2/datasets/{name+}", get_dataset),
    LangfuseRoute("GET", "api/public/dataset-items", list_items),
    LangfuseRoute("POST", "api/public/dataset-items", create_item, INGEST),
    LangfuseRoute("GET", "api/public/dataset-items/{item_id}", get_item),
    LangfuseRoute("DELETE", "api/public/dataset-items/{item_id}", delete_item, ADMIN),
    LangfuseRoute("GET", "api/public/dataset-run-items", list_run_items),
    LangfuseRoute("POST", "api/public/dataset-run-items", create_run_item, INGEST),
    LangfuseRoute("GET", "api/public/comments", list_comments),
    LangfuseRoute("POST", "api/public/comments", create_comment, INGEST),
    LangfuseRoute("GET", "api/public/comments/{comment_id}", get_comment),
    LangfuseRoute("GET", "project/{project_id}", show_project),
    LangfuseRoute("GET", "project/{project_id}/traces/{trace_id}", show_trace),
    LangfuseRoute("GET", "project/{project_id}/sessions/{session_id}", show_session),
    LangfuseRoute("GET", "project/{project_id}/datasets/{dataset_id}", show_dataset),
    LangfuseRoute("GET", "project/{project_id}/datasets/{dataset_id}/runs/{run_id}", show_run),
    LangfuseRoute("GET", "project/{project_id}/experiments/results", show_experiment),
    LangfuseRoute("GET", "trace/{trace_id}", show_trace),
)


def routes(upkeep: Upkeep, documents: Documents, prices: Prices, api: Api) -> list[web.RouteDef]:
    """All routes, each below any prefix."""
    langfuse = Langfuse(api, upkeep, documents, prices)
    return [web.route(route.method, route.pattern, guarded(langfuse, route)) for route in (*TABLE, *UNSERVED)]
