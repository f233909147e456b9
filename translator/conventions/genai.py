"""OpenTelemetry GenAI in all its eras: attributes, span events, whole and structured messages.

Source: open-telemetry/semantic-conventions v1.26 to v1.44 `docs/gen-ai/`, then
open-telemetry/semantic-conventions-genai.
Aliases that OpenLLMetry, Strands, Pydantic AI, LiteLLM write under `gen_ai.` stand here too, after the specified key.
"""

from translator import answers, usage
from translator.messages import build, documents, tool_runs
from translator.rules import (
    GENERATIONS,
    Convention,
    Rule,
    content,
    family,
    flag,
    identifier,
    integer,
    lookup,
    member,
    number,
    on,
    present,
    scaled,
    text,
)
from translator.rules import first as read

KINDS = {
    **dict.fromkeys(
        [
            "chat",
            "text_completion",
            "generate_content",
            "completion",
            "generate",
            "message",
            "response",
            "responses",
            "llm_call",
            "llm_request",
            "chat.completions",
            "text.completions",
        ],
        "generation",
    ),
    **dict.fromkeys(("embeddings", "embedding", "embed"), "embedding"),
    **dict.fromkeys(("retrieval", "vector_db_retrieve"), "retriever"),
    "rerank": "reranker",
    **dict.fromkeys(("execute_tool", "tool_call", "tool"), "tool"),
    **dict.fromkeys(("invoke_agent", "create_agent", "agent_call", "agent_step", "plan"), "agent"),
    **dict.fromkeys(("invoke_workflow", "execute_task", "workflow", "task", "chain", "framework"), "workflow"),
    **dict.fromkeys(
        [
            "create_memory",
            "update_memory",
            "upsert_memory",
            "delete_memory",
            "search_memory",
            "create_memory_store",
            "delete_memory_store",
        ],
        "memory",
    ),
    "evaluate": "evaluator",
    **dict.fromkeys(("guardrail", "apply_guardrail", "execute_guardrail"), "guardrail"),
}

_PARAMETERS = (
    "temperature", "top_p", "top_k", "max_tokens", "frequency_penalty", "presence_penalty", "stop_sequences", "seed",
    "choice.count", "encoding_formats", "reasoning.level", "reasoning_effort", "previous_response.id",
    "max_completion_tokens", "n", "repetition_penalty",
)  # fmt: skip

_FIRST_CHUNK = ("gen_ai.response.time_to_first_chunk", "gen_ai.client.operation.time_to_first_chunk")
"""Seconds. The second is the name of a metric (v1.41), which Pydantic AI and Vercel's SDK 7 write on spans."""

