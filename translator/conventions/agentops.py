"""AgentOps SDK: `agentops.*`, and what its fork of OpenLLMetry names otherwise: `gen_ai.request.type`.

Source: AgentOps-AI/agentops `agentops/semconv/`; recorded with 0.4.21.
"""

from translator.messages import build, tool_runs
from translator.rules import Convention, content, flag, lookup, on, scaled, text, words
from translator.rules import first as read

KINDS = {
    **dict.fromkeys(("workflow", "session", "task", "operation", "chain"), "workflow"),
    "agent": "agent", "tool": "tool", "llm": "generation", "guardrail": "guardrail",
}  # fmt: skip
REQUESTS = {**dict.fromkeys(("chat", "completion"), "generation"), "embedding": "embedding", "rerank": "reranker"}
_ENTITIES = ("entity", *KINDS)

CONVENTION = Convention(
    name="agentops",
    fields={
        "kind": lookup("agentops.span.kind", KINDS) + lookup("gen_ai.request.type", REQUESTS),
        "entity_name": text("agentops.entity.name"),
        "streaming": flag("gen_ai.request.streaming"),
        "time_to_first_token_ms": scaled(1e3, "gen_ai.streaming.time_to_first_token"),
        "input": content(*(f"agentops.{name}.input" for name in _ENTITIES)),
        "output": content(*(f"agentops.{name}.output" for name in _ENTITIES)),
        "tool_name": on({"tool"}, *text("operation.name")),
        "tool_arguments": on({"tool"}, *read(build.arguments, "agentops.tool.input", "agentops.entity.input")),
        "tool_result": on({"tool"}, *read(tool_runs.result, "agentops.tool.output", "agentops.entity.output")),
        "tags": words("agentops.tags"),
    },
    prefixes=("agentops.",),
)
