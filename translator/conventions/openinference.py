"""OpenInference (Arize): `llm.*`, `input.value`, `openinference.span.kind`.

Source: Arize-ai/openinference `spec/semantic_conventions.md` and `python/openinference-instrumentation` 0.1.72;
`llm.response.{id,model,cost}` are LiteLLM's additions (litellm 1.106 `integrations/arize/`).
"""

from collections.abc import Mapping
from typing import Any

from translator import answers, recorded, usage, values
from translator.messages import build, documents, indexed, tool_runs
from translator.messages.message import canonical_role
from translator.rules import (
    CALLS,
    GENERATIONS,
    Convention,
    Rule,
    content,
    family,
    integer,
    lookup,
    map_text,
    mapping,
    member,
    number,
    on,
    present,
    text,
    within,
    words,
)
from translator.rules import first as read
from translator.rules import indexed as numbered

KINDS = {
    "llm": "generation", "embedding": "embedding", "retriever": "retriever", "reranker": "reranker", "tool": "tool",
    "agent": "agent", "chain": "workflow", "guardrail": "guardrail", "evaluator": "evaluator", "prompt": "prompt",
}  # fmt: skip

_IN, _OUT = "llm.input_messages.", "llm.output_messages."
_DOCUMENTS = "retrieval.documents."
_SCOPES = ("openinference.", "beeai", "agno")
_LLAMA_INDEX = ("openinference.instrumentation.llama_index",)


def prepared(attributes: Mapping[str, Any]) -> str | None:
    """`prompt` for LlamaIndex' `_prepare_chat_with_tools`: said to be an LLM, but what it puts out is a request."""
    said = attributes.get("output.value")
    if attributes.get("openinference.span.kind") != "LLM" or not isinstance(said, str) or said[:11] != '{"messages"':
        return None
    found = values.parsed(said)
    return "prompt" if isinstance(found, dict) and "tools" in found else None


def on_vertex(attributes: Mapping[str, Any]) -> str | None:
    """Google as the host of somebody else's model (Anthropic's): Vertex AI is the only one of its services for that."""
    maker = answers.provider(attributes.get("llm.system"))
    if attributes["llm.provider"] != "google" or maker is None or maker.startswith("gcp."):
        return None
    return "gcp.vertex_ai"