CONVENTION = Convention(
    name="genai",
    fields={
        "kind": lookup("gen_ai.operation.name", KINDS) + present("gen_ai.evaluation.name", "evaluator"),
        "operation": text("gen_ai.operation.name"),
        "provider": read(answers.provider, "gen_ai.provider.name", "gen_ai.system", "gen_ai.request.provider"),
        "request_model": text("gen_ai.request.model"),
        "response_model": text("gen_ai.response.model"),
        "response_id": text("gen_ai.response.id", "gen_ai.response_id"),
        "finish_reasons": read(
            answers.finish_words,
            "gen_ai.response.finish_reasons",
            "gen_ai.response.finish_reason",
            "gen_ai.finishReason",
            "gen_ai.response.stop_reason",
        )
        + on(GENERATIONS, Rule("gen_ai.output.messages", answers.finish_reasons_of_messages)),
        "streaming": flag("gen_ai.request.stream", "gen_ai.is_streaming") + read(answers.is_streamed, *_FIRST_CHUNK),
        "time_to_first_token_ms": scaled(1e3, *_FIRST_CHUNK)
        + scaled(1e-6, "gen_ai.response.time_to_first_token", "gen_ai.user.time_to_first_token"),
        "input": read(build.said_content, "gen_ai.input.messages")
        + content(
            "gen_ai.prompt",
            "gen_ai.tool.call.arguments",
            "gen_ai.retrieval.query.text",
            "gen_ai.retrieval.query",
        ),
        "output": read(build.said_content, "gen_ai.output.messages", "gen_ai.completion")
        + content("gen_ai.tool.call.result", "gen_ai.retrieval.documents"),
        "input_tokens": integer("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
        "output_tokens": integer("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
        "total_tokens": integer("gen_ai.usage.total_tokens"),
        "cache_read_tokens": integer(
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_read_input_tokens",
            "gen_ai.usage.details.cache_read_tokens",
            "gen_ai.usage.details.cache_read_input_tokens",
            "gen_ai.usage.details.cached_tokens",
            "gen_ai.usage.cache_read_tokens",
            "gen_ai.usage.cached_tokens",
            "gen_ai.usage.cached_input_tokens",
        )
        + member("gen_ai.usage.input_token_details", "cache_read", then=answers.count),
        "cache_write_tokens": integer(
            "gen_ai.usage.cache_write.input_tokens",
            "gen_ai.usage.cache_creation.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
            "gen_ai.usage.cache_write_input_tokens",
            "gen_ai.usage.details.cache_write_tokens",
            "gen_ai.usage.details.cache_creation_input_tokens",
        ),
        "reasoning_tokens": integer(
            "gen_ai.usage.reasoning.output_tokens",
            "gen_ai.usage.reasoning_tokens",
            "gen_ai.usage.details.reasoning_tokens",
        )
        + member("gen_ai.usage.output_token_details", "reasoning", then=answers.count),
        "usage": read(usage.from_map, "gen_ai.usage.raw"),
        "total_cost": read(answers.known_cost, "gen_ai.usage.cost")
        + number("gen_ai.cost.total_cost", "gen_ai.token.cost.total"),
        "input_cost": number("gen_ai.cost.input_cost", "gen_ai.token.cost.input"),
        "output_cost": number("gen_ai.cost.output_cost", "gen_ai.token.cost.output"),
        "service_tier": text(
            "openai.response.service_tier",
            "gen_ai.openai.response.service_tier",
            "anthropic.response.service_tier",
            "openai.request.service_tier",
            "gen_ai.openai.request.service_tier",
        ),
        "tool_name": text("gen_ai.tool.name"),
        "tool_call_id": text("gen_ai.tool.call.id", "gen_ai.tool.call_id")
        + on({"tool"}, *read(tool_runs.call_id, "gen_ai.tool.call.arguments", "gen_ai.tool.call.result")),
        "agent_name": text("gen_ai.agent.name"),
        "agent_id": text("gen_ai.agent.id"),
        "prompt_name": text("gen_ai.prompt.name", "gen_ai.hub.repo"),
        "prompt_version": text("gen_ai.prompt.version"),
        "session_id": identifier("gen_ai.conversation.id", "gen_ai.session.id"),
        "user_id": identifier("gen_ai.user.id", "enduser.id", "gen_ai.user", "gen_ai.request.user"),
        "trace_name": text("gen_ai.workflow.name"),
        "input_messages": read(build.input_messages, "gen_ai.input.messages")
        + on(GENERATIONS, Rule("gen_ai.prompt", build.input_messages)),
        "output_messages": read(build.output_messages, "gen_ai.output.messages")
        + on(GENERATIONS, Rule("gen_ai.completion", build.output_messages)),
        "system_instructions": read(build.instructions, "gen_ai.system_instructions"),
        "tool_definitions": read(build.definitions, "gen_ai.tool.definitions", "gen_ai.agent.tools"),
        "model_parameters": family("gen_ai.request.", answers.parameters("gen_ai.request.", _PARAMETERS), *_PARAMETERS),
        "usage_details": read(build.structure, "gen_ai.usage.raw")
        + family("gen_ai.usage.", answers.prefixed("gen_ai.usage."))
        + family("gen_ai.aggregated_usage.", answers.prefixed("gen_ai.aggregated_usage.")),
        "cost_details": family("gen_ai.cost.", answers.prefixed("gen_ai.cost.")),
        "tool_arguments": read(
            tool_runs.arguments, "gen_ai.tool.call.arguments", "gen_ai.tool.input", "gen_ai.tool.args"
        ),
        "tool_result": read(tool_runs.result, "gen_ai.tool.call.result", "gen_ai.tool.output", "gen_ai.tool.result"),
        "query": read(documents.query, "gen_ai.retrieval.query.text", "gen_ai.retrieval.query"),
        "documents": read(documents.listed, "gen_ai.retrieval.documents"),
        "embedding_dimensions": integer("gen_ai.embeddings.dimension.count", "gen_ai.request.embedding_dimension"),
    },
    events={
        "gen_ai.content.prompt": {
            "input": content("gen_ai.prompt"),
            "input_messages": read(build.input_messages, "gen_ai.prompt"),
        },
        "gen_ai.content.completion": {
            "output": content("gen_ai.completion"),
            "output_messages": read(build.output_messages, "gen_ai.completion"),
        },
        # As a span event Strands sends it once for the input and once for the output.
        "gen_ai.client.inference.operation.details": {
            "input": read(build.said_content, "gen_ai.input.messages"),
            "output": read(build.said_content, "gen_ai.output.messages"),
            "input_messages": read(build.input_messages, "gen_ai.input.messages"),
            "output_messages": read(build.output_messages, "gen_ai.output.messages"),
            "system_instructions": read(build.instructions, "gen_ai.system_instructions"),
            "tool_definitions": read(build.definitions, "gen_ai.tool.definitions"),
            "finish_reasons": read(answers.finish_words, "gen_ai.response.finish_reasons")
            + read(answers.finish_reasons_of_messages, "gen_ai.output.messages"),
        },
    },
    prefixes=("gen_ai.",),
)
