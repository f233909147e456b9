"""Dify and the Aliyun and Tencent dialects: `gen_ai.span.kind`, `retrieval.document`, `gen_ai.entity.*`.

Source: langgenius/dify `api/extensions/otel`, `api/core/ops`, `api/providers/trace`.
"""

from translator.messages import build, documents
from translator.rules import Convention, content, identifier, lookup, on, text
from translator.rules import first as read

KINDS = {
    "llm": "generation", "generation": "generation", "retriever": "retriever", "reranker": "reranker",
    "embedding": "embedding", "tool": "tool", "agent": "agent",
    **dict.fromkeys(("chain", "workflow", "task", "step", "entry"), "workflow"),
}  # fmt: skip

NODES = {"knowledge-retrieval": "retriever", "tool": "tool", "agent": "agent"}
"""Types of a workflow's nodes that its Langfuse provider sends as plain spans (`trace_langfuse`)."""

CONVENTION = Convention(
    name="dify",
    fields={
        "kind": lookup("langfuse.observation.metadata.node_type", NODES) + lookup("gen_ai.span.kind", KINDS),
        "input": content("gen_ai.entity.input"),
        "output": content("gen_ai.entity.output"),
        "any_model": text("gen_ai.model_name"),
        "operation": text("node.type"),
        "tool_result": on({"tool"}, *read(build.structure, "gen_ai.entity.output")),
        "query": read(documents.query, "retrieval.query"),
        "documents": read(documents.listed, "retrieval.document"),
        "user_id": identifier("service.user.id"),
    },
    prefixes=("dify.",),
)
