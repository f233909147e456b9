"""MLflow tracing's OTLP export: `mlflow.*`, every value JSON-encoded.

Source: mlflow `mlflow/tracing/constant.py`, `mlflow/tracing/otel/`, `mlflow/tracing/export/genai_semconv/` 3.17.
With MLFLOW_ENABLE_OTEL_GENAI_SEMCONV the `mlflow.*` keys are replaced by those of `genai.py`; the request's own
parameters stay under bare names, and `gen_ai.request.model` is then the response's.
"""

from collections.abc import Mapping
from typing import Any

from translator import answers, recorded, usage
from translator.messages import build, documents, tool_runs
from translator.rules import (
    CALLS,
    GENERATIONS,
    Convention,
    Rule,
    content,
    family,
    flag,
    free_map,
    identifier,
    lookup,
    member,
    on,
    text,
    within,
)
from translator.rules import first as read
from translator.values import text as as_text

KINDS = {
    "LLM": "generation", "CHAT_MODEL": "generation", "CHAIN": "workflow", "WORKFLOW": "workflow", "TASK": "workflow",
    "AGENT": "agent", "TOOL": "tool", "RETRIEVER": "retriever", "EMBEDDING": "embedding", "RERANKER": "reranker",
    "PARSER": "span", "MEMORY": "memory", "EVALUATOR": "evaluator", "GUARDRAIL": "guardrail",
}  # fmt: skip

_IN, _OUT = "mlflow.spanInputs", "mlflow.spanOutputs"
_CHUNK = "mlflow.chunk.value"
_SCOPES = ("mlflow.",)
LEVELS = {"10": "DEBUG", "20": "DEFAULT", "30": "WARNING", "40": "ERROR", "50": "ERROR"}
"""`SpanLogLevel` has the numbers of Python's logging."""


def request_model(attributes: Mapping[str, Any]) -> str | None:
    """The bare `model`, a parameter of the call; where the bare keys are OpenAI's whole answer it is the answer's."""
    return None if "object" in attributes else _name(attributes)


def response_model(attributes: Mapping[str, Any]) -> str | None:
    return _name(attributes) if "object" in attributes else None


def _name(attributes: Mapping[str, Any]) -> str | None:
    """A name; models of some frameworks are objects, written as `<... object at 0x...>`."""
    found = as_text(attributes.get("model"))
    return None if found is None or found.startswith("<") else found


CONVENTION = Convention(
    name="mlflow",
    fields={
        "kind": lookup("mlflow.spanType", KINDS) + within(_SCOPES, *lookup("gen_ai.operation.name", KINDS)),
        "provider": read(answers.provider, "mlflow.llm.provider"),
        "request_model": within(_SCOPES, *family("model", request_model, "")) + on(CALLS, *member(_IN, "model")),
        "response_model": within(_SCOPES, *family("model", response_model, "")) + on(CALLS, Rule(_OUT, recorded.model)),
        "any_model": text("mlflow.llm.model"),
        "response_id": on(
            GENERATIONS, Rule(_OUT, recorded.response_id), *within(_SCOPES, *read(answers.response_id, "id"))
        ),
        "finish_reasons": on(GENERATIONS, Rule(_OUT, recorded.finish_reasons)),
        "streaming": within(_SCOPES, *on(CALLS, *flag("stream"))),
        "level_name": lookup("mlflow.spanLogLevel", LEVELS),
        "prompt_name": member("mlflow.linkedPrompts", 0, "name"),
        "prompt_version": member("mlflow.linkedPrompts", 0, "version"),
        "usage": read(usage.from_map, "mlflow.chat.tokenUsage")
        + on(CALLS, Rule(_OUT, usage.with_usage), *within(_SCOPES, *read(usage.from_map, "usage"))),
        "costs": read(answers.costs, "mlflow.llm.cost"),
        "input": content(_IN),
        "output": content(_OUT),
        "session_id": identifier("mlflow.trace.session"),
        "user_id": identifier("mlflow.trace.user"),
        "trace_name": text("mlflow.traceName"),
        "input_messages": on(GENERATIONS, Rule(_IN, build.input_messages)),
        "output_messages": on(GENERATIONS, Rule(_OUT, build.output_messages)),
        "tool_definitions": read(build.definitions, "mlflow.chat.tools"),
        "model_parameters": on(GENERATIONS, Rule(_IN, answers.request_parameters)),
        "metadata": free_map("mlflow.traceTag."),
        "tool_name": on({"tool"}, *within(_SCOPES, *text("name"))),
        "tool_call_id": on({"tool"}, Rule(_OUT, tool_runs.call_id)),
        "tool_arguments": on({"tool"}, Rule(_IN, build.arguments)),
        "tool_result": on({"tool"}, Rule(_OUT, tool_runs.result)),
        "query": on({"retriever"}, Rule(_IN, documents.query)),
        "documents": on({"retriever"}, Rule(_OUT, documents.listed)),
        "embedding_dimensions": on({"embedding"}, *member(_OUT, "data", 0, "embedding", then=answers.length)),
    },
    # A stream's chunks are events; the first names the model and the answer, which older versions say nowhere else.
    events={
        "mlflow.chunk.item.0": {
            "response_model": member(_CHUNK, "model") + member(_CHUNK, "response", "model"),
            "response_id": member(_CHUNK, "id", then=answers.response_id)
            + member(_CHUNK, "response", "id", then=answers.response_id),
        },
    },
    prefixes=("mlflow.",),
)