def system(attributes: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The system text of the request where it is in none of the numbered messages (Anthropic's in JavaScript, 0.2)."""
    roles = [value for key, value in attributes.items() if key.startswith(_IN) and key.endswith(".role")]
    sent = attributes.get("input.value")
    if any(canonical_role(role, "") == "system" for role in roles) or (
        isinstance(sent, str) and '"system"' not in sent and '"instructions"' not in sent
    ):
        return None
    request = values.mapping(sent) or {}
    said = request.get("system") or request.get("instructions")
    return build.instructions(said) if isinstance(said, (str, list)) else None


CONVENTION = Convention(
    name="openinference",
    fields={
        "kind": within(_LLAMA_INDEX, Rule("openinference.span.kind", prepared, "family", ("",)))
        + lookup("openinference.span.kind", KINDS)
        + numbered("retrieval.documents.", lambda _: "retriever")
        + numbered("reranker.output_documents.", lambda _: "reranker")
        + present("embedding.model_name", "embedding"),
        "provider": family("llm.provider", on_vertex, "")
        + read(answers.provider, "llm.provider", "llm.system")
        + member("metadata", "ls_provider", then=answers.provider),
        "request_model": text(
            "llm.request.model_name", "llm.input_model_name", "embedding.model_name", "reranker.model_name"
        )
        + on(CALLS, *member("llm.invocation_parameters", "model"))
        + on(CALLS, *member("llm.invocation_parameters", "model_name"))
        + on(CALLS, *member("embedding.invocation_parameters", "model"))
        + on(CALLS, *member("input.value", "model"))
        + on(CALLS, *member("metadata", "ls_model_name")),
        "response_model": text("llm.response.model_name", "llm.response.model")
        + on(CALLS, Rule("output.value", recorded.model)),
        "any_model": text("llm.model_name"),
        "response_id": read(answers.response_id, "llm.response.id")
        + on(GENERATIONS, Rule("output.value", recorded.response_id)),
        "finish_reasons": words("llm.finish_reason", "llm.response.finish_reason", "llm.response.stop_reason")
        + on(GENERATIONS, Rule("output.value", recorded.finish_reasons)),
        "input": content("input.value")
        + numbered(_IN, indexed.as_text(_IN))
        + numbered("llm.prompts.", indexed.as_text("llm.prompts."))
        + numbered("embedding.embeddings.", indexed.texts_as_text("embedding.embeddings.", "embedding.text")),
        "output": content("output.value")
        + numbered(_OUT, indexed.as_text(_OUT))
        + numbered("llm.choices.", indexed.as_text("llm.choices.")),
        "input_tokens": integer("llm.token_count.prompt"),
        "output_tokens": integer("llm.token_count.completion"),
        "total_tokens": integer("llm.token_count.total"),
        "cache_read_tokens": integer(
            "llm.token_count.prompt_details.cache_read", "llm.token_count.prompt_details.cache_input"
        ),
        "cache_write_tokens": integer("llm.token_count.prompt_details.cache_write"),
        "reasoning_tokens": integer("llm.token_count.completion_details.reasoning"),
        "usage": on(CALLS, Rule("output.value", usage.with_usage)),
        "total_cost": number("llm.cost.total", "llm.response.cost"),
        "input_cost": number("llm.cost.prompt"),
        "output_cost": number("llm.cost.completion"),
        "tool_name": text("tool.name"),
        "tool_call_id": text("tool.id", "tool_call.id") + on({"tool"}, Rule("output.value", tool_runs.call_id)),
        "agent_name": text("agent.name", "graph.node.name"),
        "prompt_name": within(_SCOPES, *text("prompt.id")),
        "prompt_version": text("llm.prompt_template.version"),
        "session_id": read(answers.session_in, "metadata") + on({"agent"}, Rule("input.value", answers.session_in)),
        "user_id": read(answers.user_in, "metadata")
        + text("llm.user")
        + on({"agent"}, Rule("input.value", answers.user_in)),
        "tags": words("tag.tags"),
        "metadata": map_text("metadata"),
        "input_messages": numbered(_IN, indexed.as_messages(_IN, build.input_messages))
        + numbered("llm.prompts.", indexed.as_messages("llm.prompts.", build.input_messages))
        + on(GENERATIONS, Rule("input.value", build.input_messages)),
        "output_messages": numbered(_OUT, indexed.as_messages(_OUT, build.output_messages))
        + numbered("llm.choices.", indexed.as_messages("llm.choices.", build.output_messages))
        + on(GENERATIONS, Rule("output.value", build.output_messages)),
        "system_instructions": on(GENERATIONS, *numbered(_IN, system)),
        "tool_definitions": numbered("llm.tools.", indexed.as_messages("llm.tools.", build.definitions))
        + on(GENERATIONS, *member("input.value", "tools", then=build.definitions)),
        "model_parameters": mapping("llm.invocation_parameters", "embedding.invocation_parameters"),
        "tool_arguments": on(
            {"tool"}, Rule("input.value", build.arguments), Rule("tool.parameters", build.arguments_unless_schema)
        ),
        "tool_result": on({"tool"}, Rule("output.value", tool_runs.result)),
        "query": read(documents.query, "reranker.query") + on({"retriever"}, Rule("input.value", documents.query)),
        "documents": numbered(_DOCUMENTS, indexed.as_messages(_DOCUMENTS, documents.listed))
        + numbered("reranker.output_documents.", indexed.as_messages("reranker.output_documents.", documents.listed))
        + on({"retriever"}, Rule("output.value", documents.listed)),
        "embedding_dimensions": numbered("embedding.embeddings.", indexed.vector_length("embedding.embeddings.")),
    },
    prefixes=("llm.", "openinference.", "retrieval.", "reranker.", "embedding."),
)
