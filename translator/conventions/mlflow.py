"""MLflow tracing's OTLP export: `mlflow.*`, every value JSON-encoded.

Source: mlflow `mlflow/tracing/constant.py`, `mlflow/tracing/otel/` 3.17.
"""

from translator import answers, usage
from translator.messages import build, documents
from translator.rules import CALLS, GENERATIONS, Convention, Rule, content, identifier, lookup, member, on, text
from translator.rules import first as read

KINDS = {
    "LLM": "generation", "CHAT_MODEL": "generation", "CHAIN": "workflow", "WORKFLOW": "workflow", "TASK": "workflow",
    "AGENT": "agent", "TOOL": "tool", "RETRIEVER": "retriever", "EMBEDDING": "embedding", "RERANKER": "reranker",
    "PARSER": "span", "MEMORY": "memory", "EVALUATOR": "evaluator", "GUARDRAIL": "guardrail",
}  # fmt: skip

CONVENTION = Convention(
    name="mlflow",
    fields={
        "kind": lookup("mlflow.spanType", KINDS),
        "provider": read(answers.provider, "mlflow.llm.provider"),
        "request_model": on(CALLS, *member("mlflow.spanInputs", "model")),
        "response_model": on(CALLS, *member("mlflow.spanOutputs", "model")),
        "any_model": text("mlflow.llm.model"),
        "usage": read(usage.from_map, "mlflow.chat.tokenUsage")
        + on(CALLS, Rule("mlflow.spanOutputs", usage.with_usage)),
        "costs": read(answers.costs, "mlflow.llm.cost"),
        "input": content("mlflow.spanInputs"),
        "output": content("mlflow.spanOutputs"),
        "session_id": identifier("mlflow.trace.session"),
        "user_id": identifier("mlflow.trace.user"),
        "trace_name": text("mlflow.traceName"),
        "input_messages": on(GENERATIONS, Rule("mlflow.spanInputs", build.input_messages)),
        "output_messages": on(GENERATIONS, Rule("mlflow.spanOutputs", build.output_messages)),
        "tool_definitions": read(build.definitions, "mlflow.chat.tools"),
        "tool_arguments": on({"tool"}, Rule("mlflow.spanInputs", build.arguments)),
        "tool_result": on({"tool"}, Rule("mlflow.spanOutputs", build.structure)),
        "query": on({"retriever"}, Rule("mlflow.spanInputs", documents.query)),
        "documents": on({"retriever"}, Rule("mlflow.spanOutputs", documents.listed)),
    },
    prefixes=("mlflow.",),
)
